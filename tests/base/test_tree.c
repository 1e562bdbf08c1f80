/* Copies of trees: what is copied, what the list says, and that every change of a copy is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/tree/copy.h"

static char top[300], source[320], copy[320];
static struct err why;
static struct tree_totals totals;
static uint8_t digest[HASH_LEN];

static void make(const char *name, const char *text) {
    char path[700];
    snprintf(path, sizeof(path), "%s/%s", source, name);
    assert_int_equal(file_write_durable(path, bytes_of(text), 0640, &why), 0);
}

static int start(void **state) {
    char path[700], real[4096];
    (void)state;
    snprintf(top, sizeof(top), "%s/tree-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(top));
    assert_non_null(realpath(top, real));
    snprintf(top, sizeof(top), "%.250s", real);
    snprintf(source, sizeof(source), "%s/source", top);
    snprintf(copy, sizeof(copy), "%s/copy", top);
    snprintf(path, sizeof(path), "%s/sub", source);
    assert_int_equal(file_make_dirs(path, &why), 0);
    make("a", "one");
    make("sub/b\n%", "two");
    make("empty", "");
    snprintf(path, sizeof(path), "%s/link", source);
    assert_int_equal(symlink("/nowhere at all", path), 0);
    snprintf(path, sizeof(path), "%s/pipe", source);
    assert_int_equal(mkfifo(path, 0600), 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    return file_remove_tree(top, &why);
}

static int take(void) {
    const char *const paths[] = {source};
    return tree_copy(copy, paths, 1, digest, &totals, &why);
}

static void expect_read(int code, const char *words) {
    struct tree_totals read = totals;
    int rc = tree_check(copy, digest, &read, &why);
    if (rc != code || (words != NULL && strstr(why.msg, words) == NULL)) {
        fail_msg("%d, '%s'", rc, why.msg);
    }
    assert_true(rc != 0 || (read.files == totals.files && read.bytes == totals.bytes && read.entries == totals.entries));
}

static void read_copy(const char *name, struct buf *out) {
    char path[1000];
    snprintf(path, sizeof(path), "%s/files%s/%s", copy, source, name);
    buf_init(out, 1 << 20);
    assert_int_equal(file_read(path, out, &why), 0);
}

static void a_copy_has_what_the_original_has(void **state) {
    (void)state;
    struct buf b;
    char path[1000], target[100];
    struct stat st;
    assert_int_equal(take(), 0);
    assert_int_equal(totals.files, 3);
    assert_int_equal(totals.entries, 7);
    assert_int_equal(totals.bytes, 6);
    read_copy("sub/b\n%", &b);
    assert_true(bytes_is(bytes_of_buf(&b), "two"));
    buf_done(&b);
    snprintf(path, sizeof(path), "%s/files%s/link", copy, source);
    assert_int_equal(readlink(path, target, sizeof(target)), 15);
    snprintf(path, sizeof(path), "%s/files%s/a", copy, source);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    expect_read(0, NULL);
}

static void the_same_tree_has_the_same_list(void **state) {
    (void)state;
    uint8_t first[HASH_LEN];
    assert_int_equal(take(), 0);
    memcpy(first, digest, sizeof(first));
    assert_int_equal(file_remove_tree(copy, &why), 0);
    assert_int_equal(take(), 0);
    assert_memory_equal(first, digest, sizeof(first));
    make("a", "two");
    assert_int_equal(file_remove_tree(copy, &why), 0);
    assert_int_equal(take(), 0);
    assert_memory_not_equal(first, digest, sizeof(first));
}

static void change(const char *below, const char *text) {
    char path[1000];
    snprintf(path, sizeof(path), "%s/%s", copy, below);
    assert_int_equal(file_write_durable(path, bytes_of(text), 0600, &why), 0);
}

static void a_changed_file_is_found(void **state) {
    (void)state;
    char path[1000];
    assert_int_equal(take(), 0);
    snprintf(path, sizeof(path), "files%s/a", source);
    change(path, "onE");
    expect_read(ERR_TAMPERED, "a' is not what was copied");
}

static void a_file_that_is_gone_is_found(void **state) {
    (void)state;
    char path[1000];
    assert_int_equal(take(), 0);
    snprintf(path, sizeof(path), "%s/files%s/empty", copy, source);
    assert_int_equal(unlink(path), 0);
    expect_read(ERR_NOTFOUND, "empty");
    assert_int_equal(file_remove_tree(copy, &why), 0);
    expect_read(ERR_NOTFOUND, NULL);
}

static void a_link_in_place_of_a_file_is_found(void **state) {
    (void)state;
    char path[1000], to[1000];
    assert_int_equal(take(), 0);
    snprintf(path, sizeof(path), "%s/files%s/a", copy, source);
    snprintf(to, sizeof(to), "%s/a", source);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(to, path), 0);
    assert_int_not_equal(tree_check(copy, digest, &totals, &why), 0);
}

static void a_link_that_leads_elsewhere_is_found(void **state) {
    (void)state;
    char path[1000];
    assert_int_equal(take(), 0);
    snprintf(path, sizeof(path), "%s/files%s/link", copy, source);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/elsewhere", path), 0);
    expect_read(ERR_TAMPERED, "link' is not what was copied");
}

/* Each byte of the list, one bit at a time. */
static void every_flipped_bit_of_the_list_is_found(void **state) {
    (void)state;
    char path[1000];
    struct buf list = {.max = 1 << 20};
    assert_int_equal(take(), 0);
    snprintf(path, sizeof(path), "%s/list", copy);
    assert_int_equal(file_read(path, &list, &why), 0);
    for (size_t i = 0; i < list.n; i += 7) {
        list.p[i] ^= (uint8_t)(1U << (i % 8));
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(list.p, 1, list.n, f), list.n);
        assert_int_equal(fclose(f), 0);
        expect_read(ERR_TAMPERED, "the list of");
        list.p[i] ^= (uint8_t)(1U << (i % 8));
    }
    buf_done(&list);
}

static void a_copy_is_not_made_of_itself(void **state) {
    (void)state;
    const char *const paths[] = {top};
    assert_int_equal(tree_copy(copy, paths, 1, digest, &totals, &why), ERR_INVALID);
    assert_non_null(strstr(why.msg, "is where the copy is written"));
}

static void what_exists_is_not_written_over(void **state) {
    (void)state;
    assert_int_equal(take(), 0);
    assert_int_equal(take(), ERR_IO);
    const char *const root[] = {"/"}, *const relative[] = {"a"};
    assert_int_equal(file_remove_tree(copy, &why), 0);
    assert_int_equal(tree_copy(copy, root, 1, digest, &totals, &why), ERR_INVALID);
    assert_int_equal(file_remove_tree(copy, &why), 0);
    assert_int_equal(tree_copy(copy, relative, 1, digest, &totals, &why), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_copy_has_what_the_original_has, start, finish),
        cmocka_unit_test_setup_teardown(the_same_tree_has_the_same_list, start, finish),
        cmocka_unit_test_setup_teardown(a_changed_file_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_file_that_is_gone_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_link_in_place_of_a_file_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_link_that_leads_elsewhere_is_found, start, finish),
        cmocka_unit_test_setup_teardown(every_flipped_bit_of_the_list_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_copy_is_not_made_of_itself, start, finish),
        cmocka_unit_test_setup_teardown(what_exists_is_not_written_over, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
