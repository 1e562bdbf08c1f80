/* Where the records of a document are: for whole documents, for documents in pieces, and for text that is not a document.
 */
#include "ingest/otlp/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX16 "00f067aa0ba902b7"

static struct otlp_cut cut;

static int setup(void **state) {
    (void)state;
    otlp_cut_init(&cut);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    otlp_cut_done(&cut);
    return 0;
}

static int feed(const char *text, struct err *err) {
    otlp_cut_begin(&cut);
    return otlp_cut_feed(&cut, bytes_of(text), err);
}

static void good(const char *text) {
    struct err err = {0};
    if (feed(text, &err) != 0) {
        fail_msg("%s: %s", text, err.msg);
    }
}

static void record_is(const char *text, size_t i, const char *wanted) {
    assert_true(i < cut.n_records);
    struct bytes b = {(const uint8_t *)text + cut.records[i].text.at, cut.records[i].text.n};
    if (!bytes_is(b, wanted)) {
        fail_msg("record %zu is '%.*s', wanted '%s'", i, (int)b.n, (const char *)b.p, wanted);
    }
}

static const char whole[] =
    "\n {\"resourceSpans\" : [ {\"resource\": {\"attributes\":[]}, \"scopeSpans\": [\n"
    "   {\"scope\": {\"name\":\"a\"}, \"spans\": [ {\"spanId\":\"00F067AA0BA902B7\",\"parentSpanId\":\"\",\n"
    "     \"startTimeUnixNano\":\"17\", \"x\":[{\"spanId\":\"1111111111111111\"}, 1.5e3]} , 7, null]},\n"
    "   {\"spans\":[{\"spanId\":\"1111111111111111\",\"parentSpanId\":\"" HEX16 "\",\"startTimeUnixNano\":16}]} ]},\n"
    "   {\"scopeSpans\":[{\"spans\":[]}], \"resource\":{\"b\":\"}]\\\"\"}} ],\n"
    " \"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"18\",\"spanId\":\"" HEX16 "\"}]}]}],\n"
    " \"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{}]}]}], \"new\":{\"spans\":[{}]}}";

static void each_record_is_found_with_its_scope_and_resource(void **state) {
    (void)state;
    good(whole);
    assert_int_equal(cut.end, strlen(whole));
    assert_int_equal(cut.has, OTLP_HAS_SPANS | OTLP_HAS_LOGS | OTLP_HAS_METRICS);
    assert_int_equal(cut.n_records, 6);
    assert_int_equal(cut.n_scopes, 5);
    assert_int_equal(cut.n_resources, 4);
    assert_int_equal(cut.records[5].type, OTLP_METRIC);
    record_is(whole, 1, "7");
    record_is(whole, 2, "null");
    record_is(whole, 3, "{\"spanId\":\"1111111111111111\",\"parentSpanId\":\"" HEX16 "\",\"startTimeUnixNano\":16}");
    assert_int_equal(cut.records[0].scope, 0);
    assert_int_equal(cut.records[3].scope, 1);
    assert_int_equal(cut.records[4].scope, 3);
    assert_int_equal(cut.scopes[1].resource, 0);
    assert_int_equal(cut.scopes[2].resource, 1);
    assert_int_equal(cut.scopes[3].resource, 2);
    assert_int_equal(cut.scopes[1].text.n, 0);
    assert_memory_equal(whole + cut.scopes[0].text.at, "{\"name\":\"a\"}", cut.scopes[0].text.n);
    assert_memory_equal(whole + cut.resources[1].at, "{\"b\":\"}]\\\"\"}", cut.resources[1].n);
    assert_int_equal(cut.resources[2].n, 0);
    assert_int_equal(cut.records[0].type, OTLP_SPAN);
    assert_int_equal(cut.records[4].type, OTLP_LOG);
}

static void ids_and_times_are_seen_at_the_record_alone(void **state) {
    (void)state;
    good(whole);
    assert_true(cut.relations[0].id == UINT64_C(0x00f067aa0ba902b7));
    assert_true(cut.relations[0].parent == 0 && cut.relations[0].start == 17);
    assert_true(cut.relations[3].id == UINT64_C(0x1111111111111111) && cut.relations[3].start == 16);
    assert_true(cut.relations[3].parent == UINT64_C(0x00f067aa0ba902b7));
    assert_true(cut.relations[4].id == 0 && cut.relations[4].parent == UINT64_C(0x00f067aa0ba902b7)); /* a log record */
    assert_int_equal(cut.records[0].line, 2);
    assert_int_equal(cut.records[4].line, 6);
}

static void older_names_of_scopes_are_known(void **state) {
    (void)state;
    good("{\"resourceSpans\":[{\"instrumentationLibrarySpans\":[{\"instrumentationLibrary\":{},\"spans\":[{}]}]}]}");
    assert_int_equal(cut.n_records, 1);
    assert_int_equal(cut.scopes[0].text.n, 2);
}

static void null_is_absent(void **state) {
    (void)state;
    good("{\"resourceSpans\":null,\"resourceLogs\":[{\"resource\":null,\"scopeLogs\":null}]}");
    assert_int_equal(cut.n_records, 0);
}

