/* Streamed answers, one JSON object per line: a model's output, or the progress of a pull.
 *
 *   chat, generate   pieces with done false, then one with done true and the numbers   run.model_called, ok
 *                    ... {"error": ...} as the last line, under status 200             run.model_called, error
 *                    ... nothing more                                                  run.model_called, aborted
 *                    one with done true and no words, from an empty prompt             model.loaded, model.unloaded
 *   pull             "pulling ..." with digest and bytes, ..., "success"               model.pulled
 *   push             "pushing ..." or "starting upload", the same                      model.pushed
 *
 * The output is joined before it is searched for secrets, because a token may be split anywhere. Missing numbers stay
 * absent: ollama omits zeros, and a cached prompt has no count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/ollama/ollama.h"

#define WORDS_MAX     ((size_t)192 << 10) /* kept of an output; its digest covers all */
#define THINKING_MAX  ((size_t)64 << 10)
#define CALLS_MAX     ((size_t)64 << 10)
#define ERROR_MAX     1024
#define TIME_TEXT_MAX 64

struct layer {
    struct ollama_digest digest;
    uint64_t bytes;
};

struct ollama_stream {
    const struct ollama_view *view;
    struct ingest_place place; /* of the first piece */
    /* a call */
    bool calling;
    enum ollama_form form;
    uint64_t pieces;
    char model[OLLAMA_NAME_MAX + 1];
    char created[TIME_TEXT_MAX]; /* of the newest piece, verbatim */
    struct hash *digest;
    struct buf words, thinking, calls;
    uint32_t n_calls;
    bool any_words, words_cut, calls_cut;
    /* a pull or a push */
    bool moving, push, verified, done;
    size_t n_layers;
    struct layer layers[OLLAMA_LAYERS_MAX];
    uint64_t bytes;
};

struct ollama_stream *ollama_stream_new(const struct ollama_view *view) {
    struct ollama_stream *s = calloc(1, sizeof(*s));
    if (s == NULL || (s->digest = hash_new()) == NULL) {
        free(s);
        return NULL;
    }
    s->view = view;
    buf_init(&s->words, WORDS_MAX);
    buf_init(&s->thinking, THINKING_MAX);
    buf_init(&s->calls, CALLS_MAX);
    return s;
}

void ollama_stream_free(struct ollama_stream *s) {
    if (s != NULL) {
        hash_free(s->digest);
        buf_done(&s->words);
        buf_done(&s->thinking);
        buf_done(&s->calls);
        free(s);
    }
}

/* Adds the event at the place of its first piece. */
static int draft_add(const struct ollama_stream *s, struct ollama_draft *draft, struct err *err) {
    struct ollama_view view = *s->view;
    view.place = s->place;
    return ollama_draft_add(draft, &view, err);
}

/* At most ERROR_MAX bytes, whole characters only. */
static struct bytes first_part(struct bytes text) {
    size_t n = text.n < ERROR_MAX ? text.n : ERROR_MAX;
    while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return (struct bytes){text.p, n};
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static void call_reset(struct ollama_stream *s) {
    uint8_t unused[HASH_LEN];
    hash_end(s->digest, unused);
    buf_clear(&s->words);
    buf_clear(&s->thinking);
    buf_clear(&s->calls);
    s->calling = s->any_words = s->words_cut = s->calls_cut = false;
    s->pieces = 0;
    s->n_calls = 0;
    s->model[0] = s->created[0] = '\0';
}

/* Appends as much as fits, whole characters only. */
static void keep(struct buf *out, struct bytes text, bool *cut) {
    size_t room = out->max - out->n, n = text.n < room ? text.n : room;
    while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    *cut = *cut || n < text.n;
    if (!(*cut && n == 0)) {
        buf_put(out, text.p, n);
    }
}

static void keep_calls(struct ollama_stream *s, struct bytes calls) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes raw;
    mp_reader_init(&r, calls);
    if (calls.n == 0 || mp_next(&r, &head, NULL) != 0) return;
    for (uint32_t i = 0; i < head.count && mp_skip(&r, 1, &raw, NULL) == 0; i++) {
        if (raw.n > s->calls.max - s->calls.n) {
            s->calls_cut = true;
            return;
        }
        buf_put_bytes(&s->calls, raw);
        s->n_calls++;
    }
}

