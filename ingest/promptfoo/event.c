/* The bodies of the events. Numbers, digests and machine-made names are open; prompts, answers, tests, the configuration and
 * whatever has no field stay private, verbatim. */
#include <stdio.h>

#include "base/hash.h"
#include "base/mp_map.h"
#include "ingest/input/item.h"
#include "ingest/promptfoo/promptfoo.h"

#define BODY_MAX ((size_t)4 << 20)

static void put_time(struct mp_map *f, const struct promptfoo_doc *doc) {
    if (doc->at != INGEST_NO_TIME) mp_map_uint(f, "at", doc->at);
    mp_map_text(f, "at_text", doc->at_text);
}

static int end(struct mp_map *f, struct buf *out, struct err *err) {
    int rc = mp_map_write(f, out, err);
    mp_map_done(f);
    return rc;
}

/* Fewer rows than the file counts is a part of them. That all tests were run nobody says: a filter leaves no trace. */
static void put_partial(struct mp_map *f, const struct promptfoo_sums *s) {
    if (!s->counted || s->rows >= s->said_rows) {
        mp_map_nil(f, "partial");
        return;
    }
    mp_map_bool(f, "partial", true);
    mp_map_begin(f, "partial_reasons");
    mp_put_array(&f->values, 1);
    mp_put_str(&f->values, bytes_of("samples_fewer"));
    mp_map_end(f);
}

/* Named values, each as it is; those that are absent are left out. */
static void put_other(struct mp_map *f, const char *const *names, const struct bytes *values, size_t n) {
    uint32_t there = 0;
    for (size_t i = 0; i < n; i++) {
        there += values[i].n > 0;
    }
    if (there == 0) return;
    mp_map_begin(f, "other");
    mp_put_map(&f->values, there);
    for (size_t i = 0; i < n; i++) { /* in the order of their names */
        if (values[i].n > 0) {
            mp_put_str(&f->values, bytes_of(names[i]));
            mp_map_put_bounded(&f->values, values[i], PROMPTFOO_KEPT_MAX);
        }
    }
    mp_map_end(f);
}

int promptfoo_put_imported(const struct promptfoo_doc *doc, const struct promptfoo_sums *s, const char *path,
                           struct buf *out, struct err *err) {
    static const char *const names[] = {"label", "provider", "raw"};
    const struct bytes other[] = {item_get(s->prompt, "label"), item_get(s->prompt, "provider"),
                                  item_get(s->prompt, "raw")};
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "harness", bytes_of("promptfoo"));
    mp_map_text(&f, "harness_version", item_word(item_get(doc->metadata, "promptfooVersion")));
    mp_map_hash(&f, "file_digest", doc->file_digest);
    put_time(&f, doc);
    mp_map_text(&f, "model", s->model);
    mp_map_begin(&f, "tasks");
    mp_put_array(&f.values, 1);
    mp_put_str(&f.values, bytes_of(PROMPTFOO_TASK));
    mp_map_end(&f);
    mp_map_uint(&f, "samples", s->rows);
    put_partial(&f, s);
    if (s->cached || (s->cached_known && s->rows > 0)) mp_map_bool(&f, "cached", s->cached);
    mp_map_bounded(&f, "config", doc->config, PROMPTFOO_KEPT_MAX);
    mp_map_text(&f, "path", bytes_of(path));
    put_other(&f, names, other, 3);
    return end(&f, out, err);
}

/* ---- a sample ---- */

static void put_scores(struct mp_map *f, struct bytes row, enum promptfoo_outcome outcome) {
    struct bytes score = item_get(row, "score");
    double v;
    bool has = item_number(score, &v);
    mp_map_begin(f, "scores");
    mp_put_map(&f->values, 1U + has);
    mp_put_str(&f->values, bytes_of("pass_rate"));
    mp_put_bool(&f->values, outcome == PROMPTFOO_PASSED);
    if (has) {
        mp_put_str(&f->values, bytes_of("score"));
        buf_put_bytes(&f->values, score);
    }
    mp_map_end(f);
}

