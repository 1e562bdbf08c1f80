/* OTLP from files: fixtures become events with their causes, twice without duplicates, and everything else that a file may
 * contain. */
#include "ingest/otlp/otlp.h"

#include <zlib.h>

#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/otlp/"
#define TRACE    "4bf92f3577b34da6a3ce929d0e0e4736"

static int setup(void **state) {
    struct box *b = malloc(sizeof(*b));
    box_init(b);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    box_done(*state);
    free(*state);
    return 0;
}

static int ingest(struct box *b, const char *path) {
    const char *paths[] = {path};
    return box_run(b, "otlp", (struct ingest_options){.paths = paths, .n_paths = 1});
}

static void good(struct box *b, const char *path, uint64_t accepted, uint64_t duplicate, uint64_t rejected) {
    if (ingest(b, path) != 0) {
        fail_msg("%s: %s", path, b->err.msg);
    }
    const struct ingest_tally *t = &b->result.total;
    if (t->accepted != accepted || t->duplicate != duplicate || t->rejected != rejected) {
        fail_msg("%s: %llu accepted, %llu duplicate, %llu rejected: %s", path, (unsigned long long)t->accepted,
                 (unsigned long long)t->duplicate, (unsigned long long)t->rejected, b->rejections);
    }
}

static void text_is(struct box *b, const char *text, uint64_t accepted, uint64_t duplicate, uint64_t rejected) {
    box_write(b->file, text, O_TRUNC);
    good(b, b->file, accepted, duplicate, rejected);
}

static void kind_is(struct box *b, uint64_t seq, const char *kind, uint64_t cause) {
    struct log_reader *reader = NULL;
    struct log_event e;
    assert_int_equal(log_reader_open(b->ledger, seq, seq + 1, &reader, NULL), 0);
    assert_int_equal(log_reader_next(reader, &e, NULL), 0);
    if (!bytes_is(e.kind, kind) || e.has_cause != (cause != LOG_NO_SEQ) || (e.has_cause && e.cause != cause)) {
        fail_msg("event %llu is %.*s, cause %llu", (unsigned long long)seq, (int)e.kind.n, (const char *)e.kind.p,
                 (unsigned long long)(e.has_cause ? e.cause : 0));
    }
    log_reader_close(reader);
}

/* ---- events from good files ---- */

static void spans_become_events_with_their_parents_as_causes(void **state) {
    struct box *b = *state;
    good(b, FIXTURES "traces.json", 9, 0, 0);
    kind_is(b, 1, "run.reporter_observed", LOG_NO_SEQ);
    kind_is(b, 2, "run.started", LOG_NO_SEQ);
    kind_is(b, 3, "run.finished", 2);
    kind_is(b, 4, "run.model_called", 2);
    kind_is(b, 5, "eval.scored", 4);
    kind_is(b, 6, "run.tool_called", 2);
    kind_is(b, 7, "run.tool_returned", 6);
    kind_is(b, 8, "run.step", 6);
    kind_is(b, 9, "run.model_called", LOG_NO_SEQ);
    kind_is(b, 10, "ledger.imported", LOG_NO_SEQ);
    assert_int_equal(b->result.total.masked, 1);
    assert_true(b->result.total.first_at == UINT64_C(1794000000000000000));
    assert_true(b->result.total.last_at == UINT64_C(1794000002000000000));
}

static void an_event_names_its_service_run_and_grade(void **state) {
    struct box *b = *state;
    char text[8192];
    good(b, FIXTURES "traces.json", 9, 0, 0);
    const char *event = box_event(b, 4, text, sizeof(text));
    assert_memory_equal(event, "run.model_called run/" TRACE " service:letter-writer otlp reported {",
                        strlen("run.model_called run/" TRACE " service:letter-writer otlp reported {"));
    assert_non_null(strstr(event, "\"model\":\"llama3.2:3b\",\"ok\":true,\"operation\":\"chat\",\"outcome\":\"ok\""));
    assert_non_null(
        strstr(event, "Write to the landlord. Sign in with token \xe2\x80\xb9secret:github-pat:40\xe2\x80\xba"));
    assert_non_null(
        strstr(box_event(b, 6, text, sizeof(text)), "{\"arguments\":\"{\\\"file\\\":\\\"/home/ann/letter.md\\\"}\"}"));
    assert_non_null(strstr(box_event(b, 1, text, sizeof(text)), "service/letter-writer"));
    assert_non_null(strstr(text, "{\"attributes\":{\"host.name\":\"example-box\"}}"));
}

