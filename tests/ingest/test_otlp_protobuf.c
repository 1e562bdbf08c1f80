/* The receiver for SDKs in their default settings: Protocol Buffers, in each content encoding. What was sent both ways is
 * there once, and answers have the form of their requests. */
#include <zlib.h>

#include "base/archive/zst.h"
#include "tests/ingest/otlp_receiver.h"
#include "tests/ingest/protobuf.h"

#define PROTOBUF "application/x-protobuf"
#define TRACE    "\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36"

static const char *const paths[] = {"/v1/traces", "/v1/logs", "/v1/metrics"};
enum { TRACES, LOGS, METRICS };

static struct bytes text(const char *s) {
    return bytes_of(s);
}

/* A call of a model with 12 tokens, with this id. */
static void put_call(struct buf *scope, uint8_t id) {
    struct buf span = pb_new();
    uint8_t ids[8] = {0, 0, 0, 0, 0, 0, 0, id};
    pb_bytes(&span, 1, (struct bytes){(const uint8_t *)TRACE, 16});
    pb_bytes(&span, 2, (struct bytes){ids, 8});
    pb_text(&span, 5, "chat qwen2.5:7b");
    pb_number(&span, 6, 3);
    pb_fixed(&span, 7, UINT64_C(1544712660300000000));
    pb_fixed(&span, 8, UINT64_C(1544712660600000000));
    pb_attribute(&span, 9, "gen_ai.operation.name", "chat");
    pb_attribute(&span, 9, "gen_ai.request.model", "qwen2.5:7b");
    pb_attribute_int(&span, 9, "gen_ai.usage.input_tokens", 12);
    pb_message(scope, 2, &span);
}
#define CALL_JSON                                                                                                          \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s\"}}]},"   \
    "\"scopeSpans\":[{\"spans\":[{\"traceId\":\"4BF92F3577B34DA6A3CE929D0E0E4736\",\"spanId\":\"0000000000000001\","       \
    "\"name\":\"chat qwen2.5:7b\",\"kind\":3,\"startTimeUnixNano\":1544712660300000000,"                                   \
    "\"endTimeUnixNano\":\"1544712660600000000\",\"attributes\":["                                                         \
    "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"                                            \
    "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"qwen2.5:7b\"}},"                                       \
    "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":12}}],\"droppedAttributesCount\":0,\"events\":[]}]}]}" \
    "]}"

static struct buf call(uint8_t id) {
    struct buf scope = pb_new();
    put_call(&scope, id);
    return pb_request(&scope, "s");
}

static struct buf decision(void) {
    struct buf scope = pb_new(), log = pb_new(), value = pb_new();
    pb_fixed(&log, 1, 9);
    pb_number(&log, 2, 9);
    pb_text(&value, 1, "claude_code.tool_decision");
    pb_message(&log, 5, &value);
    pb_attribute(&log, 6, "tool_name", "Bash");
    pb_attribute(&log, 6, "decision", "accept");
    pb_attribute_int(&log, 6, "event.sequence", 1);
    pb_bytes(&log, 9, (struct bytes){(const uint8_t *)TRACE, 16});
    pb_fixed(&log, 11, 10);
    pb_message(&scope, 2, &log);
    return pb_request(&scope, "s");
}
#define DECISION_JSON                                                                                                      \
    "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s\"}}],"     \
    "\"droppedAttributesCount\":0},\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":9,\"observedTimeUnixNano\":\"11\","   \
    "\"severityNumber\":9,\"severityText\":\"\",\"body\":{\"stringValue\":\"claude_code.tool_decision\"},\"attributes\":[" \
    "{\"key\":\"tool_name\",\"value\":{\"stringValue\":\"Bash\"}},"                                                        \
    "{\"key\":\"decision\",\"value\":{\"stringValue\":\"accept\"}},"                                                       \
    "{\"key\":\"event.sequence\",\"value\":{\"intValue\":1}}],\"flags\":0,\"spanId\":\"\","                                \
    "\"traceId\":\"4BF92F3577B34DA6A3CE929D0E0E4736\"}]}]}]}"

