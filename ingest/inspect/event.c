/* The bodies of the events. Numbers, digests and machine-made names are open; questions, answers, conversations, settings and
 * whatever has no field stay private, verbatim, as far as there is room. */
#include <stdio.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/inspect/inspect.h"

#define BODY_MAX ((size_t)8 << 20)
#define NO_BYTES ((struct bytes){NULL, 0})
#define NS_PER_S 1e9

static const struct item_reason reasons[] = {{INSPECT_LIMIT, "limit"},
                                             {INSPECT_EFFECTIVE, "effective_samples"},
                                             {INSPECT_FEWER, "samples_fewer"},
                                             {INSPECT_NO_RESULTS, "results_missing"}};

static void put_partial(struct mp_map *f, const struct inspect_log *log) {
    item_put_partial(f, log->partial, log->judged, reasons, sizeof(reasons) / sizeof(reasons[0]));
}

static void put_time(struct mp_map *f, uint64_t at, struct bytes text) {
    if (at != INGEST_NO_TIME) mp_map_uint(f, "at", at);
    mp_map_text(f, "at_text", text);
}

static int end(struct mp_map *f, struct buf *out, struct err *err) {
    int rc = mp_map_write(f, out, err);
    mp_map_done(f);
    return rc;
}

/* Entries without a field, in "other": those of `map` whose names are not in `said`. Later ones are kept by digest and size when
 * the first have taken the room. */
static void put_other(struct mp_map *f, struct bytes map, const char *const *said, size_t n_said) {
    struct item_entries e;
    size_t left = INSPECT_OTHER_MAX;
    uint32_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1 && n == 0) return;
        if (pass == 1) {
            mp_map_begin(f, "other");
            mp_put_map(&f->values, n);
        }
        item_entries_open(&e, map);
        while (item_entries_next(&e)) {
            bool known = item_is(e.raw, MP_NIL);
            for (size_t i = 0; i < n_said; i++) {
                known = known || bytes_is(e.name, said[i]);
            }
            if (known) continue;
            n += pass == 0;
            if (pass == 0) continue;
            size_t max = left < INSPECT_KEPT_MAX ? left : INSPECT_KEPT_MAX;
            mp_put_str(&f->values, e.name);
            mp_map_put_bounded(&f->values, e.raw, max);
            left -= e.raw.n <= max ? e.raw.n : 0;
        }
    }
    mp_map_end(f);
}

static struct bytes version_of(const struct inspect_log *log) {
    return item_word(item_get(item_get(log->eval, "packages"), "inspect_ai"));
}

static void put_what(struct mp_map *f, const struct inspect_log *log) {
    mp_map_text(f, "harness", bytes_of("inspect"));
    mp_map_text(f, "harness_version", version_of(log));
    mp_map_text(f, "model", log->model);
    mp_map_text(f, "runtime", log->provider);
}

/* ---- the evaluation ---- */

int inspect_put_task(const struct inspect_log *log, uint8_t ret_digest[32], struct buf *out, struct err *err) {
    struct bytes dataset = item_get(log->eval, "dataset"), version = item_get(log->eval, "task_version");
    const struct bytes parts[] = {log->task,
                                  version,
                                  mp_get_text(dataset, "name"),
                                  item_get(log->eval, "task_args"),
                                  item_get(log->eval, "scorers"),
                                  item_get(log->whole, "plan")};
    struct mp_map f;
    char text[24];
    uint64_t n;
    mp_map_init(&f, BODY_MAX);
    hash_parts(ret_digest, parts, sizeof(parts) / sizeof(parts[0]));
    mp_map_text(&f, "task", log->task);
    mp_map_text(&f, "harness", bytes_of("inspect"));
    mp_map_hash(&f, "definition_digest", ret_digest);
    if (item_count(version, &n)) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
        mp_map_text(&f, "version", bytes_of(text));
    } else {
        mp_map_text(&f, "version", item_word(version));
    }
    mp_map_text(&f, "dataset", item_word(item_get(dataset, "name")));
    mp_map_bounded(&f, "definition", item_get(log->whole, "plan"), INSPECT_KEPT_MAX);
    return end(&f, out, err);
}

