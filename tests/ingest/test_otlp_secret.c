/* Secrets of every form, wherever OTLP has a text: found in no file of the ledger, in no event that is read back, and in no
 * message. */
#include <dirent.h>

#include "tests/base/secret_sample.h"
#include "tests/ingest/ledger_box.h"

#define SEED 11

#define IDS      "\"traceId\":\"%032zx\",\"spanId\":\"%016zx\""
#define SPAN(x)  "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" IDS "," x "}]}]}]}\n"
#define A(k, v)  "\"attributes\":[{\"key\":\"" k "\",\"value\":{\"stringValue\":\"" v "\"}}]"
#define AS(k, v) "{\"key\":\"" k "\",\"value\":{\"stringValue\":\"" v "\"}}"
#define LOG(x)   "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{" IDS "," x "}]}]}]}\n"
#define OP(o)    AS("gen_ai.operation.name", o) ","

/* Each takes two numbers for its ids and the secret. */
static const char *const places[] = {
    SPAN("\"name\":\"%s\""),
    SPAN("\"name\":\"run %s now\"," A("plain", "and %s here")),
    SPAN(A("%s", "a secret as a name")),
    SPAN("\"attributes\":[{\"key\":\"m\",\"value\":{\"kvlistValue\":{\"values\":[" AS("%s", "v") "]}}}]"),
    SPAN("\"attributes\":[{\"key\":\"m\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"%s\"}]}}}]"),
    SPAN("\"attributes\":[{\"key\":\"m\",\"value\":{\"bytesValue\":\"%s\"}}]"),
    SPAN("\"attributes\":[{\"key\":\"m\",\"value\":{\"someValue\":\"%s\"}}]"),
    SPAN("\"attributes\":[" AS("k", "first") "," AS("k", "%s") "]"),
    SPAN("\"status\":{\"code\":2,\"message\":\"%s\"}"),
    SPAN("\"status\":{\"code\":2}," A("error.type", "%s")),
    SPAN("\"traceState\":\"%s\""),
    SPAN("\"links\":[{\"traceState\":\"%s\"}]"),
    SPAN("\"kind\":\"%s\""),
    SPAN("\"startTimeUnixNano\":\"%s\""),
    SPAN("\"fromTheFuture\":\"%s\""),
    SPAN("\"%s\":1"),
    SPAN("\"events\":[{\"name\":\"%s\"}]"),
    SPAN("\"events\":[{\"name\":\"exception\"," A("exception.message", "%s") "}],\"status\":{\"code\":2}"),
    SPAN("\"events\":[{\"name\":\"gen_ai.evaluation.result\"," A("gen_ai.evaluation.name", "%s") "}]"),
    SPAN("\"attributes\":[" OP("chat") AS("gen_ai.request.model", "%s") "]"),
    SPAN("\"attributes\":[" OP("chat") AS("gen_ai.response.id", "%s") "]"),
    SPAN("\"attributes\":[" OP("chat") AS("gen_ai.input.messages", "use %s") "]"),
    SPAN("\"attributes\":[" OP("chat") AS("server.address", "%s") "]"),
    SPAN("\"attributes\":[" OP("%s") AS("gen_ai.request.model", "m") "]"),
    SPAN("\"attributes\":[" OP("execute_tool") AS("gen_ai.tool.name", "%s") "]"),
    SPAN("\"attributes\":[" OP("execute_tool") AS("gen_ai.tool.call.arguments", "curl -H %s") "]"),
    SPAN("\"attributes\":[" OP("invoke_agent") AS("gen_ai.agent.name", "%s") "]"),
    SPAN("\"attributes\":[" OP("invoke_agent") AS("gen_ai.conversation.id", "%s") "]"),
    LOG("\"body\":{\"stringValue\":\"%s\"}"),
    LOG("\"eventName\":\"%s\""),
    LOG("\"severityText\":\"%s\""),
    LOG("\"attributes\":[" AS("event.name", "tool_decision") "," AS("tool_name", "%s") "," AS("decision", "accept") "]"),
    LOG("\"attributes\":[" AS("event.name", "tool_decision") "," AS("tool_name", "t") "," AS("decision", "%s") "]"),
    LOG("\"attributes\":[" AS("event.name", "tool_decision") "," AS("tool_name", "t") "," AS("decision", "accept") "," AS(
        "source", "%s") "]"),
    LOG("\"x\":1},{\"timeUnixNano\":\"5\"," A("session.id", "%s")),
    "{\"resourceSpans\":[{\"resource\":{" A("service.name", "%3$s") "},\"scopeSpans\":[{\"spans\":[{"
                                                                    "\"traceId\":\"%1$032zx\",\"spanId\":\"%2$016zx\""
                                                                    "}]}]}]}\n",
    "{\"resourceSpans\":[{\"resource\":{" A("host.name",
                                            "%3$s") "},\"scopeSpans\":[{\"scope\":{\"name\":\"%3$s\"},\"spans\":[{"
                                                    "\"traceId\":\"%1$032zx\",\"spanId\":\"%2$016zx\""
                                                    "}]}]}]}\n",
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"%3$s\",\"spanId\":\"%2$016zx\",\"x\":%1$zu}]}]}]}\n",
    "nonsense %zu %zu %s\n",
};