/* Posts and frees the request; the answer's body is `wanted`. */
static void post_as(struct receiver *r, int path, const char *headers, struct buf *request, unsigned status,
                    struct bytes wanted) {
    struct client c;
    post_bytes(r, &c, paths[path], headers, request->p, request->n);
    const char *body = client_body(&c);
    if (client_status(&c) != status || c.n - (size_t)(body - c.answer) != wanted.n ||
        memcmp(body, wanted.p, wanted.n) != 0) {
        fail_msg("%s: %s", paths[path], c.answer);
    }
    bool protobuf = strstr(headers, PROTOBUF) != NULL;
    assert_non_null(
        strstr(c.answer, protobuf ? "\r\nContent-Type: " PROTOBUF "\r\n" : "\r\nContent-Type: application/json\r\n"));
    buf_done(request);
}

static struct buf json(const char *s) {
    struct buf out = pb_new();
    buf_put_str(&out, s);
    return out;
}

static void the_same_sent_both_ways_is_there_once(void **state) {
    struct receiver *r = *state;
    char first[4096];
    start(r);
    struct buf a = call(1), b = json(CALL_JSON), c = decision(), d = json(DECISION_JSON);
    post_as(r, TRACES, PROTOBUF, &a, 200, text(""));
    post_as(r, TRACES, "application/json", &b, 200, text("{}"));
    assert_int_equal(box_count(&r->box, "run.model_called"), 1);
    post_as(r, LOGS, "application/json", &d, 200, text("{}"));
    post_as(r, LOGS, PROTOBUF "; charset=x", &c, 200, text(""));
    assert_int_equal(box_count(&r->box, "permission.decided"), 1);
    assert_int_equal(box_count(&r->box, "run.reporter_observed"), 1);
    end(r);
    assert_int_equal(r->result.total.duplicate, 2);
    assert_int_equal(r->result.total.rejected, 0);
    box_event(&r->box, 2, first, sizeof(first));
    assert_non_null(strstr(first, "\"tokens_in\":12"));
}

static void a_span_gives_the_same_event_either_way(void **state) {
    struct receiver *r = *state;
    char events[2][4096];
    for (int way = 0; way < 2; way++) {
        void *own;
        setup(&own);
        start(own);
        struct buf request = way == 0 ? call(1) : json(CALL_JSON);
        post_as(own, TRACES, way == 0 ? PROTOBUF : "application/json", &request, 200, text(way == 0 ? "" : "{}"));
        box_event(&((struct receiver *)own)->box, 2, events[way], sizeof(events[way]));
        teardown(&own);
    }
    assert_non_null(strstr(events[0], "run.model_called"));
    assert_string_equal(events[0], events[1]);
    r->ended = true;
}

/* message 1 {rejected = 1; words = 2} */
static struct buf partial(uint64_t rejected, const char *words) {
    struct buf inner = pb_new(), out = pb_new();
    if (rejected > 0) {
        pb_number(&inner, 1, rejected);
    }
    pb_text(&inner, 2, words);
    pb_message(&out, 1, &inner);
    return out;
}

static struct buf status(unsigned code, const char *words) {
    struct buf out = pb_new();
    pb_number(&out, 1, code);
    pb_text(&out, 2, words);
    return out;
}

static void rejected_records_are_a_partial_success_in_protobuf(void **state) {
    struct receiver *r = *state;
    struct buf scope = pb_new(), bad = pb_new();
    start(r);
    pb_bytes(&scope, 2, (struct bytes){(const uint8_t *)"\x0b", 1});
    put_call(&scope, 1);
    pb_bytes(&bad, 1, text("short"));
    pb_message(&scope, 2, &bad);
    struct buf request = pb_request(&scope, "s"), answer;
    struct client c;
    post_bytes(r, &c, paths[TRACES], PROTOBUF, request.p, request.n);
    if (memmem(c.answer, c.n, "2 rejected; the last one: ", 26) == NULL) {
        fail_msg("%s", c.answer);
    }
    assert_int_equal(box_count(&r->box, "run.model_called"), 1);
    buf_done(&request);
    request = json("\x78\x01"); /* a field that is unknown, and nothing else */
    buf_put_u8(&request, 0x78);
    buf_put_u8(&request, 0x01);
    answer = partial(0, "nothing was recorded: the document has no 'resourceLogs'");
    post_as(r, LOGS, PROTOBUF, &request, 200, bytes_of_buf(&answer));
    buf_done(&answer);
    end(r);
    assert_int_equal(r->result.total.rejected, 2);
}

