/* Spans and log records, and the events that they become. fixtures/otlp/spans.cases and logs.cases have the good ones: a
 * sentence after '#', the record after '>', then its events, one per line, up to an empty line. Here are faulty ones,
 * times, and reporters. */
#include "base/file.h"
#include "tests/ingest/otlp_events.h"

#define FIXTURES      "tests/ingest/fixtures/otlp/"
#define TRACE         "0af7651916cd43dd8448eb211c80319c"
#define SPAN          "b7ad6b7169203331"
#define IDS           "\"traceId\":\"" TRACE "\",\"spanId\":\"" SPAN "\""
#define S(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define A(...)        "\"attributes\":[" __VA_ARGS__ "]"

static struct events events;

static int setup(void **state) {
    (void)state;
    events_init(&events);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    events_done(&events);
    return 0;
}

/* ---- cases ---- */

/* The key of a log record is its digest: only its form is checked. */
static void hide_key(char *text) {
    char *key = strstr(text, "key=log:");
    if (key != NULL) {
        assert_int_equal(strspn(key + 8, "0123456789abcdef"), 32);
        memmove(key + 4, key + 40, strlen(key + 40) + 1);
    }
}

/* Cuts off the next line. */
static char *line_of(char **at) {
    char *line = *at, *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    *at = end + 1;
    return line;
}

static void check_cases(const char *path, enum otlp_type type, size_t wanted) {
    struct buf text;
    size_t n = 0;
    buf_init(&text, (size_t)1 << 20);
    assert_int_equal(file_read(path, &text, NULL), 0);
    buf_put_u8(&text, 0);
    for (char *at = (char *)text.p; *at == '#'; n++) {
        struct err err = {0};
        char *sentence = line_of(&at) + 2, *record = line_of(&at) + 2, *events_wanted = at;
        at = strstr(at, "\n\n");
        assert_non_null(at);
        at[1] = '\0';
        at += 2;
        if (events_of(&events, type, record, &err) != 0) {
            fail_msg("%s: %s", sentence, err.msg);
        }
        hide_key((char *)events.text.p);
        if (strcmp((char *)events.text.p, events_wanted) != 0) {
            fail_msg("%s:\n%s\nwanted:\n%s", sentence, (char *)events.text.p, events_wanted);
        }
    }
    assert_int_equal(n, wanted);
    buf_done(&text);
}

static void each_span_becomes_what_its_case_says(void **state) {
    (void)state;
    check_cases(FIXTURES "spans.cases", OTLP_SPAN, 25);
}

static void each_log_record_becomes_what_its_case_says(void **state) {
    (void)state;
    check_cases(FIXTURES "logs.cases", OTLP_LOG, 11);
}

/* ---- times and faults ---- */

static void times_are_exact_or_kept_as_text(void **state) {
    (void)state;
    static const struct {
        const char *json, *wanted;
    } cases[] = {
        {"\"1795218273831000001\"", "at=1795218273831000001 by=- {\"at\":1795218273831000001,"},
        {"1795218273831000001", "at=1795218273831000001 by=- {\"at\":1795218273831000001,"},
        {"\"0\"", "at=- by=- {\"reporter\""},
        {"null", "at=- by=- {\"reporter\""},
        {"1.7e18", "at=- by=- {\"at_text\":\"1.7e+18\","},
        {"\"18446744073709551615\"", "at=- by=- {\"at_text\":\"18446744073709551615\","},
        {"\"2026-11-21T00:00:00Z\"", "at=- by=- {\"at_text\":\"2026-11-21T00:00:00Z\","},
        {"-5", "at=- by=- {\"at_text\":\"-5\","},
        {"true", "at=- by=- {\"at_text\":\"true\","},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[256];
        struct err err = {0};
        snprintf(json, sizeof(json), "{" IDS ",\"startTimeUnixNano\":%s}", cases[i].json);
        assert_int_equal(events_of(&events, OTLP_SPAN, json, &err), 0);
        if (strstr((char *)events.text.p, cases[i].wanted) == NULL) {
            fail_msg("%s gives %s", cases[i].json, (char *)events.text.p);
        }
    }
}

