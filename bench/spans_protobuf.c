/* The spans of spans.c in Protocol Buffers, written from the inside out: a message's length precedes it. */
#include <stdio.h>

#include "bench/spans.h"

#define FIRST_AT  UINT64_C(1790000000000000000)
#define PER_TRACE UINT64_C(12000000) /* ns from one trace to the next */
#define TEXT_MAX  ((size_t)1 << 20)

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void put_varint(struct buf *out, uint64_t v) {
    for (; v >= 0x80; v >>= 7) {
        buf_put_u8(out, (uint8_t)(v | 0x80));
    }
    buf_put_u8(out, (uint8_t)v);
}

static void put_bytes(struct buf *out, unsigned field, struct bytes b) {
    put_varint(out, field << 3 | 2);
    put_varint(out, b.n);
    buf_put_bytes(out, b);
}

static void put_number(struct buf *out, unsigned field, uint64_t v) {
    put_varint(out, field << 3);
    put_varint(out, v);
}

static void put_fixed(struct buf *out, unsigned field, uint64_t v) {
    put_varint(out, field << 3 | 1);
    for (int i = 0; i < 8; i++) {
        buf_put_u8(out, (uint8_t)(v >> (8 * i)));
    }
}

static void put_id(struct buf *out, unsigned field, uint64_t a, uint64_t b, size_t n) {
    uint8_t id[16];
    be64_put(id, a);
    be64_put(id + 8, b);
    put_bytes(out, field, (struct bytes){id, n});
}

/* {key, value}, where the value's one field is already written. */
static void put_pair(struct buf *out, unsigned field, const char *key, const struct buf *value) {
    struct buf pair = {.max = TEXT_MAX};
    put_bytes(&pair, 1, bytes_of(key));
    put_bytes(&pair, 2, bytes_of_buf(value));
    put_bytes(out, field, bytes_of_buf(&pair));
    buf_done(&pair);
}

static void put_text(struct buf *out, unsigned field, const char *key, const char *text) {
    struct buf value = {.max = TEXT_MAX};
    put_bytes(&value, 1, bytes_of(text));
    put_pair(out, field, key, &value);
    buf_done(&value);
}

static void put_int(struct buf *out, unsigned field, const char *key, uint64_t v) {
    struct buf value = {.max = TEXT_MAX};
    put_number(&value, 3, v);
    put_pair(out, field, key, &value);
    buf_done(&value);
}

static void put_texts(struct buf *out, unsigned field, const char *key, const char *text) {
    struct buf value = {.max = TEXT_MAX}, list = {.max = TEXT_MAX}, array = {.max = TEXT_MAX};
    put_bytes(&value, 1, bytes_of(text));
    put_bytes(&list, 1, bytes_of_buf(&value));
    put_bytes(&array, 5, bytes_of_buf(&list));
    put_pair(out, field, key, &array);
    buf_done(&value);
    buf_done(&list);
    buf_done(&array);
}

static void put_head(struct buf *out, uint64_t i, const char *name, unsigned kind) {
    uint64_t trace = i / SPANS_TRACE, start = FIRST_AT + trace * PER_TRACE + i % SPANS_TRACE * 1000000;
    put_id(out, 1, mix(trace), mix(~trace), 16);
    put_id(out, 2, mix(i + 1), 0, 8);
    if (i % SPANS_TRACE != SPANS_TRACE - 1) {
        put_id(out, 4, mix((trace + 1) * SPANS_TRACE), 0, 8);
    }
    put_bytes(out, 5, bytes_of(name));
    put_number(out, 6, kind);
    put_fixed(out, 7, start);
    put_fixed(out, 8, start + mix(i) % 1000000000);
}

static void put_span(struct buf *out, uint64_t i) {
    uint64_t r = mix(i ^ 0x5555);
    char id[24];
    switch (i % SPANS_TRACE) {
    case 1:
    case 3:
        put_head(out, i, "execute_tool pdftotext", 1);
        put_text(out, 9, "gen_ai.operation.name", "execute_tool");
        put_text(out, 9, "gen_ai.tool.name", "pdftotext");
        snprintf(id, sizeof(id), "call_%08x", (unsigned)r);
        put_text(out, 9, "gen_ai.tool.call.id", id);
        break;
    case SPANS_TRACE - 1:
        put_head(out, i, "invoke_agent pdf-agent", 1);
        put_text(out, 9, "gen_ai.operation.name", "invoke_agent");
        put_text(out, 9, "gen_ai.agent.name", "pdf-agent");
        snprintf(id, sizeof(id), "conv-%08x", (unsigned)r);
        put_text(out, 9, "gen_ai.conversation.id", id);
        break;
    default:
        put_head(out, i, "chat qwen2.5:7b", 3);
        put_text(out, 9, "gen_ai.operation.name", "chat");
        put_text(out, 9, "gen_ai.provider.name", "ollama");
        put_text(out, 9, "gen_ai.request.model", "qwen2.5:7b");
        put_text(out, 9, "gen_ai.response.model", "qwen2.5:7b");
        put_int(out, 9, "gen_ai.usage.input_tokens", r % 4000);
        put_int(out, 9, "gen_ai.usage.output_tokens", (r >> 32) % 900);
        put_texts(out, 9, "gen_ai.response.finish_reasons", "stop");
        put_text(out, 9, "server.address", "127.0.0.1");
        put_int(out, 9, "server.port", 11434);
        break;
    }
    put_bytes(out, 15, (struct bytes){NULL, 0});
    put_varint(out, 16 << 3 | 5);
    buf_put(out, "\x01\x01\0\0", 4);
}

int spans_make_protobuf(struct buf *out, uint64_t from, size_t n, struct err *err) {
    struct buf resource = {.max = TEXT_MAX}, scope = {.max = TEXT_MAX}, span = {.max = TEXT_MAX}, spans = {.max = TEXT_MAX},
               all = {.max = TEXT_MAX};
    put_text(&resource, 1, "service.name", "pdf-ops");
    put_text(&resource, 1, "service.version", "0.1.0");
    put_text(&resource, 1, "host.name", "box-1");
    put_bytes(&scope, 1, bytes_of("bench"));
    put_bytes(&scope, 2, bytes_of("1.0.0"));
    put_bytes(&spans, 1, bytes_of_buf(&scope));
    for (size_t i = 0; i < n; i++) {
        buf_clear(&span);
        put_span(&span, from + i);
        put_bytes(&spans, 2, bytes_of_buf(&span));
    }
    put_bytes(&all, 1, bytes_of_buf(&resource));
    put_bytes(&all, 2, bytes_of_buf(&spans));
    put_bytes(out, 1, bytes_of_buf(&all));
    int rc = buf_check(&all, "spans", err);
    if (rc == 0) rc = buf_check(out, "spans", err);
    buf_done(&resource);
    buf_done(&scope);
    buf_done(&span);
    buf_done(&spans);
    buf_done(&all);
    return rc;
}
