/* The source "lm-eval": one evaluation after another, each as one input with one receipt.
 *
 *   results -> tasks --------------------------------> eval.task_declared
 *   samples -> one line after another ---------------> eval.sampled, eval.sample_failed
 *           -> counts and digest -> judge -----------> eval.imported, eval.scored
 *
 * The samples precede the scores, because only they show whether the scores rest on all of them. Results are held in
 * memory, samples are not. All events of an evaluation have the subject eval/<id>; the id is derived from the results'
 * date, model, configuration and clocks. So a copy of the files, moved, reformatted or compressed, is the same evaluation,
 * and its keys, made of the id and of each event's content, are duplicates.
 *
 * Samples without results are imported by themselves; their id is derived from the first of them. */
#include "ingest/lmeval/lmeval.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/archive/gz.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "ingest/driver/load.h"
#include "ingest/driver/unchanged.h"

#define BODY_MAX    ((size_t)4 << 20)
#define SUBJECT_MAX 320
#define SETTLE_NS   (10 * CLOCK_NS_PER_S) /* between two looks (--every), a file that is younger waits for the next */

struct evaluation {
    struct intake *run;
    const struct lmeval_doc *doc; /* NULL: there are no results */
    const char *file;             /* being read */
    char id[LMEVAL_ID_LEN];       /* "" until it is known */
    struct lmeval_about about;
    struct lmeval_reader reader;
    struct lmeval_counter counter;
    uint64_t imported; /* ticket of eval.imported; 0: none yet */
    struct buf body;
};

/* ---- drafts ------------------------------------------------------------------------------------------------------- */

/* It is part of subjects, and therefore hidden like a key. */
static void set_id(struct evaluation *e, const struct bytes *parts, size_t n) {
    char key[LMEVAL_KEY_LEN];
    lmeval_key(key, intake_secret(e->run), "", parts, n);
    snprintf(e->id, sizeof(e->id), "%.32s", key);
}

static int add(struct evaluation *e, const char *kind, const char *key, struct bytes body, const struct ingest_place *place,
               struct err *err) {
    struct log_draft draft;
    char subject[SUBJECT_MAX];
    snprintf(subject, sizeof(subject), "eval/%s", e->id);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of("reported");
    draft.body = body;
    draft.cause_type = e->imported != 0 ? LOG_CAUSE_BATCH : LOG_CAUSE_NONE;
    draft.cause = e->imported;
    return intake_add(e->run, &draft, place, e->about.at, err);
}

static int declare_tasks(struct evaluation *e, const struct ingest_place *place, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < e->doc->n_tasks && rc == 0; i++) {
        const struct lmeval_task *task = &e->doc->tasks[i];
        const struct bytes parts[] = {task->name, task->version, task->config};
        char key[LMEVAL_KEY_LEN], subject[SUBJECT_MAX];
        struct log_draft draft;
        if (task->config.n == 0) continue;
        buf_clear(&e->body);
        rc = lmeval_put_task(task, &e->body, err);
        lmeval_key(key, intake_secret(e->run), "task", parts, 3);
        snprintf(subject, sizeof(subject), "task/%.*s", (int)task->name.n, (const char *)task->name.p);
        log_draft_init(&draft);
        draft.kind = bytes_of("eval.task_declared");
        draft.subject = bytes_of(subject);
        draft.key = bytes_of(key);
        draft.body = bytes_of_buf(&e->body);
        if (rc == 0) rc = intake_add(e->run, &draft, place, INGEST_NO_TIME, err);
    }
    return rc;
}