static void an_actor_that_is_given_stands_before_the_service(void **state) {
    struct box *b = *state;
    char text[8192];
    const char *paths[] = {FIXTURES "traces.json"};
    assert_int_equal(box_run(b, "otlp", (struct ingest_options){.paths = paths, .n_paths = 1, .actor = "user:me"}), 0);
    assert_non_null(strstr(box_event(b, 4, text, sizeof(text)), " user:me otlp "));
}

static void a_second_run_adds_nothing_however_the_file_is_written(void **state) {
    struct box *b = *state;
    good(b, FIXTURES "traces.json", 9, 0, 0);
    uint64_t size = box_size(b);
    good(b, FIXTURES "traces.json", 0, 9, 0);
    good(b, FIXTURES "traces_pretty.json", 0, 9, 0);
    good(b, FIXTURES "collector.jsonl", 0, 9, 0);
    assert_int_equal(box_size(b), size);
}

static void documents_one_behind_the_other_are_one_input(void **state) {
    struct box *b = *state;
    good(b, FIXTURES "collector.jsonl", 9, 0, 0);
    assert_int_equal(b->result.receipts, 1);
    kind_is(b, 2, "run.model_called", LOG_NO_SEQ); /* its parent is in a later document */
    kind_is(b, 5, "run.tool_returned", 4);
    kind_is(b, 6, "run.step", 4); /* and this one's is in an earlier one */
}

static void a_record_without_a_session_is_about_its_service(void **state) {
    struct box *b = *state;
    char text[8192];
    good(b, FIXTURES "service.json", 2, 0, 0);
    kind_is(b, 2, "run.logged", LOG_NO_SEQ);
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), "run.logged service/web "));
    assert_non_null(strstr(text, "hello world"));
}

static void log_records_become_decisions_results_and_requests(void **state) {
    struct box *b = *state;
    char text[8192];
    good(b, FIXTURES "logs.json", 7, 0, 0);
    kind_is(b, 1, "run.reporter_observed", LOG_NO_SEQ);
    kind_is(b, 2, "run.logged", LOG_NO_SEQ);
    kind_is(b, 3, "run.model_called", LOG_NO_SEQ);
    kind_is(b, 4, "permission.decided", LOG_NO_SEQ);
    kind_is(b, 5, "run.tool_returned", LOG_NO_SEQ);
    kind_is(b, 6, "ledger.gap", LOG_NO_SEQ);
    kind_is(b, 7, "permission.decided", LOG_NO_SEQ);
    assert_int_equal(b->result.total.gaps, 1);
    assert_non_null(strstr(box_event(b, 6, text, sizeof(text)), "\"after\":7,\"before\":4,"));
    assert_non_null(strstr(text, "\"missing\":2,\"what\":\"dropped\"}"));
    assert_non_null(strstr(
        box_event(b, 7, text, sizeof(text)),
        "\"decided_by\":\"user\",\"decided_by_word\":\"user_reject\",\"decision\":\"deny\",\"group\":\"network.egress\""));
    good(b, FIXTURES "logs.json", 0, 7, 0);
}

static void a_log_record_has_the_span_that_is_known_as_its_cause(void **state) {
    struct box *b = *state;
    char text[65536];
    FILE *out = fopen(b->file, "we");
    for (int i = 0; i < 2; i++) {
        FILE *in = fopen(i == 0 ? FIXTURES "traces.json" : FIXTURES "logs.json", "re");
        assert_non_null(in);
        size_t n = fread(text, 1, sizeof(text), in);
        assert_int_equal(fwrite(text, 1, n, out), n);
        fclose(in);
    }
    fclose(out);
    good(b, b->file, 16, 0, 0);
    kind_is(b, 16, "permission.decided", 2);
}

