/* Metrics: which become events, for which intervals, and that a counter is counted once whatever is sent again. */
#include "tests/ingest/otlp_receiver.h"
#include "tests/ingest/protobuf.h"

#define T0        "1790000000000000000"
#define AT(n)     "1790000" n "0000000000"
#define RESOURCE  "\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"app\"}}]},"
#define METRIC(m) "{\"resourceMetrics\":[{" RESOURCE "\"scopeMetrics\":[{\"metrics\":[" m "]}]}]}\n"
#define SUM(name, temporality, points)                                                                                     \
    METRIC("{\"name\":\"" name "\",\"unit\":\"{token}\",\"sum\":{\"aggregationTemporality\":" temporality                  \
           ",\"isMonotonic\":true,\"dataPoints\":[" points "]}}")
#define POINT(start, time, value)                                                                                          \
    "{\"startTimeUnixNano\":\"" start "\",\"timeUnixNano\":\"" time "\",\"asInt\":\"" value "\",\"attributes\":["          \
    "{\"key\":\"type\",\"value\":{\"stringValue\":\"input\"}},{\"key\":\"model\",\"value\":{\"stringValue\":\"m1\"}},"     \
    "{\"key\":\"user.id\",\"value\":{\"stringValue\":\"u\"}}]}"

/* For files alone: the receiver is never started. */
static struct box *box_of(void **state) {
    struct receiver *r = *state;
    r->ended = true;
    return &r->box;
}

static void file_is(struct box *b, const char *text, uint64_t accepted, uint64_t duplicate, uint64_t rejected) {
    const char *files[] = {b->file};
    box_write(b->file, text, O_TRUNC);
    if (box_run(b, "otlp", (struct ingest_options){.paths = files, .n_paths = 1}) != 0) {
        fail_msg("%s", b->err.msg);
    }
    const struct ingest_tally *t = &b->result.total;
    if (t->accepted != accepted || t->duplicate != duplicate || t->rejected != rejected) {
        fail_msg("%llu accepted, %llu duplicate, %llu rejected: %s", (unsigned long long)t->accepted,
                 (unsigned long long)t->duplicate, (unsigned long long)t->rejected, b->rejections);
    }
}

/* The event has each of these texts. */
static void event_has(struct box *b, uint64_t seq, const char *const *texts) {
    char text[8192];
    box_event(b, seq, text, sizeof(text));
    for (; *texts != NULL; texts++) {
        if (strstr(text, *texts) == NULL) {
            fail_msg("%s\nlacks %s", text, *texts);
        }
    }
}
#define HAS(b, seq, ...) event_has(b, seq, (const char *const[]){__VA_ARGS__, NULL})

static void a_delta_is_taken_as_it_is(void **state) {
    struct box *b = box_of(state);
    const char *text =
        SUM("claude_code.token.usage", "1", POINT(AT("01"), AT("02"), "70") "," POINT(AT("02"), AT("03"), "0"));
    file_is(b, text, 2, 0, 0); /* the reporter, and one point with news */
    HAS(b, 2, "run.measured service/app service:app otlp reported", "\"metric\":\"claude_code.token.usage\"",
        "\"form\":\"sum\"", "\"unit\":\"{token}\"", "\"sum\":70", "\"from\":" AT("01"), "\"to\":" AT("02"),
        "\"token_type\":\"input\"", "\"model\":\"m1\"", "\"service\":\"app\"", "{\"attributes\":{\"user.id\":\"u\"}}");
    file_is(b, text, 0, 2, 0);
}

static void a_cumulative_sum_becomes_what_it_rose_by(void **state) {
    struct box *b = box_of(state);
    const char *text = SUM("gemini_cli.token.usage", "2", POINT(AT("01"), AT("02"), "5") "," POINT(AT("01"), AT("03"), "8"))
        SUM("gemini_cli.token.usage", "2", POINT(AT("01"), AT("04"), "8") "," POINT(AT("01"), AT("05"), "9"));
    file_is(b, text, 4, 0, 0);
    HAS(b, 2, "\"sum\":5", "\"from\":" AT("01"), "\"to\":" AT("02"));
    HAS(b, 3, "\"sum\":3", "\"from\":" AT("02"), "\"to\":" AT("03"));
    HAS(b, 4, "\"sum\":1", "\"from\":" AT("03"), "\"to\":" AT("05"));
    file_is(b, text, 0, 1, 0); /* the reporter; no point has news */
    assert_int_equal(box_count(b, "run.measured"), 3);
}

