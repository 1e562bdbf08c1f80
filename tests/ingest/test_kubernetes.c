/* Audit logs of Kubernetes: what is recorded, what is passed over, what is private, and what is refused. */
#include "ingest/kubernetes/kubernetes.h"
#include "tests/ingest/ollama_box.h"

#define FIXTURES "tests/ingest/fixtures/kubernetes/"

static int run_file(struct ollama_box *b, const char *path) {
    const char *const paths[] = {path};
    return box_run(&b->box, "kubernetes", (struct ingest_options){.paths = paths, .n_paths = 1});
}

static void run_text(struct ollama_box *b, const char *text) {
    box_write(b->box.file, text, O_TRUNC);
    assert_int_equal(run_file(b, b->box.file), 0);
}

/* The fields of each event in the log's order. */
static void are_in_order(struct ollama_box *b, uint64_t from, const char *const *want, size_t n) {
    char text[8192];
    assert_int_equal(box_size(&b->box), from + n + 1); /* and the receipt */
    for (size_t i = 0; i < n; i++) {
        const char *event = box_event(&b->box, from + i, text, sizeof(text));
        if (strstr(event, want[i]) == NULL) fail_msg("%s\nis not in\n%s", want[i], event);
    }
}

static void changes_reaching_in_and_refusals_are_recorded_once(void **state) {
    static const char *const want[] = {
        ("\"audit\":\"a-1\",\"decision\":\"allow\",\"http_status\":201,\"namespace\":\"models\",\"resource\":\"pods\","
         "\"stage\":\"ResponseComplete\",\"verb\":\"create\"}"),
        "\"audit\":\"a-3\",\"decision\":\"allow\",\"http_status\":101,\"namespace\":\"models\",\"resource\":\"pods/exec\"",
        "\"audit\":\"a-4\",\"decision\":\"deny\",\"http_status\":403,\"namespace\":\"models\",\"resource\":\"secrets\"",
        "\"audit\":\"a-5\",\"decision\":\"allow\"",
    };
    struct ollama_box *b = *state;
    uint64_t from = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURES "audit.log"), 0);
    assert_string_equal(b->box.rejections, "");
    assert_int_equal(b->box.result.total.passed, 3);
    are_in_order(b, from, want, 4);
    uint64_t size = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURES "audit.log"), 0);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(box_size(&b->box), size);
}

static void a_list_over_several_lines_is_read_too(void **state) {
    static const char *const want[] = {"\"verb\":\"delete\"", "\"verb\":\"patch\""};
    struct ollama_box *b = *state;
    uint64_t from = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURES "list.json"), 0);
    are_in_order(b, from, want, 2);
}

static void what_the_client_chooses_is_private(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    uint64_t from = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURES "audit.log"), 0);
    for (uint64_t seq = from; seq < box_size(&b->box) - 1; seq++) {
        char *event = strdup(box_event(&b->box, seq, text, sizeof(text))), *hidden = strstr(event, "} {");
        assert_non_null(hidden);
        *hidden = '\0';
        assert_null(strstr(event, "joe"));
        assert_null(strstr(event, "vllm-0"));
        assert_null(strstr(event, "kubectl"));
        assert_null(strstr(event, "192.0.2.7"));
        assert_null(strstr(hidden + 1, "bm90LWEtcmVhbC1zZWNyZXQ"));
        free(event);
    }
    assert_non_null(strstr(box_event(&b->box, from, text, sizeof(text)),
                           "\"addresses\":[\"192.0.2.7\"],\"name\":\"vllm-0\",\"reason\":\"RBAC: allowed\",\"request\":{"
                           "\"agent\":\"kubectl/v1.30\",\"object\":{\"kind\":\"Pod\""));
    assert_non_null(strstr(box_event(&b->box, from + 3, text, sizeof(text)), "\"as\":\"root\""));
}

#define HEAD "{\"kind\":\"Event\",\"auditID\":\"x\",\"stage\":\"ResponseComplete\",\"verb\":\"delete\""

