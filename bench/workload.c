/* Event i is a pure function of i: slot i % 64 is a run in progress, its step (i / 64) % 8 gives the kind. Bodies contain
 * only open fields of the catalog, so that the plain path is measured: nothing becomes private, nothing is masked. */
#include "bench/workload.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/kinds/kind.h"

#define ERRORS_PERCENT 5
#define FIRST_AT       UINT64_C(1790000000000000000)
#define NS_BETWEEN     UINT64_C(2000000) /* 500 events a second */
#define BODY_MAX       65536

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct facts { /* what the fields of one event are drawn from */
    uint64_t random, at;
    unsigned model, route;
    bool error;
    char digest[80], other[80]; /* the model's, one of 8; those of arguments and results are unique */
    char span[20], parent[20];
};

static const char *const models[8] = {"qwen2.5:7b-instruct-q4_K_M",
                                      "llama3.2:3b",
                                      "mistral-nemo:12b",
                                      "phi4:14b-q8_0",
                                      "gemma3:4b",
                                      "deepseek-r1:8b",
                                      "granite3.3:8b",
                                      "nomic-embed-text:v1.5"};
static const char *const routes[3] = {"pdf-extract", "pdf-summarise", "pdf-classify"};
/* Hex without printf, which would cost as much as everything else here. */
static void hex_put(char *ret, uint64_t v) {
    uint8_t raw[8];
    be64_put(raw, v);
    text_hex(ret, raw, sizeof(raw));
}

static void digest_of(char ret[80], uint64_t seed) {
    memcpy(ret, "sha256:", 7);
    for (unsigned i = 0; i < 4; i++) {
        hex_put(ret + 7 + 16 * i, mix(seed + i));
    }
}

/* Two random numbers in the form of a UUID version 7. */
static void uuid_put(char ret[40], uint64_t a, uint64_t b) {
    char digits[33];
    hex_put(digits, a);
    hex_put(digits + 16, b);
    digits[12] = '7';
    digits[16] = '9';
    for (unsigned i = 0, at = 0; i <= 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            ret[at++] = '-';
        }
        ret[at++] = digits[i];
    }
}

static void text(struct buf *out, const char *name, const char *value) {
    mp_put_str(out, bytes_of(name));
    mp_put_str(out, bytes_of(value));
}

static void number(struct buf *out, const char *name, uint64_t value) {
    mp_put_str(out, bytes_of(name));
    mp_put_uint(out, value);
}

static void real(struct buf *out, const char *name, double value) {
    mp_put_str(out, bytes_of(name));
    mp_put_float(out, value);
}

static void truth(struct buf *out, const char *name, bool value) {
    mp_put_str(out, bytes_of(name));
    mp_put_bool(out, value);
}

/* ---- bodies: names in byte order ---- */

static void started(struct buf *out, const struct facts *f) {
    mp_put_map(out, 11);
    text(out, "agent", "pdf-operator");
    text(out, "agent_version", "1.4.2");
    number(out, "at", f->at);
    text(out, "mode", "default");
    text(out, "pack", "pdf-ops-pack");
    text(out, "pack_version", "0.9.3");
    text(out, "permissions_digest", f->digest);
    text(out, "route", routes[f->route]);
    text(out, "session", f->parent);
    text(out, "task",
         "extract the tables of the attached documents, summarise each of them and file the summaries by date");
    text(out, "trigger", "schedule");
}

static void decided(struct buf *out, const struct facts *f) {
    mp_put_map(out, 14);
    text(out, "asked", "best-local");
    number(out, "at", f->at);
    text(out, "config_digest", f->digest);
    text(out, "decision", f->error ? "fallback" : "primary");
    text(out, "digest", f->digest);
    truth(out, "egress", false);
    text(out, "endpoint", "http://127.0.0.1:11434");
    real(out, "latency_ms", (double)(f->random % 400) / 16);
    text(out, "model", models[f->model]);
    text(out, "pack", "pdf-ops-pack");
    text(out, "policy", "local models only, proven ones first");
    text(out, "reason", f->error ? "first choice not loaded" : "proven");
    text(out, "route", routes[f->route]);
    text(out, "runtime", "ollama");
}

static void called(struct buf *out, const struct facts *f) {
    mp_put_map(out, 15);
    text(out, "agent", "pdf-operator");
    number(out, "at", f->at);
    text(out, "call", f->span);
    text(out, "digest", f->digest);
    truth(out, "egress", false);
    text(out, "endpoint", "http://127.0.0.1:11434/api/chat");
    text(out, "model", models[f->model]);
    text(out, "operation", "chat");
    text(out, "parent", f->parent);
    text(out, "route", routes[f->route]);
    text(out, "runtime", "ollama");
    text(out, "session", f->parent);
    text(out, "span", f->span);
    truth(out, "stream", true);
    number(out, "tokens_in", f->random % 6000);
}

