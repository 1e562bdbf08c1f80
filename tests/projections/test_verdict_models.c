/* The clauses "runtimes" and "models": each answer, what it cites, and how long an answer counts. */
#include "tests/projections/state_box.h"

#define DAY_NS INT64_C(86400000000000)
#define A      "sha256:00000000000000000000000000000000000000000000000000000000000000aa"
#define B      "sha256:00000000000000000000000000000000000000000000000000000000000000bb"
#define CLOSED "{\"policy\":\"p\",\"version\":\"1\",\"tool_rules\":[{\"group\":\"network.egress\",\"tier\":\"T3\"}]}"
#define OPENED "{\"policy\":\"p\",\"version\":\"2\",\"tool_rules\":[{\"group\":\"network.egress\",\"tier\":\"T1\"}]}"

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

static uint64_t observe(const char *check, const char *target, const char *fields) {
    char json[400], subject[80];
    snprintf(subject, sizeof(subject), "check/%s", check);
    snprintf(json, sizeof(json), "{\"check\":\"%s\",\"target\":\"%s\",%s}", check, target, fields);
    return box_event(&box, "doctor.observed", subject, json);
}

static uint64_t runtime(const char *step, const char *fields) {
    char kind[40], json[300];
    snprintf(kind, sizeof(kind), "runtime.%s", step);
    snprintf(json, sizeof(json), "{\"runtime\":\"vllm\",\"endpoint\":\"http://gpu:8000\"%s}", fields);
    return box_event(&box, kind, "runtime/vllm", json);
}

static uint64_t model(const char *fields) {
    char json[300];
    snprintf(json, sizeof(json), "{\"model\":\"m\",\"runtime\":\"vllm\"%s}", fields);
    return box_event(&box, "model.observed", "model/m", json);
}

static void evaluated(const char *id, const char *digest) {
    char subject[40], json[300];
    snprintf(subject, sizeof(subject), "eval/%s", id);
    snprintf(json, sizeof(json), "{\"model\":\"m\",\"digest\":\"%s\",\"suite\":\"s\"}", digest);
    box_event(&box, "eval.started", subject, json);
    box_event(&box, "eval.scored", subject,
              "{\"task\":\"t\",\"metric\":\"acc\",\"value\":1,\"threshold\":0.5,\"higher_is_better\":true}");
    snprintf(json, sizeof(json), "{\"model\":\"m\",\"digest\":\"%s\",\"verdict\":\"pass\"}", digest);
    box_event(&box, "eval.finished", subject, json);
}

static void looked(void) {
    observe("probe", "models", "\"status\":\"ok\"");
}

/* `state` empty: it does not apply. */
static void clause_at(const char *id, uint64_t now, const char *state, const char *reason) {
    box_view(&box, LOG_NO_SEQ, now);
    assert_true(box_row(&box, "clauses", "", id, NULL));
    box_text(&box, "reason", reason);
    box_text(&box, "state", state);
}

static void clause(const char *id, const char *state, const char *reason) {
    clause_at(id, 0, state, reason);
}

static bool cites(uint64_t seq) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = row_seqs(&box.row, box_column(&box, "evidence"), seqs, ROW_SEQS_MAX);
    bool is = false;
    for (size_t i = 0; i < n; i++) {
        is = is || seqs[i] == seq;
    }
    return is;
}

static uint64_t time_of_now(void) {
    box_view(&box, LOG_NO_SEQ, 0);
    return state_now(box.view);
}

static void a_box_without_a_server_is_not_ill_as_long_as_somebody_looked_lately(void **state) {
    (void)state;
    clause("runtimes", "unknown", "no runtime was observed");
    observe("runtimes-usual", "", "\"status\":\"not_applicable\"");
    clause("runtimes", "", "no server of models was found at the usual ports");
    clause_at("runtimes", time_of_now() + 8 * DAY_NS, "unknown", "no runtime was observed");
    clause("checks", "pass", "0 other checks were made");
}

static void an_answer_counts_for_a_week(void **state) {
    (void)state;
    runtime("observed", "");
    clause("runtimes", "pass", "1 answers");
    clause_at("runtimes", time_of_now() + 8 * DAY_NS, "unknown", "vllm was not looked at lately");
}