static int add_scores(struct evaluation *e, const struct lmeval_task *task, const struct ingest_place *place,
                      struct err *err) {
    struct item_entries entries;
    struct lmeval_metric m;
    int rc = 0;
    if (!lmeval_is(task->metrics, MP_MAP)) {
        char reason[LMEVAL_NAME_MAX + 128];
        snprintf(reason, sizeof(reason), "the metrics of task '%.*s' are not an object; expected: names with their values",
                 (int)task->name.n, (const char *)task->name.p);
        return intake_reject(e->run, place, "the metrics of a task are not an object", reason);
    }
    item_entries_open(&entries, task->metrics);
    while (rc == 0 && lmeval_metric_next(task, &entries, &m)) {
        const uint8_t partial = (uint8_t)task->partial;
        double mean = 0;
        bool sampled = lmeval_mean(task, &m, &mean);
        const struct bytes parts[] = {
            bytes_of(e->id), task->name, m.key, m.value, m.stderr_, {&partial, 1}, {(uint8_t *)&mean, sizeof(mean)}};
        size_t n = sizeof(parts) / sizeof(parts[0]) - !sampled;
        char key[LMEVAL_KEY_LEN];
        lmeval_key(key, intake_secret(e->run), "score", parts, n);
        buf_clear(&e->body);
        rc = lmeval_put_scored(e->doc, task, &m, &e->body, err);
        if (rc == 0) rc = add(e, "eval.scored", key, bytes_of_buf(&e->body), place, err);
    }
    return rc;
}

/* The results, once it is known what they rest on. */
static int add_results(struct evaluation *e, const char *path, struct err *err) {
    const struct ingest_place place = {.file = path};
    const struct lmeval_doc *doc = e->doc;
    const uint8_t partial = (uint8_t)doc->partial;
    const struct bytes parts[] = {bytes_of(e->id), {doc->digest, sizeof(doc->digest)}, {&partial, 1}};
    char key[LMEVAL_KEY_LEN];
    uint64_t before = intake_ticket(e->run);
    lmeval_key(key, intake_secret(e->run), "imported", parts, 3);
    buf_clear(&e->body);
    int rc = lmeval_put_imported(doc, path, &e->body, err);
    if (rc == 0) rc = add(e, "eval.imported", key, bytes_of_buf(&e->body), &place, err);
    e->imported = intake_ticket(e->run) != before ? intake_ticket(e->run) : 0;
    for (size_t i = 0; i < doc->n_tasks && rc == 0; i++) {
        rc = add_scores(e, &doc->tasks[i], &place, err);
    }
    return rc;
}

/* ---- samples ------------------------------------------------------------------------------------------------------ */

/* Takes one sample, or the reason why it could not be read. */
static int take_sample(struct evaluation *e, int read, const struct lmeval_sample *sample, const struct ingest_place *place,
                       bool ended, struct err *why, struct err *err) {
    if (read == ERR_NOMEM) return err_set(err, read, "%s: %s", e->file, why->msg);
    if (read != 0) {
        char reason[ERR_MSG_MAX];
        lmeval_counter_lost(&e->counter);
        snprintf(reason, sizeof(reason), "%s%.900s", ended ? "" : "the last line is cut off: ", why->msg);
        return intake_reject(e->run, place,
                             !ended              ? "the last line is cut off"
                             : read == ERR_LIMIT ? "too large"
                                                 : NULL,
                             reason);
    }
    const struct bytes digest = {sample->digest, sizeof(sample->digest)};
    char key[LMEVAL_KEY_LEN];
    if (e->id[0] == '\0') {
        set_id(e, (struct bytes[]){bytes_of("samples"), e->about.task, digest}, 3);
    }
    const struct bytes parts[] = {bytes_of(e->id), e->about.task, digest};
    lmeval_key(key, intake_secret(e->run), "sample", parts, 3);
    int rc = lmeval_counter_take(&e->counter, sample, err);
    if (rc == 0) rc = add(e, sample->failed ? "eval.sample_failed" : "eval.sampled", key, sample->body, place, err);
    return rc;
}

