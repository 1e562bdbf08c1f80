/* Records in Protocol Buffers: one form with JSON, and what is refused before anything is decoded. */
#include "ingest/otlp/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"
#include "tests/ingest/protobuf.h"

#define TRACE_BYTES "\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36"
#define SPAN_BYTES  "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7"

static struct bytes raw(const char *p, size_t n) {
    return (struct bytes){(const uint8_t *)p, n};
}

/* The record decodes to what the text parses to. */
static void same_as(enum otlp_part part, struct buf *record, const char *json) {
    struct buf got = pb_new(), wanted = pb_new(), shown = pb_new();
    struct otlp_proto *proto = NULL;
    struct err err = {0};
    assert_int_equal(otlp_proto_new(&proto, NULL), 0);
    if (otlp_proto_to_mp(proto, part, bytes_of_buf(record), &got, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(json_to_mp(bytes_of(json), &wanted, &err), 0);
    assert_int_equal(mp_check(bytes_of_buf(&got), &err), 0);
    if (!bytes_eq(bytes_of_buf(&got), bytes_of_buf(&wanted))) {
        assert_int_equal(json_from_mp(bytes_of_buf(&got), JSON_LINE, &shown, NULL), 0);
        fail_msg("%.*s\nexpected %s", (int)shown.n, (const char *)shown.p, json);
    }
    otlp_proto_free(proto);
    buf_done(&got);
    buf_done(&wanted);
    buf_done(&shown);
    buf_done(record);
}

static void refused(enum otlp_part part, struct buf *record, int code, const char *message) {
    struct otlp_proto *proto = NULL;
    struct buf out = pb_new();
    struct err err = {0};
    assert_int_equal(otlp_proto_new(&proto, NULL), 0);
    int rc = otlp_proto_to_mp(proto, part, bytes_of_buf(record), &out, &err);
    if (rc != code || strcmp(err.msg, message) != 0) {
        fail_msg("%d %s\nexpected %d %s", rc, err.msg, code, message);
    }
    assert_int_equal(out.n, 0);
    otlp_proto_free(proto);
    buf_done(&out);
    buf_done(record);
}

static struct buf whole_span(void) {
    struct buf span = pb_new(), part = pb_new(), value = pb_new(), list = pb_new(), inner = pb_new();
    pb_bytes(&span, 1, raw(TRACE_BYTES, 16));
    pb_bytes(&span, 2, raw(SPAN_BYTES, 8));
    pb_text(&span, 3, "a=b");
    pb_bytes(&span, 4, raw(SPAN_BYTES, 8));
    pb_text(&span, 5, "chat qwen2.5:7b");
    pb_number(&span, 6, 3);
    pb_fixed(&span, 7, UINT64_C(1544712660300000000));
    pb_fixed(&span, 8, UINT64_C(1544712660600000000));
    pb_attribute(&span, 9, "a", "x");
    pb_attribute_int(&span, 9, "b", -7);
    pb_double(&value, 4, 0.5);
    pb_message(&list, 1, &value);
    pb_number(&value, 2, 1);
    pb_message(&list, 1, &value);
    pb_bytes(&value, 7, raw("\0\x01\x02", 3));
    pb_message(&list, 1, &value);
    pb_double(&value, 4, 3.0);
    pb_message(&list, 1, &value);
    pb_double(&value, 4, -1.0 / 0.0);
    pb_message(&list, 1, &value);
    pb_message(&list, 1, &value); /* of no type */
    pb_message(&value, 5, &list);
    pb_text(&part, 1, "c");
    pb_message(&part, 2, &value);
    pb_message(&span, 9, &part);
    pb_attribute(&list, 1, "k", "v");
    pb_message(&value, 6, &list);
    pb_text(&part, 1, "d");
    pb_message(&part, 2, &value);
    pb_message(&span, 9, &part);
    pb_number(&span, 10, 2);
    pb_fixed(&part, 1, 5);
    pb_text(&part, 2, "e");
    pb_attribute(&part, 3, "f", "");
    pb_message(&span, 11, &part);
    pb_bytes(&inner, 1, raw(TRACE_BYTES, 16));
    pb_bytes(&inner, 2, raw(SPAN_BYTES, 8));
    pb_fixed32(&inner, 6, 257);
    pb_message(&span, 13, &inner);
    pb_text(&part, 2, "no");
    pb_number(&part, 3, 2);
    pb_message(&span, 15, &part);
    pb_fixed32(&span, 16, 257);
    return span;
}

static void a_span_has_the_form_of_json(void **state) {
    (void)state;
    struct buf span = whole_span();
    same_as(
        OTLP_PART_SPAN, &span,
        "{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"00f067aa0ba902b7\",\"traceState\":\"a=b\","
        "\"parentSpanId\":\"00f067aa0ba902b7\",\"name\":\"chat qwen2.5:7b\",\"kind\":3,"
        "\"startTimeUnixNano\":\"1544712660300000000\",\"endTimeUnixNano\":\"1544712660600000000\",\"attributes\":["
        "{\"key\":\"a\",\"value\":{\"stringValue\":\"x\"}},{\"key\":\"b\",\"value\":{\"intValue\":\"-7\"}},"
        "{\"key\":\"c\",\"value\":{\"arrayValue\":{\"values\":[{\"doubleValue\":0.5},{\"boolValue\":true},"
        "{\"bytesValue\":\"AAEC\"},{\"doubleValue\":3},{\"doubleValue\":\"-Infinity\"},{}]}}},"
        "{\"key\":\"d\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}}]}}}],"
        "\"droppedAttributesCount\":2,\"events\":[{\"timeUnixNano\":\"5\",\"name\":\"e\",\"attributes\":["
        "{\"key\":\"f\",\"value\":{\"stringValue\":\"\"}}]}],\"links\":[{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
        "\"spanId\":\"00f067aa0ba902b7\",\"flags\":257}],\"status\":{\"code\":2,\"message\":\"no\"},\"flags\":257}");
}

static void a_log_record_and_a_metric_have_the_form_of_json(void **state) {
    (void)state;
    struct buf log = pb_new(), value = pb_new(), metric = pb_new(), sum = pb_new(), point = pb_new(), packed = pb_new();
    pb_text(&value, 1, "hello");
    pb_fixed(&log, 1, 9);
    pb_number(&log, 2, 9);
    pb_message(&log, 5, &value);
    pb_fixed(&log, 11, 10);
    pb_text(&log, 12, "tool_result");
    same_as(
        OTLP_PART_LOG, &log,
        "{\"timeUnixNano\":\"9\",\"observedTimeUnixNano\":\"10\",\"severityNumber\":9,\"body\":{\"stringValue\":\"hello\"},"
        "\"eventName\":\"tool_result\"}");
    pb_fixed(&point, 3, 7);
    pb_fixed(&point, 6, (uint64_t)-3);
    pb_message(&sum, 1, &point);
    pb_number(&sum, 2, 1);
    pb_number(&sum, 3, 1);
    pb_text(&metric, 1, "m");
    pb_text(&metric, 2, "what is not read: a description");
    pb_message(&metric, 7, &sum);
    same_as(OTLP_PART_METRIC, &metric,
            "{\"name\":\"m\",\"sum\":{\"dataPoints\":[{\"timeUnixNano\":\"7\",\"asInt\":\"-3\"}],"
            "\"aggregationTemporality\":1,\"isMonotonic\":true}}");
    for (uint64_t i = 1; i <= 2; i++) {
        for (int k = 0; k < 8; k++) {
            buf_put_u8(&packed, (uint8_t)(i >> (8 * k)));
        }
    }
    pb_message(&point, 6, &packed);
    pb_double(&point, 7, 2.5); /* a list may also come unpacked */
    pb_message(&sum, 1, &point);
    pb_message(&metric, 9, &sum);
    same_as(OTLP_PART_METRIC, &metric,
            "{\"histogram\":{\"dataPoints\":[{\"bucketCounts\":[\"1\",\"2\"],\"explicitBounds\":[2.5]}]}}");
}

static void what_is_not_utf8_is_mended_and_nul_stays(void **state) {
    (void)state;
    struct buf span = pb_new();
    pb_bytes(&span, 5, raw("a\xff\xc3z\0b\xed\xa0\x80", 9));
    same_as(OTLP_PART_SPAN, &span, "{\"name\":\"a\\ufffd\\ufffdz\\u0000b\\ufffd\\ufffd\\ufffd\"}");
}

static void unknown_fields_are_skipped(void **state) {
    (void)state;
    struct buf span = pb_new();
    pb_number(&span, 17, 7);
    pb_fixed(&span, 99, 7);
    pb_fixed32(&span, 536870911, 7);
    pb_text(&span, 1000, "not a message");
    pb_text(&span, 5, "n");
    same_as(OTLP_PART_SPAN, &span, "{\"name\":\"n\"}");
}

struct bad {
    const char *bytes;
    size_t n;
    const char *message;
};
#define BAD(bytes, message)                                                                                                \
    { bytes, sizeof(bytes) - 1, message }

static void malformed_fields_are_refused_in_their_own_words(void **state) {
    static const struct bad all[] = {
        BAD("\x0a", "byte 1: a number is cut off"),
        BAD("\x80\x80", "byte 0: a number is cut off"),
        BAD("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "byte 1: a number has more than 64 bits"),
        BAD("\x30\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", "byte 1: a number has more than 64 bits"),
        BAD("\x02\x00", "byte 0: a field has an invalid number"),
        BAD("\x88\x80\x80\x80\x80\x01\x00", "byte 0: a field has an invalid number"),
        BAD("\x2a\x01x\x0b\x0c", "byte 3: a group, which OTLP does not have"),
        BAD("\x0c", "byte 0: a group, which OTLP does not have"),
        BAD("\x0e", "byte 0: a field has an unknown wire type"),
        BAD("\x39\x01\x02", "byte 0: a field is cut off"),
        BAD("\x85\x01\x02", "byte 0: a field is cut off"),
        BAD("\x2a\x05\x61", "byte 0: field 5 has 5 bytes; expected: at most 1, which are left"),
        BAD("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "byte 0: field 5 has 18446744073709551615 bytes; expected: at most 0, which are left"),
        BAD("\x28\x05", "byte 0: field 5 has wire type 0; expected: 2"),
        BAD("\x4a\x02\x12\x05", "byte 2: field 2 has 5 bytes; expected: at most 0, which are left"),
        BAD("\x7a\x00\x7a\x00", "byte 2: field 15 is there twice"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct buf span = pb_new();
        buf_put(&span, all[i].bytes, all[i].n);
        refused(OTLP_PART_SPAN, &span, ERR_INVALID, all[i].message);
    }
    struct buf metric = pb_new();
    buf_put(&metric, "\x4a\x05\x0a\x03\x32\x01x", 7);
    refused(OTLP_PART_METRIC, &metric, ERR_INVALID, "byte 4: a list of numbers is cut off");
}

/* `depth` arrays in one another as the value of an attribute. */
static struct buf nested(unsigned depth) {
    struct buf value = pb_new(), list = pb_new(), span = pb_new(), pair = pb_new();
    pb_number(&value, 2, 1);
    for (unsigned i = 0; i < depth; i++) {
        pb_message(&list, 1, &value);
        pb_message(&value, 5, &list);
    }
    pb_text(&pair, 1, "k");
    pb_message(&pair, 2, &value);
    pb_message(&span, 9, &pair);
    return span;
}

static void nesting_is_bounded_before_and_after_decoding(void **state) {
    (void)state;
    struct buf span = nested(9), deep = nested(10), deeper = nested(1000);
    struct buf out = pb_new();
    struct otlp_proto *proto = NULL;
    assert_int_equal(otlp_proto_new(&proto, NULL), 0);
    assert_int_equal(otlp_proto_to_mp(proto, OTLP_PART_SPAN, bytes_of_buf(&span), &out, NULL), 0);
    assert_int_equal(mp_check(bytes_of_buf(&out), NULL), 0);
    otlp_proto_free(proto);
    buf_done(&span);
    buf_done(&out);
    refused(OTLP_PART_SPAN, &deep, ERR_INVALID, "nested deeper than 32 levels");
    refused(OTLP_PART_SPAN, &deeper, ERR_INVALID, "byte 192: messages are nested deeper than 64 levels");
}

static void the_number_of_fields_is_bounded(void **state) {
    (void)state;
    struct buf span = pb_new(), metric = pb_new(), part = pb_new(), point = pb_new(), sum = pb_new();
    for (int i = 0; i <= OTLP_VALUES_MAX; i++) {
        buf_put_u8(&span, 0x5a); /* an empty event: two bytes that become a hundred */
        buf_put_u8(&span, 0);
    }
    refused(OTLP_PART_SPAN, &span, ERR_LIMIT, "more than 16384 fields");
    for (int i = 0; i < OTLP_METRIC_VALUES_MAX; i++) {
        buf_put(&part, "\0\0\0\0\0\0\0\0", 8);
    }
    pb_message(&point, 6, &part);
    pb_message(&sum, 1, &point);
    pb_message(&metric, 9, &sum);
    refused(OTLP_PART_METRIC, &metric, ERR_LIMIT, "more than 65000 fields");
}

static void every_truncation_is_refused_or_shorter(void **state) {
    struct buf span = whole_span(), out = pb_new();
    struct otlp_proto *proto = NULL;
    (void)state;
    assert_int_equal(otlp_proto_new(&proto, NULL), 0);
    for (size_t n = 0; n < span.n; n++) {
        uint8_t *copy = malloc(n + 1); /* so that a read past the end is seen */
        struct err err = {0};
        memcpy(copy, span.p, n);
        buf_clear(&out);
        int rc = otlp_proto_to_mp(proto, OTLP_PART_SPAN, (struct bytes){copy, n}, &out, &err);
        assert_true(rc == 0 ? mp_check(bytes_of_buf(&out), NULL) == 0 : rc == ERR_INVALID && err.msg[0] != '\0');
        free(copy);
    }
    otlp_proto_free(proto);
    buf_done(&span);
    buf_done(&out);
}

static void a_request_is_cut_where_json_is(void **state) {
    struct otlp_cut cut;
    struct err err = {0};
    struct buf span = whole_span(), scope = pb_new(), name = pb_new();
    (void)state;
    pb_text(&name, 1, "lib");
    pb_message(&scope, 1, &name);
    pb_message(&scope, 2, &span);
    pb_text(&scope, 2, "");
    struct buf request = pb_request(&scope, "s");
    otlp_cut_init(&cut);
    otlp_cut_begin(&cut);
    assert_int_equal(otlp_wire_cut(&cut, OTLP_SPAN, bytes_of_buf(&request), &err), 0);
    assert_int_equal(cut.has, OTLP_HAS_SPANS);
    assert_int_equal(cut.n_records, 2);
    assert_int_equal(cut.end, request.n);
    assert_true(cut.relations[0].id == UINT64_C(0x00f067aa0ba902b7) && cut.relations[0].parent == cut.relations[0].id);
    assert_true(cut.relations[0].start == UINT64_C(1544712660300000000));
    assert_int_equal(cut.records[1].text.n, 0);
    assert_memory_equal(request.p + cut.scopes[0].text.at, "\x0a\x03lib", 5);
    otlp_cut_begin(&cut);
    assert_int_equal(otlp_wire_cut(&cut, OTLP_LOG, raw("{\"a\":1}", 7), &err), ERR_INVALID);
    assert_string_equal(err.msg, "JSON, with the content type of protobuf");
    otlp_cut_begin(&cut);
    assert_int_equal(otlp_wire_cut(&cut, OTLP_LOG, raw("\x0a\x02\x12\x05", 4), &err), ERR_INVALID);
    assert_string_equal(err.msg, "byte 2: field 2 has 5 bytes; expected: at most 0, which are left");
    otlp_cut_begin(&cut);
    assert_int_equal(otlp_wire_cut(&cut, OTLP_LOG, raw("\x0a\x04\x0a\x00\x0a\x00", 6), &err), 0);
    otlp_cut_done(&cut);
    buf_done(&request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_has_the_form_of_json),
        cmocka_unit_test(a_log_record_and_a_metric_have_the_form_of_json),
        cmocka_unit_test(what_is_not_utf8_is_mended_and_nul_stays),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(malformed_fields_are_refused_in_their_own_words),
        cmocka_unit_test(nesting_is_bounded_before_and_after_decoding),
        cmocka_unit_test(the_number_of_fields_is_bounded),
        cmocka_unit_test(every_truncation_is_refused_or_shorter),
        cmocka_unit_test(a_request_is_cut_where_json_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