static void a_compressed_file_is_read_as_its_content(void **state) {
    struct box *b = *state;
    char text[65536], path[128];
    FILE *in = fopen(FIXTURES "traces.json", "re");
    size_t n = fread(text, 1, sizeof(text), in);
    fclose(in);
    snprintf(path, sizeof(path), "%s.gz", b->file);
    gzFile gz = gzopen(path, "wb");
    assert_int_equal(gzwrite(gz, text, (unsigned)n), (int)n);
    gzclose(gz);
    good(b, path, 9, 0, 0);
    assert_int_equal(b->result.total.bytes, n);
}

static void a_dry_run_writes_nothing(void **state) {
    struct box *b = *state;
    const char *paths[] = {FIXTURES "traces.json", FIXTURES "logs.json"};
    assert_int_equal(box_run(b, "otlp", (struct ingest_options){.paths = paths, .n_paths = 2, .dry_run = true}), 0);
    assert_int_equal(b->previews, 16);
    assert_int_equal(box_size(b), 1);
}

/* ---- faults ---- */

#define DOC(spans) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" spans "]}]}]}"
#define OK(n)      "{\"traceId\":\"" TRACE "\",\"spanId\":\"000000000000000" n "\"}"

static void a_bad_record_is_rejected_alone_with_its_line(void **state) {
    struct box *b = *state;
    text_is(b, DOC(OK("1") ",\n{\"traceId\":\"x\"},\n{\"a\":NaN},7," OK("2")) "\n" DOC("{}"), 2, 0, 4);
    assert_string_equal(b->rejections, "2: 'traceId' is 'x'; expected: 32 hex digits\n"
                                       "3: not valid JSON: column 8: invalid token near 'NaN'\n"
                                       "3: the span is a number; expected: an object\n"
                                       "4: 'traceId' is missing or zero; expected: 32 hex digits\n");
    assert_int_equal(b->result.total.n_reasons, 4);
}

static void a_broken_document_does_not_take_the_next_ones_with_it(void **state) {
    struct box *b = *state;
    static const char *const broken[] = {
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"4bf9", /* a writer was killed inside a string */
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" OK("3") ",",        /* and between two records */
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":3",
        "Nov 21 12:00:00 host something: {else}",
        "[1,2]",
        "{\"resourceSpans\":{}}",
        "{\"a\":1}}",
        "\x01\x02\x03",
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        char text[2048];
        snprintf(text, sizeof(text), "%s\n%s\n%s\n", DOC(OK("1")), broken[i], DOC(OK("2")));
        box_write(b->file, text, O_TRUNC);
        assert_int_equal(ingest(b, b->file), 0);
        assert_int_equal(b->result.total.accepted + b->result.total.duplicate, 2);
        assert_true(b->result.total.rejected >= 1);
        assert_memory_equal(b->rejections, "2: ", 3);
    }
    assert_int_equal(box_count(b, "run.step"), 2);
}

static void a_file_that_ends_too_early_says_so(void **state) {
    struct box *b = *state;
    text_is(b, DOC(OK("1")) "\n{\"resourceSpans\":[", 1, 0, 1);
    assert_string_equal(b->rejections, "2: the last document is cut off\n");
    text_is(b, "", 0, 0, 0);
    text_is(b, "\n \n", 0, 0, 0);
    text_is(b, "\xef\xbb\xbf" DOC(OK("1")), 0, 1, 0);
}

static void what_is_no_spans_and_no_logs_is_said(void **state) {
    struct box *b = *state;
    text_is(b, "{}\n{\"resourceMetrics\":[]}\n{\"spans\":[]}\n", 0, 0, 2);
    assert_string_equal(b->rejections,
                        "1: the document has neither 'resourceSpans' nor 'resourceLogs' nor 'resourceMetrics'\n"
                        "3: the document has neither 'resourceSpans' nor 'resourceLogs' nor 'resourceMetrics'\n");
}

static void what_is_said_with_a_decision_is_its_reason(void **state) {
    struct box *b = *state;
    char text[4096];
#define DECIDED(body)                                                                                                      \
    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"eventName\":\"claude_code.tool_decision\",\"body\":" body      \
    ",\"attributes\":[{\"key\":\"tool_name\",\"value\":{\"stringValue\":\"Bash\"}},"                                       \
    "{\"key\":\"decision\",\"value\":{\"stringValue\":\"accept\"}}]}]}]}]}\n"
    text_is(b, DECIDED("{\"stringValue\":\"it was\"}") DECIDED("{\"arrayValue\":{}}"), 2, 0, 0);
    assert_non_null(strstr(box_event(b, 1, text, sizeof(text)), "{\"reason\":\"it was\"}"));
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), "{\"reason\":\"[]\"}"));
}

