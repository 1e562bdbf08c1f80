/* A line of samples: one document with its question and answer, as one filter left it.
 *
 *   {"doc_id": 0, "doc": {...}, "target": "3", "arguments": {...}, "resps": [["..."]], "filtered_resps": ["..."],
 *    "filter": "none", "metrics": ["exact_match"], "doc_hash": "...", "prompt_hash": "...", "target_hash": "...",
 *    "exact_match": 0.0}
 *
 * The metrics' values stand among the other names, and "metrics" lists them; older versions have no such list, and there
 * every number under an unknown name is a metric. A sample has failed when a metric that is better when higher is 0. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/input/pyjson.h"
#include "ingest/lmeval/lmeval.h"

#define NO_BYTES   ((struct bytes){NULL, 0})
#define BODY_MAX   ((size_t)4 << 20)
#define SCORES_MAX 64

enum name { ARGUMENTS, DOC, DOC_HASH, DOC_ID, FILTER, FILTERED, METRICS, PROMPT_HASH, RESPS, TARGET, TARGET_HASH, N_NAMES };
static const char *const names[N_NAMES] = {
    [ARGUMENTS] = "arguments",
    [DOC] = "doc",
    [DOC_HASH] = "doc_hash",
    [DOC_ID] = "doc_id",
    [FILTER] = "filter",
    [FILTERED] = "filtered_resps",
    [METRICS] = "metrics",
    [PROMPT_HASH] = "prompt_hash",
    [RESPS] = "resps",
    [TARGET] = "target",
    [TARGET_HASH] = "target_hash",
};

void lmeval_reader_init(struct lmeval_reader *r) {
    memset(r, 0, sizeof(*r));
    buf_init(&r->scratch, 2 * LINES_LINE_MAX);
    buf_init(&r->mp, 3 * LINES_LINE_MAX);
    buf_init(&r->body, BODY_MAX);
    buf_init(&r->scores, BODY_MAX);
    buf_init(&r->number, 64);
    buf_init(&r->other.entries, BODY_MAX);
    mp_map_init(&r->fields, BODY_MAX);
}

void lmeval_reader_done(struct lmeval_reader *r) {
    buf_done(&r->scratch);
    buf_done(&r->mp);
    buf_done(&r->body);
    buf_done(&r->scores);
    buf_done(&r->number);
    buf_done(&r->other.entries);
    mp_map_done(&r->fields);
}

/* ---- metrics ------------------------------------------------------------------------------------------------------ */

struct scores {
    struct lmeval_reader *reader;
    struct item_entries higher; /* which metrics are better when higher */
    struct bytes list;          /* raw: "metrics"; empty when there is none */
    uint32_t count;
    struct bytes failed; /* name of the first failed metric */
};

static bool is_listed(struct bytes list, struct bytes name) {
    struct mp_reader r;
    struct mp_item item = {0};
    mp_reader_init(&r, list);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY) return false;
    for (uint32_t i = item.count; i > 0; i--) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR) return false;
        if (bytes_eq(item.data, name)) return true;
    }
    return false;
}

static bool is_zero(struct bytes raw) {
    struct mp_item item;
    return mp_scalar(raw, &item) == 0 &&
           ((item.type == MP_UINT && item.uint == 0) || (item.type == MP_FLOAT && fpclassify(item.real) == FP_ZERO) ||
            (item.type == MP_BOOL && !item.boolean));
}

/* Takes a metric's entry; false when it is not one. */
static bool take_score(struct scores *s, struct bytes name, struct bytes raw) {
    struct lmeval_reader *r = s->reader;
    struct bytes number = lmeval_number(raw, &r->number);
    bool truth = lmeval_is(raw, MP_BOOL), higher = true;
    bool number_itself = truth || lmeval_is_nan(raw) || (number.n > 0 && number.p == raw.p);
    if (s->list.n > 0 ? !is_listed(s->list, name) : !number_itself) return false;
    if (name.n > LMEVAL_NAME_MAX || s->count == SCORES_MAX || !(truth || number.n > 0 || lmeval_is_nan(raw))) {
        return false;
    }
    mp_put_str(&r->scores, name);
    if (truth || number.n > 0) {
        buf_put_bytes(&r->scores, truth ? raw : number);
    } else {
        mp_put_nil(&r->scores);
    }
    s->count++;
    lmeval_truth(item_entries_find(&s->higher, name), &higher);
    if (s->failed.n == 0 && higher && is_zero(truth ? raw : number)) {
        s->failed = name;
    }
    return true;
}