static void escape(const char *text, char ret[2 * SAMPLE_MAX]) {
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            ret[n++] = '\\';
            ret[n++] = 'n';
        } else {
            ret[n++] = *text;
        }
    }
    ret[n] = '\0';
}

/* Does any file below the directory contain these bytes? */
static bool is_in_files(const char *dir, const char *needle) {
    DIR *d = opendir(dir);
    bool found = false;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL && !found;) {
        char path[1024];
        struct buf content;
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_type == DT_DIR) {
            found = is_in_files(path, needle);
            continue;
        }
        buf_init(&content, (size_t)256 << 20);
        assert_int_equal(file_read(path, &content, NULL), 0);
        found = content.n > 0 && memmem(content.p, content.n, needle, strlen(needle)) != NULL;
        buf_done(&content);
    }
    closedir(d);
    return found;
}

/* All events with their private fields, as text: groups are compressed in the file. */
static void read_back(struct box *b, struct buf *out) {
    struct log_reader *reader = NULL;
    struct log_event e;
    struct buf private_;
    buf_init(&private_, (size_t)4 << 20);
    assert_int_equal(log_reader_open(b->ledger, 0, LOG_NO_SEQ, &reader, NULL), 0);
    while (log_reader_next(reader, &e, NULL) == 0) {
        buf_clear(&private_);
        if (e.has_private) {
            assert_int_equal(log_reader_private(reader, &private_, NULL), 0);
        }
        buf_put_bytes(out, e.header);
        buf_put_bytes(out, e.body);
        buf_put_bytes(out, bytes_of_buf(&private_));
    }
    assert_int_equal(out->fail, 0);
    buf_done(&private_);
    log_reader_close(reader);
}

static void write_all(const char *path) {
    char secret[SAMPLE_MAX], escaped[2 * SAMPLE_MAX];
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    for (size_t i = 0; i < sample_count(); i++) {
        sample_make(i, SEED, secret);
        escape(secret, escaped);
        for (size_t k = 0; k < COUNT(places); k++) {
            size_t id = 1 + i * COUNT(places) + k;
            bool twice = k == 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            if (twice) {
                fprintf(f, places[k], id, id, escaped, escaped);
            } else {
                fprintf(f, places[k], id, id, escaped);
            }
#pragma GCC diagnostic pop
        }
    }
    fclose(f);
}

static void no_secret_of_any_rule_is_kept_anywhere(void **state) {
    (void)state;
    struct box b;
    struct buf all;
    char secret[SAMPLE_MAX];
    box_init(&b);
    buf_init(&all, (size_t)64 << 20);
    write_all(b.file);
    const char *paths[] = {b.file};
    if (box_run(&b, "otlp", (struct ingest_options){.paths = paths, .n_paths = 1}) != 0) {
        fail_msg("%s", b.err.msg);
    }
    assert_true(b.result.total.masked > 20 * sample_count());
    read_back(&b, &all);
    log_close(b.ledger);
    b.ledger = NULL;
    for (size_t i = 0; i < sample_count(); i++) {
        sample_make(i, SEED, secret);
        if (is_in_files(b.log_dir, secret) || memmem(all.p, all.n, secret, strlen(secret)) != NULL ||
            strstr(b.rejections, secret) != NULL) {
            fail_msg("rule %s: '%s' is in the ledger", SAMPLES[i].rule, secret);
        }
    }
    /* For each secret, two records are rejected, the nonsense and the trace id; all others are kept, masked. */
    assert_int_equal(b.result.total.rejected, 2 * sample_count());
    assert_int_equal(b.result.total.n_reasons, 2);
    assert_string_equal(b.result.total.reasons[0].text, "'traceId' is wrong; expected: 32 hex digits");
    assert_string_equal(b.result.total.reasons[1].text, "not valid JSON");
    buf_done(&all);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_of_any_rule_is_kept_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