/* Only what a log says from its beginning on, so that each version of the log gives the same event. */
int inspect_put_started(const struct inspect_log *log, struct buf *out, struct err *err) {
    struct mp_map f;
    char room[ITEM_URL_MAX];
    mp_map_init(&f, BODY_MAX);
    put_what(&f, log);
    mp_map_text(&f, "task", log->task);
    mp_map_text(&f, "endpoint", item_url(mp_get_text(log->eval, "model_base_url"), room));
    put_time(&f, log->created, log->created_text);
    return end(&f, out, err);
}

static void put_run(struct mp_map *f, const struct inspect_log *log) {
    struct bytes revision = item_get(log->eval, "revision"), limit = item_get(log->config, "limit");
    double v;
    bool dirty;
    uint64_t from, to, seed;
    struct bytes text;
    mp_map_text(f, "code_revision", item_word(item_get(revision, "commit")));
    if (item_truth(item_get(revision, "dirty"), &dirty)) mp_map_bool(f, "dirty", dirty);
    if (item_number(limit, &v)) mp_map_raw(f, "limit", limit);
    struct bytes generate = item_get(log->eval, "model_generate_config");
    if (item_count(item_get(generate, "seed"), &seed)) {
        mp_map_begin(f, "seeds");
        mp_put_map(&f->values, 1);
        mp_put_text(&f->values, "model");
        mp_put_uint(&f->values, seed);
        mp_map_end(f);
    }
    text = mp_get_text(log->stats, "started_at");
    if (log->at != INGEST_NO_TIME && text_parse_time(text, &from) == 0) {
        to = log->at;
        if (to >= from) item_put_real(f, "duration_s", (double)(to - from) / NS_PER_S);
    }
}

int inspect_put_imported(const struct inspect_log *log, const struct inspect_sums *sums, const uint8_t file_digest[32],
                         const char *path, struct buf *out, struct err *err) {
    static const char *const said[] = {"eval", "samples", "reductions", "status"};
    struct mp_map f;
    char room[ITEM_URL_MAX];
    mp_map_init(&f, BODY_MAX);
    put_what(&f, log);
    mp_map_hash(&f, "file_digest", file_digest);
    put_time(&f, log->at, log->at_text);
    mp_map_text(&f, "status", log->status);
    mp_map_text(&f, "endpoint", item_url(mp_get_text(log->eval, "model_base_url"), room));
    mp_map_begin(&f, "tasks");
    mp_put_array(&f.values, 1);
    mp_put_str(&f.values, log->task);
    mp_map_end(&f);
    put_partial(&f, log);
    bool told = item_get(log->results, "completed_samples").n > 0;
    uint64_t samples = told ? log->completed : sums->samples;
    if (told || samples > 0) mp_map_uint(&f, "samples", samples);
    if (log->total >= samples && log->total > 0) mp_map_uint(&f, "samples_total", log->total);
    if (sums->cached || (sums->cache_known && sums->samples > 0)) mp_map_bool(&f, "cached", sums->cached);
    put_run(&f, log);
    mp_map_bounded(&f, "model_args", item_get(log->eval, "model_args"), INSPECT_KEPT_MAX);
    mp_map_bounded(&f, "config", log->eval, INSPECT_KEPT_MAX);
    put_other(&f, log->whole, said, 4);
    mp_map_text(&f, "path", bytes_of(path));
    return end(&f, out, err);
}

/* ---- a sample ---- */

/* A text that was moved into the attachments, or the text itself. */
static struct bytes resolved(struct bytes sample, struct bytes raw) {
    static const char scheme[] = "attachment://";
    struct bytes text = item_text(raw);
    size_t n = sizeof(scheme) - 1;
    if (!bytes_has_prefix(text, scheme) || text.n - n > INSPECT_NAME_MAX) return raw;
    char name[INSPECT_NAME_MAX + 1];
    memcpy(name, text.p + n, text.n - n);
    name[text.n - n] = '\0';
    struct bytes there = item_get(item_get(sample, "attachments"), name);
    return there.n > 0 ? there : raw;
}