/* However it is split, the result is the same. */
static void a_document_may_come_byte_by_byte(void **state) {
    (void)state;
    size_t n = strlen(whole);
    good(whole);
    struct otlp_record records[6];
    memcpy(records, cut.records, sizeof(records));
    otlp_cut_begin(&cut);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(otlp_cut_feed(&cut, (struct bytes){(const uint8_t *)whole, i}, NULL), 1);
    }
    assert_int_equal(otlp_cut_feed(&cut, bytes_of(whole), NULL), 0);
    assert_int_equal(cut.end, n);
    assert_int_equal(cut.n_records, 6);
    assert_memory_equal(records, cut.records, sizeof(records));
    for (size_t split = 0; split < n; split++) {
        otlp_cut_begin(&cut);
        assert_int_equal(otlp_cut_feed(&cut, (struct bytes){(const uint8_t *)whole, split}, NULL), 1);
        assert_int_equal(otlp_cut_feed(&cut, bytes_of(whole), NULL), 0);
        assert_memory_equal(records, cut.records, sizeof(records));
    }
}

static void what_follows_a_document_is_left(void **state) {
    (void)state;
    good("{\"resourceSpans\":[]}{\"resourceLogs\":[]}");
    assert_int_equal(cut.end, strlen("{\"resourceSpans\":[]}"));
    good("{} x");
    assert_int_equal(cut.end, 2);
}

static void each_broken_document_is_refused_in_its_own_words(void **state) {
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"[]", "line 1 column 1: a document is a JSON object"},
        {"x", "line 1 column 1: a document is a JSON object"},
        {"\"a\"", "line 1 column 1: a document is a JSON object"},
        {"{\n  a:1}", "line 2 column 3: a value in the wrong place"},
        {"{\"a\" 1}", "line 1 column 6: a value in the wrong place"},
        {"{\"a\":1 \"b\":2}", "line 1 column 8: a string in the wrong place"},
        {"{\"a\":1,}", "line 1 column 8: a closing bracket in the wrong place"},
        {"{\"resourceSpans\":[\n{\"resourceSpans\":[]}",
         "line 2 column 1: a document begins before the previous one has ended"},
        {"{\"a\":[1,]}", "line 1 column 9: a closing bracket in the wrong place"},
        {"{\"a\":[1}", "line 1 column 8: a closing bracket in the wrong place"},
        {"{\"a\":{1]}", "line 1 column 7: a value in the wrong place"},
        {"{\"a\":]}", "line 1 column 6: a closing bracket in the wrong place"},
        {"{,}", "line 1 column 2: a comma in the wrong place"},
        {"{\"a\"::1}", "line 1 column 6: a colon in the wrong place"},
        {"{\"a\":1{}}", "line 1 column 7: an opening bracket in the wrong place"},
        {"{\"a\":tru}", "line 1 column 6: not a JSON value"},
        {"{\"a\":01}", "line 1 column 6: not a JSON value"},
        {"{\"a\":1.}", "line 1 column 6: not a JSON value"},
        {"{\"a\":-}", "line 1 column 6: not a JSON value"},
        {"{\"a\":1e}", "line 1 column 6: not a JSON value"},
        {"{\"a\":NaN}", "line 1 column 6: not a JSON value"},
        {"{\"a\":'b'}", "line 1 column 6: not a JSON value"},
        {"{\"a\":\"b\nc\"}", "line 1 column 8: a control character in a string"},
        {"{\"resourceSpans\":{}}", "line 1 column 18: this name needs an array"},
        {"{\"resourceSpans\":7}", "line 1 column 18: this name needs an array"},
        {"{\"resourceLogs\":\"a\"}", "line 1 column 17: this name needs an array"},
        {"{\"resourceSpans\":[1]}", "line 1 column 19: this array takes objects only"},
        {"{\"resourceSpans\":[{\"scopeSpans\":[[]]}]}", "line 1 column 34: this array takes objects only"},
        {"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":{}}]}]}", "line 1 column 43: this name needs an array"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        assert_int_equal(feed(cases[i].text, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].wanted);
    }
}

/* Inside a record only the form counts: its values are left to its own parser. */
static void a_wrong_value_in_a_record_spoils_that_record_alone(void **state) {
    (void)state;
    static const char text[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"a\":NaN},Infinity,{\"a\":2}]}]}]}";
    good(text);
    assert_int_equal(cut.n_records, 3);
    record_is(text, 0, "{\"a\":NaN}");
    record_is(text, 1, "Infinity");
    record_is(text, 2, "{\"a\":2}");
}

static void every_truncation_wants_more(void **state) {
    (void)state;
    for (size_t n = 0; n < strlen(whole); n++) {
        otlp_cut_begin(&cut);
        assert_int_equal(otlp_cut_feed(&cut, (struct bytes){(const uint8_t *)whole, n}, NULL), 1);
    }
}

static void any_byte_may_be_any_other(void **state) {
    (void)state;
    char text[sizeof(whole)];
    for (size_t i = 0; i < strlen(whole); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(text, whole, sizeof(text));
            text[i] = (char)(text[i] ^ (1 << bit));
            otlp_cut_begin(&cut);
            int rc = otlp_cut_feed(&cut, (struct bytes){(const uint8_t *)text, strlen(whole)}, NULL);
            assert_true(rc == 0 || rc == 1 || rc == ERR_INVALID);
            for (size_t k = 0; k < cut.n_records; k++) {
                assert_true(cut.records[k].text.at + cut.records[k].text.n <= strlen(whole));
                assert_true(cut.records[k].scope < cut.n_scopes);
            }
        }
    }
}