static void a_run_that_starts_again_continues_where_it_was(void **state) {
    struct box *b = box_of(state);
    file_is(b, SUM("mcp.calls", "2", POINT(AT("01"), AT("02"), "5")), 2, 0, 0);
    file_is(b, SUM("mcp.calls", "2", POINT(AT("01"), AT("03"), "8")), 1, 1, 0);
    HAS(b, 4, "\"sum\":3", "\"from\":" AT("02")); /* after the receipt */
}

static void a_new_start_and_a_fall_begin_anew(void **state) {
    struct box *b = box_of(state);
    file_is(b,
            SUM("mcp.calls", "2",
                POINT(AT("01"), AT("02"), "5") "," POINT(AT("03"), AT("04"), "2") "," POINT(AT("03"), AT("05"), "1")),
            4, 0, 0);
    HAS(b, 3, "\"sum\":2", "\"from\":" AT("03"), "\"to\":" AT("04"));
    HAS(b, 4, "\"sum\":1", "\"from\":" AT("04"), "\"to\":" AT("05"));
}

#define HISTOGRAM(time, count, sum, counts)                                                                                \
    "{\"startTimeUnixNano\":\"" AT("01") "\",\"timeUnixNano\":\"" time "\",\"count\":\"" count "\",\"sum\":" sum           \
                                         ",\"min\":0.5,\"max\":4,\"bucketCounts\":[" counts                                \
                                         "],\"explicitBounds\":[1,2.5],\"attributes\":["                                   \
                                         "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"       \
                                         "{\"key\":\"gen_ai.token.type\",\"value\":{\"stringValue\":\"output\"}},"         \
                                         "{\"key\":\"gen_ai.system\",\"value\":{\"stringValue\":\"ollama\"}},"             \
                                         "{\"key\":\"error.type\",\"value\":{\"stringValue\":\"timeout\"}}]}"

static void a_histogram_keeps_its_buckets(void **state) {
    struct box *b = box_of(state);
    file_is(
        b,
        METRIC("{\"name\":\"gen_ai.client.operation.duration\",\"unit\":\"s\",\"histogram\":{\"aggregationTemporality\":2,"
               "\"dataPoints\":[" HISTOGRAM(AT("02"), "3", "6.5", "\"1\",\"1\",\"1\"") "," HISTOGRAM(
                   AT("03"), "5", "8", "\"2\",\"2\",\"1\"") "]}}"),
        3, 0, 0);
    HAS(b, 2, "\"form\":\"histogram\"", "\"count\":3", "\"sum\":6.5", "\"min\":0.5", "\"max\":4", "\"bounds\":[1,2.5]",
        "\"buckets\":[1,1,1]", "\"operation\":\"chat\"", "\"token_type\":\"output\"", "\"provider\":\"ollama\"",
        "\"error\":\"timeout\"");
    HAS(b, 3, "\"count\":2", "\"sum\":1.5", "\"buckets\":[1,1,0]");
    char text[4096]; /* the extremes of the whole time are none of the interval */
    assert_null(strstr(box_event(b, 3, text, sizeof(text)), "\"max\""));
}

static void levels_are_taken_as_they_are(void **state) {
    struct box *b = box_of(state);
    file_is(b,
            METRIC("{\"name\":\"gen_ai.server.queue\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":" T0
                   ",\"asDouble\":2.5}]}},{\"name\":\"mcp.open\",\"sum\":{\"aggregationTemporality\":2,\"dataPoints\":["
                   "{\"timeUnixNano\":" T0 ",\"asInt\":\"-2\"}]}},"
                   "{\"name\":\"mcp.size\",\"exponentialHistogram\":{\"aggregationTemporality\":1,\"dataPoints\":["
                   "{\"timeUnixNano\":" T0
                   ",\"count\":2,\"sum\":7,\"scale\":1,\"positive\":{\"bucketCounts\":[\"2\"]}}]}}"),
            4, 0, 0);
    HAS(b, 2, "\"form\":\"gauge\"", "\"sum\":2.5");
    HAS(b, 3, "\"form\":\"gauge\"", "\"sum\":-2");
    HAS(b, 4, "\"form\":\"histogram\"", "\"count\":2", "\"sum\":7");
}

static void other_metrics_are_passed(void **state) {
    struct box *b = box_of(state);
    file_is(b, SUM("http.server.duration", "1", POINT(AT("01"), AT("02"), "70")), 1, 0, 0);
    assert_int_equal(b->result.total.passed, 1);
    assert_int_equal(box_count(b, "run.measured"), 0);
}

