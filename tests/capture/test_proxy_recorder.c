/* The recorder: what the ledger does not take for a while waits, and what there is no room for becomes a gap. */
#include "capture/proxy/recorder.h"

#include <stdatomic.h>

#include "tests/ingest/ledger_box.h"

static atomic_int answer;   /* of the next commits; 0: the real ones */
static atomic_uint refused; /* commits that got it */

int __real_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err) {
    int rc = atomic_load(&answer);
    if (rc == 0) return __real_log_batch_commit(batch, receipts, ret_head, ret_at, err);
    atomic_fetch_add(&refused, 1);
    return err_set(err, rc, "no");
}

static bool put(struct recorder *r, unsigned n, const char *kind, const char *cause) {
    struct mp_map body, private_;
    char key[RECORDER_KEY_MAX];
    mp_map_init(&body, 4096);
    mp_map_init(&private_, 4096);
    mp_map_text(&body, "model", bytes_of("m"));
    snprintf(key, sizeof(key), "call:%u%s", n, cause[0] != '\0' ? ":end" : "");
    bool taken =
        recorder_put(r, &(struct recorder_event){
                            .kind = kind, .run = "r", .key = key, .cause = cause, .body = &body, .private_ = &private_});
    mp_map_done(&body);
    mp_map_done(&private_);
    return taken;
}

static int setup(void **state) {
    struct box *b = malloc(sizeof(*b));
    box_init(b);
    atomic_store(&answer, 0);
    atomic_store(&refused, 0);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    box_done(*state);
    free(*state);
    return 0;
}

static const struct recorder_options options = {.actor = "service:proxy", .source = "proxy"};

/* How many events of this kind there are, and the sum of what they say is missing. */
static unsigned count(struct ledger *ledger, const char *kind, uint64_t *ret_missing) {
    struct log_reader *reader = NULL;
    struct log_event event;
    unsigned n = 0;
    assert_int_equal(log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, NULL), 0);
    while (log_reader_next(reader, &event, NULL) == 0) {
        if (!bytes_is(event.kind, kind)) continue;
        n++;
        if (ret_missing != NULL) *ret_missing += mp_get_uint(event.body, "missing", 0);
    }
    log_reader_close(reader);
    return n;
}

static void an_answer_names_its_call(void **state) {
    struct box *b = *state;
    struct recorder *r = NULL;
    struct recorder_stats stats;
    assert_int_equal(recorder_open(b->ledger, &options, &r, NULL), 0);
    assert_true(put(r, 1, "run.model_called", ""));
    assert_true(put(r, 1, "run.model_returned", "call:1"));
    assert_true(put(r, 2, "run.model_returned", "call:9")); /* nobody recorded that call: the ledger refuses it */
    assert_true(put(r, 3, "no.such_kind", ""));
    recorder_close(r, &stats);
    assert_int_equal(stats.written, 2);
    uint64_t missing = 0;
    assert_int_equal(count(b->ledger, "ledger.gap", &missing), 1);
    assert_int_equal(missing, 2);
    assert_int_equal(count(b->ledger, "run.model_returned", NULL), 1);
}

static void what_the_ledger_refuses_for_now_waits_and_the_rest_is_a_gap(void **state) {
    struct box *b = *state;
    struct recorder *r = NULL;
    struct recorder_stats stats;
    unsigned taken = 0, n = 0;
    atomic_store(&answer, ERR_FULL);
    assert_int_equal(recorder_open(b->ledger, &options, &r, NULL), 0);
    for (; n < 6000; n++) {
        taken += put(r, n, "run.model_called", "") ? 1 : 0;
    }
    assert_true(taken > 1000 && taken < n);
    while (atomic_load(&refused) == 0) {
    }
    atomic_store(&answer, 0);
    recorder_close(r, &stats);
    assert_int_equal(stats.written, taken);
    assert_int_equal(stats.lost, 0); /* it is in the ledger that they are */
    uint64_t missing = 0;
    assert_true(count(b->ledger, "ledger.gap", &missing) >= 1);
    assert_int_equal(missing, n - taken);
    assert_int_equal(count(b->ledger, "run.model_called", NULL), taken);
}

static void an_end_does_not_wait_for_a_ledger_that_takes_nothing(void **state) {
    struct box *b = *state;
    struct recorder *r = NULL;
    struct recorder_stats stats;
    atomic_store(&answer, ERR_IO);
    assert_int_equal(recorder_open(b->ledger, &options, &r, NULL), 0);
    assert_true(put(r, 1, "run.model_called", ""));
    recorder_close(r, &stats);
    assert_int_equal(stats.written, 0);
    assert_int_equal(stats.lost, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_names_its_call, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_ledger_refuses_for_now_waits_and_the_rest_is_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_does_not_wait_for_a_ledger_that_takes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
