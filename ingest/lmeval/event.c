/* The bodies of the events. Machine-made names, numbers and digests are open. The configuration, the arguments, and values
 * without a field of their own stay private, verbatim. */
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/lmeval/lmeval.h"

#define NO_BYTES ((struct bytes){NULL, 0})
#define BODY_MAX ((size_t)4 << 20)
#define HARNESS  "lm_eval"

static void put_time(struct mp_map *f, uint64_t at, struct bytes at_text) {
    if (at != INGEST_NO_TIME) {
        mp_map_uint(f, "at", at);
    }
    mp_map_text(f, "at_text", at_text);
}

static void put_number(struct mp_map *f, const char *name, struct bytes raw) {
    struct buf scratch = {.max = 64};
    mp_map_raw(f, name, lmeval_number(raw, &scratch));
    buf_done(&scratch);
}

/* A duration; a negative one is left out. */
static void put_seconds(struct mp_map *f, const char *name, struct bytes raw) {
    struct buf scratch = {.max = 64};
    struct mp_item item;
    struct bytes number = lmeval_number(raw, &scratch);
    if (mp_scalar(number, &item) == 0 && (item.type == MP_UINT || (item.type == MP_FLOAT && item.real >= 0))) {
        mp_map_raw(f, name, number);
    }
    buf_done(&scratch);
}

static void put_count(struct mp_map *f, const char *name, struct bytes raw) {
    uint64_t count;
    if (lmeval_count(raw, &count)) {
        mp_map_uint(f, name, count);
    }
}

static const struct item_reason reasons[] = {
    {LMEVAL_LIMIT, "limit"},         {LMEVAL_EFFECTIVE, "effective_samples"}, {LMEVAL_MISSING, "samples_missing"},
    {LMEVAL_FEWER, "samples_fewer"}, {LMEVAL_DIFFER, "samples_differ"},       {LMEVAL_NO_RESULTS, "results_missing"}};

/* `judged`: without any of the reasons it is known to be complete. */
static void put_partial(struct mp_map *f, unsigned partial, bool judged) {
    item_put_partial(f, partial, judged, reasons, sizeof(reasons) / sizeof(reasons[0]));
}

static int end(struct mp_map *f, struct buf *out, int code, struct err *err) {
    if (code == 0) code = mp_map_write(f, out, err);
    mp_map_done(f);
    return code;
}

/* ---- an evaluation ------------------------------------------------------------------------------------------------ */

static void put_tasks(struct mp_map *f, const struct lmeval_doc *doc) {
    uint32_t tasks = 0, hashes = 0;
    uint64_t effective = 0, original = 0;
    for (size_t i = 0; i < doc->n_tasks; i++) {
        const struct lmeval_task *t = &doc->tasks[i];
        tasks += !t->group;
        hashes += lmeval_sha256(t->hash).n > 0;
        effective += t->has_effective ? t->effective : 0;
        original += t->has_original ? t->original : 0;
    }
    mp_map_begin(f, "tasks");
    mp_put_array(&f->values, tasks);
    for (size_t i = 0; i < doc->n_tasks; i++) {
        if (!doc->tasks[i].group) {
            mp_put_str(&f->values, doc->tasks[i].name);
        }
    }
    mp_map_end(f);
    if (hashes > 0) {
        mp_map_begin(f, "task_digests");
        mp_put_map(&f->values, hashes);
        for (size_t i = 0; i < doc->n_tasks; i++) {
            if (lmeval_sha256(doc->tasks[i].hash).n > 0) {
                mp_put_str(&f->values, doc->tasks[i].name);
                mp_map_put_digest(&f->values, lmeval_text(doc->tasks[i].hash));
            }
        }
        mp_map_end(f);
    }
    if (doc->top[LMEVAL_N_SAMPLES].n > 0 && effective <= MP_INT_MAX && original <= MP_INT_MAX) {
        mp_map_uint(f, "samples", effective);
        mp_map_uint(f, "samples_total", original);
    }
}