static void a_strict_run_ends_at_the_first_bad_record(void **state) {
    struct box *b = *state;
    const char *paths[] = {b->file};
    box_write(b->file, DOC(OK("1") ",{}," OK("2")), O_TRUNC);
    assert_int_equal(box_run(b, "otlp", (struct ingest_options){.paths = paths, .n_paths = 1, .strict = true}),
                     ERR_INVALID);
    assert_non_null(strstr(b->err.msg, "line 1: 'traceId' is missing or zero; expected: 32 hex digits"));
    assert_int_equal(b->result.total.accepted, 1);
}

static void an_absent_file_is_an_error(void **state) {
    struct box *b = *state;
    assert_int_equal(ingest(b, "/nonexistent/traces.json"), ERR_NOTFOUND);
    assert_string_equal(b->err.msg, "/nonexistent/traces.json: No such file or directory");
}

static void half_a_character_is_mended_and_nothing_else(void **state) {
    struct box *b = *state;
    char text[8192];
    text_is(b,
            DOC("{\"traceId\":\"" TRACE
                "\",\"spanId\":\"0000000000000001\",\"name\":\"a\\ud83e\",\"attributes\":[{\"key\":\"k\",\"value\":"
                "{\"stringValue\":\"\\\\ud83e \\ud83e\\udd9c \\udd9c\\ud83e\"}}]}"),
            1, 0, 0);
    box_event(b, 1, text, sizeof(text));
    assert_non_null(strstr(text, "\"step\":\"a\xef\xbf\xbd\""));
    assert_non_null(strstr(text, "{\"k\":\"\\\\ud83e \xf0\x9f\xa6\x9c \xef\xbf\xbd\xef\xbf\xbd\"}"));
    text_is(b, DOC("{\"traceId\":\"" TRACE "\",\"spanId\":\"0000000000000002\",\"name\":\"\\ud83e\",\"x\":NaN}"), 0, 0, 1);
}

static void a_resource_that_is_none_spoils_its_own_records(void **state) {
    struct box *b = *state;
    text_is(b,
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":7},\"scopeSpans\":[{\"spans\":[" OK(
                "1") "]}]},"
                     "{\"resource\":{\"a\":NaN},\"scopeSpans\":[{\"spans\":[" OK(
                         "2") "]}]},"
                              "{\"resource\":null,\"scopeSpans\":[{\"scope\":null,\"spans\":[" OK("3") "]}]}]}",
            1, 0, 2);
    assert_string_equal(b->rejections, "1: 'attributes' is a number; expected: an array of {key, value}\n"
                                       "1: its resource is not valid JSON: line 1 column 8: invalid token near 'NaN'\n");
}

/* ---- large things ---- */

static void write_repeated(const char *path, const char *head, char fill, size_t n, const char *tail) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(head, f);
    for (size_t i = 0; i < n; i++) {
        fputc(fill, f);
    }
    fputs(tail, f);
    fclose(f);
}

#define LONG(n)                                                                                                            \
    "{\"traceId\":\"" TRACE "\",\"spanId\":\"000000000000000" n                                                            \
    "\",\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\""

static void a_long_value_is_kept_and_one_that_is_too_long_rejected(void **state) {
    struct box *b = *state;
    write_repeated(b->file, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" LONG("1"), 'x', 90 << 10, "\"}}]}]}]}]}");
    good(b, b->file, 1, 0, 0);
    write_repeated(b->file, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" OK("3") "," LONG("2"), 'x', (1 << 20) + 10,
                   "\"}}]}]}]}]}");
    good(b, b->file, 1, 0, 1);
    assert_non_null(strstr(b->rejections, "the private fields have "));
    write_repeated(b->file, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" OK("4") "," LONG("2"), 'x', 2 << 20,
                   "\"}}]}]}]}]}");
    good(b, b->file, 1, 0, 1);
    assert_string_equal(b->rejections, "1: the record is too large; expected: at most 2097152 bytes and 16384 values\n");
}