static int take_line(struct evaluation *e, const struct lines_line *line, struct err *err) {
    const struct ingest_place place = {e->file, line->number, line->offset};
    struct lmeval_sample sample = {0};
    struct err why = {0};
    int rc = 0;
    if (line->text.n == 0) return 0;
    if (line->too_long) {
        rc = err_set(&why, ERR_INVALID, "the line is longer than %zu bytes", LINES_LINE_MAX);
    } else {
        rc = lmeval_sample_read(&e->reader, line->text, &e->about, &sample, &why);
    }
    return take_sample(e, rc, &sample, &place, line->ended || line->too_long, &why, err);
}

static int read_lines(struct evaluation *e, struct lines *lines, struct err *err) {
    struct lines_line line;
    int rc = 0;
    while (rc == 0 && !intake_stopped(e->run)) {
        struct err why = {0};
        rc = lines_next(lines, -1, &line, &why);
        if (rc < 0) {
            lmeval_counter_lost(&e->counter);
            return intake_reject_file(e->run, e->file, lines_offset(lines), &why);
        }
        if (rc == 0) {
            rc = take_line(e, &line, err);
            intake_progress(e->run, gz_taken(lines_gz(lines)), 0);
        }
    }
    if (rc == 1 && lines_at_end(lines) && lines_rest(lines, &line) == 0) {
        rc = take_line(e, &line, err);
    }
    return rc == 1 ? 0 : rc;
}

/* A file that cannot be read, or not to its end, is a rejection; the others are imported. */
static int read_samples(struct evaluation *e, const struct lmeval_file *file, struct err *err) {
    struct gz *gz = NULL;
    struct lines *lines = NULL;
    struct err why = {0};
    struct lmeval_task *task = e->doc != NULL ? lmeval_doc_task(e->doc, file->task) : NULL;
    e->file = file->path;
    e->about.task = file->task;
    e->about.higher = task != NULL ? task->higher : (struct bytes){NULL, 0};
    if (gz_open(file->path, GZ_REGULAR, UINT64_MAX, &gz, &why) != 0) {
        return intake_reject_file(e->run, file->path, 0, &why);
    }
    int rc = lines_new(gz, intake_digest(e->run), intake_options(e->run)->stop, &lines, err);
    if (rc == 0) rc = lmeval_counter_init(&e->counter, err);
    if (rc == 0) rc = read_lines(e, lines, err);
    if (rc == 0 && task != NULL) {
        lmeval_counter_end(&e->counter, task);
    }
    lines_free(lines);
    return rc;
}

/* Samples in the results file itself, as programs that use the harness as a library write it. */
static int read_inner_samples(struct evaluation *e, const char *path, struct err *err) {
    const struct ingest_place place = {.file = path};
    struct item_entries tasks;
    int rc = 0;
    e->file = path;
    item_entries_open(&tasks, e->doc->top[LMEVAL_SAMPLES]);
    while (rc == 0 && item_entries_next(&tasks)) {
        struct lmeval_task *task = lmeval_doc_task(e->doc, tasks.name);
        struct mp_reader r;
        struct mp_item list = {0};
        mp_reader_init(&r, tasks.raw);
        if (task != NULL && task->has_samples) {
            continue; /* from a file of their own */
        }
        if (mp_next(&r, &list, NULL) != 0 || list.type != MP_ARRAY) {
            rc = intake_reject(e->run, &place, NULL, "the samples of a task are not an array");
            continue;
        }
        e->about.task = tasks.name;
        e->about.higher = task != NULL ? task->higher : (struct bytes){NULL, 0};
        rc = lmeval_counter_init(&e->counter, err);
        for (uint32_t i = list.count; i > 0 && rc == 0 && !intake_stopped(e->run); i--) {
            struct lmeval_sample sample = {0};
            struct err why = {0};
            struct bytes raw;
            rc = mp_skip(&r, 2, &raw, err);
            if (rc == 0)
                rc = take_sample(e, lmeval_sample_take(&e->reader, raw, &e->about, &sample, &why), &sample, &place, true,
                                 &why, err);
        }
        if (rc == 0 && task != NULL) {
            lmeval_counter_end(&e->counter, task);
        }
        lmeval_counter_done(&e->counter);
    }
    return rc;
}