/* The SHA-256 of a text's own bytes, of anything else as it is stored. */
static void put_digest(struct mp_map *f, const char *name, struct bytes raw) {
    struct bytes text = item_text(raw);
    item_put_digest(f, name, text.n > 0 ? text : raw);
}

static void put_usage(struct mp_map *f, struct bytes sample) {
    struct item_entries e;
    uint64_t in = 0, out = 0, n;
    double cost = 0, c;
    bool any = false, priced = false;
    item_entries_open(&e, item_get(sample, "model_usage"));
    while (item_entries_next(&e)) {
        if (item_count(item_get(e.raw, "input_tokens"), &n) && n <= UINT32_MAX) in += n;
        if (item_count(item_get(e.raw, "output_tokens"), &n) && n <= UINT32_MAX) out += n;
        if (item_number(item_get(e.raw, "total_cost"), &c)) {
            cost += c;
            priced = true;
        }
        any = true;
    }
    if (any) mp_map_uint(f, "tokens_in", in);
    if (any) mp_map_uint(f, "tokens_out", out);
    if (priced && cost >= 0) item_put_real(f, "cost", cost);
}

/* Numbers of scalar values; null where a value is none. Version 1 does not name the scorer. */
static void put_scores(struct mp_map *f, struct bytes sample) {
    struct bytes scorer, score;
    uint32_t n = 0;
    while (n < INSPECT_SCORERS_MAX && inspect_score_at(sample, n, &scorer, &score)) {
        n++;
    }
    if (n == 0) return;
    mp_map_begin(f, "scores");
    mp_put_map(&f->values, n);
    for (uint32_t i = 0; i < n && inspect_score_at(sample, i, &scorer, &score); i++) {
        double v;
        mp_put_str(&f->values, scorer.n > 0 ? scorer : bytes_of("score"));
        if (inspect_value(item_get(score, "value"), &v) && mp_float_ok(v)) {
            mp_put_float(&f->values, v);
        } else {
            mp_put_nil(&f->values);
        }
    }
    mp_map_end(f);
}

static void put_id(struct mp_map *f, const struct inspect_sample *s, const char *hidden) {
    char text[32];
    struct mp_item item;
    struct bytes word = item_word(s->id);
    if (mp_scalar(s->id, &item) == 0 && item.type == MP_UINT) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)item.uint);
    } else if (item.type == MP_INT) {
        snprintf(text, sizeof(text), "%lld", (long long)item.sint);
    } else if (word.n > 0) {
        mp_map_text(f, "sample", word);
        return;
    } else {
        mp_map_text(f, "sample", bytes_of(hidden));
        return;
    }
    mp_map_text(f, "sample", bytes_of(text));
}

static struct bytes completion_of(struct bytes output) {
    struct mp_reader r;
    struct bytes choice = NO_BYTES;
    uint32_t n = 0;
    struct bytes text = item_get(output, "completion");
    if (text.n > 0) return text;
    if (item_list(item_get(output, "choices"), &r, &n) && n > 0 && mp_skip(&r, 2, &choice, NULL) == 0) {
        text = item_get(item_get(choice, "message"), "content");
    }
    return text;
}

static struct bytes finish_of(struct bytes output) {
    struct mp_reader r;
    struct bytes choice = NO_BYTES;
    uint32_t n = 0;
    bool there = item_list(item_get(output, "choices"), &r, &n) && n > 0 && mp_skip(&r, 2, &choice, NULL) == 0;
    return there ? item_word(item_get(choice, "stop_reason")) : NO_BYTES;
}

