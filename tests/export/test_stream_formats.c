/* OTLP and syslog, byte for byte. */
#include "ledger/version.h"
#include "tests/export/stream_box.h"

static int start(void **state) {
    (void)state;
    box_start();
    buf_init(&sent, (size_t)64 << 20);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&sent);
    box_end();
    return 0;
}

/* The last event's time, leaf and actor. */
static uint64_t last_event(char leaf[2 * LOG_HASH + 1], uint64_t *ret_seq) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct log_head head;
    must(log_head(s.ledger, &head, &why));
    must(log_reader_open(s.ledger, head.size - 1, head.size, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    text_hex(leaf, event.leaf, LOG_HASH);
    uint64_t time = event.time;
    *ret_seq = event.seq;
    log_reader_close(reader);
    return time;
}

static void sent_is(enum stream_format format, const struct export_term *term, const char *const *names, size_t n_names,
                    const char *want) {
    struct stream_options how = {.format = format, .terms = term, .n_terms = 1, .private_ = names, .n_private = n_names};
    buf_clear(&sent);
    section(&how, 0);
    if (!bytes_is(bytes_of_buf(&sent), want)) {
        fail_msg("it is\n%.*s\nand not\n%s", (int)sent.n, (const char *)sent.p, want);
    }
}

static void a_request_of_otlp_is_this_one(void **state) {
    const struct export_term kind = {"kind", EXPORT_EQUALS, bytes_of("x.test.note")};
    const char *names[] = {"note"};
    char leaf[2 * LOG_HASH + 1], want[4096];
    uint64_t seq;
    (void)state;
    box_event("x.test.note", "note/1", NULL,
              "{\"a\":1,\"at\":1700000000000000000,\"b\":[true,null,-2,1.5],\"c\":\"x \\\"y\\\"\",\"note\":\"private\"}");
    uint64_t time = last_event(leaf, &seq);
    snprintf(
        want, sizeof(want),
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"ledger\"}"
        "},"
        "{\"key\":\"ledger.origin\",\"value\":{\"stringValue\":\"%s\"}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"ledger\","
        "\"version\":\"" LEDGER_VERSION "\"},\"logRecords\":[{\"timeUnixNano\":\"1700000000000000000\","
        "\"observedTimeUnixNano\":\"%llu\",\"severityNumber\":9,\"severityText\":\"INFO\",\"eventName\":\"x.test.note\","
        "\"body\":{\"kvlistValue\":{\"values\":[{\"key\":\"at\",\"value\":{\"intValue\":\"1700000000000000000\"}}]}},"
        "\"attributes\":[{\"key\":\"ledger.seq\",\"value\":{\"intValue\":\"%llu\"}},"
        "{\"key\":\"ledger.leaf\",\"value\":{\"stringValue\":\"%s\"}},"
        "{\"key\":\"ledger.kind\",\"value\":{\"stringValue\":\"x.test.note\"}},"
        "{\"key\":\"ledger.schema\",\"value\":{\"intValue\":\"1\"}},"
        "{\"key\":\"ledger.subject\",\"value\":{\"stringValue\":\"note/1\"}},"
        "{\"key\":\"ledger.actor\",\"value\":{\"stringValue\":\"user:test\"}},"
        "{\"key\":\"ledger.source\",\"value\":{\"stringValue\":\"test\"}},"
        "{\"key\":\"ledger.grade\",\"value\":{\"stringValue\":\"measured\"}},"
        "{\"key\":\"ledger.private\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"note\",\"value\":"
        "{\"stringValue\":\"private\"}}]}}}]}]}]}]}\n",
        log_origin(s.ledger), (unsigned long long)time, (unsigned long long)seq, leaf);
    sent_is(STREAM_OTLP, &kind, names, 1, want);
}

static void a_message_of_syslog_is_this_one(void **state) {
    const struct export_term kind = {"kind", EXPORT_EQUALS, bytes_of("x.test.note")};
    char leaf[2 * LOG_HASH + 1], want[4096], time[TEXT_TIME_MAX];
    uint64_t seq;
    (void)state;
    box_event("x.test.note", "note/\\\"quoted]", NULL, "{\"at\":1700000000000000000}");
    text_time(time, last_event(leaf, &seq));
    snprintf(want, sizeof(want),
             "<110>1 %.26sZ %s ledger - x.test.note [ledger@32473 seq=\"%llu\" leaf=\"%s\" kind=\"x.test.note\" "
             "subject=\"note/\\\\\\\"quoted\\]\" actor=\"user:test\" source=\"test\" grade=\"measured\"] "
             "\xef\xbb\xbf{\"at\":1700000000000000000}",
             time, log_origin(s.ledger), (unsigned long long)seq, leaf);
    sent_is(STREAM_SYSLOG, &kind, NULL, 0, want);
}

static void a_long_body_is_left_out_of_a_message(void **state) {
    const struct export_term kind = {"kind", EXPORT_EQUALS, bytes_of("run.started")};
    struct stream_options how = {.format = STREAM_SYSLOG, .terms = &kind, .n_terms = 1};
    static char scope[8000];
    (void)state;
    memset(scope, 'z', sizeof(scope) - 1);
    box_event("run.started", "run/r-1", NULL, "{\"agent\":\"%s\"}", scope);
    section(&how, 0);
    assert_true(sent.n < 1024);
    assert_non_null(memmem(sent.p, sent.n, " content=\"too_long\"]", 20));
    assert_int_equal(sent.p[sent.n - 1], ']');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_of_otlp_is_this_one, start, finish),
        cmocka_unit_test_setup_teardown(a_message_of_syslog_is_this_one, start, finish),
        cmocka_unit_test_setup_teardown(a_long_body_is_left_out_of_a_message, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