static void a_server_that_does_not_answer_as_it_should_says_how(void **state) {
    static const struct {
        const char *error, *words, *first;
    } all[] = {{"refused", "vllm at http://gpu:8000 refuses connections", "start it"},
               {"timeout", "vllm at http://gpu:8000 did not answer in time", "see what listens there"},
               {"answer", "vllm at http://gpu:8000 answers, but not as vllm does", "see what listens there"},
               {"protocol", "vllm at http://gpu:8000 answers, but not as vllm does", "see what listens there"},
               {"redirect", "vllm at http://gpu:8000 redirects elsewhere", "see what listens there"},
               {"limit", "vllm at http://gpu:8000 sends more than is read", "see what listens there"},
               {"http", "vllm at http://gpu:8000 answers with an error", "see what listens there"},
               {"tls", "vllm at http://gpu:8000 has no certificate that is trusted", "see what listens there"},
               {"odd", "vllm at http://gpu:8000 does not answer: odd", "start it"}};
    char fields[40];
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        snprintf(fields, sizeof(fields), ",\"error\":\"%s\"", all[i].error);
        runtime("unreachable", fields);
        clause("runtimes", "fail", all[i].words);
        box_text(&box, "first", all[i].first);
    }
}

static void no_way_to_a_server_is_unknown_until_there_is_one(void **state) {
    (void)state;
    runtime("observed", "");
    observe("runtime", "http://gpu:8000", "\"status\":\"unknown\",\"offline\":true");
    clause("runtimes", "unknown", "there was no way to vllm at http://gpu:8000: no network, or no such name");
    observe("runtime", "http://gpu:8000", "\"status\":\"skipped\"");
    clause("runtimes", "unknown", "vllm at http://gpu:8000 was not asked: there was no time");
    observe("runtime", "http://gpu:8000", "\"status\":\"ok\"");
    clause("runtimes", "pass", "1 answers");
}

static void a_cloud_is_a_fault_where_a_policy_closes_the_way_out(void **state) {
    (void)state;
    runtime("observed", ",\"cloud\":true");
    clause("runtimes", "pass", "1 answers");
    uint64_t seq = box_event(&box, "policy.declared", "policy/p", CLOSED);
    clause("runtimes", "fail", "vllm may hand requests to a remote service, and a policy forbids that");
    assert_true(cites(seq));
    box_event(&box, "policy.declared", "policy/p", OPENED);
    clause("runtimes", "pass", "1 answers");
}

static void a_remote_model_is_a_fault_where_a_policy_closes_the_way_out(void **state) {
    (void)state;
    model(",\"remote\":true");
    looked();
    clause("models", "pass", "0 are there; loaded: 0");
    uint64_t seq = box_event(&box, "policy.declared", "policy/p", CLOSED);
    clause("models", "fail", "m stands for a remote service, and a policy forbids that");
    assert_true(cites(seq));
}

static void models_that_nobody_looked_at_are_unknown(void **state) {
    (void)state;
    clause("models", "", "no model is known here");
    model(",\"digest\":\"" A "\"");
    clause("models", "unknown", "nobody has looked lately whether the models are there");
    looked();
    clause("models", "pass", "1 is there; loaded: 0");
    clause_at("models", time_of_now() + 8 * DAY_NS, "unknown", "nobody has looked lately whether the models are there");
}

static void a_file_says_what_is_wrong_with_it(void **state) {
    (void)state;
    model(",\"digest\":\"" A "\"");
    looked();
    observe("model-file", A, "\"status\":\"denied\"");
    clause("models", "unknown", "the file of m cannot be looked at");
    observe("model-file", A, "\"status\":\"stale\"");
    clause("models", "warn", "the file of m was written to after it was hashed");
    observe("model-digest", A, "\"status\":\"ok\"");
    clause("models", "pass", "1 is there; loaded: 0");
    uint64_t seq = observe("model-digest", A, "\"status\":\"mismatch\"");
    clause("models", "fail", "the file of m is another one than was registered");
    assert_true(cites(seq));
    box_text(&box, "remedy", "ledger doctor --only models");
    observe("model-digest", A, "\"status\":\"ok\"");
    observe("model-file", A, "\"status\":\"missing\"");
    clause("models", "fail", "the file of m is not there");
    clause("checks", "pass", "0 other checks were made");
}

