/* The log without its samples. What it is of comes from "eval", how it went from "status", "results" and "stats". Logs of
 * version 1 have one scorer, with its metrics beside it; they are read as a list of one. */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/inspect/inspect.h"

#define NO_BYTES ((struct bytes){NULL, 0})
#define TEXT_MAX 64

static void read_time(struct bytes map, const char *name, uint64_t *ret_at, struct bytes *ret_text) {
    struct bytes text = mp_get_text(map, name);
    *ret_text = NO_BYTES;
    if (text_parse_time(text, ret_at) != 0) {
        *ret_at = INGEST_NO_TIME;
        *ret_text = text.n <= TEXT_MAX ? text : NO_BYTES;
    }
}

/* "ollama/gemma3": the provider, and the model's name in its words. */
static void read_model(struct inspect_log *log) {
    struct bytes whole = item_word(item_get(log->eval, "model"));
    const uint8_t *slash = bytes_find(whole, '/');
    if (slash == NULL) {
        log->model = whole;
        return;
    }
    log->provider = (struct bytes){whole.p, (size_t)(slash - whole.p)};
    log->model = (struct bytes){slash + 1, whole.n - log->provider.n - 1};
    if (bytes_has_prefix(log->model, "/") || bytes_has_prefix(log->model, ".")) log->model = NO_BYTES;
}

/* Over all entries but the samples, so that it is the same for a log as JSON and as an archive. */
static void digest_log(struct inspect_log *log) {
    struct hash *h = hash_new();
    struct item_entries e;
    item_entries_open(&e, log->whole);
    while (h != NULL && item_entries_next(&e)) {
        if (bytes_is(e.name, "samples") || bytes_is(e.name, "reductions") || item_is(e.raw, MP_NIL)) continue;
        hash_put(h, e.name.p, e.name.n);
        hash_put(h, e.raw.p, e.raw.n);
    }
    if (h != NULL) hash_end(h, log->digest);
    hash_free(h);
}

static uint64_t count_of(struct bytes map, const char *name) {
    uint64_t n;
    return item_count(item_get(map, name), &n) && n <= UINT32_MAX ? n : 0;
}

static void read_counts(struct inspect_log *log) {
    struct bytes dataset = item_get(log->eval, "dataset");
    struct mp_reader r;
    uint32_t ids = 0;
    uint64_t all = count_of(dataset, "samples");
    log->epochs = count_of(log->config, "epochs");
    log->epochs = log->epochs > 0 ? log->epochs : 1;
    log->total = all * log->epochs;
    if (!item_list(item_get(dataset, "sample_ids"), &r, &ids) || ids == 0) ids = 0;
    log->planned = count_of(log->results, "total_samples");
    log->planned = log->planned > 0 ? log->planned : ids * log->epochs;
    log->completed = count_of(log->results, "completed_samples");
    if (item_get(log->config, "limit").n > 0) log->partial |= INSPECT_LIMIT;
    bool chosen = item_get(log->config, "sample_id").n > 0 || (all > 0 && ids > 0 && ids < all);
    if (chosen || (log->planned > 0 && log->planned < log->total)) log->partial |= INSPECT_EFFECTIVE;
    if (log->results.n > 0 && log->completed < log->planned) log->partial |= INSPECT_EFFECTIVE;
    log->judged = log->total > 0 && log->planned > 0;
}