/* ---- evaluations -------------------------------------------------------------------------------------------------- */

static void evaluation_init(struct evaluation *e, struct intake *run, const struct lmeval_doc *doc) {
    memset(e, 0, sizeof(*e));
    e->run = run;
    e->doc = doc;
    e->about.doc = doc;
    e->about.at = INGEST_NO_TIME;
    lmeval_reader_init(&e->reader);
    buf_init(&e->body, BODY_MAX);
}

static void evaluation_done(struct evaluation *e) {
    lmeval_reader_done(&e->reader);
    lmeval_counter_done(&e->counter);
    buf_done(&e->body);
}

/* Imports one results file, after its document has been read. */
static int take_evaluation(struct intake *run, struct lmeval_doc *doc, const struct lmeval_file *file,
                           const struct lmeval_file *samples, size_t n_samples, struct err *err) {
    const struct ingest_place place = {.file = file->path};
    struct evaluation e;
    evaluation_init(&e, run, doc);
    set_id(&e, (struct bytes[]){bytes_of(doc->id)}, 1);
    e.about.at = doc->at;
    e.about.at_text = doc->at_text;
    int rc = declare_tasks(&e, &place, err);
    for (size_t i = 0; i < n_samples && rc == 0 && !intake_stopped(run); i++) {
        rc = read_samples(&e, &samples[i], err);
        lmeval_counter_done(&e.counter);
    }
    if (rc == 0) rc = read_inner_samples(&e, file->path, err);
    if (rc == 0 && !intake_stopped(run)) {
        lmeval_doc_judge(doc);
        rc = add_results(&e, file->path, err);
    }
    evaluation_done(&e);
    return rc;
}

/* Reads a whole file, and adds it to the digest; unlike load_file to its end, also at a stop. */
static int read_whole(struct intake *run, const char *path, struct buf *text, struct err *err) {
    struct gz *gz = NULL;
    int rc = gz_open(path, GZ_REGULAR, LMEVAL_DOC_MAX, &gz, err);
    while (rc == 0 && !gz_at_end(gz)) {
        uint8_t *room = buf_room(text, (size_t)64 << 10);
        size_t n = 0;
        if (room == NULL) {
            rc = err_set(err, text->fail, "%s: larger than %zu bytes", path, LMEVAL_DOC_MAX);
        } else {
            rc = gz_read(gz, room, (size_t)64 << 10, &n, err);
            text->n += rc == 0 ? n : 0;
        }
    }
    gz_close(gz);
    if (rc == 0 && text->n > 0) {
        lines_digest_put(intake_digest(run), bytes_of_buf(text));
    }
    return rc;
}

static int read_evaluation(struct intake *run, const struct lmeval_file *file, const struct lmeval_file *samples,
                           size_t n_samples, bool *ret_read, struct err *err) {
    struct lmeval_doc doc;
    struct buf text = {.max = LMEVAL_DOC_MAX + ((size_t)64 << 10)};
    struct err why = {0};
    lmeval_doc_init(&doc);
    int rc;
    intake_begin(run, file->path);
    int read = read_whole(run, file->path, &text, &why);
    if (read == 0) read = lmeval_doc_read(&doc, bytes_of_buf(&text), file->date, &why);
    if (read == ERR_INVALID) {
        load_name_foreign(file->path, bytes_of_buf(&text), "ingest lm-eval", &why);
    }
    buf_done(&text);
    *ret_read = read == 0;
    if (load_is_bad(read)) {
        rc = intake_reject_file(run, file->path, 0, &why);
    } else if (read != 0) {
        rc = err_set(err, read, "%s", why.msg);
    } else {
        rc = take_evaluation(run, &doc, file, samples, n_samples, err);
    }
    rc = rc == 0 ? intake_end(run, err) : rc;
    lmeval_doc_done(&doc);
    return rc;
}