static void a_damaged_file_of_a_store_is_of_its_model_or_else_a_check(void **state) {
    (void)state;
    model(",\"digest\":\"" A "\"");
    looked();
    observe("ollama-blob", A, "\"status\":\"mismatch\"");
    clause("models", "fail", "the file of m is another one than was registered");
    clause("checks", "pass", "0 other checks were made");
    observe("ollama-blob", B, "\"status\":\"missing\"");
    clause("checks", "fail", "ollama-blob of " B ": missing");
}

static void a_name_that_moved_since_it_was_evaluated_is_a_warning_until_it_is_evaluated_again(void **state) {
    (void)state;
    model(",\"digest\":\"" A "\"");
    looked();
    evaluated("e", A);
    uint64_t seq = model(",\"digest\":\"" B "\"");
    clause("models", "warn", "m leads to other weights than those that were evaluated");
    assert_true(cites(seq));
    evaluated("f", B);
    clause("models", "pass", "1 is there; loaded: 0");
}

static void a_model_that_is_too_large_is_a_warning(void **state) {
    (void)state;
    box_event(&box, "hardware.profiled", "host/h", "{\"memory_bytes\":17179869184}");
    model(",\"digest\":\"" A "\",\"bytes\":60000000000");
    looked();
    clause("models", "warn", "m has 60000 MB, and a machine of the tier cpu-small takes 6442 MB at most");
    box_event(&box, "doctor.remedied", "check/models",
              "{\"check\":\"models\",\"target\":\"m\",\"remedy\":\"meant\",\"outcome\":\"ok\"}");
    clause("models", "pass", "1 is there; loaded: 0");
}

static void a_model_of_a_server_that_does_not_answer_may_be_there_or_not(void **state) {
    (void)state;
    runtime("observed", "");
    model(",\"endpoint\":\"http://gpu:8000\",\"digest\":\"" A "\"");
    box_event(&box, "model.loaded", "model/m", "{\"model\":\"m\",\"runtime\":\"vllm\",\"endpoint\":\"http://gpu:8000\"}");
    looked();
    clause("models", "pass", "1 is there; loaded: 1");
    uint64_t seq = runtime("unreachable", ",\"error\":\"refused\"");
    clause("models", "unknown", "nobody can tell whether m is there: vllm@gpu:8000 does not answer");
    assert_true(cites(seq));
    box_text(&box, "remedy", "ledger doctor --only runtimes");
    observe("model-file", A, "\"status\":\"ok\"");
    clause("models", "pass", "1 is there; loaded: 0");
    observe("model-file", A, "\"status\":\"missing\"");
    clause("models", "fail", "the file of m is not there");
    observe("model-file", A, "\"status\":\"ok\"");
    runtime("observed", "");
    clause("models", "pass", "1 is there; loaded: 1");
}

static void a_model_that_another_server_has_too_is_there(void **state) {
    (void)state;
    runtime("observed", "");
    model(",\"endpoint\":\"http://gpu:8000\",\"digest\":\"" A "\"");
    box_event(&box, "model.observed", "model/n", "{\"model\":\"n\",\"runtime\":\"llama.cpp\",\"digest\":\"" A "\"}");
    runtime("unreachable", ",\"error\":\"refused\"");
    looked();
    clause("models", "pass", "1 is there; loaded: 0");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_box_without_a_server_is_not_ill_as_long_as_somebody_looked_lately),
        TEST(an_answer_counts_for_a_week),
        TEST(a_server_that_does_not_answer_as_it_should_says_how),
        TEST(no_way_to_a_server_is_unknown_until_there_is_one),
        TEST(a_cloud_is_a_fault_where_a_policy_closes_the_way_out),
        TEST(a_remote_model_is_a_fault_where_a_policy_closes_the_way_out),
        TEST(models_that_nobody_looked_at_are_unknown),
        TEST(a_file_says_what_is_wrong_with_it),
        TEST(a_damaged_file_of_a_store_is_of_its_model_or_else_a_check),
        TEST(a_name_that_moved_since_it_was_evaluated_is_a_warning_until_it_is_evaluated_again),
        TEST(a_model_that_is_too_large_is_a_warning),
        TEST(a_model_of_a_server_that_does_not_answer_may_be_there_or_not),
        TEST(a_model_that_another_server_has_too_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