static void a_record_of_too_many_values_is_rejected_alone(void **state) {
    struct box *b = *state;
    FILE *f = fopen(b->file, "we");
    fputs("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" OK("1") ",[", f);
    for (int i = 0; i < OTLP_VALUES_MAX; i++) {
        fputs("{},", f);
    }
    fputs("1]," OK("2") "]}]}]}", f);
    fclose(f);
    good(b, b->file, 2, 0, 1);
    assert_string_equal(b->rejections, "1: the record is too large; expected: at most 2097152 bytes and 16384 values\n");
}

static void a_document_that_is_too_large_is_passed_over(void **state) {
    struct box *b = *state;
    write_repeated(b->file, DOC(OK("1")) "\n{\"resourceSpans\":[{\"x\":\"", 'x', OTLP_DOCUMENT_MAX,
                   "\"}]}\n" DOC(OK("2")) "\n");
    good(b, b->file, 2, 0, 1);
    assert_string_equal(b->rejections, "2: the document is larger than 25165824 bytes\n");
}

static void many_spans_in_one_document_come_in_order(void **state) {
    struct box *b = *state;
    enum { SPANS = 6000 };
    FILE *f = fopen(b->file, "we");
    fputs("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[", f);
    for (int i = SPANS; i > 0; i--) { /* each the child of the next one in the file */
        fprintf(
            f, "{\"traceId\":\"" TRACE "\",\"spanId\":\"%016x\",\"parentSpanId\":\"%016x\",\"startTimeUnixNano\":\"%d\"}%s",
            i, i - 1, 1000 + i, i > 1 ? "," : "");
    }
    fputs("]}]}]}", f);
    fclose(f);
    good(b, b->file, SPANS, 0, 0);
    kind_is(b, 1, "run.step", LOG_NO_SEQ);
    for (uint64_t seq = 2; seq <= SPANS; seq += 7) {
        kind_is(b, seq, "run.step", seq - 1);
    }
    kind_is(b, SPANS, "run.step", SPANS - 1);
}

static void deep_nesting_is_rejected_alone(void **state) {
    struct box *b = *state;
    char deep[81];
    memset(deep, '[', 40);
    memset(deep + 40, ']', 40);
    deep[80] = '\0';
    char text[2048];
    snprintf(text, sizeof(text), "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[%s,%s]}]}]}", deep, OK("1"));
    text_is(b, text, 1, 0, 1);
    assert_non_null(strstr(b->rejections, "nested deeper than 32 levels"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(spans_become_events_with_their_parents_as_causes),
        TEST(an_event_names_its_service_run_and_grade),
        TEST(an_actor_that_is_given_stands_before_the_service),
        TEST(a_second_run_adds_nothing_however_the_file_is_written),
        TEST(documents_one_behind_the_other_are_one_input),
        TEST(a_record_without_a_session_is_about_its_service),
        TEST(log_records_become_decisions_results_and_requests),
        TEST(a_log_record_has_the_span_that_is_known_as_its_cause),
        TEST(a_compressed_file_is_read_as_its_content),
        TEST(a_dry_run_writes_nothing),
        TEST(a_bad_record_is_rejected_alone_with_its_line),
        TEST(a_broken_document_does_not_take_the_next_ones_with_it),
        TEST(a_file_that_ends_too_early_says_so),
        TEST(what_is_no_spans_and_no_logs_is_said),
        TEST(what_is_said_with_a_decision_is_its_reason),
        TEST(a_strict_run_ends_at_the_first_bad_record),
        TEST(an_absent_file_is_an_error),
        TEST(half_a_character_is_mended_and_nothing_else),
        TEST(a_resource_that_is_none_spoils_its_own_records),
        TEST(a_long_value_is_kept_and_one_that_is_too_long_rejected),
        TEST(a_record_of_too_many_values_is_rejected_alone),
        TEST(a_document_that_is_too_large_is_passed_over),
        TEST(many_spans_in_one_document_come_in_order),
        TEST(deep_nesting_is_rejected_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