static void take_words(struct ollama_stream *s, struct bytes map) {
    struct bytes message = member_raw(map, "message");
    struct bytes words = s->form == OLLAMA_CHAT ? member_text(message, "content") : member_text(map, "response");
    struct bytes thinking = s->form == OLLAMA_CHAT ? member_text(message, "thinking") : member_text(map, "thinking");
    if (s->form == OLLAMA_EMBED) {
        words = member_raw(map, "embeddings");
        words = words.n > 0 ? words : member_raw(map, "embedding");
        hash_put(s->digest, words.p, words.n); /* of their canonical form; the numbers themselves are not kept */
        s->any_words = words.n > 0;
        return;
    }
    if (words.n > 0) {
        s->any_words = true;
        hash_put(s->digest, words.p, words.n);
        keep(&s->words, words, &s->words_cut);
    }
    if (thinking.n > 0) {
        keep(&s->thinking, thinking, &s->words_cut);
    }
    keep_calls(s, member_array(message, "tool_calls"));
}

static const char *operation(enum ollama_form form) {
    return form == OLLAMA_CHAT ? "chat" : form == OLLAMA_EMBED ? "embedding" : "completion";
}

/* ns as milliseconds. */
static void put_ms(struct mp_map *f, const char *name, uint64_t ns) {
    if (ns == MEMBER_NONE) return;
    mp_map_begin(f, name);
    if (ns % 1000000 == 0) {
        mp_put_uint(&f->values, ns / 1000000);
    } else {
        mp_put_float(&f->values, (double)ns / 1e6);
    }
    mp_map_end(f);
}

/* The source's time: `at`, or `at_text` when it does not parse. */
static uint64_t put_time(struct mp_map *f, const char *text) {
    uint64_t ns;
    if (text[0] == '\0') return INGEST_NO_TIME;
    if (text_parse_time(bytes_of(text), &ns) == 0 && ns <= MP_INT_MAX) {
        mp_map_uint(f, "at", ns);
        return ns;
    }
    mp_map_text(f, "at_text", bytes_of(text));
    return INGEST_NO_TIME;
}

/* Output, thinking and tool calls: private. */
static void put_words(struct ollama_stream *s, struct mp_map *open, struct mp_map *private_) {
    uint8_t digest[HASH_LEN];
    hash_end(s->digest, digest);
    if (s->any_words) {
        struct ollama_digest d = {.there = true};
        memcpy(d.sha256, digest, HASH_LEN);
        ollama_put_digest(open, "output_digest", &d);
    }
    mp_map_text(private_, "output", bytes_of_buf(&s->words));
    mp_map_text(private_, "thinking", bytes_of_buf(&s->thinking));
    if (s->n_calls > 0) {
        mp_map_begin(private_, "tool_calls");
        mp_put_array(&private_->values, s->n_calls);
        buf_put_bytes(&private_->values, bytes_of_buf(&s->calls));
        mp_map_end(private_);
    }
    if (s->words_cut || s->calls_cut) {
        mp_map_bool(private_, "output_cut", true);
    }
}

/* The numbers of the last piece. */
static void put_numbers(struct mp_map *f, struct bytes map) {
    struct bytes remote = member_word(map, "remote_host");
    ollama_put_number(f, "tokens_in", member_number(map, "prompt_eval_count"));
    ollama_put_number(f, "tokens_out", member_number(map, "eval_count"));
    put_ms(f, "latency_ms", member_number(map, "total_duration"));
    put_ms(f, "load_ms", member_number(map, "load_duration"));
    put_ms(f, "prompt_ms", member_number(map, "prompt_eval_duration"));
    put_ms(f, "generate_ms", member_number(map, "eval_duration"));
    mp_map_text(f, "finish", member_word(map, "done_reason"));
    mp_map_text(f, "served", member_word(map, "remote_model"));
    if (member_text(map, "remote_host").n > 0 || member_text(map, "remote_model").n > 0) {
        mp_map_bool(f, "egress", true);
    }
    if (memchr(remote.p != NULL ? remote.p : (const uint8_t *)"", '@', remote.n) == NULL) {
        mp_map_text(f, "remote_host", remote);
    }
}

