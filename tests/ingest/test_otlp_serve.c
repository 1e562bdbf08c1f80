/* The complete receiver: the source listens, a client exports, and what was answered with 200 is in the ledger. */
#include "tests/ingest/otlp_receiver.h"

#define FIXTURES "tests/ingest/fixtures/otlp/"
#define TRACE    "4bf92f3577b34da6a3ce929d0e0e4736"
#define OK(n)    "{\"traceId\":\"" TRACE "\",\"spanId\":\"000000000000000" n "\"}"
#define DOC(s)   "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" s "]}]}]}"
#define LOGS(s)  "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[" s "]}]}]}"

static void post(struct receiver *r, const char *path, const char *body, unsigned status, const char *answer) {
    struct client c;
    post_bytes(r, &c, path, "application/json", body, strlen(body));
    if (client_status(&c) != status || strcmp(client_body(&c), answer) != 0) {
        fail_msg("%.200s: %s", body, c.answer);
    }
}

static void what_was_answered_is_there(void **state) {
    struct receiver *r = *state;
    size_t n;
    start(r);
    char *traces = file_text(FIXTURES "traces.json", &n), *logs = file_text(FIXTURES "logs.json", &n);
    post(r, "/v1/traces", traces, 200, "{}");
    assert_int_equal(box_size(&r->box), 10); /* before anything is stopped */
    post(r, "/v1/logs", logs, 200, "{}");
    assert_int_equal(box_size(&r->box), 17);
    end(r);
    assert_int_equal(r->code, 0);
    assert_int_equal(r->result.total.accepted, 16);
    assert_int_equal(r->result.receipts, 1);
    assert_true(r->result.stopped);
    char text[4096]; /* a receiver ends when it is told to: nothing of it is missing */
    assert_non_null(strstr(box_event(&r->box, 17, text, sizeof(text)), "\"stopped\":false"));
    free(traces);
    free(logs);
}

static void what_is_sent_again_is_answered_the_same_and_not_written(void **state) {
    struct receiver *r = *state;
    size_t n;
    start(r);
    char *traces = file_text(FIXTURES "traces.json", &n);
    for (int i = 0; i < 3; i++) {
        post(r, "/v1/traces", traces, 200, "{}");
    }
    end(r);
    assert_int_equal(r->result.total.accepted, 9);
    assert_int_equal(r->result.total.duplicate, 16); /* the reporter is known and not offered again */
    free(traces);
}

static void rejected_records_are_a_partial_success(void **state) {
    struct receiver *r = *state;
    start(r);
    post(r, "/v1/traces", DOC(OK("1") ",{},{\"traceId\":\"ghp_0123456789abcdefghijABCDEFGHIJ012345\"}"), 200,
         "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"2 rejected; the last one: 'traceId' is "
         "'\xe2\x80\xb9secret:github-pat:40\xe2\x80\xba'; expected: 32 hex digits\"}}");
    post(r, "/v1/logs", LOGS("7"), 200,
         "{\"partialSuccess\":{\"rejectedLogRecords\":\"1\",\"errorMessage\":\"1 rejected; the last one: the log record is "
         "a "
         "number; expected: an object\"}}");
    post(r, "/v1/traces", "{}", 200, "{}");
    post(r, "/v1/traces", "{\"spans\":[]}", 200,
         "{\"partialSuccess\":{\"errorMessage\":\"nothing was recorded: the document has no 'resourceSpans'\"}}");
    end(r);
    assert_int_equal(r->result.total.accepted, 1);
    assert_int_equal(r->result.total.rejected, 3);
}

static void a_request_that_is_wrong_as_a_whole_is_refused(void **state) {
    struct receiver *r = *state;
    start(r);
    post(r, "/v1/traces", "", 400, "{\"code\":3,\"message\":\"the body is empty; expected: a JSON object\"}");
    post(r, "/v1/traces", "{\"resourceSpans\":[", 400, "{\"code\":3,\"message\":\"the JSON text is cut off\"}");
    post(r, "/v1/traces", "[]", 400, "{\"code\":3,\"message\":\"line 1 column 1: a document is a JSON object\"}");
    post(r, "/v1/traces", "{} {}", 400, "{\"code\":3,\"message\":\"unexpected data after the JSON object\"}");
    post(r, "/v1/logs", "{\"resourceLogs\":7}", 400,
         "{\"code\":3,\"message\":\"line 1 column 17: this name needs an array\"}");
    post(r, "/v1/profiles", "{}", 404,
         "{\"code\":5,\"message\":\"unknown path; expected: /v1/traces, /v1/logs, /v1/metrics\"}");
    end(r);
    assert_int_equal(r->code, 0);
    assert_int_equal(r->result.receipts, 0); /* nothing new, nothing written */
    assert_int_equal(box_size(&r->box), 1);
}

