/* Span i is a pure function of i: trace i / 6, whose last span is the agent and the others its children. */
#include "bench/spans.h"

#include <stdio.h>

#define FIRST_AT  UINT64_C(1790000000000000000)
#define PER_TRACE UINT64_C(12000000) /* ns from one trace to the next */

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#define TAIL                                                                                                               \
    "],\"droppedAttributesCount\":0,\"events\":[],\"droppedEventsCount\":0,\"status\":{\"code\":0},\"links\":[],"          \
    "\"droppedLinksCount\":0,\"flags\":257}"
#define RESOURCE                                                                                                           \
    "{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"pdf-ops\"}},"                                 \
    "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"0.1.0\"}},"                                                 \
    "{\"key\":\"host.name\",\"value\":{\"stringValue\":\"box-1\"}}]}"

/* One attribute; all but the first of a span are preceded by a comma. */
static void put_text(struct buf *out, const char *key, const char *value) {
    buf_printf(out, "%s{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}", out->p[out->n - 1] == '[' ? "" : ",", key,
               value);
}

static void put_int(struct buf *out, const char *key, unsigned value) {
    buf_printf(out, ",{\"key\":\"%s\",\"value\":{\"intValue\":%u}}", key, value);
}

static void put_head(struct buf *out, uint64_t i, const char *name, int kind) {
    uint64_t trace = i / SPANS_TRACE, start = FIRST_AT + trace * PER_TRACE + i % SPANS_TRACE * 1000000;
    bool agent = i % SPANS_TRACE == SPANS_TRACE - 1;
    buf_printf(out, "{\"traceId\":\"%016llx%016llx\",\"spanId\":\"%016llx\",", (unsigned long long)mix(trace),
               (unsigned long long)mix(~trace), (unsigned long long)mix(i + 1));
    if (!agent) {
        buf_printf(out, "\"parentSpanId\":\"%016llx\",", (unsigned long long)mix((trace + 1) * SPANS_TRACE));
    }
    buf_printf(out,
               "\"name\":\"%s\",\"kind\":%d,\"startTimeUnixNano\":\"%llu\",\"endTimeUnixNano\":\"%llu\",\"attributes\":[",
               name, kind, (unsigned long long)start, (unsigned long long)(start + mix(i) % 1000000000));
}

static void put_span(struct buf *out, uint64_t i) {
    uint64_t r = mix(i ^ 0x5555);
    char id[24];
    switch (i % SPANS_TRACE) {
    case 1:
    case 3:
        put_head(out, i, "execute_tool pdftotext", 1);
        put_text(out, "gen_ai.operation.name", "execute_tool");
        put_text(out, "gen_ai.tool.name", "pdftotext");
        snprintf(id, sizeof(id), "call_%08x", (unsigned)r);
        put_text(out, "gen_ai.tool.call.id", id);
        break;
    case SPANS_TRACE - 1:
        put_head(out, i, "invoke_agent pdf-agent", 1);
        put_text(out, "gen_ai.operation.name", "invoke_agent");
        put_text(out, "gen_ai.agent.name", "pdf-agent");
        snprintf(id, sizeof(id), "conv-%08x", (unsigned)r);
        put_text(out, "gen_ai.conversation.id", id);
        break;
    default:
        put_head(out, i, "chat qwen2.5:7b", 3);
        put_text(out, "gen_ai.operation.name", "chat");
        put_text(out, "gen_ai.provider.name", "ollama");
        put_text(out, "gen_ai.request.model", "qwen2.5:7b");
        put_text(out, "gen_ai.response.model", "qwen2.5:7b");
        put_int(out, "gen_ai.usage.input_tokens", (unsigned)(r % 4000));
        put_int(out, "gen_ai.usage.output_tokens", (unsigned)(r >> 32) % 900);
        buf_put_str(out, ",{\"key\":\"gen_ai.response.finish_reasons\","
                         "\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"stop\"}]}}}");
        put_text(out, "server.address", "127.0.0.1");
        put_int(out, "server.port", 11434);
        break;
    }
    buf_put_str(out, TAIL);
}

int spans_make(struct buf *out, uint64_t from, size_t n, struct err *err) {
    for (size_t i = 0; i < n && out->fail == 0; i++) {
        if (i % SPANS_DOCUMENT == 0) {
            buf_put_str(out, i > 0 ? "]}]}]}\n" : "");
            buf_put_str(out, "{\"resourceSpans\":[{\"resource\":" RESOURCE
                             ",\"scopeSpans\":[{\"scope\":{\"name\":\"bench\",\"version\":\"1.0.0\"},\"spans\":[");
        } else {
            buf_put_u8(out, ',');
        }
        put_span(out, from + i);
    }
    buf_put_str(out, "]}]}]}\n");
    return buf_check(out, "spans", err);
}
