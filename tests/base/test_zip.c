/* ZIP archives: what each compression gives, and what damage, encryption, bombs and lies about sizes do. */
#include "base/archive/zip.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define FIXTURES "tests/ingest/fixtures/inspect/"
#define SLACK    ((size_t)64 << 10)

/* All members and their content, "NAME BYTES\n" each. The last code: 1 at the end. */
static int list(const char *path, size_t max, struct buf *out, struct err *err) {
    struct zip *zip = NULL;
    struct zip_member m;
    int rc = zip_open(path, UINT64_MAX, &zip, err);
    while (rc == 0 && (rc = zip_next(zip, &m, err)) == 0) {
        struct buf content = {.max = max + SLACK};
        struct err why = {0};
        int read = zip_read(zip, &content, &why);
        assert_true(read == 0 || (read == why.code && why.msg[0] != '\0'));
        if (read == 0) {
            buf_printf(out, "%s %zu\n", m.name, content.n);
        } else {
            buf_printf(out, "%s: %s\n", m.name, why.msg);
        }
        buf_done(&content);
    }
    zip_close(zip);
    return rc;
}

static void a_member_has_the_same_content_however_it_is_compressed(void **state) {
    struct buf deflated = {.max = 1 << 16}, zstd = {.max = 1 << 16};
    struct err err = {0};
    (void)state;
    assert_int_equal(list(FIXTURES "deflate.eval", 1 << 20, &deflated, &err), 1);
    assert_int_equal(list(FIXTURES "zstd.eval", 1 << 20, &zstd, &err), 1);
    assert_true(deflated.n > 100);
    assert_int_equal(deflated.n, zstd.n);
    assert_memory_equal(deflated.p, zstd.p, zstd.n);
    buf_done(&deflated);
    buf_done(&zstd);
}

static void want_words(const char *path, size_t max, const char *words) {
    struct buf out = {.max = 1 << 16};
    struct err err = {0};
    assert_int_equal(list(path, max, &out, &err), 1);
    buf_put(&out, "", 1);
    if (strstr((const char *)out.p, words) == NULL) fail_msg("lacks '%s': %s", words, (const char *)out.p);
    buf_done(&out);
}

static void a_member_that_cannot_be_read_does_not_keep_the_others_away(void **state) {
    (void)state;
    want_words(FIXTURES "bad-bomb.eval", 1 << 20,
               "samples/bomb_epoch_1.json: the member has more than 1048576 bytes of content");
    want_words(FIXTURES "bad-bomb.eval", 1 << 20, "samples/1_epoch_1.json 7");
    want_words(FIXTURES "bad-encrypted.eval", 1 << 20, "header.json: the member is encrypted; expected: one that is not");
    want_words(FIXTURES "bad-members.eval", 1 << 20, "samples/../../etc/passwd.json 8");
}

static void all_content_together_is_bounded(void **state) {
    struct zip *zip = NULL;
    struct zip_member m;
    struct buf content = {.max = 1 << 20};
    struct err err = {0};
    int rc = 0;
    (void)state;
    assert_int_equal(zip_open(FIXTURES "deflate.eval", 1000, &zip, &err), 0);
    while (rc == 0 && zip_next(zip, &m, &err) == 0) {
        rc = zip_read(zip, &content, &err);
    }
    assert_int_equal(rc, ERR_LIMIT);
    assert_string_equal(err.msg, "the archive has more than 1000 bytes of content, itself 3567");
    zip_close(zip);
    buf_done(&content);
}

static void what_is_no_archive_is_refused(void **state) {
    struct zip *zip = NULL;
    struct err err = {0};
    (void)state;
    assert_int_equal(zip_open(FIXTURES "whole.json", UINT64_MAX, &zip, &err), ERR_INVALID);
    assert_string_equal(err.msg, "not a ZIP archive");
    assert_int_equal(zip_open(FIXTURES "none", UINT64_MAX, &zip, &err), ERR_NOTFOUND);
    assert_int_equal(zip_open("tests", UINT64_MAX, &zip, &err), ERR_INVALID);
    assert_string_equal(err.msg, "not a regular file; expected: a ZIP archive");
}

static void put(int fd, const uint8_t *p, size_t n) {
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, p, n, 0), (ssize_t)n);
}

/* A directory that is larger than may be held in memory is refused before it is read, in the plain form and in ZIP64's. */
static void a_huge_directory_is_refused(void **state) {
    char path[] = "/tmp/test_zip.XXXXXX";
    uint8_t end[22] = "PK\5\6", local[4] = "PK\3\4";
    struct zip *zip = NULL;
    struct err err = {0};
    off_t size = (off_t)40 << 20;
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, local, 4, 0), 4);
    end[16] = 4;                                     /* the directory begins at byte 4, whatever its size is said to be */
    assert_int_equal(pwrite(fd, end, 22, size), 22); /* a sparse file */
    assert_int_equal(zip_open(path, UINT64_MAX, &zip, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "the archive's directory has 41943036 bytes; expected: at most 33554432");
    close(fd);
    unlink(path);
}

/* Cut anywhere, or with a bit flipped anywhere, it ends in an error or in content, and never in more than there was. */
static void no_damage_is_worse_than_an_error(void **state) {
    static const char *const files[] = {FIXTURES "deflate.eval", FIXTURES "zstd.eval"};
    char path[] = "/tmp/test_zip.XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    for (size_t f = 0; f < 2; f++) {
        struct buf whole = {.max = 1 << 20};
        assert_int_equal(file_read(files[f], &whole, NULL), 0);
        for (size_t i = 0; i < whole.n; i += f == 0 ? 7 : 3) {
            for (int how = 0; how < 2; how++) {
                struct buf out = {.max = 1 << 20};
                struct err err = {0};
                whole.p[i] ^= how == 0 ? 0 : (uint8_t)(1U << i % 8);
                put(fd, whole.p, how == 0 ? i : whole.n);
                whole.p[i] ^= how == 0 ? 0 : (uint8_t)(1U << i % 8);
                int rc = list(path, 1 << 20, &out, &err);
                assert_true(rc == 1 || (rc == err.code && rc < 0 && err.msg[0] != '\0'));
                buf_done(&out);
            }
        }
        buf_done(&whole);
    }
    close(fd);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_has_the_same_content_however_it_is_compressed),
        cmocka_unit_test(a_member_that_cannot_be_read_does_not_keep_the_others_away),
        cmocka_unit_test(all_content_together_is_bounded),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(a_huge_directory_is_refused),
        cmocka_unit_test(no_damage_is_worse_than_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