static void put_seeds(struct mp_map *f, struct bytes config) {
    static const struct {
        const char *name, *seed;
    } seeds[] = {{"fewshot_seed", "fewshot"}, {"numpy_seed", "numpy"}, {"random_seed", "random"}, {"torch_seed", "torch"}};
    uint64_t seed[4];
    bool there[4];
    uint32_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        there[i] = lmeval_count(lmeval_get(config, seeds[i].name), &seed[i]);
        n += there[i];
    }
    if (n == 0) return;
    mp_map_begin(f, "seeds");
    mp_put_map(&f->values, n);
    for (size_t i = 0; i < 4; i++) {
        if (there[i]) {
            mp_put_str(&f->values, bytes_of(seeds[i].seed));
            mp_put_uint(&f->values, seed[i]);
        }
    }
    mp_map_end(f);
}

static void put_config(struct mp_map *f, struct bytes config) {
    struct bytes cache;
    bool no_cache;
    put_seeds(f, config);
    put_number(f, "limit", lmeval_get(config, "limit"));
    put_count(f, "parameters", lmeval_get(config, "model_num_parameters"));
    mp_map_text(f, "dtype", lmeval_word(lmeval_get(config, "model_dtype")));
    if (mp_map_get(config, "use_cache", &cache) == 0) {
        mp_map_bool(f, "cached", !lmeval_is(cache, MP_NIL));
    } else if (lmeval_truth(lmeval_get(config, "no_cache"), &no_cache)) {
        mp_map_bool(f, "cached", !no_cache);
    }
    mp_map_bounded(f, "model_args", lmeval_get(config, "model_args"), LMEVAL_KEPT_MAX);
    mp_map_bounded(f, "config", config, LMEVAL_KEPT_MAX);
}

/* A name from "git describe", which may mark uncommitted changes. */
static void put_revision(struct mp_map *f, struct bytes raw) {
    static const char dirty[] = "-dirty";
    struct bytes revision = lmeval_word(raw);
    size_t n = sizeof(dirty) - 1;
    mp_map_text(f, "code_revision", revision);
    if (revision.n > n && memcmp(revision.p + revision.n - n, dirty, n) == 0) {
        mp_map_bool(f, "dirty", true);
    }
}

/* The document's own figure, as text; else the difference of start_time and end_time. */
static void put_duration(struct mp_map *f, const struct lmeval_doc *doc) {
    struct bytes whole = bytes_of_buf(&doc->mp);
    struct mp_item from, to;
    if (doc->top[LMEVAL_SECONDS].n > 0) {
        put_seconds(f, "duration_s", doc->top[LMEVAL_SECONDS]);
    } else if (mp_scalar(lmeval_get(whole, "start_time"), &from) == 0 && from.type == MP_FLOAT &&
               mp_scalar(lmeval_get(whole, "end_time"), &to) == 0 && to.type == MP_FLOAT && to.real >= from.real &&
               mp_float_ok(to.real - from.real)) {
        mp_map_begin(f, "duration_s");
        mp_put_float(&f->values, to.real - from.real);
        mp_map_end(f);
    }
}

/* Top-level names without a field, and those whose value could not be used. */
static void put_rest(struct mp_map *f, const struct lmeval_doc *doc) {
    struct lmeval_other other = {0};
    struct item_entries e;
    buf_init(&other.entries, BODY_MAX);
    item_entries_open(&e, bytes_of_buf(&doc->mp));
    while (item_entries_next(&e)) {
        bool used = false;
        for (size_t i = 0; i < LMEVAL_N_TOP; i++) {
            used = used || (doc->top[i].p == e.raw.p && lmeval_doc_says(doc, (enum lmeval_top)i));
        }
        if (!used && !(lmeval_doc_knows(e.name) && lmeval_is(e.raw, MP_NIL))) {
            lmeval_other_put(&other, e.name, e.raw);
        }
    }
    lmeval_other_end(&other, f);
    buf_done(&other.entries);
}