static int read_orphans(struct intake *run, const struct lmeval_file *file, struct err *err) {
    const struct ingest_place place = {.file = file->path};
    struct evaluation e;
    evaluation_init(&e, run, NULL);
    e.about.at_text = file->date;
    intake_begin(run, file->path);
    int rc = read_samples(&e, file, err);
    if (rc == 0 && e.id[0] != '\0' && !intake_stopped(run)) {
        char key[LMEVAL_KEY_LEN], count[24];
        snprintf(count, sizeof(count), "%llu", (unsigned long long)e.counter.documents);
        const struct bytes parts[] = {bytes_of(e.id), bytes_of(count)};
        lmeval_key(key, intake_secret(run), "imported", parts, 2);
        rc = lmeval_put_orphans(&e.about, e.counter.documents, file->path, &e.body, err);
        if (rc == 0) rc = add(&e, "eval.imported", key, bytes_of_buf(&e.body), &place, err);
    }
    rc = rc == 0 ? intake_end(run, err) : rc;
    evaluation_done(&e);
    return rc;
}

/* Files with the same date: results first, then samples. */
static int read_group(struct intake *run, const struct lmeval_file *files, size_t n, struct err *err) {
    size_t results = 0;
    bool any = false;
    int rc = 0;
    while (results < n && !files[results].samples) {
        results++;
    }
    for (size_t i = 0; i < results && rc == 0 && !intake_stopped(run); i++) {
        bool read = false;
        rc = read_evaluation(run, &files[i], files + results, n - results, &read, err);
        any = any || read;
    }
    for (size_t i = results; i < n && !any && rc == 0 && !intake_stopped(run); i++) {
        rc = read_orphans(run, &files[i], err);
    }
    return rc;
}

/* A file that was written just now may still grow. */
static bool is_settled(const struct lmeval_file *files, size_t n) {
    uint64_t now = clock_wall_ns();
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        if (stat(files[i].path, &st) != 0) return false;
        uint64_t written = (uint64_t)st.st_mtim.tv_sec * CLOCK_NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
        if (written <= now && now - written < SETTLE_NS) return false;
    }
    return true;
}

/* Whether a poller has read all of them already, as they are. */
static int all_seen(struct line_counter *known, const struct lmeval_file *files, size_t n, bool *ret, struct err *err) {
    int rc = 0;
    *ret = true;
    for (size_t i = 0; i < n && rc == 0; i++) {
        bool seen = false;
        rc = unchanged_seen(known, files[i].path, &seen, err);
        *ret = *ret && seen;
    }
    return rc;
}

static bool belong_together(const struct lmeval_file *a, const struct lmeval_file *b) {
    return a->date.n > 0 && bytes_eq(a->date, b->date) && bytes_eq(a->dir, b->dir);
}

int lmeval_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    struct lmeval_files files = {0};
    int rc = o->n_paths > 0 ? 0 : err_set(err, ERR_INVALID, "no files given; expected: directories, results and samples");
    for (size_t i = 0; i < o->n_paths && rc == 0; i++) {
        rc = lmeval_files_add(&files, o->paths[i], err);
    }
    lmeval_files_sort(&files);
    for (size_t at = 0, n; at < files.n && rc == 0 && !intake_stopped(run); at += n) {
        n = 1;
        while (at + n < files.n && belong_together(&files.files[at], &files.files[at + n])) {
            n++;
        }
        bool seen = false;
        if (o->every_ns > 0 && !is_settled(files.files + at, n)) continue;
        rc = all_seen(o->known, files.files + at, n, &seen, err);
        if (rc == 0 && !seen) rc = read_group(run, files.files + at, n, err);
    }
    lmeval_files_done(&files);
    return rc;
}
