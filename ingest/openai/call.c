/* A completion that was saved: a chat's or a text's, whole, or the last piece of a stream, which has the numbers. What was not
 * reported stays absent. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/input/model_name.h"
#include "ingest/input/original.h"
#include "ingest/openai/openai.h"

#define OUTPUT_MAX ((size_t)192 << 10)
#define S_MAX      UINT64_C(9000000000)

static void put_tokens(struct mp_map *f, struct bytes map) {
    struct bytes usage = member_raw(map, "usage"), timings = member_raw(map, "timings");
    const struct {
        const char *name;
        uint64_t value;
    } tokens[] = {{"tokens_in", member_number(usage, "prompt_tokens")},
                  {"tokens_out", member_number(usage, "completion_tokens")},
                  {"tokens_cached", member_number(member_raw(usage, "prompt_tokens_details"), "cached_tokens")},
                  {"tokens_reasoning", member_number(member_raw(usage, "completion_tokens_details"), "reasoning_tokens")}};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        uint64_t value = tokens[i].value;
        if (i == 2 && member_number(timings, "cache_n") != MEMBER_NONE) value = member_number(timings, "cache_n");
        if (value != MEMBER_NONE) mp_map_uint(f, tokens[i].name, value);
    }
}

static void put_ms(struct mp_map *f, const char *name, struct bytes timings, const char *member) {
    struct mp_item item;
    struct bytes raw = member_raw(timings, member);
    if (raw.n == 0 || mp_scalar(raw, &item) != 0) return;
    bool real = item.type == MP_FLOAT && item.real >= 0;
    if (real || item.type == MP_UINT) mp_map_raw(f, name, raw);
}

/* The first choice; empty: there is none, as in the last piece of a stream. */
static struct bytes first_choice(struct bytes map) {
    struct mp_reader r;
    struct bytes choice = {NULL, 0};
    uint32_t n = 0;
    member_list(map, "choices", &r, &n);
    return n > 0 && mp_skip(&r, 1, &choice, NULL) == 0 ? choice : (struct bytes){NULL, 0};
}

static void put_output(struct openai_draft *d, struct bytes choice) {
    uint8_t digest[HASH_LEN];
    struct bytes message = member_raw(choice, "message"), text = member_text(message, "content");
    if (text.n == 0) text = member_text(choice, "text");
    if (text.n == 0) return;
    hash_parts(digest, &text, 1);
    mp_map_hash(&d->open, "output_digest", digest);
    text.n = text.n > OUTPUT_MAX ? OUTPUT_MAX : text.n;
    text.n = text_utf8_valid(text.p, text.n);
    mp_map_text(&d->private_, "output", text);
}

/* The server, where the answer shows it. */
static const char *runtime_of(struct bytes map) {
    if (bytes_is(member_text(map, "system_fingerprint"), "fp_ollama")) return "ollama";
    if (member_raw(map, "timings").n > 0) return "llama.cpp";
    return member_raw(map, "model_info").n > 0 && member_raw(map, "stats").n > 0 ? "lm_studio" : "";
}

static void put_ids(struct openai_draft *d, struct bytes map) {
    struct bytes id = member_word(map, "id"), model = member_word(map, "model");
    if (id.n <= 128) mp_map_text(&d->open, "call", id);
    if (model.n > 0 && model_name_check(model, NULL) == 0) mp_map_text(&d->open, "model", model);
    mp_map_text(&d->open, "runtime", bytes_of(runtime_of(map)));
}

int openai_event_call(const struct openai_view *view, struct bytes map, struct err *err) {
    static const char *const known[] = {"id", "object", "created", "model", "usage", "timings", "choices", NULL};
    struct openai_draft d;
    char name[48], hex[KEYED_HASH_HEX];
    struct bytes choice = first_choice(map), object = member_text(map, "object"), timings = member_raw(map, "timings");
    uint64_t created = member_number(map, "created");
    keyed_hash_parts(hex, intake_secret(view->run), &map, 1);
    snprintf(name, sizeof(name), "openai-%.16s", hex);
    openai_draft_init(&d, view, NULL, "run.model_called", "run", bytes_of(name), 0);
    put_ids(&d, map);
    mp_map_text(&d.open, "operation", bytes_of(bytes_is(object, "text_completion") ? "completion" : "chat"));
    if (bytes_is(object, "chat.completion.chunk") || choice.n == 0) mp_map_bool(&d.open, "stream", true);
    put_tokens(&d.open, map);
    put_ms(&d.open, "prompt_ms", timings, "prompt_ms");
    put_ms(&d.open, "generate_ms", timings, "predicted_ms");
    mp_map_text(&d.open, "finish", member_word(choice, "finish_reason"));
    if (member_raw(choice, "finish_reason").n > 0 || choice.n == 0) {
        mp_map_bool(&d.open, "ok", true);
        mp_map_text(&d.open, "outcome", bytes_of("ok"));
    }
    put_output(&d, choice);
    original_put(&d.private_, "raw", map, known);
    if (created != MEMBER_NONE && created > 0 && created < S_MAX) {
        d.at = created * CLOCK_NS_PER_S;
        mp_map_uint(&d.open, "at", d.at);
    }
    return openai_draft_add(&d, view, err);
}
