/* A clause by itself: since when it is in its state, and what it says as messages. */
#include "projections/rows/list.h"
#include "projections/verdict/grade.h"
#include "projections/verdict/messages.h"
#include "tests/projections/state_box.h"
#include "tests/projections/tuned.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

TUNED(__wrap_state_tuning)

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

static void find_clause(const char *pack, const char *id) {
    assert_true(box_row(&box, "clauses", pack, id, NULL));
}

/* The clause of the row found last has its state since this event. */
static void is_since(const char *state, uint64_t seq) {
    box_text(&box, "state", state);
    box_int(&box, "since_seq", (int64_t)seq);
    assert_true(row_int(&box.row, box_column(&box, "since")) > 0);
}

static void observe(const char *check, const char *status) {
    char subject[64], json[128];
    snprintf(subject, sizeof(subject), "check/%s", check);
    snprintf(json, sizeof(json), "{\"check\":\"%s\",\"status\":\"%s\"}", check, status);
    box_event(&box, "doctor.observed", subject, json);
}

/* ---- since ---- */

static void a_clause_says_since_which_event_it_has_its_state(void **state) {
    (void)state;
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "checks");
    is_since("pass", 0);
    observe("a", "slow");
    observe("b", "slow"); /* warns still */
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "checks");
    is_since("warn", 1);
    observe("b", "error");
    observe("a", "ok");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "checks");
    is_since("fail", 3);
    observe("b", "ok");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "checks");
    is_since("pass", 5);
    box_view(&box, 3, 0);
    find_clause("", "checks");
    is_since("warn", 1);
}

static void what_time_alone_changed_has_a_time_and_no_event(void **state) {
    (void)state;
    uint64_t seq = box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"oom\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "faults");
    is_since("warn", seq);
    int64_t fell = row_int(&box.row, box_column(&box, "since"));
    box_view(&box, LOG_NO_SEQ, (uint64_t)(fell + 20 * DAY_NS));
    find_clause("", "faults");
    box_text(&box, "state", "pass");
    assert_false(row_has(&box.row, box_column(&box, "since_seq")));
    int64_t passes = row_int(&box.row, box_column(&box, "since"));
    assert_true(passes >= fell + 7 * DAY_NS - 1000000000 && passes <= fell + 7 * DAY_NS + 1000000000);
    box_view(&box, LOG_NO_SEQ, (uint64_t)passes);
    find_clause("", "faults");
    box_text(&box, "state", "pass");
    box_view(&box, LOG_NO_SEQ, (uint64_t)passes - 1);
    find_clause("", "faults");
    is_since("warn", seq);
}

/* What is read for it grows with the number of events, not with its square. */
static void since_when_is_found_among_many_models(void **state) {
    enum { MODELS = 200, READ_FOR_EACH = 40 };
    struct state_tuning tuning = *state_tuning();
    char subject[40], json[200];
    uint64_t seq = 0, first = 0;
    (void)state;
    observe("probe", "ok");
    for (unsigned i = 0; i < MODELS; i++) {
        snprintf(subject, sizeof(subject), "model/m%u", i);
        snprintf(json, sizeof(json), "{\"model\":\"m%u\",\"digest\":\"sha256:%064x\",\"runtime\":\"vllm\"}", i, i);
        seq = box_event(&box, "model.observed", subject, json);
        snprintf(json, sizeof(json), "{\"check\":\"model-file\",\"target\":\"sha256:%064x\",\"status\":\"%s\"}", i,
                 i == MODELS / 2 ? "stale" : "ok");
        seq = box_event(&box, "doctor.observed", "check/model-file", json);
        first = i == MODELS / 2 ? seq : first;
    }
    tuning.since_work = (uint64_t)MODELS * READ_FOR_EACH;
    tune(&tuning);
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "models");
    is_since("warn", first);
    tune(NULL);
}