static void refusals_are_a_status_in_protobuf(void **state) {
    struct receiver *r = *state;
    start(r);
    struct buf request = json("\x0a\x05x"),
               answer = status(3, "not valid protobuf: byte 0: field 1 has 5 bytes; expected: at "
                                  "most 1, which are left");
    post_as(r, TRACES, PROTOBUF, &request, 400, bytes_of_buf(&answer));
    buf_done(&answer);
    request = json("{\"resourceSpans\":[]}");
    answer = status(3, "not valid protobuf: JSON, with the content type of protobuf");
    post_as(r, TRACES, PROTOBUF, &request, 400, bytes_of_buf(&answer));
    buf_done(&answer);
    request = json("x");
    answer = status(12, "this content encoding is not supported; expected: gzip, zstd, identity");
    post_as(r, TRACES, PROTOBUF "\r\nContent-Encoding: br", &request, 415, bytes_of_buf(&answer));
    buf_done(&answer);
    request = json("");
    post_as(r, METRICS, PROTOBUF, &request, 200, text("")); /* an empty request is one without records */
    end(r);
}

static struct buf gzipped(struct bytes plain) {
    z_stream z = {0};
    struct buf out = pb_new();
    uint8_t *room = buf_room(&out, plain.n + 1000), *copy = malloc(plain.n);
    memcpy(copy, plain.p, plain.n);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = copy;
    z.avail_in = (uInt)plain.n;
    z.next_out = room;
    z.avail_out = (uInt)(plain.n + 1000);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = z.total_out;
    deflateEnd(&z);
    free(copy);
    return out;
}

static struct buf zstd_of(struct bytes plain) {
    struct buf out = pb_new();
    assert_int_equal(zst_compress(&out, plain, 3, NULL), 0);
    return out;
}

static void each_encoding_is_taken_in_each_form(void **state) {
    struct receiver *r = *state;
    start(r);
    for (int i = 0; i < 4; i++) {
        struct buf plain = i < 2 ? call((uint8_t)(2 + i)) : json(CALL_JSON);
        struct buf packed = i % 2 == 0 ? gzipped(bytes_of_buf(&plain)) : zstd_of(bytes_of_buf(&plain));
        const char *headers = i == 0   ? PROTOBUF "\r\nContent-Encoding: gzip"
                              : i == 1 ? PROTOBUF "\r\nContent-Encoding: zstd"
                              : i == 2 ? "application/json\r\nContent-Encoding: gzip"
                                       : "application/json\r\nContent-Encoding: zstd";
        post_as(r, TRACES, headers, &packed, 200, text(i < 2 ? "" : "{}"));
        buf_done(&plain);
    }
    end(r);
    assert_int_equal(box_count(&r->box, "run.model_called"), 3);
}

static void bombs_are_too_large(void **state) {
    struct receiver *r = *state;
    size_t n = (size_t)32 << 20;
    struct bytes zeros = {calloc(n, 1), n};
    start(r);
    struct buf gzip = gzipped(zeros), zstd = zstd_of(zeros),
               answer = status(8, "gzip data decodes to more than 200 times its size");
    post_as(r, TRACES, PROTOBUF "\r\nContent-Encoding: gzip", &gzip, 413, bytes_of_buf(&answer));
    buf_done(&answer);
    answer = status(8, "zstd data decodes to more than 200 times its size");
    post_as(r, TRACES, PROTOBUF "\r\nContent-Encoding: zstd", &zstd, 413, bytes_of_buf(&answer));
    buf_done(&answer);
    struct buf junk = json("(\xb5/");
    answer = status(3, "zstd data is damaged near byte 1: Unknown frame descriptor");
    struct client c;
    buf_put(&junk, "\xff\xff\xff\xff\xff\xff", 6);
    post_bytes(r, &c, paths[TRACES], PROTOBUF "\r\nContent-Encoding: zstd", junk.p, junk.n);
    assert_int_equal(client_status(&c), 400);
    buf_done(&junk);
    buf_done(&answer);
    end(r);
    assert_int_equal(r->result.total.accepted, 0);
    free((void *)(uintptr_t)zeros.p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_same_sent_both_ways_is_there_once),
        TEST(a_span_gives_the_same_event_either_way),
        TEST(rejected_records_are_a_partial_success_in_protobuf),
        TEST(refusals_are_a_status_in_protobuf),
        TEST(each_encoding_is_taken_in_each_form),
        TEST(bombs_are_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
