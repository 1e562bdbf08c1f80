/* A results file: one JSON document of a known shape, most of it maps by the names of tasks.
 *
 *   {"results": {TASK: {"acc,none": 0.5, "acc_stderr,none": 0.01, ...}}, "groups": {GROUP: {...}},
 *    "configs": {TASK: ...}, "versions": {TASK: ...}, "n-shot": ..., "n-samples": ..., "task_hashes": ...,
 *    "config": {"model_args": ..., "limit": ..., ...}, "date": 1768964383.85, ...}
 *
 * As canonical MessagePack all these maps are sorted by name, so that the tasks are merged in one pass over all of them.
 * Old versions lack most of them; only the results are required. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/input/pyjson.h"
#include "ingest/lmeval/lmeval.h"

#define NO_BYTES ((struct bytes){NULL, 0})

static const struct top {
    const char *name;
    bool map; /* ignored unless it is a map */
} tops[LMEVAL_N_TOP] = {
    [LMEVAL_CHAT_TEMPLATE_SHA] = {"chat_template_sha", false},
    [LMEVAL_CONFIG] = {"config", true},
    [LMEVAL_CONFIGS] = {"configs", true},
    [LMEVAL_DATE] = {"date", false},
    [LMEVAL_GIT_HASH] = {"git_hash", false},
    [LMEVAL_GROUPS] = {"groups", true},
    [LMEVAL_HIGHER] = {"higher_is_better", true},
    [LMEVAL_VERSION] = {"lm_eval_version", false},
    [LMEVAL_MODEL_NAME] = {"model_name", false},
    [LMEVAL_MODEL_SOURCE] = {"model_source", false},
    [LMEVAL_N_SAMPLES] = {"n-samples", true},
    [LMEVAL_N_SHOT] = {"n-shot", true},
    [LMEVAL_RESULTS] = {"results", true},
    [LMEVAL_SAMPLES] = {"samples", true},
    [LMEVAL_INSTRUCTION_SHA] = {"system_instruction_sha", false},
    [LMEVAL_TASK_HASHES] = {"task_hashes", true},
    [LMEVAL_SECONDS] = {"total_evaluation_time_seconds", false},
    [LMEVAL_VERSIONS] = {"versions", true},
};

void lmeval_doc_init(struct lmeval_doc *doc) {
    memset(doc, 0, sizeof(*doc));
    buf_init(&doc->mp, LMEVAL_DOC_MAX * 2);
    buf_init(&doc->scratch, LMEVAL_DOC_MAX * 2);
}

void lmeval_doc_done(struct lmeval_doc *doc) {
    buf_done(&doc->mp);
    buf_done(&doc->scratch);
    for (size_t i = 0; i < doc->n_tasks; i++) {
        lmeval_means_free(doc->tasks[i].means);
    }
    free(doc->tasks);
    doc->tasks = NULL;
    doc->n_tasks = 0;
}

bool lmeval_doc_knows(struct bytes name) {
    for (size_t i = 0; i < LMEVAL_N_TOP; i++) {
        if (bytes_is(name, tops[i].name)) return true;
    }
    return false;
}

/* ---- the outermost object ----------------------------------------------------------------------------------------- */

/* Other harnesses have 'results' too. Each version of this one also writes some of these: */
static bool is_own(const struct lmeval_doc *doc) {
    static const enum lmeval_top marks[] = {LMEVAL_CONFIGS, LMEVAL_VERSIONS,    LMEVAL_N_SHOT,  LMEVAL_N_SAMPLES,
                                            LMEVAL_VERSION, LMEVAL_TASK_HASHES, LMEVAL_GIT_HASH};
    struct bytes config = doc->top[LMEVAL_CONFIG];
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (doc->top[marks[i]].n > 0) return true;
    }
    return lmeval_get(config, "model").n > 0 || lmeval_get(config, "model_args").n > 0;
}

