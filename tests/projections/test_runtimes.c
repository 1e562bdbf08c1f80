/* Runtimes: which of them answer, in which version, and what is known of those that do not. */
#include "tests/projections/state_box.h"

#define URL "http://127.0.0.1:11434"

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

static uint64_t ollama(const char *step, const char *fields) {
    char kind[64], json[512];
    snprintf(kind, sizeof(kind), "runtime.%s", step);
    snprintf(json, sizeof(json), "{\"runtime\":\"ollama\",\"endpoint\":\"" URL "\"%s}", fields);
    return box_event(&box, kind, "runtime/ollama", json);
}

static void find_ollama(void) {
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "runtimes", "ollama", URL, NULL));
}

static void a_runtime_that_answers_is_up(void **state) {
    (void)state;
    uint64_t seq = ollama("observed", ",\"version\":\"0.5.1\",\"cloud\":false,\"at\":100,\"latency_ms\":1.5");
    find_ollama();
    box_text(&box, "state", "up");
    box_text(&box, "version", "0.5.1");
    box_int(&box, "seen_at", 100);
    box_int(&box, "since_seq", (int64_t)seq);
    box_evidence(&box, 1, seq);
}

static void a_runtime_that_does_not_answer_keeps_what_was_known_of_it(void **state) {
    (void)state;
    ollama("observed", ",\"version\":\"0.5.1\",\"at\":100");
    uint64_t first = ollama("unreachable", ",\"error\":\"refused\"");
    uint64_t second = ollama("unreachable", ",\"error\":\"http\",\"http_status\":503");
    find_ollama();
    box_text(&box, "state", "unreachable");
    box_text(&box, "version", "0.5.1");
    box_text(&box, "error", "http");
    box_int(&box, "http_status", 503);
    box_int(&box, "failures", 2);
    box_int(&box, "seen_at", 100);
    box_int(&box, "since_seq", (int64_t)first);
    box_evidence(&box, 1, second);
    ollama("observed", ",\"version\":\"0.5.1\"");
    find_ollama();
    box_text(&box, "state", "up");
    box_text(&box, "error", "");
    box_int(&box, "failures", 0);
    box_int(&box, "violations", 0);
}

static void a_change_of_version_is_told_with_the_version_before(void **state) {
    (void)state;
    ollama("observed", ",\"version\":\"0.5.1\"");
    ollama("observed", ",\"version\":\"0.6.0\""); /* in order of arrival */
    uint64_t seq = ollama("changed", ",\"what\":\"version\",\"version\":\"0.6.0\",\"version_before\":\"0.5.1\"");
    find_ollama();
    box_text(&box, "version", "0.6.0");
    box_text(&box, "version_before", "0.5.1");
    box_int(&box, "changes", 1);
    box_int(&box, "changed_seq", (int64_t)seq);
    box_int(&box, "violations", 0);
}

static void a_change_from_another_version_than_was_known_is_a_violation(void **state) {
    (void)state;
    ollama("observed", ",\"version\":\"0.5.1\"");
    ollama("changed", ",\"what\":\"version\",\"version\":\"0.7.0\",\"version_before\":\"0.6.0\"");
    find_ollama();
    box_text(&box, "version", "0.7.0");
    box_int(&box, "violations", 1);
    box_text(&box, "violation", "it was 0.6.0 by this event, 0.5.1 by those before it");
}

static void a_restart_is_no_change(void **state) {
    (void)state;
    ollama("changed", ",\"what\":\"restart\"");
    find_ollama();
    box_text(&box, "state", "up");
    box_int(&box, "restarts", 1);
    box_int(&box, "changes", 0);
}

static void a_configuration_stands_for_the_runtime_wherever_it_answers(void **state) {
    (void)state;
    ollama("observed", ",\"version\":\"0.5.1\"");
    uint64_t seq = box_event(&box, "runtime.configured", "runtime/ollama",
                             "{\"runtime\":\"ollama\",\"digest\":\"sha256:"
                             "00000000000000000000000000000000000000000000000000000000000000aa\","
                             "\"context_length\":8192,\"parallel\":4}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "runtimes", "ollama", "", NULL));
    box_text(&box, "state", "configured");
    box_int(&box, "context_length", 8192);
    box_int(&box, "parallel", 4);
    box_int(&box, "configured_seq", (int64_t)seq);
    assert_true(box_row(&box, "runtimes", "ollama", URL, NULL));
    box_text(&box, "state", "up");
}

static void two_addresses_are_two_runtimes(void **state) {
    (void)state;
    ollama("observed", ",\"version\":\"0.5.1\"");
    box_event(&box, "runtime.unreachable", "runtime/ollama@gpu-box:11434",
              "{\"runtime\":\"ollama\",\"endpoint\":\"http://gpu-box:11434\",\"error\":\"timeout\"}");
    find_ollama();
    box_text(&box, "state", "up");
    assert_true(box_row(&box, "runtimes", "ollama", "http://gpu-box:11434", NULL));
    box_text(&box, "state", "unreachable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_runtime_that_answers_is_up),
        TEST(a_runtime_that_does_not_answer_keeps_what_was_known_of_it),
        TEST(a_change_of_version_is_told_with_the_version_before),
        TEST(a_change_from_another_version_than_was_known_is_a_violation),
        TEST(a_restart_is_no_change),
        TEST(a_configuration_stands_for_the_runtime_wherever_it_answers),
        TEST(two_addresses_are_two_runtimes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
