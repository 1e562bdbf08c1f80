/* Checkpoints: a published one, and every malformed one with its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/tree/note.h"

#define SUMDB_TEXT "go.sum database tree\n30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n"

static void the_published_checkpoint_is_read_and_written_back(void **state) {
    (void)state;
    struct checkpoint checkpoint;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(checkpoint_decode(bytes_of(SUMDB_TEXT), &checkpoint, NULL), 0);
    assert_true(bytes_is(checkpoint.origin, "go.sum database tree"));
    assert_int_equal(checkpoint.size, 30055305);
    assert_int_equal(checkpoint_encode(&out, checkpoint.origin, checkpoint.size, checkpoint.root), 0);
    assert_true(bytes_is(bytes_of_buf(&out), SUMDB_TEXT));
    buf_done(&out);
}

static void extension_lines_of_a_checkpoint_are_ignored(void **state) {
    (void)state;
    struct checkpoint checkpoint;
    assert_int_equal(checkpoint_decode(bytes_of(SUMDB_TEXT "an extension\nanother one\n"), &checkpoint, NULL), 0);
    assert_int_equal(checkpoint.size, 30055305);
}

static void a_wrong_checkpoint_is_refused_with_its_reason(void **state) {
    (void)state;
#define ROOT     "mXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM="
#define BAD_SIZE "line 2 of the checkpoint: the tree size must be a decimal number below 2^64"
#define BAD_ROOT "line 3 of the checkpoint: the root must be a line of 32 bytes in base64"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1 of the checkpoint: the origin is missing"},
        {"origin", "line 1 of the checkpoint: the origin is missing"},
        {"\n7\n" ROOT "\n", "line 1 of the checkpoint: the origin is missing"},
        {"origin\n", BAD_SIZE},
        {"origin\n\n" ROOT "\n", BAD_SIZE},
        {"origin\nbananas\n" ROOT "\n", BAD_SIZE},
        {"origin\n-34\n" ROOT "\n", BAD_SIZE},
        {"origin\n+34\n" ROOT "\n", BAD_SIZE},
        {"origin\n007\n" ROOT "\n", BAD_SIZE},
        {"origin\n 7\n" ROOT "\n", BAD_SIZE},
        {"origin\n0x7\n" ROOT "\n", BAD_SIZE},
        {"origin\n18446744073709551616\n" ROOT "\n", BAD_SIZE},
        {"origin\n3438945738945739845734895735\n" ROOT "\n", BAD_SIZE},
        {"origin\n7\n" ROOT, BAD_ROOT},
        {"origin\n7\n", BAD_ROOT},
        {"origin\n7\nbananas\n", BAD_ROOT},
        {"origin\n7\nAAAA\n", BAD_ROOT},
        {"origin\n7\n" ROOT " \n", BAD_ROOT},
        {"origin\n7\n\n" ROOT "\n", BAD_ROOT},
        {"origin\n7\n" ROOT "\n\n", "line 4 of the checkpoint: an extension line must not be empty"},
        {"origin\n7\n" ROOT "\nmore", "the checkpoint does not end in a line feed"},
        {"origin\xff\n7\n" ROOT "\n", "the checkpoint is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct checkpoint checkpoint = {.size = 77};
        struct err err = {0};
        assert_int_equal(checkpoint_decode(bytes_of(cases[i].text), &checkpoint, &err), ERR_CORRUPT);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(checkpoint.size, 77);
    }
    struct checkpoint checkpoint;
    assert_int_equal(checkpoint_decode(bytes_of("o\n18446744073709551615\n" ROOT "\n"), &checkpoint, NULL), 0);
    assert_true(checkpoint.size == UINT64_MAX);
    assert_int_equal(checkpoint_decode(bytes_of("o\n0\n" ROOT "\n"), &checkpoint, NULL), 0);
    assert_int_equal(checkpoint.size, 0);
}

static void a_checkpoint_is_not_written_for_an_origin_that_cannot_be_read_back(void **state) {
    (void)state;
    static const uint8_t root[MERKLE_HASH];
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(checkpoint_encode(&out, bytes_of(""), 1, root), ERR_INVALID);
    assert_int_equal(checkpoint_encode(&out, bytes_of("a\nb"), 1, root), ERR_INVALID);
    assert_int_equal(checkpoint_encode(&out, bytes_of("a\xff"), 1, root), ERR_INVALID);
    assert_int_equal(out.n, 0);
    buf_done(&out);
    buf_init(&out, 40);
    assert_int_equal(checkpoint_encode(&out, bytes_of("origin"), 1, root), ERR_LIMIT);
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_checkpoint_is_read_and_written_back),
        cmocka_unit_test(extension_lines_of_a_checkpoint_are_ignored),
        cmocka_unit_test(a_wrong_checkpoint_is_refused_with_its_reason),
        cmocka_unit_test(a_checkpoint_is_not_written_for_an_origin_that_cannot_be_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