static void returned(struct buf *out, const struct facts *f) {
    mp_put_map(out, 19);
    number(out, "at", f->at);
    text(out, "call", f->span);
    real(out, "cost", 0.0);
    text(out, "digest", f->digest);
    if (f->error) {
        text(out, "error", "timeout");
    } else {
        text(out, "finish", "stop");
    }
    real(out, "first_token_ms", (double)(f->random % 9000) / 8);
    real(out, "latency_ms", (double)(f->random % 90000) / 8);
    real(out, "load_ms", (double)(f->random % 300) / 8);
    text(out, "model", models[f->model]);
    truth(out, "ok", !f->error);
    text(out, "outcome", f->error ? "error" : "ok");
    text(out, "parent", f->parent);
    text(out, "runtime", "ollama");
    text(out, "served", models[f->model]);
    text(out, "span", f->span);
    number(out, "tokens_cached", f->random % 3000);
    number(out, "tokens_in", f->random % 6000);
    number(out, "tokens_out", (f->random >> 13) % 2000);
    number(out, "tokens_reasoning", (f->random >> 24) % 500);
}

static void tool_called(struct buf *out, const struct facts *f) {
    mp_put_map(out, 10);
    number(out, "arguments_bytes", f->random % 4096);
    text(out, "arguments_digest", f->other);
    number(out, "at", f->at);
    text(out, "call", f->span);
    text(out, "group", "filesystem.read");
    text(out, "parent", f->parent);
    text(out, "server", "pdf-tools at this machine, over standard input and output, started by the pack");
    text(out, "span", f->span);
    text(out, "tier", "T0");
    text(out, "tool", "pdf_extract_tables_with_layout");
}

static void tool_returned(struct buf *out, const struct facts *f) {
    mp_put_map(out, 12);
    number(out, "at", f->at);
    text(out, "call", f->span);
    real(out, "duration_ms", (double)(f->random % 30000) / 8);
    number(out, "exit_code", f->error ? 1 : 0);
    truth(out, "ok", !f->error);
    text(out, "outcome", f->error ? "error" : "ok");
    text(out, "parent", f->parent);
    number(out, "result_bytes", f->random % 65536);
    text(out, "result_digest", f->other);
    text(out, "server", "pdf-tools at this machine, over standard input and output, started by the pack");
    text(out, "span", f->span);
    text(out, "tool", "pdf_extract_tables_with_layout");
}

static void step(struct buf *out, const struct facts *f) {
    mp_put_map(out, 7);
    number(out, "at", f->at);
    real(out, "duration_ms", (double)(f->random % 90000) / 8);
    number(out, "index", f->random % 8);
    text(out, "parent", f->parent);
    text(out, "span", f->span);
    text(out, "status", f->error ? "error" : "ok");
    text(out, "step",
         "merge the tables that were extracted from all pages, check their columns against the first one, "
         "and write them to the workspace as one file for each document");
}

static void finished(struct buf *out, const struct facts *f) {
    mp_put_map(out, 13);
    number(out, "at", f->at);
    real(out, "cost", (double)(f->random % 5000) / 1024);
    real(out, "duration_ms", (double)(f->random % 900000) / 8);
    text(out, "error", f->error ? "the last step gave no answer within its limit" : "none; every step came to its end");
    number(out, "exit_code", f->error ? 1 : 0);
    number(out, "model_calls", 1 + f->random % 7);
    truth(out, "ok", !f->error);
    text(out, "outcome", f->error ? "error" : "ok");
    text(out, "output_digest", f->digest);
    number(out, "steps", 3 + f->random % 30);
    number(out, "tokens_in", f->random % 60000);
    number(out, "tokens_out", (f->random >> 13) % 9000);
    number(out, "tool_calls", (f->random >> 23) % 12);
}

void workload_init(struct workload *w) {
    memset(w, 0, sizeof(*w));
    buf_init(&w->body, BODY_MAX);
}

void workload_done(struct workload *w) {
    buf_done(&w->body);
}

/* One row per step, in the order of a run. */
static const struct step_kind {
    const char *kind;
    void (*body)(struct buf *out, const struct facts *f);
    bool on_model, on_route; /* the body names the model, the route */
} steps[WORKLOAD_STEPS] = {
    {"run.started", started, false, true},
    {"route.decided", decided, true, true},
    {"run.model_called", called, true, true},
    {"run.model_returned", returned, true, false},
    {"run.tool_called", tool_called, false, false},
    {"run.tool_returned", tool_returned, false, false},
    {"run.step", step, false, false},
    {"run.finished", finished, false, false},
};