int lmeval_put_imported(const struct lmeval_doc *doc, const char *path, struct buf *out, struct err *err) {
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "harness", bytes_of(HARNESS));
    mp_map_text(&f, "harness_version", lmeval_word(doc->top[LMEVAL_VERSION]));
    mp_map_hash(&f, "file_digest", doc->file_digest);
    put_time(&f, doc->at, doc->at_text);
    lmeval_model_put(&doc->model, &f);
    mp_map_text(&f, "model_path", doc->model.path);
    mp_map_text(&f, "base_model", doc->model.base);
    mp_map_text(&f, "runtime", doc->model.runtime);
    mp_map_text(&f, "endpoint", doc->model.endpoint);
    mp_map_digest(&f, "template_digest", lmeval_sha256(doc->top[LMEVAL_CHAT_TEMPLATE_SHA]));
    mp_map_digest(&f, "instruction_digest", lmeval_sha256(doc->top[LMEVAL_INSTRUCTION_SHA]));
    put_tasks(&f, doc);
    put_partial(&f, doc->partial, doc->judged);
    put_config(&f, doc->top[LMEVAL_CONFIG]);
    put_revision(&f, doc->top[LMEVAL_GIT_HASH]);
    put_duration(&f, doc);
    mp_map_text(&f, "path", bytes_of(path));
    put_rest(&f, doc);
    return end(&f, out, 0, err);
}

int lmeval_put_orphans(const struct lmeval_about *about, uint64_t documents, const char *path, struct buf *out,
                       struct err *err) {
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "harness", bytes_of(HARNESS));
    put_time(&f, about->at, about->at_text);
    mp_map_begin(&f, "tasks");
    mp_put_array(&f.values, about->task.n > 0);
    if (about->task.n > 0) {
        mp_put_str(&f.values, about->task);
    }
    mp_map_end(&f);
    mp_map_uint(&f, "samples", documents);
    put_partial(&f, LMEVAL_NO_RESULTS, true);
    mp_map_text(&f, "path", bytes_of(path));
    return end(&f, out, 0, err);
}

/* ---- a task ------------------------------------------------------------------------------------------------------- */

/* A version is a number, a word, or null. */
static void put_version(struct mp_map *f, const char *name, struct bytes raw) {
    struct buf text = {.max = 64};
    struct bytes word = lmeval_word(raw);
    struct mp_item item;
    if (word.n == 0 && mp_scalar(raw, &item) == 0 &&
        (item.type == MP_UINT || item.type == MP_INT || item.type == MP_FLOAT) &&
        json_from_mp(raw, JSON_LINE, &text, NULL) == 0) {
        word = bytes_of_buf(&text);
    }
    mp_map_text(f, name, word);
    buf_done(&text);
}

static void put_definition(struct mp_map *f, const char *name, struct bytes config) {
    uint8_t digest[HASH_LEN];
    if (config.n > 0) {
        hash_parts(digest, &config, 1);
        mp_map_hash(f, name, digest);
    }
}

int lmeval_put_task(const struct lmeval_task *task, struct buf *out, struct err *err) {
    static const struct {
        const char *field, *name;
    } words[] = {{"dataset", "dataset_path"}, {"subset", "dataset_name"}, {"output_type", "output_type"}};
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "task", task->name);
    mp_map_text(&f, "harness", bytes_of(HARNESS));
    put_definition(&f, "definition_digest", task->config);
    put_version(&f, "version", task->version);
    put_count(&f, "shots", lmeval_get(task->config, "num_fewshot"));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct bytes word = lmeval_word(lmeval_get(task->config, words[i].name));
        bool path = bytes_has_prefix(word, "/") || bytes_has_prefix(word, ".");
        mp_map_text(&f, words[i].field, path ? NO_BYTES : word);
    }
    mp_map_bounded(&f, "definition", task->config, (size_t)768 << 10);
    return end(&f, out, 0, err);
}