static void a_document_with_too_many_records_is_too_large(void **state) {
    struct receiver *r = *state;
    struct client c;
    size_t n = 600000;
    char *body = malloc(n + 100);
    int at = snprintf(body, n, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
    for (size_t i = 0; i < n / 2; i++) {
        memcpy(body + at + 2 * i, "0,", 2);
    }
    memcpy(body + at + n, "0]}]}]}", 8);
    start(r);
    post_bytes(r, &c, "/v1/traces", "application/json", body, (size_t)at + n + 7);
    assert_int_equal(client_status(&c), 413);
    assert_non_null(strstr(client_body(&c), "more than 131072 spans and log records"));
    free(body);
}

static void a_strict_receiver_ends_at_the_first_bad_record(void **state) {
    struct receiver *r = *state;
    r->strict = true;
    start(r);
    post(r, "/v1/traces", DOC(OK("1") ",7"), 400, "{\"code\":3,\"message\":\"the record was rejected\"}");
    pthread_join(r->thread, NULL);
    r->ended = true;
    assert_int_equal(r->code, ERR_INVALID);
    assert_int_equal(r->result.total.accepted, 1);
}

/* A ledger whose quota is used up: 503 while it is, and afterwards everything that was sent again is there. */
static void a_full_ledger_asks_to_come_again_and_goes_on(void **state) {
    struct receiver *r = *state;
    struct client c;
    log_close(r->box.ledger);
    const struct log_open_options small = {.map_bytes = (uint64_t)6 << 20};
    assert_int_equal(log_open(r->box.log_dir, &small, &r->box.ledger, NULL), 0);
    start(r);
    size_t n = 200000;
    char *body = malloc(n + 1000);
    unsigned status = 200, sent = 0;
    uint64_t x = 88172645463325252u;
    for (unsigned i = 1; status == 200 && i < 200; i++) {
        int at =
            snprintf(body, n,
                     "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"" TRACE "\",\"spanId\":\"%016x\","
                     "\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"",
                     i);
        for (size_t k = 0; k < n; k++) { /* data that does not compress well */
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            body[(size_t)at + k] = (char)('a' + x % 26);
        }
        memcpy(body + at + n, "\"}}]}]}]}]}", 12);
        post_bytes(r, &c, "/v1/traces", "application/json", body, (size_t)at + n + 11);
        status = client_status(&c);
        sent += status == 200;
    }
    assert_int_equal(status, 503);
    assert_non_null(strstr(c.answer, "\r\nRetry-After: 5\r\n"));
    assert_int_equal(box_count(&r->box, "run.step"), sent);
    post_bytes(r, &c, "/v1/traces", "application/json", body, strlen(body)); /* still full, still open */
    assert_int_equal(client_status(&c), 503);
    post(r, "/v1/traces", "{}", 200, "{}");
    end(r);
    free(body);
}

static void an_address_that_is_taken_ends_the_run(void **state) {
    struct receiver *r = *state;
    struct ingest_result result;
    struct err err = {0};
    start(r);
    const struct ingest_options o = {.listen = r->address + strlen("http://")};
    assert_int_equal(ingest_source_run(r->box.ledger, "otlp", &o, &result, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "Address already in use"));
    const struct ingest_options far = {.listen = "0.0.0.0:4318"};
    assert_int_equal(ingest_source_run(r->box.ledger, "otlp", &far, &result, &err), ERR_INVALID);
}

static void a_receiver_takes_neither_files_nor_a_dry_run(void **state) {
    struct receiver *r = *state;
    const char *paths[] = {"-"};
    struct ingest_result result;
    struct err err = {0};
    const struct ingest_options files = {.listen = "127.0.0.1:0", .paths = paths, .n_paths = 1};
    assert_int_equal(ingest_source_run(r->box.ledger, "otlp", &files, &result, &err), ERR_INVALID);
    assert_string_equal(err.msg, "--listen takes no files");
    const struct ingest_options dry = {.listen = "127.0.0.1:0", .dry_run = true};
    assert_int_equal(ingest_source_run(r->box.ledger, "otlp", &dry, &result, &err), ERR_INVALID);
    r->ended = true; /* never started */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_answered_is_there),
        TEST(what_is_sent_again_is_answered_the_same_and_not_written),
        TEST(rejected_records_are_a_partial_success),
        TEST(a_request_that_is_wrong_as_a_whole_is_refused),
        TEST(a_document_with_too_many_records_is_too_large),
        TEST(a_strict_receiver_ends_at_the_first_bad_record),
        TEST(a_full_ledger_asks_to_come_again_and_goes_on),
        TEST(an_address_that_is_taken_ends_the_run),
        TEST(a_receiver_takes_neither_files_nor_a_dry_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