static void facts_of(struct facts *f, uint64_t i, uint64_t r) {
    *f = (struct facts){.random = mix(i ^ UINT64_C(0x5555)), .model = r % 8, .route = (unsigned)(r >> 8) % 3};
    f->error = f->random % 100 < ERRORS_PERCENT;
    f->at = FIRST_AT + i * NS_BETWEEN + (f->random >> 20) % NS_BETWEEN;
    digest_of(f->digest, 1000 + f->model);
    digest_of(f->other, f->random);
    hex_put(f->span, f->random);
    hex_put(f->parent, r);
}

void workload_make(struct workload *w, uint64_t i, bool keyed) {
    uint64_t slot = i % WORKLOAD_RUNS, k = i / WORKLOAD_RUNS, run = (k / WORKLOAD_STEPS) * WORKLOAD_RUNS + slot;
    const struct step_kind *at = &steps[k % WORKLOAD_STEPS];
    uint64_t r = mix(run);
    struct facts f;
    facts_of(&f, i, r);
    w->model = at->on_model ? models[f.model] : NULL;
    w->route = at->on_route ? routes[f.route] : NULL;
    uuid_put(w->run, r, mix(r));
    hex_put(w->key, mix(~i));
    hex_put(w->key + 16, f.random);
    if (at->body == decided) {
        snprintf(w->subject, sizeof(w->subject), "route/%s", routes[f.route]);
    } else {
        memcpy(w->subject, "run/", 4);
        memcpy(w->subject + 4, w->run, sizeof(w->run));
    }
    buf_clear(&w->body);
    at->body(&w->body, &f);
    log_draft_init(&w->draft);
    w->draft.kind = bytes_of(at->kind);
    w->draft.subject = bytes_of(w->subject);
    w->draft.actor = bytes_of("service:pdf-operator");
    w->draft.source = bytes_of("otlp");
    w->draft.grade = bytes_of("reported");
    w->draft.run = bytes_of(w->run);
    w->draft.key = keyed ? bytes_of(w->key) : bytes_of("");
    w->draft.body = bytes_of_buf(&w->body);
}

int workload_check(uint64_t n, double *ret_body_bytes, struct err *err) {
    struct workload w;
    struct buf body, private_;
    uint64_t total = 0;
    int rc = 0;
    workload_init(&w);
    buf_init(&body, BODY_MAX);
    buf_init(&private_, BODY_MAX);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        uint32_t masked = 0;
        workload_make(&w, i, true);
        buf_clear(&body);
        buf_clear(&private_);
        rc = buf_check(&w.body, "a body of the workload", err);
        if (rc == 0)
            rc =
                kind_sort(w.draft.kind, w.draft.body, (struct bytes){0}, (struct bytes){0}, &body, &private_, &masked, err);
        if (rc == 0 && (private_.n > 0 || masked > 0 || !bytes_eq(bytes_of_buf(&body), w.draft.body))) {
            rc = err_set(err, ERR_INVALID, "event %llu of the workload has private or masked parts", (unsigned long long)i);
        }
        total += w.body.n;
    }
    buf_done(&body);
    buf_done(&private_);
    workload_done(&w);
    if (rc == 0 && n > 0) {
        *ret_body_bytes = (double)total / (double)n;
    }
    return rc;
}

/* ---- as text ---- */

static void text_put(struct buf *out, const char *name, struct bytes value) {
    mp_put_str(out, bytes_of(name));
    mp_put_str(out, value);
}

/* Names in byte order. */
int workload_line(const struct log_draft *d, struct buf *mp, struct buf *out, struct err *err) {
    buf_clear(mp);
    mp_put_map(mp, d->key.n > 0 ? 7 : 6);
    text_put(mp, "actor", d->actor);
    mp_put_str(mp, bytes_of("body"));
    buf_put_bytes(mp, d->body);
    text_put(mp, "grade", d->grade);
    if (d->key.n > 0) {
        text_put(mp, "key", d->key);
    }
    text_put(mp, "kind", d->kind);
    text_put(mp, "run", d->run);
    text_put(mp, "subject", d->subject);
    int rc = buf_check(mp, "an event", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(mp), JSON_LINE, out, err);
    buf_put_u8(out, '\n');
    if (rc == 0) rc = buf_check(out, "a line", err);
    return rc;
}