/* ---- a score ------------------------------------------------------------------------------------------------------ */

static bool is_meta(struct bytes key) {
    static const char *const meta[] = {"alias", "name", "sample_len", "sample_count", "samples", " "};
    for (size_t i = 0; i < sizeof(meta) / sizeof(meta[0]); i++) {
        if (bytes_is(key, meta[i])) return true;
    }
    return false;
}

static const char ending[] = "_stderr";

static bool is_stderr(struct bytes metric) {
    size_t n = sizeof(ending) - 1;
    return metric.n > n && memcmp(metric.p + metric.n - n, ending, n) == 0;
}

/* A number, also as text, or the word for an undefined one. */
static bool is_number(struct bytes raw) {
    struct buf scratch = {.max = 64};
    bool number = lmeval_number(raw, &scratch).n > 0 || lmeval_is_nan(raw);
    buf_done(&scratch);
    return number;
}

/* The entry of the same metric with "_stderr" appended to its name, or removed; empty when there is none. */
static struct bytes find_partner(const struct lmeval_task *task, const struct lmeval_metric *m) {
    char key[LMEVAL_NAME_MAX + 16];
    size_t n = m->metric.n, rest = m->key.n - m->metric.n;
    struct bytes raw;
    memcpy(key, m->metric.p, n);
    if (is_stderr(m->metric)) {
        n -= sizeof(ending) - 1;
    } else {
        memcpy(key + n, ending, sizeof(ending) - 1);
        n += sizeof(ending) - 1;
    }
    memcpy(key + n, m->metric.p + m->metric.n, rest);
    key[n + rest] = '\0';
    return mp_map_get(task->metrics, key, &raw) == 0 ? raw : NO_BYTES;
}

/* "acc,none", or "acc" of old versions, which is a metric only when its value is a number. A metric's standard error is an
 * entry too, and counts as a metric itself when the metric is missing. */
enum entry { METRIC, STANDARD_ERROR, NO_METRIC };
static enum entry kind_of(const struct lmeval_task *task, const struct item_entries *e, struct lmeval_metric *ret) {
    const uint8_t *comma = e->name.n > 0 ? memchr(e->name.p, ',', e->name.n) : NULL;
    struct lmeval_metric m = {.key = e->name, .metric = e->name, .value = e->raw};
    if (comma != NULL) {
        m.metric.n = (size_t)(comma - e->name.p);
        m.filter = (struct bytes){comma + 1, e->name.n - m.metric.n - 1};
    }
    if (is_meta(e->name) || m.metric.n == 0 || m.key.n > LMEVAL_NAME_MAX || (comma == NULL && !is_number(e->raw))) {
        return NO_METRIC;
    }
    struct bytes other = find_partner(task, &m);
    if (is_stderr(m.metric) && other.n > 0) return STANDARD_ERROR;
    m.stderr_ = other;
    *ret = m;
    return METRIC;
}

bool lmeval_metric_next(const struct lmeval_task *task, struct item_entries *e, struct lmeval_metric *ret) {
    while (item_entries_next(e)) {
        if (kind_of(task, e, ret) == METRIC) return true;
    }
    return false;
}

/* Entries among a task's metrics that are not metrics, and this metric's value when no field can hold it. The alias usually
 * repeats the task's name. */
static void put_leftovers(struct mp_map *f, const struct lmeval_task *task, struct bytes odd_value) {
    struct lmeval_other other = {0};
    struct item_entries e;
    struct lmeval_metric m;
    buf_init(&other.entries, BODY_MAX);
    item_entries_open(&e, task->metrics);
    while (item_entries_next(&e)) {
        bool name = bytes_is(e.name, "alias") || bytes_is(e.name, "name");
        bool said = (name && bytes_eq(lmeval_text(e.raw), task->name)) || bytes_is(e.name, " ");
        enum entry kind = kind_of(task, &e, &m);
        said = said || kind == METRIC || (kind == STANDARD_ERROR && (is_number(e.raw) || lmeval_is(e.raw, MP_NIL)));
        if (e.raw.p == odd_value.p || !said) {
            lmeval_other_put(&other, e.name, e.raw);
        }
    }
    lmeval_other_end(&other, f);
    buf_done(&other.entries);
}