static int read_tops(struct lmeval_doc *doc, struct err *err) {
    struct bytes whole = bytes_of_buf(&doc->mp);
    if (!lmeval_is(whole, MP_MAP)) {
        return err_set(err, ERR_INVALID, "the file is not a JSON object; expected: a results file of lm-eval");
    }
    for (size_t i = 0; i < LMEVAL_N_TOP; i++) {
        struct bytes raw = lmeval_get(whole, tops[i].name);
        doc->top[i] = tops[i].map && !lmeval_is(raw, MP_MAP) ? NO_BYTES : raw;
    }
    if (!is_own(doc)) {
        return err_set(err, ERR_INVALID,
                       "not a results file of lm-eval, which has 'configs', 'versions' or 'n-shot' beside 'results'");
    }
    if (doc->top[LMEVAL_RESULTS].n == 0 && doc->top[LMEVAL_GROUPS].n == 0) {
        bool there = lmeval_get(whole, "results").n > 0;
        return err_set(err, ERR_INVALID, "'results' is %s; expected: an object with the metrics of each task",
                       there ? "not an object" : "missing");
    }
    return 0;
}

/* The date is the only wall clock time in the file: start_time and end_time count from boot. */
static void read_time(struct lmeval_doc *doc, struct bytes text, struct bytes date) {
    struct bytes raw = doc->top[LMEVAL_DATE], number = NO_BYTES, words = lmeval_text(raw);
    doc->at = INGEST_NO_TIME;
    if (raw.n == 0) {
        doc->at_text = date.n > 0 && date.p[0] >= '0' && date.p[0] <= '9' ? date : NO_BYTES;
    } else if (words.n > 0) {
        doc->at_text = lmeval_seconds(words, &doc->at) || text_parse_time(words, &doc->at) == 0 ? NO_BYTES : words;
    } else if (pyjson_top_number(text, tops[LMEVAL_DATE].name, &number)) {
        doc->at_text = lmeval_seconds(number, &doc->at) ? NO_BYTES : number;
    }
    if (doc->at_text.n >= sizeof(doc->at_room)) {
        doc->at_text.n = sizeof(doc->at_room) - 1;
        doc->at_text.n = text_utf8_valid(doc->at_text.p, doc->at_text.n);
    }
    if (doc->at_text.n > 0) { /* the text it borrows from is freed before the document */
        memcpy(doc->at_room, doc->at_text.p, doc->at_text.n);
        doc->at_text.p = (const uint8_t *)doc->at_room;
    }
}

/* The id covers when it ran, on what model and how; without a date, the whole content. */
static void make_id(struct lmeval_doc *doc) {
    struct bytes whole = bytes_of_buf(&doc->mp);
    const struct bytes parts[] = {doc->top[LMEVAL_DATE],         doc->top[LMEVAL_MODEL_NAME],
                                  doc->top[LMEVAL_MODEL_SOURCE], doc->top[LMEVAL_CONFIG],
                                  doc->top[LMEVAL_GIT_HASH],     lmeval_get(whole, "start_time"),
                                  lmeval_get(whole, "end_time"), doc->top[LMEVAL_SECONDS]};
    char key[LMEVAL_KEY_LEN];
    bool dated = doc->top[LMEVAL_DATE].n > 0;
    lmeval_key(key, NULL, "", dated ? parts : &whole, dated ? sizeof(parts) / sizeof(parts[0]) : 1);
    snprintf(doc->id, sizeof(doc->id), "%.32s", key);
}

/* ---- tasks -------------------------------------------------------------------------------------------------------- */

enum column { C_VERSION, C_SHOTS, C_HIGHER, C_HASH, C_CONFIG, C_COUNTS, N_COLUMNS };

static int check_name(struct bytes name, struct err *err) {
    if (name.n > 0 && name.n <= LMEVAL_NAME_MAX) return 0;
    return err_set(err, ERR_INVALID, "the name of a task has %zu bytes ('%s'); expected: 1 to %d", name.n,
                   SECRET_SHOWN(name), LMEVAL_NAME_MAX);
}

static void fill_task(struct lmeval_task *t, struct item_entries columns[N_COLUMNS]) {
    t->version = item_entries_find(&columns[C_VERSION], t->name);
    t->shots = item_entries_find(&columns[C_SHOTS], t->name);
    t->higher = item_entries_find(&columns[C_HIGHER], t->name);
    t->hash = item_entries_find(&columns[C_HASH], t->name);
    t->config = item_entries_find(&columns[C_CONFIG], t->name);
    struct bytes counts = item_entries_find(&columns[C_COUNTS], t->name);
    t->has_original = lmeval_count(lmeval_get(counts, "original"), &t->original);
    t->has_effective = lmeval_count(lmeval_get(counts, "effective"), &t->effective);
    uint64_t evaluated;
    if (t->has_effective && lmeval_count(lmeval_get(t->metrics, "sample_len"), &evaluated) && evaluated < t->effective) {
        t->effective = evaluated; /* the table ignores samples selected by number */
    }
}