/* ---- the line ----------------------------------------------------------------------------------------------------- */

static int read_id(struct bytes raw, struct lmeval_sample *ret, char room[24], struct bytes *ret_text, struct err *err) {
    struct bytes text = lmeval_text(raw);
    if (raw.n == 0) {
        return err_set(err, ERR_INVALID, "'doc_id' is missing; expected: a line of samples, which has one");
    }
    ret->numbered = lmeval_count(raw, &ret->number);
    if (ret->numbered) {
        snprintf(room, 24, "%llu", (unsigned long long)ret->number);
        *ret_text = bytes_of(room);
        return 0;
    }
    if (text.n == 0 || lmeval_word(raw).n == 0) {
        return err_set(err, ERR_INVALID, "'doc_id' is %s%s%s; expected: a whole number from 0, or a short name",
                       text.n > 0 ? "'" : "", text.n > 0 ? SECRET_SHOWN(text) : "not an id", text.n > 0 ? "'" : "");
    }
    *ret_text = text;
    return 0;
}

/* An answer of a single text: [["..."]]. */
static struct bytes only_text(struct bytes raw) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, raw);
    for (int depth = 0; depth < 2; depth++) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count != 1) {
            return NO_BYTES;
        }
    }
    return mp_next(&r, &item, NULL) == 0 && item.type == MP_STR ? item.data : NO_BYTES;
}

static void put_output(struct mp_map *fields, struct bytes resps) {
    struct bytes text = only_text(resps);
    uint8_t digest[HASH_LEN];
    if (text.p != NULL) {
        hash_parts(digest, &text, 1);
        mp_map_hash(fields, "output_digest", digest);
    }
    mp_map_bounded(fields, "output", resps, LMEVAL_KEPT_MAX);
}

/* Unknown names, and known ones with a value of the wrong type. */
static void sort_others(struct scores *s, struct bytes line, const struct bytes known[N_NAMES]) {
    struct item_entries e;
    item_entries_open(&e, line);
    while (item_entries_next(&e)) {
        size_t i = 0;
        while (i < N_NAMES && !bytes_is(e.name, names[i])) {
            i++;
        }
        bool odd = i < N_NAMES && known[i].n == 0 && !lmeval_is(e.raw, MP_NIL);
        if (odd || (i == N_NAMES && !take_score(s, e.name, e.raw))) {
            lmeval_other_put(&s->reader->other, e.name, e.raw);
        }
    }
}

static int put_body(struct lmeval_reader *r, const struct bytes known[N_NAMES], const struct scores *s,
                    const struct lmeval_about *about, struct bytes id, struct err *err) {
    struct mp_map *f = &r->fields;
    mp_map_text(f, "task", about->task);
    mp_map_text(f, "sample", id);
    mp_map_text(f, "filter", lmeval_text(known[FILTER]));
    mp_map_digest(f, "doc_digest", lmeval_sha256(known[DOC_HASH]));
    mp_map_digest(f, "prompt_digest", lmeval_sha256(known[PROMPT_HASH]));
    mp_map_digest(f, "target_digest", lmeval_sha256(known[TARGET_HASH]));
    mp_map_bounded(f, "doc", known[DOC], LMEVAL_KEPT_MAX);
    mp_map_bounded(f, "arguments", known[ARGUMENTS], LMEVAL_KEPT_MAX);
    mp_map_bounded(f, "target", known[TARGET], LMEVAL_KEPT_MAX);
    mp_map_bounded(f, "filtered", known[FILTERED], LMEVAL_KEPT_MAX);
    put_output(f, known[RESPS]);
    if (about->doc != NULL) {
        lmeval_model_put(&about->doc->model, f);
    }
    if (about->at != INGEST_NO_TIME) {
        mp_map_uint(f, "at", about->at);
    }
    mp_map_text(f, "at_text", about->at_text);
    if (s->count > 0) {
        mp_map_begin(f, "scores");
        mp_put_map(&f->values, s->count);
        buf_put_bytes(&f->values, bytes_of_buf(&r->scores));
        mp_map_end(f);
    }
    if (s->failed.n > 0) {
        mp_map_text(f, "metric", s->failed);
        mp_map_text(f, "failure", bytes_of("assertion"));
    }
    lmeval_other_end(&r->other, f);
    return mp_map_write(f, &r->body, err);
}

