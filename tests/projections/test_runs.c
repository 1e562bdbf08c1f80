/* Runs: which events belong to one, its totals, how it ended. */
#include "tests/projections/state_box.h"

#define MS INT64_C(1000000)

static struct box b;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static uint64_t say(const char *kind, const char *json) {
    return box_event_of(&b, kind, "run/r", "r", json);
}

static void look(const char *run) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "runs", run, NULL));
}

static void real(const char *column, double expected) {
    assert_true(row_real(&b.row, box_column(&b, column)) == expected);
}

static void a_run_is_summed_up_from_its_events(void **state) {
    (void)state;
    uint64_t first =
        say("run.started", "{\"agent\":\"a\",\"pack\":\"p\",\"pack_version\":\"1\",\"session\":\"s\",\"task\":\"t\","
                           "\"parent\":\"q\",\"permissions_digest\":\"sha256:"
                           "1111111111111111111111111111111111111111111111111111111111111111\",\"at\":1000000000}");
    box_event_of(&b, "route.decided", "route/x", "r", "{\"route\":\"x\",\"pack\":\"other\",\"egress\":false}");
    say("run.model_called", "{\"tokens_in\":100}");
    say("run.model_returned", "{\"tokens_in\":100,\"tokens_out\":10,\"ok\":true,\"cost\":0.5}");
    uint64_t out = say("run.model_called", "{\"tokens_in\":7,\"tokens_out\":3,\"ok\":true,\"cost\":0.25,\"egress\":true}");
    say("run.tool_called", NULL);
    say("run.tool_returned", "{\"ok\":false,\"outcome\":\"error\"}");
    say("run.tool_called", NULL);
    say("run.tool_returned", "{\"ok\":false,\"outcome\":\"denied\"}");
    say("run.step", "{\"status\":\"ok\"}");
    say("run.step", "{\"status\":\"error\"}");
    say("run.artifact", "{\"digest\":\"sha256:1111111111111111111111111111111111111111111111111111111111111111\"}");
    say("run.logged", "{\"severity_number\":17}");
    say("run.logged", "{\"severity_number\":9,\"error\":\"none\"}");
    box_event_of(&b, "permission.decided", "tool/x", "r", "{\"decision\":\"deny\",\"agent\":\"z\"}");
    box_event_of(&b, "permission.decided", "tool/x", "r", "{\"decision\":\"allow\"}");
    look("r");
    box_text(&b, "state", "running");
    uint64_t end = say("run.finished", "{\"outcome\":\"ok\",\"ok\":true,\"at\":1250000000}");
    look("r");
    box_text(&b, "state", "finished");
    box_text(&b, "outcome", "ok");
    assert_false(row_has(&b.row, box_column(&b, "error")));
    box_text(&b, "agent", "a");
    box_text(&b, "pack", "p");
    box_text(&b, "pack_version", "1");
    box_text(&b, "route", "x");
    box_text(&b, "session", "s");
    box_text(&b, "parent", "q");
    box_text(&b, "task", "t");
    box_int(&b, "started_at", 1000 * MS);
    box_int(&b, "finished_at", 1250 * MS);
    real("duration_ms", 250);
    box_int(&b, "events", 17);
    box_int(&b, "steps", 2);
    box_int(&b, "model_calls", 2);
    box_int(&b, "tool_calls", 2);
    box_int(&b, "tokens_in", 107);
    box_int(&b, "tokens_out", 13);
    real("cost", 0.75);
    box_int(&b, "errors", 3);
    box_int(&b, "denied", 2);
    box_int(&b, "artifacts", 1);
    assert_true(row_bool(&b.row, box_column(&b, "egress")));
    box_int(&b, "first_seq", (int64_t)first);
    box_int(&b, "last_seq", (int64_t)end);
    box_int(&b, "late", 0);
    box_int(&b, "violations", 0);
    box_evidence(&b, 2, first, end);
    box_view(&b, out + 1, 0);
    assert_true(box_row(&b, "runs", "r", NULL));
    box_evidence(&b, 2, first, out);
}

static void totals_that_the_end_tells_are_not_counted_twice(void **state) {
    (void)state;
    say("run.started", NULL);
    say("run.step", NULL);
    say("run.tool_called", NULL);
    say("run.tool_called", NULL);
    say("run.finished", "{\"steps\":3,\"tool_calls\":1,\"tokens_in\":500,\"cost\":2.5,\"duration_ms\":12.5}");
    say("run.step", NULL); /* one of the three */
    say("run.tool_called", NULL);
    say("run.model_called", "{\"tokens_in\":100,\"ok\":true,\"cost\":1}");
    look("r");
    box_int(&b, "steps", 3);
    box_int(&b, "tool_calls", 3);
    box_int(&b, "tokens_in", 500);
    box_int(&b, "model_calls", 1);
    real("cost", 2.5);
    real("duration_ms", 12.5);
    box_int(&b, "late", 3);
    box_int(&b, "violations", 0);
}