/* Results and groups are merged by name; a name in both is a group. */
static int read_tasks(struct lmeval_doc *doc, struct err *err) {
    static const enum lmeval_top sources[N_COLUMNS] = {LMEVAL_VERSIONS,    LMEVAL_N_SHOT,  LMEVAL_HIGHER,
                                                       LMEVAL_TASK_HASHES, LMEVAL_CONFIGS, LMEVAL_N_SAMPLES};
    struct item_entries results, groups, columns[N_COLUMNS];
    item_entries_open(&results, doc->top[LMEVAL_RESULTS]);
    item_entries_open(&groups, doc->top[LMEVAL_GROUPS]);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        item_entries_open(&columns[i], doc->top[sources[i]]);
    }
    size_t most = (size_t)results.left + groups.left;
    if (most > LMEVAL_TASKS_MAX) {
        return err_set(err, ERR_LIMIT, "the file has %zu tasks and groups; expected: at most %d", most, LMEVAL_TASKS_MAX);
    }
    doc->tasks = calloc(most > 0 ? most : 1, sizeof(*doc->tasks));
    if (doc->tasks == NULL) return err_set(err, ERR_NOMEM, "lm-eval: out of memory");
    item_entries_next(&results);
    item_entries_next(&groups);
    while (results.there || groups.there) {
        int order = !groups.there ? -1 : !results.there ? 1 : bytes_cmp(results.name, groups.name);
        const struct item_entries *from = order <= 0 ? &results : &groups;
        struct lmeval_task *t = &doc->tasks[doc->n_tasks];
        t->name = from->name;
        t->metrics = from->raw;
        t->group = order >= 0;
        int rc = check_name(t->name, err);
        if (rc != 0) return rc;
        fill_task(t, columns);
        doc->n_tasks++;
        if (order <= 0) {
            item_entries_next(&results);
        }
        if (order >= 0) {
            item_entries_next(&groups);
        }
    }
    return 0;
}

static int by_name(const void *key, const void *row) {
    const struct bytes *name = key;
    const struct lmeval_task *task = row;
    return bytes_cmp(*name, task->name);
}