/* Many tables have document numbers; only samples have the question and the answer. Samples in a file with a harness name
 * are recognized by that. */
static int check_own(const struct bytes known[N_NAMES], const struct lmeval_about *about, struct err *err) {
    static const enum name marks[] = {ARGUMENTS, DOC, DOC_HASH, FILTERED, METRICS, RESPS, TARGET};
    if (about->task.n > 0) return 0;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (known[marks[i]].n > 0) return 0;
    }
    return err_set(err, ERR_INVALID,
                   "not a sample of lm-eval, which has 'doc', 'target', 'arguments' or 'resps' beside 'doc_id'");
}

int lmeval_sample_take(struct lmeval_reader *r, struct bytes raw, const struct lmeval_about *about,
                       struct lmeval_sample *ret, struct err *err) {
    struct bytes known[N_NAMES], id;
    struct lmeval_sample sample = {0};
    struct scores s = {.reader = r};
    char room[24];
    buf_clear(&r->body);
    buf_clear(&r->scores);
    mp_map_clear(&r->fields);
    if (!lmeval_is(raw, MP_MAP)) {
        return err_set(err, ERR_INVALID, "the line is not a JSON object; expected: a sample of lm-eval");
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        known[i] = lmeval_get(raw, names[i]);
    }
    int rc = read_id(known[DOC_ID], &sample, room, &id, err);
    if (rc == 0) rc = check_own(known, about, err);
    if (rc != 0) return rc;
    static const enum name hashes[] = {DOC_HASH, PROMPT_HASH, TARGET_HASH};
    for (size_t i = 0; i < 3; i++) {
        known[hashes[i]] = lmeval_sha256(known[hashes[i]]).n > 0 ? known[hashes[i]] : NO_BYTES;
        sample.hashes[i] = lmeval_text(known[hashes[i]]);
    }
    struct bytes filter = lmeval_text(known[FILTER]);
    known[FILTER] = filter.n > 0 && filter.n <= LMEVAL_NAME_MAX ? known[FILTER] : NO_BYTES;
    known[METRICS] = lmeval_is(known[METRICS], MP_ARRAY) ? known[METRICS] : NO_BYTES;
    s.list = known[METRICS];
    item_entries_open(&s.higher, about->higher);
    sort_others(&s, raw, known);
    rc = put_body(r, known, &s, about, id, err);
    if (rc != 0) return rc;
    hash_parts(sample.digest, &raw, 1);
    sample.failed = s.failed.n > 0;
    sample.filter = lmeval_text(known[FILTER]);
    sample.scores = bytes_of_buf(&r->scores);
    sample.n_scores = s.count;
    sample.body = bytes_of_buf(&r->body);
    *ret = sample;
    return 0;
}

int lmeval_sample_read(struct lmeval_reader *r, struct bytes line, const struct lmeval_about *about,
                       struct lmeval_sample *ret, struct err *err) {
    struct err why = {0};
    buf_clear(&r->mp);
    int rc = pyjson_to_mp(line, LMEVAL_LINE_ROOM, &r->scratch, &r->mp, &why);
    if (rc == ERR_INVALID) {
        /* the parser's own line number is always 1 here and would stand next to the file's */
        return err_set(err, rc, "not valid JSON: %s", strncmp(why.msg, "line 1 ", 7) == 0 ? why.msg + 7 : why.msg);
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    return lmeval_sample_take(r, bytes_of_buf(&r->mp), about, ret, err);
}
