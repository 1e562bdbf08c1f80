/* What is collected for the index and then erased does not reappear in it. */
#include "tests/query/same_answers.h"

#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "query/index/view.h"
#include "tests/ledger/traces.h"

#define MARK "walrus-of-the-north-77"

static int start(void **state) {
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)256 << 20);
    log_without_big = true;
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* An event with an indexed model that no other event has. */
static uint64_t append_marked(void) {
    struct buf body = {0}, open;
    struct log_receipt receipt;
    struct log_draft draft =
        scratch_draft("x.acme.thing", "thing/1", scratch_map(&body, "{\"model\":\"%s\",\"n\":1}", MARK));
    buf_init(&open, 64);
    mp_put_array(&open, 1);
    mp_put_str(&open, bytes_of("model"));
    draft.open = bytes_of_buf(&open);
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    buf_done(&body);
    buf_done(&open);
    return receipt.seq;
}

static void erase(uint64_t seq) {
    struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    must(log_erase(s.ledger, &o, NULL, &why));
    must(log_erase_finish(s.ledger, UINT64_C(30000000000), NULL, &why)); /* the follower may be at work */
}

/* The groups have been handed over, and wait for the rest of their segment. */
static void what_was_collected_before_an_erasure_is_not_stored_after_it(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        must(query_index_follow(s.ledger, &why));
        uint64_t seq = append_marked();
        log_fill(s.ledger, 300);
        erase(seq);
        scratch_reopen(&s); /* what is collected is stored then */
        assert_int_equal(traces_below(s.dir, MARK), 0);
        must(query_index_build(s.ledger, NULL, &why));
        assert_int_equal(check(), 0);
        assert_int_equal(traces_below(s.dir, MARK), 0);
    }
}

static void on_differs(void *ctx, const struct projection *projection, const char *why_) {
    (void)ctx;
    fail_msg("%s: %s", projection->name, why_);
}

/* As left by a program that is killed between the two. */
static void what_was_derived_before_an_erasure_is_no_fault_until_the_next_generation(void **state) {
    struct state_options how;
    uint64_t rows = 0, covered = 0;
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint64_t seq = append_marked();
        struct log_erase_options o = {
            .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
        log_fill(s.ledger, 300);
        must(query_index_build(s.ledger, NULL, &why));
        state_options_init(&how);
        must(rebuild_run(s.ledger, &how, UINT32_MAX, &why));
        must(query_index_covered(s.ledger, &covered, &why));
        assert_true(covered > seq);
        must(log_erase(s.ledger, &o, NULL, &why));
        must(query_index_covered(s.ledger, &covered, &why));
        assert_int_equal(covered, 0);
        assert_int_equal(check(), 0);
        must(rebuild_check(s.ledger, &how, UINT32_MAX, on_differs, NULL, &rows, NULL, &why));
        must(log_erase_finish(s.ledger, UINT64_C(20000000000), NULL, &why));
        must(query_index_build(s.ledger, NULL, &why));
        assert_int_equal(check(), 0);
        must(query_index_covered(s.ledger, &covered, &why));
        assert_true(covered > seq);
    }
}

/* Nor what was stored before, or is stored meanwhile. */
static void a_view_gives_no_segment_while_an_erasure_is_not_finished(void **state) {
    struct index_view view, later;
    struct columns_record there;
    (void)state;
    uint64_t seq = append_marked();
    struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    log_fill(s.ledger, 300);
    must(query_index_build(s.ledger, NULL, &why));
    must(index_view_open(s.ledger, &view, &why));
    assert_true(index_view_get(&view, seq, &there));
    index_view_rest(&view);
    must(log_erase(s.ledger, &o, NULL, &why));
    assert_false(index_view_get(&view, seq, &there)); /* one that was opened before */
    index_view_rest(&view);
    must(query_index_build(s.ledger, NULL, &why));
    assert_false(index_view_get(&view, seq, &there));
    must(index_view_open(s.ledger, &later, &why));
    assert_null(later.derived);
    index_view_close(&later);
    index_view_close(&view);
    must(log_erase_finish(s.ledger, UINT64_C(20000000000), NULL, &why));
    must(query_index_build(s.ledger, NULL, &why));
    must(index_view_open(s.ledger, &later, &why));
    assert_true(index_view_get(&later, seq, &there));
    index_view_close(&later);
}

static void the_index_has_it_as_long_as_it_is_there(void **state) {
    (void)state;
    append_marked();
    log_fill(s.ledger, 256);
    must(query_index_build(s.ledger, NULL, &why));
    assert_true(traces_below(s.dir, MARK) > 1); /* in the log and in the index: the test above would find it */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_collected_before_an_erasure_is_not_stored_after_it, start, finish),
        cmocka_unit_test_setup_teardown(what_was_derived_before_an_erasure_is_no_fault_until_the_next_generation, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_view_gives_no_segment_while_an_erasure_is_not_finished, start, finish),
        cmocka_unit_test_setup_teardown(the_index_has_it_as_long_as_it_is_there, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
