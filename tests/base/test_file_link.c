/* Outputs, and links that somebody puts in their place while they are being opened. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

/* As soon as the program has seen that nothing is there, a link is created. */
static const char *watched, *leads_to;
static unsigned planted;

static void plant(const char *path, int failed) {
    const char *slash = watched ? strrchr(watched, '/') : NULL;
    int before = errno;
    if (failed && before == ENOENT && slash && (strcmp(path, watched) == 0 || strcmp(path, slash + 1) == 0) &&
        planted == 0) {
        planted++;
        assert_int_equal(symlink(leads_to, watched), 0);
    }
    errno = before;
}

int __real_stat(const char *path, struct stat *ret);
int __wrap_stat(const char *path, struct stat *ret);
int __wrap_stat(const char *path, struct stat *ret) {
    int rc = __real_stat(path, ret);
    plant(path, rc != 0);
    return rc;
}

int __real_lstat(const char *path, struct stat *ret);
int __wrap_lstat(const char *path, struct stat *ret);
int __wrap_lstat(const char *path, struct stat *ret) {
    int rc = __real_lstat(path, ret);
    plant(path, rc != 0);
    return rc;
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...) {
    int fd = __real_openat(dir, path, flags, 0600);
    plant(path, fd < 0);
    return fd;
}

static void content_is(const char *path, const char *wanted) {
    char got[64] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof(got) - 1, f);
    fclose(f);
    assert_int_equal(n, strlen(wanted));
    assert_string_equal(got, wanted);
}

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_link_that_appears_while_an_output_is_opened_is_not_followed(void **state) {
    (void)state;
    char dir[] = "/tmp/test_file_link-XXXXXX", victim[64], output[64];
    struct err err = {0};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(victim, sizeof(victim), "%s/victim", dir);
    snprintf(output, sizeof(output), "%s/output", dir);
    put(victim, "precious");
    watched = output;
    leads_to = victim;
    assert_int_equal(file_write_durable(output, bytes_of("new"), 0600, &err), 0);
    watched = NULL;
    assert_int_equal(planted, 1);
    content_is(victim, "precious");
    content_is(output, "new");
    assert_int_equal(__real_lstat(output, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(file_remove_tree(dir, &err), 0);
}

static void in_a_directory_of_all_only_links_of_ones_own_are_followed(void **state) {
    (void)state;
    char dir[] = "/tmp/test_file_link-XXXXXX", victim[64], output[64];
    struct err err = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(victim, sizeof(victim), "%s/victim", dir);
    snprintf(output, sizeof(output), "%s/output", dir);
    put(victim, "old");
    assert_int_equal(symlink(victim, output), 0);
    assert_int_equal(chmod(dir, 01777), 0);
    assert_int_equal(file_write_durable(output, bytes_of("new"), 0600, &err), 0);
    content_is(victim, "new");
    if (geteuid() == 0) { /* who may change the owner of files */
        assert_int_equal(lchown(output, 1, 1), 0);
        assert_int_equal(file_write_durable(output, bytes_of("newer"), 0600, &err), ERR_IO);
        content_is(victim, "new");
        assert_int_equal(chmod(dir, 0777), 0); /* without the sticky bit anybody could put anything there */
        assert_int_equal(file_write_durable(output, bytes_of("newer"), 0600, &err), 0);
        content_is(victim, "newer");
    }
    assert_int_equal(file_remove_tree(dir, &err), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_appears_while_an_output_is_opened_is_not_followed),
        cmocka_unit_test(in_a_directory_of_all_only_links_of_ones_own_are_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