static void answers_without_calls_are_calls(void **state) {
    (void)state;
    box_event_of(&b, "run.tool_returned", "run/r", "r", "{\"agent\":\"a\",\"session\":\"s\"}");
    say("run.tool_returned", NULL);
    say("run.tool_called", NULL);
    say("run.tool_returned", NULL);
    say("run.model_returned", "{\"tokens_in\":5}");
    say("run.model_called", "{\"tokens_in\":50}");
    say("run.model_returned", "{\"tokens_in\":60,\"outcome\":\"error\"}"); /* it is more specific */
    look("r");
    box_text(&b, "state", "observed");
    box_text(&b, "agent", "a");
    box_text(&b, "session", "s");
    box_int(&b, "tool_calls", 3);
    box_int(&b, "model_calls", 2);
    box_int(&b, "tokens_in", 65);
    box_int(&b, "errors", 1);
}

static void how_a_run_ended_is_its_state(void **state) {
    (void)state;
    static const char fault[] = "it is said to have gone well, and ";
    static const struct {
        const char *end, *state, *fault; /* NULL: it does not contradict itself */
        int succeeded;                   /* -1: not given */
    } ends[] = {
        {"{}", "finished", NULL, -1},
        {"{\"ok\":true}", "finished", NULL, 1},
        {"{\"outcome\":\"ok\"}", "finished", NULL, 1},
        {"{\"exit_code\":0}", "finished", NULL, 1},
        {"{\"exit_code\":2,\"outcome\":\"ok\"}", "failed", "its exit code is 2", 0},
        {"{\"exit_code\":3,\"outcome\":\"ok\",\"error\":\"tool\"}", "failed", "its exit code is 3", 0},
        {"{\"exit_code\":2,\"ok\":true}", "failed", "its exit code is 2", 0},
        {"{\"outcome\":\"ok\",\"error\":\"tool\"}", "failed", "it names an error", 0},
        {"{\"exit_code\":0,\"error\":\"tool\"}", "failed", "it names an error", 0},
        {"{\"outcome\":\"done well\",\"ok\":true}", "finished", NULL, 1},
        {"{\"outcome\":\"partial\"}", "partial", NULL, -1},
        {"{\"outcome\":\"so-so\"}", "unknown", NULL, -1},
        {"{\"outcome\":\"so-so\",\"exit_code\":0}", "unknown", NULL, -1},
        {"{\"outcome\":\"so-so\",\"exit_code\":3}", "failed", NULL, 0},
        {"{\"exit_code\":2}", "failed", NULL, 0},
        {"{\"exit_code\":-9}", "failed", NULL, 0},
        {"{\"error\":\"tool\"}", "failed", NULL, 0},
        {"{\"ok\":false}", "failed", NULL, 0},
        {"{\"ok\":false,\"outcome\":\"ok\"}", "failed", "it was not ok", 0},
        {"{\"ok\":true,\"outcome\":\"failure\"}", "failed", NULL, 0},
        {"{\"outcome\":\"error\"}", "failed", NULL, 0},
        {"{\"outcome\":\"crashed\"}", "failed", NULL, 0},
        {"{\"outcome\":\"failure\",\"exit_code\":0}", "failed", NULL, 0},
        {"{\"outcome\":\"refused\",\"ok\":false}", "refused", NULL, 0},
        {"{\"outcome\":\"cancelled\"}", "aborted", NULL, 0},
        {"{\"outcome\":\"timeout\"}", "timeout", NULL, 0},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char subject[32], words[100] = "";
        snprintf(subject, sizeof(subject), "run/%zu", i);
        box_event(&b, "run.finished", subject, ends[i].end);
        look(subject + 4);
        box_text(&b, "state", ends[i].state);
        size_t succeeded = box_column(&b, "succeeded");
        assert_int_equal(row_has(&b.row, succeeded) ? row_bool(&b.row, succeeded) : -1, ends[i].succeeded);
        snprintf(words, sizeof(words), "%s%s", ends[i].fault != NULL ? fault : "", ends[i].fault ? ends[i].fault : "");
        box_text(&b, "violation", words);
    }
}

static void an_end_before_the_beginning_ends_it_and_shows(void **state) {
    (void)state;
    uint64_t start = say("run.started", NULL);
    look("r");
    int64_t since = row_int(&b.row, box_column(&b, "since"));
    uint64_t end = say("run.finished", "{\"outcome\":\"ok\",\"at\":1000000}");
    look("r");
    box_text(&b, "state", "finished");
    box_text(&b, "violation", "finished before it began");
    box_int(&b, "since", since);
    box_int(&b, "since_seq", (int64_t)end);
    box_evidence(&b, 2, start, end);
}