/* Identifies a call, which has no id. */
static struct bytes call_identity(struct ollama_stream *s, struct bytes map, const char *outcome, struct buf *out) {
    buf_printf(out, "%s\n%s\n%s\n%s\n", operation(s->form), s->model, s->created, outcome);
    if (map.n > 0) {
        buf_printf(out, "%llu\n%llu\n", (unsigned long long)member_number(map, "total_duration"),
                   (unsigned long long)member_number(map, "eval_count"));
    } else {
        buf_printf(out, "%llu\n", (unsigned long long)s->pieces);
    }
    if (s->created[0] == '\0') { /* embeddings have no time: use their content */
        buf_put_bytes(out, map);
    }
    return bytes_of_buf(out);
}

/* Adds the answer's event, whose key borrows from `identity`; frees both. */
static int end_answer(struct ollama_stream *s, struct ollama_draft *draft, struct buf *identity, struct err *err) {
    if (identity->fail != 0) {
        draft->open.values.fail = identity->fail; /* no event without its whole key */
    }
    int rc = draft_add(s, draft, err);
    buf_done(identity);
    call_reset(s);
    return rc;
}

/* Ends the call; `map` is its last piece, or empty; `error` the server's message, or empty. */
static int call_end(struct ollama_stream *s, struct bytes map, const char *outcome, struct bytes error, struct err *err) {
    static const char *const known[] = {"response", "message",  "context",    "embedding", "embeddings",
                                        "thinking", "logprobs", "created_at", NULL};
    struct ollama_draft d;
    struct mp_map *open = &d.open, *private_ = &d.private_;
    struct buf identity = {.max = OLLAMA_MP_MAX + 4096};
    char hex[KEYED_HASH_HEX], subject[48];
    struct bytes content = call_identity(s, map, outcome, &identity);
    keyed_hash_parts(hex, intake_secret(s->view->run), &content, 1);
    snprintf(subject, sizeof(subject), "run/" OLLAMA_NAME "-%.16s", hex);
    ollama_draft_init(&d, NULL, "run.model_called", subject, (struct ollama_key){.what = "call", .content = content});
    mp_map_text(open, "model", bytes_of(s->model));
    mp_map_text(open, "operation", bytes_of(operation(s->form)));
    mp_map_text(open, "outcome", bytes_of(outcome));
    mp_map_bool(open, "ok", strcmp(outcome, "ok") == 0);
    if (s->pieces > 1) {
        mp_map_bool(open, "stream", true);
    }
    if (error.n > 0) {
        mp_map_text(open, "error", bytes_of("server"));
        mp_map_text(private_, "detail", first_part(error));
    }
    d.event.at = put_time(open, s->created);
    if (map.n > 0) {
        put_numbers(open, map);
        original_put(private_, "raw", map, known);
    }
    put_words(s, open, private_);
    return end_answer(s, &d, &identity, err);
}

/* An empty prompt loads a model, or with keep_alive 0 unloads it. Old servers give no reason, and no numbers then. */
static const char *memory_kind(const struct ollama_stream *s, struct bytes map) {
    struct bytes reason = member_text(map, "done_reason");
    if (s->pieces != 1 || s->form == OLLAMA_EMBED) return NULL;
    if (bytes_is(reason, "unload")) return "model.unloaded";
    bool silent = reason.n == 0 && !s->any_words && s->thinking.n == 0 && s->n_calls == 0 &&
                  member_number(map, "total_duration") == MEMBER_NONE && member_number(map, "eval_count") == MEMBER_NONE;
    return bytes_is(reason, "load") || silent ? "model.loaded" : NULL;
}

static int memory_end(struct ollama_stream *s, const char *kind, struct bytes map, struct err *err) {
    struct ollama_draft d;
    struct buf identity = {.max = 4096};
    char subject[OLLAMA_NAME_MAX + 16];
    bool loaded = strcmp(kind, "model.loaded") == 0;
    buf_printf(&identity, "%s\n%s\n%s", kind, s->model, s->created);
    snprintf(subject, sizeof(subject), "model/%s", s->model);
    const struct ollama_key key = {.what = loaded ? "loaded" : "unloaded", .content = bytes_of_buf(&identity)};
    ollama_draft_init(&d, NULL, kind, subject, key);
    mp_map_text(&d.open, "model", bytes_of(s->model));
    if (loaded) {
        put_ms(&d.open, "load_ms", member_number(map, "load_duration"));
    } else {
        mp_map_text(&d.open, "reason", bytes_of("asked"));
    }
    d.event.at = put_time(&d.open, s->created);
    original_put(&d.private_, "raw", map, (const char *const[]){"response", "message", "context", "created_at", NULL});
    return end_answer(s, &d, &identity, err);
}

