/* The judge of calls: what others decide between two calls counts for the second one, however quickly it comes, although states are
 * kept from one call to the next. */
#include "capture/tap/judge.h"

#include "base/clock.h"
#include "capture/tap/names.h"
#include "tests/ingest/ledger_box.h"

static uint64_t later_ns; /* than the clock says */
static bool fails;        /* every commit of a judged batch */

uint64_t __real_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void) {
    return __real_clock_wall_ns() + later_ns;
}

int __real_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err) {
    return fails ? err_set(err, ERR_FULL, "no room") : __real_log_batch_commit(batch, receipts, ret_head, ret_at, err);
}

struct tap {
    struct box box;
    struct tap_names names;
    struct tap_judge *judge;
    struct tap_link *link;
    struct tap_verdict verdict;
    struct tap_judged room;
    unsigned n;
};

static void append(struct tap *t, const char *kind, const char *subject, const char *json) {
    struct buf body = {.max = 4096};
    struct log_draft draft;
    struct log_receipt receipt;
    struct err err = {0};
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &err), 0);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("declared");
    draft.body = bytes_of_buf(&body);
    if (log_append(t->box.ledger, &draft, &receipt, NULL, &err) != 0) fail_msg("%s", err.msg);
    buf_done(&body);
}

/* Gives a message to the judge, or asks it about a call. */
static void message(struct tap *t, enum tap_side side, const char *json, bool call) {
    struct buf mp = {.max = 65536};
    struct rpc_message m;
    struct err err = {0};
    assert_int_equal(json_to_mp(bytes_of(json), &mp, &err), 0);
    assert_int_equal(rpc_message_open(bytes_of_buf(&mp), &m, &err), 0);
    m.channel = 0;
    assert_int_equal(tap_judge_see(t->link, side, &m, &err), 0);
    if (call) tap_judge_call(t->link, &m, &t->room, &t->verdict);
    buf_done(&mp);
}

static void call(struct tap *t) {
    char json[200];
    (void)snprintf(
        json, sizeof(json),
        "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\",\"params\":{\"name\":\"do\",\"arguments\":{}}}", ++t->n);
    message(t, TAP_CLIENT, json, true);
}

static void allowed(struct tap *t) {
    call(t);
    if (t->verdict.is != TAP_ALLOWED) fail_msg("refused: %s", t->verdict.words);
}

static void refused(struct tap *t, const char *error, const char *words) {
    call(t);
    assert_int_equal(t->verdict.is, TAP_REFUSED);
    assert_string_equal(t->verdict.error, error);
    if (strstr(t->verdict.words, words) == NULL) fail_msg("'%s', expected '%s'", t->verdict.words, words);
}

static void list(struct tap *t, const char *about) {
    char json[300];
    (void)snprintf(json, sizeof(json),
                   "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"result\":{\"tools\":[{\"name\":\"do\",\"description\":\"%s\"}]}}",
                   about);
    message(t, TAP_CLIENT, "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"method\":\"tools/list\"}", false);
    message(t, TAP_SERVER, json, false);
}

static int setup(void **state) {
    struct tap *t = calloc(1, sizeof(*t));
    struct err err = {0};
    assert_non_null(t);
    later_ns = 0;
    fails = false;
    box_init(&t->box);
    t->names = (struct tap_names){.server = "s", .enforces = true};
    tap_names_run(t->names.run);
    assert_int_equal(tap_judge_new("s", t->box.ledger, &t->judge, &err), 0);
    t->link = tap_link_new(t->judge, &t->names);
    assert_non_null(t->link);
    list(t, "as it is");
    *state = t;
    return 0;
}

static int teardown(void **state) {
    struct tap *t = *state;
    tap_link_free(t->link);
    tap_judge_free(t->judge);
    box_done(&t->box);
    free(t);
    return 0;
}

static void grant(struct tap *t) {
    append(t, "permission.granted", "server/s", "{\"group\":\"exec\",\"tier\":\"T3\"}");
}

static void a_decision_between_two_calls_counts_for_the_second(void **state) {
    struct tap *t = *state;
    refused(t, "permission", "nobody granted it");
    assert_true(t->verdict.requested);
    for (int i = 0; i < 5; i++) {
        grant(t);
        allowed(t);
        allowed(t);
        append(t, "permission.revoked", "server/s", "{\"group\":\"exec\"}");
        refused(t, "permission", "revoked");
        if (i % 2 != 0) tap_judge_let_go(t->judge);
    }
    grant(t);
    append(t, "permission.denied", "tool/mcp__s__do", "{\"group\":\"exec\"}");
    refused(t, "permission", "denied");
}

static void many_calls_and_pauses_change_no_answer(void **state) {
    struct tap *t = *state;
    grant(t);
    for (int i = 0; i < 100; i++) { /* past the events after which states are stored, and far past those that are kept */
        allowed(t);
        tap_judge_rest(t->judge, i % 30 == 29);
    }
    append(t, "permission.revoked", "server/s", "{\"group\":\"exec\"}");
    refused(t, "permission", "revoked");
}

static void a_grant_for_once_permits_one_call(void **state) {
    struct tap *t = *state;
    append(t, "permission.granted", "tool/mcp__s__do", "{\"group\":\"exec\",\"tier\":\"T3\",\"lifetime\":\"once\"}");
    allowed(t);
    refused(t, "permission", "");
    append(t, "permission.granted", "tool/mcp__s__do", "{\"group\":\"exec\",\"tier\":\"T3\",\"lifetime\":\"once\"}");
    allowed(t);
    refused(t, "permission", "");
}

static void a_grant_ends_at_its_time_though_nothing_is_recorded(void **state) {
    struct tap *t = *state;
    char json[120];
    (void)snprintf(json, sizeof(json), "{\"group\":\"exec\",\"tier\":\"T3\",\"expires\":%llu}",
                   (unsigned long long)(clock_wall_ns() + 600 * CLOCK_NS_PER_S));
    append(t, "permission.granted", "server/s", json);
    allowed(t);
    allowed(t);
    later_ns = 601 * CLOCK_NS_PER_S;
    refused(t, "permission", "expired");
}

static void another_definition_is_refused_until_it_is_granted(void **state) {
    struct tap *t = *state;
    grant(t);
    allowed(t);
    list(t, "as it never was");
    refused(t, "definition", "is not the one that was granted");
    list(t, "as it is");
    allowed(t);
    list(t, "as it never was");
    grant(t);
    allowed(t);
}

static void a_call_that_cannot_be_recorded_is_refused(void **state) {
    struct tap *t = *state;
    grant(t);
    allowed(t);
    fails = true;
    refused(t, "record", "it cannot be recorded: no room");
    fails = false;
    allowed(t);
}

int main(void) {
#define WITH_A_JUDGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_A_JUDGE(a_decision_between_two_calls_counts_for_the_second),
        WITH_A_JUDGE(many_calls_and_pauses_change_no_answer),
        WITH_A_JUDGE(a_grant_for_once_permits_one_call),
        WITH_A_JUDGE(a_grant_ends_at_its_time_though_nothing_is_recorded),
        WITH_A_JUDGE(another_definition_is_refused_until_it_is_granted),
        WITH_A_JUDGE(a_call_that_cannot_be_recorded_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