static void an_id_that_a_client_repeats_hides_nothing(void **state) {
    struct ollama_box *b = *state;
    run_text(b, HEAD ",\"requestURI\":\"/a\",\"stageTimestamp\":\"2026-03-01T08:00:00Z\"}\n" HEAD
                     ",\"requestURI\":\"/b\",\"stageTimestamp\":\"2026-03-01T08:00:00Z\"}\n" HEAD
                     ",\"requestURI\":\"/a\",\"stageTimestamp\":\"2026-03-01T08:00:01Z\"}\n" HEAD
                     ",\"requestURI\":\"/a\",\"stageTimestamp\":\"2026-03-01T08:00:00Z\"}\n");
    assert_int_equal(b->box.result.total.accepted, 3);
    assert_int_equal(b->box.result.total.duplicate, 1);
}

static void words_that_are_none_stay_out_of_open_fields(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    uint64_t from = box_size(&b->box);
    run_text(b, HEAD
             ",\"stageTimestamp\":\"2026-03-01T08:00:00Z\",\"objectRef\":{\"resource\":\"a/../b\",\"namespace\":\"<x>\"},"
             "\"responseStatus\":{\"code\":9999},\"annotations\":{\"authorization.k8s.io/decision\":\"perhaps\"}}\n");
    const char *event = box_event(&b->box, from, text, sizeof(text));
    assert_non_null(strstr(event, "\"decision\":\"unknown\""));
    assert_null(strstr(event, "resource"));
    assert_null(strstr(event, "namespace"));
    assert_null(strstr(event, "http_status"));
    assert_non_null(strstr(event, "peer/user-unknown"));
}

static void each_wrong_line_is_refused_in_its_own_words(void **state) {
    static const char *const cases[][2] = {
        {"7\n", "1: not an audit event of Kubernetes; expected: kind Event of audit.k8s.io\n"},
        {"{\"kind\":\"Pod\"}\n", "1: not an audit event of Kubernetes; expected: kind Event of audit.k8s.io\n"},
        {"{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"auditID\":\"x\"}\n",
         "1: not an audit event of Kubernetes; expected: kind Event of audit.k8s.io\n"},
        {"{\"kind\":\"Event\"}\n", "1: 'auditID' is not an id of 1 to 128 bytes\n"},
        {"{\"kind\":\"Event\",\"auditID\":\"a\\u0007\"}\n", "1: 'auditID' is not an id of 1 to 128 bytes\n"},
        {"{\"kind\":\"Event\",\"auditID\":\"a\"}\n", "1: 'stage' is not a word\n"},
        {"{\"kind\":\"Event\",\"auditID\":\"a\",\"stage\":\"Panic\",\"verb\":\"a b\"}\n", "1: 'verb' is not a word\n"},
        {"{\"kind\":\"Event\",\"auditID\":\"a\",\"stage\":\"Panic\",\"verb\":\"get\",\"timestamp\":\"soon\"}\n",
         "1: none of 'requestReceivedTimestamp', 'stageTimestamp' and 'timestamp' is a time\n"},
        {"{\"kind\":\"EventList\"}\n", "1: the EventList has no 'items'; expected: a list of audit events\n"},
        {"{\"kind\":\"EventList\",\"items\":[7]}\n",
         "1: not an audit event of Kubernetes; expected: kind Event of audit.k8s.io\n"},
        {"\n \n{\"auditID\":\"a\n", "3: not valid JSON: line 1 column 13: premature end of input near '\"a'\n"},
    };
    struct ollama_box *b = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_text(b, cases[i][0]);
        assert_string_equal(b->box.rejections, cases[i][1]);
        assert_int_equal(b->box.result.total.accepted, 0);
    }
}

int main(void) {
#define BOX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        BOX(changes_reaching_in_and_refusals_are_recorded_once),
        BOX(a_list_over_several_lines_is_read_too),
        BOX(what_the_client_chooses_is_private),
        BOX(an_id_that_a_client_repeats_hides_nothing),
        BOX(words_that_are_none_stay_out_of_open_fields),
        BOX(each_wrong_line_is_refused_in_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