static void tokens_that_nobody_told_are_unknown(void **state) {
    (void)state;
    say("run.model_called", "{\"model\":\"m\"}");
    say("run.model_called", "{\"model\":\"m\",\"ok\":true}");
    say("run.model_returned", "{}");
    look("r");
    box_int(&b, "model_calls", 2);
    assert_false(row_has(&b.row, box_column(&b, "tokens_in")));
    assert_false(row_has(&b.row, box_column(&b, "tokens_out")));
    say("run.model_called", "{\"model\":\"m\",\"tokens_in\":0}"); /* it says so */
    look("r");
    assert_true(row_has(&b.row, box_column(&b, "tokens_in")));
    assert_false(row_has(&b.row, box_column(&b, "tokens_out")));
    say("run.finished", "{\"tokens_in\":7,\"tokens_out\":0}");
    look("r");
    box_int(&b, "tokens_in", 7);
    assert_true(row_has(&b.row, box_column(&b, "tokens_out")));
}

static void beginning_twice_and_ending_twice_show(void **state) {
    (void)state;
    say("run.started", "{\"at\":1000000}");
    say("run.started", "{\"at\":2000000}");
    look("r");
    box_text(&b, "violation", "started twice");
    box_int(&b, "started_at", 1 * MS);
    say("run.finished", "{\"outcome\":\"ok\",\"at\":3000000}");
    say("run.finished", "{\"outcome\":\"error\",\"error\":\"tool\",\"at\":4000000}");
    look("r");
    box_text(&b, "violation", "finished twice");
    box_text(&b, "state", "failed"); /* the worse one */
    box_text(&b, "error", "tool");
    say("run.finished", "{\"outcome\":\"ok\",\"at\":5000000}");
    look("r");
    box_text(&b, "state", "failed");
    box_int(&b, "finished_at", 4 * MS);
    box_int(&b, "violations", 3);
    say("run.started", "{\"at\":6000000}");
    look("r");
    box_text(&b, "state", "running");
    box_text(&b, "violation", "started after its end");
    assert_false(row_has(&b.row, box_column(&b, "finished_at")));
    assert_false(row_has(&b.row, box_column(&b, "error")));
}

static void an_end_that_is_told_before_the_beginning_is_no_violation(void **state) {
    (void)state;
    uint64_t end = say("run.finished", "{\"at\":9000000}");
    uint64_t begin = say("run.started", "{\"at\":1000000,\"agent\":\"a\"}");
    look("r");
    box_text(&b, "state", "finished");
    box_text(&b, "agent", "a");
    real("duration_ms", 8);
    box_int(&b, "violations", 0);
    box_evidence(&b, 2, end, begin);
}

static void a_run_within_a_run_is_one_of_its_own(void **state) {
    (void)state;
    box_event_of(&b, "run.started", "run/outer-1", "outer", "{\"parent\":\"outer\",\"agent\":\"inner\"}");
    box_event_of(&b, "run.step", "run/outer", "outer", NULL);
    box_event_of(&b, "run.finished", "run/outer-1", "outer", "{\"outcome\":\"ok\"}");
    look("outer-1");
    box_text(&b, "state", "finished");
    box_text(&b, "parent", "outer");
    box_int(&b, "events", 2);
    look("outer");
    box_text(&b, "state", "observed");
    box_int(&b, "events", 3);
    box_int(&b, "steps", 1);
}

static void events_without_a_run_are_of_none(void **state) {
    (void)state;
    box_event(&b, "run.reporter_observed", "service/x",
              "{\"digest\":\"sha256:1111111111111111111111111111111111111111111111111111111111111111\"}");
    box_event(&b, "x.test.other", "thing/1", NULL);
    box_event_of(&b, "x.test.other", "thing/1", "r", NULL);
    box_event(&b, "run.step", "run/s", NULL);
    struct state_rows *rows;
    const struct row *row;
    size_t n = 0;
    look("r");
    box_int(&b, "events", 1);
    assert_int_equal(state_rows_open(b.view, state_table_find(b.view, "runs"), NULL, 0, &rows, &b.err), 0);
    while (state_rows_next(rows, &row, &b.err) == 0) {
        n++;
    }
    state_rows_close(rows);
    assert_int_equal(n, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_summed_up_from_its_events, start, finish),
        cmocka_unit_test_setup_teardown(totals_that_the_end_tells_are_not_counted_twice, start, finish),
        cmocka_unit_test_setup_teardown(answers_without_calls_are_calls, start, finish),
        cmocka_unit_test_setup_teardown(an_end_before_the_beginning_ends_it_and_shows, start, finish),
        cmocka_unit_test_setup_teardown(tokens_that_nobody_told_are_unknown, start, finish),
        cmocka_unit_test_setup_teardown(how_a_run_ended_is_its_state, start, finish),
        cmocka_unit_test_setup_teardown(beginning_twice_and_ending_twice_show, start, finish),
        cmocka_unit_test_setup_teardown(an_end_that_is_told_before_the_beginning_is_no_violation, start, finish),
        cmocka_unit_test_setup_teardown(a_run_within_a_run_is_one_of_its_own, start, finish),
        cmocka_unit_test_setup_teardown(events_without_a_run_are_of_none, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