static void put_answer(struct mp_map *f, struct bytes row) {
    struct bytes response = item_get(row, "response"), usage = item_get(response, "tokenUsage");
    struct bytes output = item_get(response, "output"), text = mp_get_text(response, "output");
    struct bytes finish = item_word(item_get(response, "finishReason"));
    item_put_count(f, "tokens_in", item_get(usage, "prompt"));
    item_put_count(f, "tokens_out", item_get(usage, "completion"));
    item_put_number(f, "latency_ms", item_get(row, "latencyMs"));
    item_put_number(f, "cost", item_get(row, "cost"));
    mp_map_text(f, "finish", finish);
    item_put_digest(f, "output_digest", text.n > 0 ? text : output);
    mp_map_bounded(f, "output", output, PROMPTFOO_KEPT_MAX);
}

int promptfoo_put_sample(const struct promptfoo_doc *doc, const struct promptfoo_sums *s, const struct promptfoo_row *of,
                         struct buf *out, struct err *err) {
    static const char *const failures[] = {NULL, "assertion", "error", "unknown"};
    static const char *const names[] = {"error", "gradingResult", "vars"};
    struct bytes row = of->raw;
    const struct bytes other[] = {item_get(row, "error"), item_get(row, "gradingResult"), item_get(row, "vars")};
    enum promptfoo_outcome outcome = promptfoo_outcome(row);
    struct bytes prompt = mp_get_text(item_get(row, "prompt"), "raw"), test = item_get(row, "testCase");
    struct mp_map f;
    char id[24];
    mp_map_init(&f, BODY_MAX);
    snprintf(id, sizeof(id), "%llu", (unsigned long long)of->test);
    mp_map_text(&f, "task", bytes_of(PROMPTFOO_TASK));
    mp_map_text(&f, "sample", bytes_of(id));
    if (of->repeat > 0) mp_map_uint(&f, "repeat", of->repeat);
    put_time(&f, doc);
    mp_map_text(&f, "model", s->model);
    put_scores(&f, row, outcome);
    if (outcome != PROMPTFOO_PASSED) {
        mp_map_text(&f, "failure", bytes_of(failures[outcome]));
        if (outcome == PROMPTFOO_FAILED) mp_map_text(&f, "metric", bytes_of("pass_rate"));
    }
    item_put_digest(&f, "doc_digest", test);
    item_put_digest(&f, "prompt_digest", prompt);
    put_answer(&f, row);
    mp_map_bounded(&f, "doc", test, PROMPTFOO_KEPT_MAX);
    if (prompt.n <= PROMPTFOO_KEPT_MAX) mp_map_text(&f, "prompt", prompt);
    put_other(&f, names, other, 3);
    return end(&f, out, err);
}

/* ---- a score ---- */

/* The file's own count; the rows make `value_sampled`, by which an edited one is found out. */
int promptfoo_put_scored(const struct promptfoo_doc *doc, const struct promptfoo_sums *s, int which, struct buf *out,
                         bool *ret_there, struct err *err) {
    double n = (double)s->rows, made = which == 0 ? (double)s->passed / n : s->score / n;
    bool said = which == 0 ? s->counted && s->said_rows > 0 : s->has_score;
    bool whole = s->rows > 0 && (!s->counted || s->rows == s->said_rows) && (which == 0 || s->scored);
    double all = s->counted && s->said_rows > 0 ? (double)s->said_rows : n;
    double value = which == 0 ? (double)s->said_passed / all : s->said_score / all;
    struct mp_map f;
    *ret_there = said;
    if (!said) return 0;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "task", bytes_of(PROMPTFOO_TASK));
    mp_map_text(&f, "metric", bytes_of(which == 0 ? "pass_rate" : "score"));
    item_put_real(&f, "value", value);
    if (whole) item_put_real(&f, "value_sampled", made);
    mp_map_bool(&f, "higher_is_better", true);
    mp_map_uint(&f, "samples", s->rows);
    mp_map_text(&f, "model", s->model);
    put_partial(&f, s);
    put_time(&f, doc);
    return end(&f, out, err);
}