static void each_bad_point_is_rejected_alone(void **state) {
    struct box *b = box_of(state);
    file_is(b,
            SUM("mcp.calls", "1",
                "{\"timeUnixNano\":0,\"asInt\":1}," POINT(AT("01"), AT("02"), "x") "," POINT(
                    AT("01"), AT("02"), "3") ",7,"
                                             "{\"timeUnixNano\":" T0 "},{\"timeUnixNano\":" T0 ",\"asDouble\":\"NaN\"}")
                SUM("mcp.calls", "0", POINT(AT("01"), AT("02"), "1")) METRIC("{\"name\":\"mcp.s\",\"summary\":{}}")
                    METRIC("{\"name\":\"mcp.s\"}") METRIC("{}") METRIC("7"),
            2, 0, 10);
    assert_string_equal(b->rejections,
                        "1: 'timeUnixNano' is missing or wrong; expected: nanoseconds since 1970\n"
                        "1: 'asInt' is not a number; expected: a finite one\n"
                        "1: the data point is a number; expected: an object\n"
                        "1: the data point has neither 'asInt' nor 'asDouble'\n"
                        "1: 'asDouble' is not a number; expected: a finite one\n"
                        "2: 'aggregationTemporality' is missing or wrong; expected: 1 (delta) or 2 (cumulative)\n"
                        "3: summaries are not recorded; expected: a sum, a gauge or a histogram\n"
                        "4: the metric has no points; expected: a sum, a gauge or a histogram\n"
                        "5: 'name' is missing or wrong; expected: a word\n"
                        "6: the metric is a number; expected: an object\n");
}

/* 1,025 series of one metric: the last is refused, with what helps. */
static void more_series_than_there_is_room_for_are_refused(void **state) {
    struct box *b = box_of(state);
    struct buf text = pb_new();
    buf_put_str(&text, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[");
    for (int i = 0; i < 1025; i++) {
        buf_printf(&text,
                   "%s{\"name\":\"mcp.m%d\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":["
                   "{\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"" T0 "\",\"asInt\":\"1\"}]}}",
                   i > 0 ? "," : "", i);
    }
    buf_put_str(&text, "]}]}]}");
    buf_put_u8(&text, 0);
    file_is(b, (const char *)text.p, 1024, 0, 1);
    assert_non_null(strstr(b->rejections, "more than 1024 cumulative series at once; set "
                                          "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta"));
    buf_done(&text);
}

static void a_metric_in_protobuf_is_the_same_and_rejected_points_are_counted(void **state) {
    struct receiver *r = *state;
    struct client c;
    start(r);
    for (int i = 0; i < 2; i++) {
        struct buf scope = pb_new(), metric = pb_new(), sum = pb_new(), point = pb_new();
        pb_fixed(&point, 2, UINT64_C(1790000001000000000));
        pb_fixed(&point, 3, UINT64_C(1790000002000000000));
        pb_fixed(&point, 6, 70);
        pb_attribute(&point, 7, "type", "input");
        pb_message(&sum, 1, &point);
        pb_message(&sum, 1, &point); /* two without a time */
        pb_message(&sum, 1, &point);
        pb_number(&sum, 2, 1);
        pb_number(&sum, 3, 1);
        pb_text(&metric, 1, "mcp.calls");
        pb_text(&metric, 3, "{token}");
        pb_message(&metric, 7, &sum);
        pb_message(&scope, 2, &metric);
        struct buf request = pb_request(&scope, "app");
        post_bytes(r, &c, "/v1/metrics", "application/x-protobuf", request.p, request.n);
        assert_int_equal(client_status(&c), 200);
        assert_int_equal(client_body(&c)[3], 2); /* {1: {1: 2, 2: words}} */
        buf_done(&request);
    }
    const char *text = SUM("mcp.calls", "1",
                           "{\"startTimeUnixNano\":\"1790000001000000000\",\"timeUnixNano\":\"1790000002000000000\","
                           "\"asInt\":70,\"attributes\":[{\"key\":\"type\",\"value\":{\"stringValue\":\"input\"}}]},7");
    post_bytes(r, &c, "/v1/metrics", "application/json", text, strlen(text) - 1);
    assert_non_null(strstr(c.answer, "{\"partialSuccess\":{\"rejectedDataPoints\":\"1\","));
    end(r);
    assert_int_equal(box_count(&r->box, "run.measured"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_delta_is_taken_as_it_is),
        TEST(a_cumulative_sum_becomes_what_it_rose_by),
        TEST(a_run_that_starts_again_continues_where_it_was),
        TEST(a_new_start_and_a_fall_begin_anew),
        TEST(a_histogram_keeps_its_buckets),
        TEST(levels_are_taken_as_they_are),
        TEST(other_metrics_are_passed),
        TEST(each_bad_point_is_rejected_alone),
        TEST(more_series_than_there_is_room_for_are_refused),
        TEST(a_metric_in_protobuf_is_the_same_and_rejected_points_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