int inspect_log_read(struct bytes whole, struct inspect_log *ret, struct err *err) {
    static const char *const known[] = {"started", "success", "cancelled", "error"};
    struct inspect_log log = {.whole = whole, .eval = item_get(whole, "eval")};
    bool fine = false;
    log.task = mp_get_text(log.eval, "task");
    if (!item_is(whole, MP_MAP) || !item_is(log.eval, MP_MAP) || mp_get_text(log.eval, "model").n == 0) {
        return err_set(err, ERR_INVALID, "'eval' has no model; expected: a log of Inspect, as JSON or an .eval file");
    }
    if (log.task.n == 0 || log.task.n > INSPECT_NAME_MAX) {
        return err_set(err, ERR_INVALID, "'eval.task' is %s; expected: the task's name, at most %d bytes",
                       log.task.n == 0 ? "missing" : "too long", INSPECT_NAME_MAX);
    }
    log.status = item_get(whole, "status").n > 0 ? mp_get_text(whole, "status") : bytes_of("started");
    for (size_t i = 0; i < 4; i++) {
        fine = fine || bytes_is(log.status, known[i]);
    }
    if (!fine) return err_set(err, ERR_INVALID, "'status' is unknown; expected: started, success, cancelled or error");
    log.running = bytes_is(log.status, "started");
    log.config = item_get(log.eval, "config");
    log.results = item_get(whole, "results");
    log.stats = item_get(whole, "stats");
    read_model(&log);
    read_counts(&log);
    if (log.results.n == 0) log.partial |= INSPECT_NO_RESULTS;
    if (!log.running && !bytes_is(log.status, "success")) log.partial |= INSPECT_EFFECTIVE;
    read_time(log.eval, "created", &log.created, &log.created_text);
    read_time(log.stats, "completed_at", &log.at, &log.at_text);
    if (log.at == INGEST_NO_TIME && log.at_text.n == 0) {
        log.at = log.created;
        log.at_text = log.created_text;
    }
    digest_log(&log);
    *ret = log;
    return 0;
}

size_t inspect_log_id(const struct inspect_log *log, struct bytes parts[INSPECT_ID_PARTS]) {
    struct bytes id = mp_get_text(log->eval, "eval_id");
    parts[0] = bytes_of("inspect");
    if (id.n > 0) {
        parts[1] = id;
        return 2;
    }
    parts[1] = mp_get_text(log->eval, "run_id");
    parts[2] = mp_get_text(log->eval, "task_id");
    parts[3] = mp_get_text(log->eval, "created");
    parts[4] = mp_get_text(log->eval, "model");
    return 5;
}

/* ---- metrics ---- */

/* The entry `i` of the metrics of one score. *ret_n: how many there are, when it has fewer. */
static bool metric_of(struct bytes metrics, size_t i, size_t *ret_n, struct inspect_metric *m) {
    struct item_entries e;
    size_t n = 0;
    struct bytes error = NO_BYTES;
    bool mean = false, there = false;
    item_entries_open(&e, metrics);
    while (item_entries_next(&e)) {
        if (bytes_is(e.name, "stderr")) error = item_get(e.raw, "value");
        mean = mean || bytes_is(e.name, "accuracy") || bytes_is(e.name, "mean");
    }
    item_entries_open(&e, metrics);
    while (!there && item_entries_next(&e)) {
        if ((bytes_is(e.name, "stderr") && mean) || e.name.n == 0 || e.name.n > INSPECT_NAME_MAX) continue;
        there = n++ == i;
        if (there) {
            bool has = bytes_is(e.name, "accuracy") || bytes_is(e.name, "mean");
            m->metric = e.name;
            m->value = item_get(e.raw, "value");
            m->stderr_ = has ? error : NO_BYTES;
        }
    }
    *ret_n = n;
    return there;
}

static struct bytes name_of(struct bytes score, const char *name) {
    struct bytes text = mp_get_text(score, name);
    return text.n <= INSPECT_NAME_MAX ? text : NO_BYTES;
}

bool inspect_metric_at(const struct inspect_log *log, size_t i, struct inspect_metric *ret) {
    struct mp_reader r;
    uint32_t left = 0;
    struct bytes raw;
    size_t n;
    bool old = !item_list(item_get(log->results, "scores"), &r, &left);
    for (left = old ? 1 : left; left > 0; left--) {
        if (!old && mp_skip(&r, 2, &raw, NULL) != 0) return false;
        struct inspect_metric m = {.score = old ? log->results : raw};
        struct bytes by = old ? item_get(log->results, "scorer") : raw;
        m.name = name_of(by, "name");
        m.scorer = name_of(by, "scorer");
        m.scorer = m.scorer.n > 0 ? m.scorer : m.name;
        m.reducer = name_of(by, "reducer");
        if (metric_of(item_get(m.score, "metrics"), i, &n, &m)) {
            *ret = m;
            return true;
        }
        i -= n;
    }
    return false;
}