int inspect_put_sample(const struct inspect_log *log, const struct inspect_sample *s, const char *hidden, struct buf *out,
                       struct err *err) {
    static const char *const said[] = {"id", "epoch", "input", "target", "output", "total_time"};
    struct bytes output = item_get(s->raw, "output"), input = resolved(s->raw, item_get(s->raw, "input"));
    struct bytes target = resolved(s->raw, item_get(s->raw, "target")), text = resolved(s->raw, completion_of(output));
    struct bytes answer = text.n > 0 ? text : output;
    double seconds;
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "task", log->task);
    put_id(&f, s, hidden);
    if (s->epoch > 1) mp_map_uint(&f, "repeat", s->epoch - 1);
    put_time(&f, log->created, log->created_text);
    mp_map_text(&f, "model", log->model);
    put_scores(&f, s->raw);
    if (s->outcome != INSPECT_PASSED) {
        bool limit = item_get(s->raw, "limit").n > 0;
        mp_map_text(&f, "failure", bytes_of(s->outcome == INSPECT_ERRED ? "error" : limit ? "limit" : "assertion"));
        if (s->outcome == INSPECT_FAILED) mp_map_text(&f, "metric", s->scorer.n > 0 ? s->scorer : bytes_of("score"));
    }
    if (item_number(item_get(s->raw, "total_time"), &seconds) && seconds >= 0) {
        item_put_real(&f, "latency_ms", seconds * 1000);
    }
    put_usage(&f, s->raw);
    mp_map_text(&f, "finish", finish_of(output));
    put_digest(&f, "prompt_digest", input);
    put_digest(&f, "target_digest", target);
    put_digest(&f, "output_digest", answer);
    mp_map_bounded(&f, "doc", input, INSPECT_KEPT_MAX);
    mp_map_bounded(&f, "target", target, INSPECT_KEPT_MAX);
    mp_map_bounded(&f, "output", answer, INSPECT_KEPT_MAX);
    put_other(&f, s->raw, said, sizeof(said) / sizeof(said[0]));
    return end(&f, out, err);
}

/* ---- a score ---- */

/* Which values it was made of: the score's name, and how epochs were reduced when that is not their mean. */
static void put_filter(struct mp_map *f, const struct inspect_metric *m) {
    char text[2 * INSPECT_NAME_MAX + 2];
    bool reduced = m->reducer.n > 0 && !bytes_is(m->reducer, "mean");
    snprintf(text, sizeof(text), "%.*s%s%.*s", (int)m->name.n, (const char *)m->name.p, reduced ? ":" : "",
             reduced ? (int)m->reducer.n : 0, (const char *)m->reducer.p);
    mp_map_text(f, "filter", bytes_of(text));
}

static void put_number_or_null(struct mp_map *f, const char *name, struct bytes raw) {
    double v;
    if (item_number(raw, &v)) {
        mp_map_raw(f, name, raw);
    } else {
        mp_map_nil(f, name);
    }
}

int inspect_put_scored(const struct inspect_log *log, const struct inspect_sums *sums, const struct inspect_metric *m,
                       struct buf *out, struct err *err) {
    uint64_t samples = log->completed;
    struct mp_map f;
    double mean;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "task", log->task);
    mp_map_text(&f, "metric", m->metric);
    put_filter(&f, m);
    mp_map_text(&f, "scorer", m->scorer);
    put_number_or_null(&f, "value", m->value);
    if (item_text(m->value).n > 0) mp_map_text(&f, "label", item_word(m->value));
    if (m->stderr_.n > 0) put_number_or_null(&f, "stderr", m->stderr_);
    if (inspect_sums_mean(sums, log, m, &mean)) item_put_real(&f, "value_sampled", mean);
    if (bytes_is(m->metric, "accuracy")) mp_map_bool(&f, "higher_is_better", true);
    item_count(item_get(m->score, "scored_samples"), &samples);
    if (samples > 0 && samples <= UINT32_MAX) mp_map_uint(&f, "samples", samples);
    if (log->total >= log->completed && log->total > 0) mp_map_uint(&f, "samples_total", log->total);
    mp_map_text(&f, "model", log->model);
    put_partial(&f, log);
    put_time(&f, log->at, log->at_text);
    return end(&f, out, err);
}

int inspect_put_edited(const struct inspect_log *log, const struct inspect_metric *m, struct buf *out, struct err *err) {
    struct mp_map f;
    double v;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "reason", bytes_of("edited"));
    mp_map_text(&f, "task", log->task);
    mp_map_text(&f, "metric", m->metric);
    put_filter(&f, m);
    if (item_number(m->value, &v)) mp_map_raw(&f, "value", m->value);
    return end(&f, out, err);
}

int inspect_put_invalidated(const struct inspect_log *log, struct buf *out, struct err *err) {
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "reason", bytes_of("invalidated"));
    mp_map_text(&f, "task", log->task);
    return end(&f, out, err);
}