static int take_call(struct ollama_stream *s, enum ollama_form form, struct bytes map, struct err *err) {
    struct err why = {0};
    struct bytes model = member_text(map, "model"), created = member_text(map, "created_at");
    if (model.n > 0 && model_name_check(model, &why) != 0) {
        return intake_reject(s->view->run, &s->view->place, NULL, why.msg);
    }
    if (model.n == 0 && form != OLLAMA_EMBED) {
        return intake_reject(s->view->run, &s->view->place, NULL, "the answer names no model; expected: text in 'model'");
    }
    /* Another model: the previous call broke off. */
    if (s->calling && !bytes_is(model, s->model)) {
        int rc = call_end(s, (struct bytes){NULL, 0}, "aborted", (struct bytes){NULL, 0}, err);
        if (rc != 0) return rc;
    }
    if (!s->calling) {
        s->calling = true;
        s->form = form;
        s->place = s->view->place;
        snprintf(s->model, sizeof(s->model), "%.*s", (int)model.n, model.n > 0 ? (const char *)model.p : "");
    }
    s->pieces++;
    if (created.n > 0 && created.n < sizeof(s->created) && !text_has_control(created)) {
        snprintf(s->created, sizeof(s->created), "%.*s", (int)created.n, (const char *)created.p);
    }
    take_words(s, map);
    if (s->words.fail == ERR_NOMEM || s->thinking.fail == ERR_NOMEM || s->calls.fail == ERR_NOMEM) {
        return err_set(err, ERR_NOMEM, "ollama: out of memory");
    }
    if (form != OLLAMA_EMBED && !member_flag(map, "done")) return 0;
    const char *kind = memory_kind(s, map);
    return kind != NULL ? memory_end(s, kind, map, err) : call_end(s, map, "ok", (struct bytes){NULL, 0}, err);
}

/* ---- pulls and pushes --------------------------------------------------------------------------------------------- */

static void move_reset(struct ollama_stream *s) {
    s->moving = s->push = s->verified = s->done = false;
    s->n_layers = 0;
    s->bytes = 0;
}

static void put_layers(const struct ollama_stream *s, struct mp_map *f) {
    mp_map_begin(f, "layers");
    mp_put_array(&f->values, (uint32_t)s->n_layers);
    for (size_t i = 0; i < s->n_layers; i++) {
        char text[7 + 2 * HASH_LEN + 1] = "sha256:";
        text_hex(text + 7, s->layers[i].digest.sha256, HASH_LEN);
        mp_put_map(&f->values, s->layers[i].bytes != MEMBER_NONE ? 2 : 1);
        if (s->layers[i].bytes != MEMBER_NONE) {
            mp_pair_uint(&f->values, "bytes", s->layers[i].bytes);
        }
        mp_pair_text(&f->values, "digest", text);
    }
    mp_map_end(f);
}

/* The stream does not name the model. The largest layer is its weights, and identifies it. */
static const struct layer *weights_of(const struct ollama_stream *s) {
    const struct layer *best = &s->layers[0];
    for (size_t i = 1; i < s->n_layers; i++) {
        if (s->layers[i].bytes != MEMBER_NONE && (best->bytes == MEMBER_NONE || s->layers[i].bytes > best->bytes)) {
            best = &s->layers[i];
        }
    }
    return best;
}

static int move_end(struct ollama_stream *s, struct bytes error, struct err *err) {
    struct ollama_draft d;
    char subject[96];
    if (s->n_layers == 0) {
        move_reset(s);
        return intake_reject(s->view->run, &s->place, NULL, "the progress names no layer digest, so the model is unknown");
    }
    const struct layer *weights = weights_of(s);
    memcpy(subject, "model/sha256:", 13);
    text_hex(subject + 13, weights->digest.sha256, HASH_LEN);
    ollama_draft_init(&d, NULL, s->push ? "model.pushed" : "model.pulled", subject,
                      (struct ollama_key){.what = s->push ? "push" : "pull"});
    ollama_put_digest(&d.open, "digest", &weights->digest);
    mp_map_uint(&d.open, "bytes", s->bytes);
    mp_map_bool(&d.open, "ok", s->done);
    if (s->verified && !s->push) {
        mp_map_bool(&d.open, "verified", s->done);
    }
    put_layers(s, &d.open);
    mp_map_text(&d.private_, "error", first_part(error));
    d.event.key.content = bytes_of_buf(&d.open.values);
    int rc = draft_add(s, &d, err);
    move_reset(s);
    return rc;
}