static char *repeated(const char *head, const char *part, size_t n, const char *tail) {
    size_t h = strlen(head), p = strlen(part), t = strlen(tail);
    char *text = malloc(h + n * p + t + 1);
    assert_non_null(text);
    memcpy(text, head, h);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + h + i * p, part, p);
    }
    memcpy(text + h + n * p, tail, t + 1);
    return text;
}

static void limits_are_kept(void **state) {
    (void)state;
    static const char spans[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[";
    struct err err = {0};
    char *text = repeated(spans, "0,", OTLP_RECORDS_MAX, "0]}]}]}");
    assert_int_equal(feed(text, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "the document has more than 131072 spans and log records");
    free(text);
    text = repeated("{\"resourceSpans\":[", "{},", OTLP_PARTS_MAX, "{}]}");
    assert_int_equal(feed(text, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "the document has more than 16384 resources");
    free(text);
    text = repeated("{\"a\":", "[", OTLP_DEPTH_MAX - 1, "");
    assert_int_equal(feed(text, &err), 1);
    free(text);
    text = repeated("{\"a\":", "[", OTLP_DEPTH_MAX, "");
    assert_int_equal(feed(text, &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 1 column 517: nested deeper than 512 levels");
    free(text);
    text = repeated("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[[", "0,", 2 * OTLP_VALUES_MAX, "0]]}]}]}");
    assert_int_equal(feed(text, &err), 0);
    assert_true(cut.records[0].values > OTLP_VALUES_MAX);
    free(text);
}

/* ---- order ---- */

static void order_is(const char *spans, const char *wanted) {
    char text[2048], got[256] = "";
    uint32_t *order = NULL;
    snprintf(text, sizeof(text), "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[%s]}]}]}", spans);
    good(text);
    assert_int_equal(otlp_order(&cut, &order, NULL), 0);
    for (size_t i = 0; i < cut.n_records; i++) {
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u", order[i]);
    }
    free(order);
    assert_string_equal(got, wanted);
}

#define SPAN(id, parent, start)                                                                                            \
    "{\"spanId\":\"000000000000000" id "\",\"parentSpanId\":\"000000000000000" parent "\",\"startTimeUnixNano\":\"" start  \
    "\"}"

static void records_are_taken_by_their_times(void **state) {
    (void)state;
    order_is(SPAN("1", "0", "30") "," SPAN("2", "0", "10") "," SPAN("3", "0", "20"), "120");
    order_is(SPAN("1", "0", "5") "," SPAN("2", "0", "5"), "01");
    order_is("", "");
    order_is("1,{},2", "012");
}

static void a_parent_comes_first_whatever_the_clocks_say(void **state) {
    (void)state;
    order_is(SPAN("1", "2", "10") "," SPAN("2", "3", "10") "," SPAN("3", "0", "10"), "210");
    order_is(SPAN("1", "2", "10") "," SPAN("2", "3", "20") "," SPAN("3", "0", "30"), "210");
    order_is(SPAN("1", "9", "20") "," SPAN("2", "1", "10"), "01");
}

static void a_circle_of_parents_ends(void **state) {
    (void)state;
    order_is(SPAN("1", "2", "10") "," SPAN("2", "1", "20"), "10");
    order_is(SPAN("1", "1", "10"), "0");
    order_is(SPAN("1", "2", "1") "," SPAN("2", "3", "2") "," SPAN("3", "2", "3"), "210");
}

static void of_the_same_id_twice_the_first_is_the_parent(void **state) {
    (void)state;
    order_is(SPAN("2", "1", "1") "," SPAN("1", "0", "9") "," SPAN("1", "0", "0"), "210");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_found_with_its_scope_and_resource),
        cmocka_unit_test(ids_and_times_are_seen_at_the_record_alone),
        cmocka_unit_test(older_names_of_scopes_are_known),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(a_document_may_come_byte_by_byte),
        cmocka_unit_test(what_follows_a_document_is_left),
        cmocka_unit_test(each_broken_document_is_refused_in_its_own_words),
        cmocka_unit_test(a_wrong_value_in_a_record_spoils_that_record_alone),
        cmocka_unit_test(every_truncation_wants_more),
        cmocka_unit_test(any_byte_may_be_any_other),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(records_are_taken_by_their_times),
        cmocka_unit_test(a_parent_comes_first_whatever_the_clocks_say),
        cmocka_unit_test(a_circle_of_parents_ends),
        cmocka_unit_test(of_the_same_id_twice_the_first_is_the_parent),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