struct lmeval_task *lmeval_doc_task(const struct lmeval_doc *doc, struct bytes name) {
    return doc->n_tasks == 0 ? NULL : bsearch(&name, doc->tasks, doc->n_tasks, sizeof(*doc->tasks), by_name);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

int lmeval_doc_read(struct lmeval_doc *doc, struct bytes text, struct bytes date, struct err *err) {
    hash_parts(doc->file_digest, &text, 1);
    if (bytes_has_prefix(text, "\xef\xbb\xbf")) {
        text.p += 3;
        text.n -= 3;
    }
    int rc = pyjson_to_mp(text, LMEVAL_DOC_ROOM, &doc->scratch, &doc->mp, err);
    buf_done(&doc->scratch); /* as large as the text when it was needed */
    if (rc == 0) rc = read_tops(doc, err);
    if (rc != 0) return rc;
    struct bytes whole = bytes_of_buf(&doc->mp);
    hash_parts(doc->digest, &whole, 1);
    read_time(doc, text, date);
    make_id(doc);
    lmeval_model_read(&doc->model, doc->top[LMEVAL_CONFIG], doc->top[LMEVAL_MODEL_NAME], doc->top[LMEVAL_MODEL_SOURCE]);
    return read_tasks(doc, err);
}

void lmeval_doc_judge(struct lmeval_doc *doc) {
    struct bytes config = doc->top[LMEVAL_CONFIG], limit = lmeval_get(config, "limit"), raw;
    bool limited = limit.n > 0 && !bytes_is(lmeval_text(limit), "None"), told = mp_map_get(config, "limit", &raw) == 0;
    doc->partial = limited ? LMEVAL_LIMIT : 0U;
    doc->judged = true;
    for (size_t i = 0; i < doc->n_tasks; i++) {
        struct lmeval_task *t = &doc->tasks[i];
        bool logged = lmeval_text(t->hash).n > 0;
        bool fewer = t->has_samples && t->has_effective && t->samples < t->effective;
        t->partial = (limited ? LMEVAL_LIMIT : 0U) |
                     (t->has_original && t->has_effective && t->effective < t->original ? LMEVAL_EFFECTIVE : 0U) |
                     (logged && !t->has_samples ? LMEVAL_MISSING : 0U) | (fewer ? LMEVAL_FEWER : 0U) |
                     (t->differs && !fewer ? LMEVAL_DIFFER : 0U);
        t->judged = told || (t->has_original && t->has_effective);
        doc->partial |= t->partial;
        doc->judged = doc->judged && (t->judged || t->group);
    }
    for (size_t i = 0; i < doc->n_tasks; i++) {
        struct lmeval_task *t = &doc->tasks[i];
        t->partial = t->group ? doc->partial : t->partial;
        t->judged = t->group ? doc->judged : t->judged;
    }
}

/* ---- values without a field --------------------------------------------------------------------------------------- */

static bool is_number_or_word(struct bytes raw) {
    return lmeval_is(raw, MP_UINT) || lmeval_is(raw, MP_INT) || lmeval_is(raw, MP_FLOAT) || lmeval_word(raw).n > 0;
}

static bool is_count(struct bytes raw) {
    uint64_t n;
    return lmeval_count(raw, &n);
}

static bool is_hash(struct bytes raw) {
    return lmeval_sha256(raw).n > 0;
}

static bool are_counts(struct bytes raw) {
    struct item_entries e;
    item_entries_open(&e, raw);
    return e.left == 2 && is_count(lmeval_get(raw, "original")) && is_count(lmeval_get(raw, "effective"));
}

static bool are_truths(struct bytes raw) {
    struct item_entries e;
    bool truth, all = lmeval_is(raw, MP_MAP);
    item_entries_open(&e, raw);
    while (all && item_entries_next(&e)) {
        all = lmeval_truth(e.raw, &truth) || lmeval_is(e.raw, MP_NIL);
    }
    return all;
}

/* A task without any metric has no event to hold its other entries. */
static bool is_scored(const struct lmeval_task *task) {
    struct item_entries e;
    struct lmeval_metric m;
    item_entries_open(&e, task->metrics);
    if (lmeval_metric_next(task, &e, &m)) return true;
    item_entries_open(&e, task->metrics);
    while (item_entries_next(&e)) {
        if (!bytes_is(e.name, "alias") && !bytes_is(e.name, " ")) return false;
    }
    return lmeval_is(task->metrics, MP_MAP);
}

static bool are_said(const struct lmeval_doc *doc, struct bytes map, bool (*is_said)(struct bytes raw)) {
    struct item_entries e;
    item_entries_open(&e, map);
    while (item_entries_next(&e)) {
        if (lmeval_doc_task(doc, e.name) == NULL || !(is_said(e.raw) || lmeval_is(e.raw, MP_NIL))) {
            return false;
        }
    }
    return true;
}

static bool is_anything(struct bytes raw) {
    return raw.n > 0;
}

bool lmeval_doc_says(const struct lmeval_doc *doc, enum lmeval_top top) {
    struct bytes raw = doc->top[top];
    struct buf scratch = {.max = 64};
    bool said = true;
    switch (top) {
    case LMEVAL_CHAT_TEMPLATE_SHA:
    case LMEVAL_INSTRUCTION_SHA:
        return is_hash(raw);
    case LMEVAL_GIT_HASH:
    case LMEVAL_VERSION:
    case LMEVAL_MODEL_SOURCE:
        return lmeval_word(raw).n > 0;
    case LMEVAL_MODEL_NAME:
        return lmeval_text(raw).n > 0;
    case LMEVAL_DATE:
        return doc->at != INGEST_NO_TIME || doc->at_text.n > 0;
    case LMEVAL_SECONDS:
        said = lmeval_number(raw, &scratch).n > 0;
        buf_done(&scratch);
        return said;
    case LMEVAL_VERSIONS:
        return are_said(doc, raw, is_number_or_word);
    case LMEVAL_N_SHOT:
        return are_said(doc, raw, is_count);
    case LMEVAL_HIGHER:
        return are_said(doc, raw, are_truths);
    case LMEVAL_TASK_HASHES:
        return are_said(doc, raw, is_hash);
    case LMEVAL_N_SAMPLES:
        return are_said(doc, raw, are_counts);
    case LMEVAL_CONFIGS:
        return are_said(doc, raw, is_anything);
    case LMEVAL_RESULTS:
        for (size_t i = 0; i < doc->n_tasks; i++) {
            said = said && is_scored(&doc->tasks[i]);
        }
        return said;
    default: /* the configuration has a field of its own, groups are among the tasks, samples have events */
        return true;
    }
}
