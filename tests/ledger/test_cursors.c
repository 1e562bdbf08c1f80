/* Cursors: where sources continue, stored in the transaction of a batch. */
#include "tests/ledger/scratch.h"

static struct scratch s;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static void all_cursors_of_a_batch_are_stored_and_of_one_name_the_last_value(void **state) {
    struct log_batch *batch;
    struct buf got = {.max = 8192};
    char name[16];
    (void)state;
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, 1, false, &why));
    for (int i = 0; i < LOG_BATCH_CURSORS_MAX; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        must(log_batch_set_cursor(batch, name, bytes_of(name), &why));
    }
    must_fail(log_batch_set_cursor(batch, "one more", bytes_of("x"), &why), ERR_BUSY,
              "it has 1024 cursors; commit it first");
    must(log_batch_set_cursor(batch, "c7", bytes_of("the last"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    for (int i = 0; i < LOG_BATCH_CURSORS_MAX; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        buf_clear(&got);
        must(log_cursor_get(s.ledger, name, &got, &why));
        assert_true(bytes_is(bytes_of_buf(&got), i == 7 ? "the last" : name));
    }
    must(log_batch_set_cursor(batch, "kept", bytes_of("x"), &why));
    log_batch_clear(batch);
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    must_fail(log_cursor_get(s.ledger, "kept", &got, &why), ERR_NOTFOUND, "there is no cursor 'kept'");
    scratch_verify_good(s.ledger);
    log_batch_free(batch);
    buf_done(&got);
}

static void setting_and_getting_a_cursor_refuse_the_same_names(void **state) {
    char longest[257];
    const struct {
        const char *name;
        int code;
        const char *words;
    } bad[] = {
        {NULL, ERR_INVALID, "the cursor has no name; expected: 1 to 255 bytes of UTF-8"},
        {"", ERR_INVALID, "the cursor has no name; expected: 1 to 255 bytes of UTF-8"},
        {"a\xff", ERR_INVALID, "the cursor's name is not UTF-8 at byte 1"},
        {"a\n", ERR_INVALID, "the cursor's name has a control character"},
        {longest, ERR_LIMIT, "the cursor's name has 256 bytes, at most 255 are accepted"},
    };
    struct log_batch *batch;
    struct buf got = {.max = 8192};
    (void)state;
    memset(longest, 'x', 256);
    longest[256] = '\0';
    must(log_batch_new(s.ledger, &batch, &why));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        must_fail(log_batch_set_cursor(batch, bad[i].name, bytes_of("x"), &why), bad[i].code, bad[i].words);
        must_fail(log_cursor_get(s.ledger, bad[i].name, &got, &why), bad[i].code, bad[i].words);
    }
    longest[255] = '\0';
    must(log_batch_set_cursor(batch, longest, bytes_of("x"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    must(log_cursor_get(s.ledger, longest, &got, &why));
    log_batch_free(batch);
    buf_done(&got);
}

static void a_cursor_is_stored_with_its_events(void **state) {
    struct log_batch *batch;
    struct buf got, large;
    (void)state;
    buf_init(&got, 8192);
    buf_init(&large, 8192);
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, 3, false, &why));
    must(log_batch_set_cursor(batch, "src", bytes_of("3"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    must(log_batch_set_cursor(batch, "src", bytes_of("4"), &why)); /* no event at all */
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    scratch_reopen(&s);
    must(log_cursor_get(s.ledger, "src", &got, &why));
    assert_true(bytes_is(bytes_of_buf(&got), "4"));
    assert_int_equal(scratch_size(&s), 4);
    log_batch_free(batch); /* it belongs to the handle that was closed */
    must(log_batch_new(s.ledger, &batch, &why));
    memset(buf_room(&large, 4097), 'c', 4097);
    large.n = 4096;
    must(log_batch_set_cursor(batch, "large", bytes_of_buf(&large), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    buf_clear(&got);
    must(log_cursor_get(s.ledger, "large", &got, &why));
    assert_int_equal(got.n, 4096);
    large.n = 4097;
    must_fail(log_batch_set_cursor(batch, "large", bytes_of_buf(&large), &why), ERR_LIMIT, "");
    scratch_verify_good(s.ledger);
    log_batch_free(batch);
    buf_done(&got);
    buf_done(&large);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(all_cursors_of_a_batch_are_stored_and_of_one_name_the_last_value),
        each(setting_and_getting_a_cursor_refuse_the_same_names),
        each(a_cursor_is_stored_with_its_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
