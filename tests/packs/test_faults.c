/* Without memory: each allocation of reading a pack fails in turn, and the answer is "out of memory" or none is missing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "packs/manifest/fresh.h"
#include "packs/manifest/load.h"
#include "packs/resolve/resolve.h"

static size_t countdown; /* the allocation that fails; 0: none */

void *__real_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

static int fails(void) {
    return countdown > 0 && --countdown == 0;
}
void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}
void *__wrap_realloc(void *p, size_t size) {
    return fails() ? NULL : __real_realloc(p, size);
}

static void reading_without_memory_fails_cleanly(void **state) {
    (void)state;
    static const char *const broken = "name: [1]\nx: &a 2\ny: *a\nsteps: [{id: a, route: b, needs: [a, b]}]\n";
    struct buf text = {.max = 65536};
    struct err err = {0};
    assert_int_equal(fresh_manifest(bytes_of("p"), bytes_of("x"), &text, &err), 0);
    for (int which = 0; which < 2; which++) {
        int rc = ERR_NOMEM;
        for (size_t n = 1; rc == ERR_NOMEM; n++) {
            struct finding_list found = {0};
            struct manifest *m = NULL;
            countdown = n;
            rc = manifest_load_text(which == 0 ? bytes_of_buf(&text) : bytes_of(broken), "pack.yaml", NULL, &found, &m,
                                    &err);
            bool all_there = countdown > 0;
            countdown = 0;
            assert_true(rc == ERR_NOMEM || all_there || which == 1);
            assert_true((rc == 0) == (m != NULL));
            manifest_free(m);
            finding_done(&found);
            assert_true(n < 10000);
        }
        assert_int_equal(rc, which == 0 ? 0 : ERR_INVALID);
    }
    buf_done(&text);
}

static void put_fault(void *ctx, const char *path, const char *what) {
    (void)ctx;
    print_error("%s %s\n", path, what);
}

static ssize_t read_fails_at; /* the read that fails; 0: none */

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n) {
    if (read_fails_at > 0 && --read_fails_at == 0) {
        errno = EIO;
        return -1;
    }
    return __real_read(fd, p, n);
}

static void note_fault(void *ctx, const char *path, const char *what) {
    buf_printf(ctx, "%s %s\n", path, what);
}

static void a_directory_is_read_wholly_or_not_at_all(void **state) {
    (void)state;
    char dir[512], path[600];
    struct err err = {0};
    int rc = ERR_NOMEM;
    snprintf(dir, sizeof(dir), "%s/pack-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "%s/%d", dir, i);
        assert_int_equal(file_create_durable(path, bytes_of("x"), 0644, &err), 0);
    }
    for (size_t n = 1; rc == ERR_NOMEM; n++) {
        struct content *tree = NULL;
        countdown = n;
        rc = content_read(dir, NULL, put_fault, NULL, &tree, &err);
        countdown = 0;
        assert_true((rc == 0 && content_count(tree) == 40) || (rc == ERR_NOMEM && tree == NULL));
        content_free(tree);
        assert_true(n < 1000);
    }
    for (ssize_t n = 1; n <= 80; n++) { /* two reads a file */
        struct content *tree = NULL;
        struct buf faults = {.max = 65536};
        read_fails_at = n;
        rc = content_read(dir, NULL, note_fault, &faults, &tree, &err);
        read_fails_at = 0;
        assert_int_equal(rc, ERR_INVALID);
        assert_null(tree);
        assert_non_null(memmem(faults.p, faults.n, " cannot be read: Input/output error\n", 36));
        buf_done(&faults);
    }
    assert_int_equal(file_remove_tree(dir, &err), 0);
}

static void resolving_without_memory_fails_cleanly(void **state) {
    (void)state;
    const struct manifest_need needs[] = {{.name = bytes_of("b")}};
    struct manifest_needs requires = {0};
    struct manifest_pack a = {.name = bytes_of("a"), .version = bytes_of("1.0.0"), .requires = &requires};
    struct manifest_pack b = {.name = bytes_of("b"), .version = bytes_of("1.0.0")};
    const struct resolve_candidate candidates[] = {{&a, false}, {&b, false}};
    const struct resolve_want want = {bytes_of("a"), bytes_of("")};
    requires.packs.items = needs;
    requires.packs.n = 1;
    for (size_t n_candidates = 1; n_candidates <= 2; n_candidates++) {
        const struct resolve_question q = {candidates, n_candidates, &want, 1, {0}};
        int rc = ERR_NOMEM;
        for (size_t n = 1; rc == ERR_NOMEM; n++) {
            struct resolve_answer answer = {0};
            struct err err = {0};
            countdown = n;
            rc = resolve(&q, &answer, &err);
            countdown = 0;
            assert_true(rc == 0 || rc == ERR_NOMEM);
            assert_int_equal(answer.possible, rc == 0 && n_candidates == 2);
            resolve_done(&answer);
            assert_true(n < 1000);
        }
        assert_int_equal(rc, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_without_memory_fails_cleanly),
        cmocka_unit_test(a_directory_is_read_wholly_or_not_at_all),
        cmocka_unit_test(resolving_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