static void a_clause_of_a_pack_begins_with_its_installation(void **state) {
    (void)state;
    uint64_t seq = box_event(&box, "pack.installed", "pack/p", "{\"version\":\"1\",\"checks\":[\"smoke\"]}");
    box_event(&box, "pack.installed", "pack/q", "{\"version\":\"1\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("p", "checks");
    is_since("unknown", seq);
    seq = box_event(&box, "pack.checked", "pack/p", "{\"version\":\"1\",\"check\":\"smoke\",\"verdict\":\"pass\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("p", "checks");
    is_since("pass", seq);
}

/* ---- messages ---- */

static void message_is(size_t at, const char *id, const char *words, const char *arg, const char *text) {
    struct list list;
    struct bytes item = {0}, got;
    struct message_arg args[MESSAGE_ARGS_MAX];
    char names[MESSAGE_ARGS_MAX][32];
    struct message message;
    struct buf filled = {.max = 4096};
    list_open(&list, row_list(&box.row, box_column(&box, "messages")));
    for (size_t i = 0; i <= at; i++) {
        assert_true(list_next(&list, &item));
    }
    assert_true(list_text(item, "id", &got) && bytes_is(got, id));
    assert_true(list_text(item, "words", &got) && bytes_is(got, words));
    size_t n = message_args(item, names, args), named = 0;
    for (size_t i = 0; i < n; i++) {
        named += arg != NULL && strcmp(args[i].name, arg) == 0 && bytes_is(args[i].text, text);
    }
    assert_int_equal(named, arg != NULL);
    assert_true(message_find(bytes_of(id), &message)); /* whoever shows it makes the same words of it */
    message_fill(message_text(&message, args, n), args, n, &filled);
    assert_true(bytes_is(bytes_of_buf(&filled), words));
    buf_done(&filled);
}

static void what_was_found_is_messages_with_arguments(void **state) {
    (void)state;
    box_event(&box, "runtime.unreachable", "runtime/ollama",
              "{\"runtime\":\"ollama\",\"endpoint\":\"http://a:1\",\"error\":\"refused\"}");
    box_event(&box, "runtime.unreachable", "runtime/vllm", "{\"runtime\":\"vllm\"}");
    observe("a", "error");
    observe("b", "error");
    observe("c", "error");
    observe("d", "error");
    observe("e", "error");
    box_event(&box, "pack.installed", "pack/p", "{\"version\":\"1\",\"checks\":[\"smoke\"]}");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "runtimes");
    message_is(0, "runtime.refused", "ollama at http://a:1 refuses connections", "endpoint", "http://a:1");
    message_is(1, "runtime.silent-only", "vllm does not answer", "runtime", "vllm");
    find_clause("", "checks");
    box_text(&box, "reason", "a: error; b: error; c: error; and 2 more");
    message_is(2, "check", "c: error", "check", "c");
    message_is(3, "findings.more", "and 2 more", NULL, NULL);
    find_clause("", "gaps");
    message_is(0, "gaps.none", "none was noticed in the last 7 days", NULL, NULL);
    find_clause("p", "checks");
    message_is(0, "ready.need.check-never", "check 'smoke' has not run", "name", "smoke");
}

/* The map of a clause in its verdict and the clause's own row say the same. */
static void a_verdict_lists_the_same_messages(void **state) {
    struct list list;
    struct bytes item, id, raw = {0};
    struct buf own = {.max = 65536};
    (void)state;
    observe("a", "slow");
    box_view(&box, LOG_NO_SEQ, 0);
    find_clause("", "checks");
    buf_put_bytes(&own, row_list(&box.row, box_column(&box, "messages")));
    assert_true(box_row(&box, "verdicts", "", NULL));
    list_open(&list, row_list(&box.row, box_column(&box, "clauses")));
    assert_int_equal(mp_check(row_list(&box.row, box_column(&box, "clauses")), NULL), 0);
    while (list_next(&list, &item)) {
        if (list_text(item, "id", &id) && bytes_is(id, "checks")) {
            assert_int_equal(mp_map_get(item, "messages", &raw), 0);
        }
    }
    assert_true(own.n > 0 && bytes_eq(raw, bytes_of_buf(&own)));
    buf_done(&own);
}

/* ---- grades ---- */

static uint64_t graded(const char *grade) {
    struct log_draft draft;
    struct log_receipt receipt;
    log_draft_init(&draft);
    draft.kind = bytes_of("x.test.any");
    draft.subject = bytes_of("thing/1");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of(grade);
    assert_int_equal(log_append(box.ledger, &draft, &receipt, NULL, &box.err), 0);
    return receipt.seq;
}

static void evidence_is_as_good_as_its_weakest_event(void **state) {
    static const char *const grades[] = {"measured", "reported", "declared", "inferred"};
    const char *grade = "untouched";
    uint64_t seqs[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        seqs[i] = graded(grades[i]);
    }
    for (unsigned set = 0; set < 16; set++) {
        uint64_t some[4];
        const char *weakest = NULL;
        size_t n = 0;
        for (size_t i = 0; i < 4; i++) {
            if ((set >> i & 1) != 0) {
                some[n++] = seqs[i];
                weakest = grades[i];
            }
        }
        for (size_t i = 0; i < n / 2; i++) { /* in the order in which a reason cites them: any */
            uint64_t other = some[i];
            some[i] = some[n - 1 - i];
            some[n - 1 - i] = other;
        }
        assert_int_equal(verdict_grade(box.ledger, some, n, &grade, &box.err), 0);
        assert_true(weakest == NULL ? grade == NULL : strcmp(grade, weakest) == 0);
    }
    const uint64_t none = 99;
    grade = "untouched";
    assert_int_equal(verdict_grade(box.ledger, &none, 1, &grade, &box.err), ERR_NOTFOUND);
    assert_string_equal(box.err.msg, "there is no event 99");
    assert_string_equal(grade, "untouched");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_clause_says_since_which_event_it_has_its_state),
        TEST(what_time_alone_changed_has_a_time_and_no_event),
        TEST(since_when_is_found_among_many_models),
        TEST(a_clause_of_a_pack_begins_with_its_installation),
        TEST(what_was_found_is_messages_with_arguments),
        TEST(a_verdict_lists_the_same_messages),
        TEST(evidence_is_as_good_as_its_weakest_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