static void take_layer(struct ollama_stream *s, struct ollama_digest digest, uint64_t bytes) {
    for (size_t i = 0; i < s->n_layers; i++) {
        if (memcmp(s->layers[i].digest.sha256, digest.sha256, HASH_LEN) == 0) return;
    }
    if (digest.there && s->n_layers < OLLAMA_LAYERS_MAX) {
        s->layers[s->n_layers++] = (struct layer){digest, bytes};
        s->bytes += bytes != MEMBER_NONE && bytes <= MP_INT_MAX - s->bytes ? bytes : 0;
    }
}

static bool begins_with_one(struct bytes status, const char *const *words) {
    for (; *words != NULL; words++) {
        if (bytes_has_prefix(status, *words)) return true;
    }
    return false;
}

static int take_progress(struct ollama_stream *s, struct bytes map, struct err *err) {
    static const char *const pull[] = {"pulling", "verifying", "writing manifest", "removing", "downloading",
                                       "success", NULL};
    static const char *const push[] = {"retrieving manifest", "pushing", "starting upload", "upload complete", NULL};
    struct bytes status = member_text(map, "status");
    bool is_push = begins_with_one(status, push);
    if (!s->moving && !is_push && !begins_with_one(status, pull)) {
        return intake_reject(s->view->run, &s->view->place, "progress of something other than a pull or a push",
                             "this is the progress of something other than a pull or a push");
    }
    if (!s->moving) {
        move_reset(s);
        s->moving = true;
        s->push = is_push;
        s->place = s->view->place;
    }
    s->verified = s->verified || bytes_has_prefix(status, "verifying");
    take_layer(s, ollama_digest_of(member_text(map, "digest")), member_number(map, "total"));
    if (!bytes_is(status, "success")) return 0;
    s->done = true;
    return move_end(s, (struct bytes){NULL, 0}, err);
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

/* An error without a call, a pull or a push. */
static int lone_error(struct ollama_stream *s, struct bytes words, struct err *err) {
    struct ollama_draft d;
    ollama_draft_init(&d, NULL, "runtime.unreachable", s->view->subject,
                      (struct ollama_key){.what = "unreachable", .content = words});
    mp_map_text(&d.open, "error", bytes_of("answer"));
    mp_map_text(&d.private_, "detail", first_part(words));
    return ollama_draft_add(&d, s->view, err);
}

static int take_error(struct ollama_stream *s, struct bytes map, struct err *err) {
    struct bytes words = member_text(map, "error");
    if (words.n == 0) {
        words = bytes_of("no words");
    }
    if (s->calling) {
        s->pieces++;
        return call_end(s, (struct bytes){NULL, 0}, "error", words, err);
    }
    if (s->moving) return move_end(s, words, err);
    return lone_error(s, words, err);
}

int ollama_stream_take(struct ollama_stream *s, enum ollama_form form, struct bytes map, struct err *err) {
    int rc = 0;
    if (s->calling && form != s->form && form != OLLAMA_ERROR) rc = ollama_stream_end(s, err);
    if (rc == 0 && s->moving && form != OLLAMA_PROGRESS && form != OLLAMA_ERROR) {
        rc = ollama_stream_end(s, err);
    }
    if (rc != 0) return rc;
    switch (form) {
    case OLLAMA_GENERATE:
    case OLLAMA_CHAT:
    case OLLAMA_EMBED:
        return take_call(s, form, map, err);
    case OLLAMA_PROGRESS:
        return take_progress(s, map, err);
    case OLLAMA_ERROR:
        return take_error(s, map, err);
    default:
        return 0;
    }
}

int ollama_stream_end(struct ollama_stream *s, struct err *err) {
    if (s->calling) {
        return call_end(s, (struct bytes){NULL, 0}, "aborted", (struct bytes){NULL, 0}, err);
    }
    return s->moving ? move_end(s, (struct bytes){NULL, 0}, err) : 0;
}