/* A group counts its own samples, the document those of a task. */
static void put_samples(struct mp_map *f, const struct lmeval_task *task, const struct lmeval_metric *m) {
    uint64_t count = 0;
    char key[LMEVAL_NAME_MAX + 1];
    memcpy(key, m->key.p, m->key.n);
    key[m->key.n] = '\0';
    if (task->has_effective) {
        mp_map_uint(f, "samples", task->effective);
    } else if (lmeval_count(lmeval_get(lmeval_get(task->metrics, "sample_count"), key), &count) ||
               lmeval_count(lmeval_get(task->metrics, "sample_len"), &count) ||
               lmeval_count(lmeval_get(task->metrics, "samples"), &count)) {
        mp_map_uint(f, "samples", count);
    }
    if (task->has_original) {
        mp_map_uint(f, "samples_total", task->original);
    }
}

static void put_value(struct mp_map *f, const struct lmeval_task *task, const struct lmeval_metric *m) {
    struct buf scratch = {.max = 64};
    struct bytes odd = NO_BYTES, number;
    bool truth;
    number = lmeval_number(m->value, &scratch);
    if (number.n > 0) {
        mp_map_raw(f, "value", number);
    } else if (lmeval_is(m->value, MP_BOOL) && lmeval_truth(m->value, &truth)) {
        mp_map_uint(f, "value", truth);
    } else {
        struct bytes word = lmeval_word(m->value);
        mp_map_nil(f, "value");
        mp_map_text(f, "label", word);
        odd = word.n > 0 || lmeval_is(m->value, MP_NIL) ? NO_BYTES : m->value;
    }
    number = lmeval_number(m->stderr_, &scratch);
    if (number.n > 0) {
        mp_map_raw(f, "stderr", number);
    } else if (m->stderr_.n > 0) {
        mp_map_nil(f, "stderr");
    }
    buf_done(&scratch);
    put_leftovers(f, task, odd);
}

/* What its samples make it; the judge compares the two. */
static void put_mean(struct mp_map *f, const struct lmeval_task *task, const struct lmeval_metric *m) {
    double mean;
    if (lmeval_mean(task, m, &mean)) {
        mp_map_begin(f, "value_sampled");
        mp_put_float(&f->values, mean);
        mp_map_end(f);
    }
}

int lmeval_put_scored(const struct lmeval_doc *doc, const struct lmeval_task *task, const struct lmeval_metric *m,
                      struct buf *out, struct err *err) {
    struct mp_map f;
    struct item_entries higher;
    bool more;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "task", task->name);
    mp_map_text(&f, "metric", m->metric);
    mp_map_text(&f, "filter", m->filter);
    mp_map_bool(&f, "grouped", task->group);
    put_value(&f, task, m);
    put_mean(&f, task, m);
    put_samples(&f, task, m);
    item_entries_open(&higher, task->higher);
    if (lmeval_truth(item_entries_find(&higher, m->metric), &more)) {
        mp_map_bool(&f, "higher_is_better", more);
    }
    struct bytes shots = task->shots.n > 0 ? task->shots : lmeval_get(doc->top[LMEVAL_CONFIG], "num_fewshot");
    put_count(&f, "shots", shots);
    put_version(&f, "task_version", task->version);
    mp_map_digest(&f, "task_digest", lmeval_sha256(task->hash));
    put_definition(&f, "definition_digest", task->config);
    lmeval_model_put(&doc->model, &f);
    put_partial(&f, task->partial, task->judged);
    put_time(&f, doc->at, doc->at_text);
    return end(&f, out, 0, err);
}