static void each_wrong_span_is_refused_in_its_own_words(void **state) {
    (void)state;
    static const struct {
        const char *json, *wanted;
    } cases[] = {
        {"7", "the span is a number; expected: an object"},
        {"null", "the span is null; expected: an object"},
        {"{}", "'traceId' is missing or zero; expected: 32 hex digits"},
        {"{\"traceId\":\"\"}", "'traceId' is missing or zero; expected: 32 hex digits"},
        {"{\"traceId\":\"00000000000000000000000000000000\"}", "'traceId' is missing or zero; expected: 32 hex digits"},
        {"{\"traceId\":\"" TRACE "\"}", "'spanId' is missing or zero; expected: 16 hex digits"},
        {"{\"trace_id\":\"" TRACE "\",\"span_id\":\"" SPAN "\"}", "'traceId' is missing or zero; expected: 32 hex digits"},
        {"{\"traceId\":\"W47/95gDgQPSabYzgT/GDA==\",\"spanId\":\"" SPAN "\"}",
         "'traceId' is 'W47/95gDgQPSabYzgT/GDA=='; expected: 32 hex digits"},
        {"{\"traceId\":\"" TRACE "0\",\"spanId\":\"" SPAN "\"}", "'traceId' is '" TRACE "0'; expected: 32 hex digits"},
        {"{\"traceId\":7,\"spanId\":\"" SPAN "\"}", "'traceId' is 'a number'; expected: 32 hex digits"},
        {"{\"traceId\":\"" TRACE "\",\"spanId\":\"b7ad6b716920333g\"}",
         "'spanId' is 'b7ad6b716920333g'; expected: 16 hex digits"},
        {"{" IDS ",\"parentSpanId\":\"1\"}", "'parentSpanId' is '1'; expected: 16 hex digits"},
        {"{" IDS ",\"attributes\":{}}", "'attributes' is an object; expected: an array of {key, value}"},
        {"{" IDS ",\"attributes\":[7]}", "'attributes' holds something that has no 'key'; expected: {key, value}"},
        {"{" IDS ",\"attributes\":[{\"key\":7}]}",
         "'attributes' holds something that has no 'key'; expected: {key, value}"},
        {"{" IDS ",\"status\":2}", "'status' is a number; expected: an object"},
        {"{" IDS ",\"events\":{}}", "'events' is not an array; expected: an array of objects"},
        {"{" IDS ",\"links\":7}", "'links' is not an array; expected: an array of objects"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        events_refused(&events, OTLP_SPAN, cases[i].json, cases[i].wanted);
    }
}

static void each_wrong_record_is_refused_in_its_own_words(void **state) {
    (void)state;
    events_refused(&events, OTLP_LOG, "[]", "the log record is an array; expected: an object");
    events_refused(&events, OTLP_LOG, "{\"traceId\":\"x\"}", "'traceId' is 'x'; expected: 32 hex digits");
    events_refused(&events, OTLP_LOG, "{\"spanId\":{}}", "'spanId' is 'an object'; expected: 16 hex digits");
    events_refused(&events, OTLP_LOG, "{\"attributes\":\"a\"}", "'attributes' is text; expected: an array of {key, value}");
}

static void the_time_of_passing_on_is_not_of_the_record(void **state) {
    (void)state;
    char first[4096];
    struct err err = {0};
    assert_int_equal(events_of(&events, OTLP_LOG, "{\"timeUnixNano\":\"7\",\"observedTimeUnixNano\":\"8\"}", &err), 0);
    snprintf(first, sizeof(first), "%s", (char *)events.text.p);
    assert_int_equal(events_of(&events, OTLP_LOG, "{\"timeUnixNano\":\"7\",\"observedTimeUnixNano\":\"9\"}", &err), 0);
    assert_string_equal((char *)events.text.p, first);
    assert_int_equal(events_of(&events, OTLP_LOG, "{\"timeUnixNano\":\"8\",\"observedTimeUnixNano\":\"9\"}", &err), 0);
    assert_string_not_equal((char *)events.text.p, first);
}

/* ---- reporters ---- */

static void from(const char *resource, const char *scope, const char *wanted, struct otlp_from *ret) {
    struct buf r, s;
    struct err err = {0};
    buf_init(&r, 65536);
    buf_init(&s, 65536);
    buf_clear(&events.text);
    assert_int_equal(json_to_mp(bytes_of(resource), &r, NULL), 0);
    assert_int_equal(json_to_mp(bytes_of(scope), &s, NULL), 0);
    if (otlp_map_from(&events.map, bytes_of_buf(&r), bytes_of_buf(&s), ret, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    buf_put_u8(&events.text, 0);
    char *body = strchr((char *)events.text.p, '{');
    assert_non_null(body);
    body = strstr(body, "\",") + 1; /* after the digest, which is first */
    assert_string_equal(body, wanted);
    buf_done(&r);
    buf_done(&s);
}

static void a_reporter_is_told_once_with_what_is_open_of_it(void **state) {
    (void)state;
    struct otlp_from a, b;
    from("{" A(S("service.name", "pdf-ops") "," S("service.version", "0.1.0") "," S("host.name", "box-1") "," S(
             "telemetry.sdk.name", "opentelemetry") "," S("telemetry.sdk.language", "nodejs")) ",\"new\":1}",
         "{\"name\":\"lib\",\"version\":\"2\"," A(S("k", "v")) "}",
         ",\"scope\":\"lib\",\"scope_version\":\"2\",\"sdk\":\"opentelemetry\",\"sdk_language\":\"nodejs\",\"service\":"
         "\"pdf-ops\","
         "\"service_version\":\"0.1.0\"} {\"attributes\":{\"host.name\":\"box-1\"},\"scope_attributes\":{\"k\":\"v\"},"
         "\"unknown\":{\"new\":1}}\n",
         &a);
    assert_string_equal(a.actor, "service:pdf-ops");
    assert_string_equal(a.service, "pdf-ops");
    assert_int_equal(strlen(a.digest), 71);
    /* the order of attributes does not matter, their values do */
    from("{" A(S("host.name", "box-1") "," S("service.name", "pdf-ops") "," S("telemetry.sdk.language", "nodejs") "," S(
             "telemetry.sdk.name", "opentelemetry") "," S("service.version", "0.1.0")) "}",
         "{\"name\":\"lib\",\"version\":\"2\"," A(S("k", "v")) "}",
         ",\"scope\":\"lib\",\"scope_version\":\"2\",\"sdk\":\"opentelemetry\",\"sdk_language\":\"nodejs\",\"service\":"
         "\"pdf-ops\","
         "\"service_version\":\"0.1.0\"} {\"attributes\":{\"host.name\":\"box-1\"},\"scope_attributes\":{\"k\":\"v\"}}\n",
         &b);
    assert_string_equal(a.digest, b.digest);
    from("{" A(S("service.name", "pdf-ops")) "}", "{\"name\":\"lib\",\"version\":\"3\"}",
         ",\"scope\":\"lib\",\"scope_version\":\"3\",\"service\":\"pdf-ops\"}\n", &b);
    assert_string_not_equal(a.digest, b.digest);
}

static void a_name_that_may_not_stand_in_a_header_does_not(void **state) {
    (void)state;
    struct otlp_from a;
    from("{" A(S("service.name", "ghp_0123456789abcdefghijABCDEFGHIJ012345")) "}", "{\"name\":\"\"}",
         ",\"service\":\"ghp_0123456789abcdefghijABCDEFGHIJ012345\"}\n", &a); /* the run masks it in the field */
    assert_string_equal(a.actor, "");
    assert_string_equal(a.service, "");
    char name[OTLP_NAME_LEN];
    otlp_name(&events.map, name, "tool/", bytes_of("a\nb"));
    assert_memory_equal(name, "tool/hash-", 10);
    assert_int_equal(strlen(name), 42);
}

static void nobody_is_not_told(void **state) {
    (void)state;
    struct otlp_from a;
    const struct bytes none = {NULL, 0};
    events.n = 0;
    assert_int_equal(otlp_map_from(&events.map, none, none, &a, NULL), 0);
    assert_int_equal(events.n, 0);
    assert_string_equal(a.digest, "");
}

static void an_error_of_emit_is_told_apart(void **state) {
    (void)state;
    struct err err = {0};
    events.answer = ERR_INVALID;
    assert_int_equal(events_of(&events, OTLP_SPAN, "{" IDS "}", &err), ERR_INVALID);
    assert_true(events.map.failed);
    events.answer = 2;
    assert_int_equal(events_of(&events, OTLP_LOG, "{}", &err), 2);
    assert_true(events.map.failed);
    events.answer = 0;
    assert_int_equal(events_of(&events, OTLP_SPAN, "{" IDS "}", &err), 0);
    assert_false(events.map.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_span_becomes_what_its_case_says),
        cmocka_unit_test(each_log_record_becomes_what_its_case_says),
        cmocka_unit_test(times_are_exact_or_kept_as_text),
        cmocka_unit_test(each_wrong_span_is_refused_in_its_own_words),
        cmocka_unit_test(each_wrong_record_is_refused_in_its_own_words),
        cmocka_unit_test(the_time_of_passing_on_is_not_of_the_record),
        cmocka_unit_test(a_reporter_is_told_once_with_what_is_open_of_it),
        cmocka_unit_test(a_name_that_may_not_stand_in_a_header_does_not),
        cmocka_unit_test(nobody_is_not_told),
        cmocka_unit_test(an_error_of_emit_is_told_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
