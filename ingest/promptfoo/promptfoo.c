/* The source promptfoo: each file is one input with one receipt; each prompt of it is one evaluation.
 *
 *   prompt -> eval.imported -> its rows ----> eval.sampled, eval.sample_failed
 *                           -> its metrics -> eval.scored
 *
 * All events of an evaluation have the subject eval/<id>; the id follows from promptfoo's id of the evaluation and the number
 * of the prompt. So a file that was exported again is the same evaluation, and its keys, made of the id and of each event's
 * content, are duplicates. */
#include "ingest/promptfoo/promptfoo.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "ingest/driver/evaluation.h"
#include "ingest/driver/load.h"
#include "ingest/input/keyed_hash.h"

#define BODY_MAX ((size_t)4 << 20)

struct evaluation {
    struct intake *run;
    const struct promptfoo_doc *doc;
    struct promptfoo_sums sums;
    char id[KEYED_HASH_HEX];
    uint64_t imported; /* ticket of eval.imported; 0: it is a duplicate */
    struct ingest_place place;
    struct buf body;
};

/* Appends the event in `body`; its key is made of the id and `what`. */
static int add(struct evaluation *e, const char *kind, const char *prefix, struct bytes what, struct err *err) {
    const struct evaluation_event event = {.kind = kind,
                                           .id = e->id,
                                           .prefix = prefix,
                                           .what = what,
                                           .body = bytes_of_buf(&e->body),
                                           .cause = e->imported,
                                           .at = e->doc->at,
                                           .place = &e->place};
    return evaluation_add(e->run, &event, err);
}

static void set_id(struct evaluation *e) {
    const struct promptfoo_doc *doc = e->doc;
    char number[24];
    snprintf(number, sizeof(number), "%zu", e->sums.index);
    const struct bytes whole = {doc->digest, sizeof(doc->digest)};
    const struct bytes parts[] = {bytes_of("promptfoo"), doc->eval.n > 0 ? doc->eval : whole, bytes_of(number)};
    keyed_hash_each(e->id, intake_secret(e->run), parts, 3);
}

static int add_imported(struct evaluation *e, struct err *err) {
    uint64_t before = intake_ticket(e->run);
    buf_clear(&e->body);
    int rc = promptfoo_put_imported(e->doc, &e->sums, e->place.file, &e->body, err);
    if (rc == 0) {
        rc = add(e, "eval.imported", "imported", (struct bytes){e->doc->digest, sizeof(e->doc->digest)}, err);
    }
    e->imported = intake_ticket(e->run) != before ? intake_ticket(e->run) : 0;
    return rc;
}

static int add_samples(struct evaluation *e, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < e->doc->n_rows && !intake_stopped(e->run); i++) {
        const struct promptfoo_row *row = &e->doc->rows[i];
        if (row->prompt != e->sums.index) continue;
        bool passed = promptfoo_outcome(row->raw) == PROMPTFOO_PASSED;
        buf_clear(&e->body);
        rc = promptfoo_put_sample(e->doc, &e->sums, row, &e->body, err);
        if (rc == 0) rc = add(e, passed ? "eval.sampled" : "eval.sample_failed", "sample", row->raw, err);
    }
    return rc;
}

static int add_scores(struct evaluation *e, struct err *err) {
    int rc = 0;
    for (int which = 0; rc == 0 && which < 2; which++) {
        bool there = false;
        buf_clear(&e->body);
        rc = promptfoo_put_scored(e->doc, &e->sums, which, &e->body, &there, err);
        if (rc == 0 && there) rc = add(e, "eval.scored", "score", bytes_of_buf(&e->body), err);
    }
    return rc;
}

static int take_prompt(struct intake *run, const struct promptfoo_doc *doc, size_t index, const char *path,
                       struct err *err) {
    struct evaluation e = {.run = run, .doc = doc, .place = {.file = path}};
    buf_init(&e.body, BODY_MAX);
    promptfoo_sum(doc, index, &e.sums);
    set_id(&e);
    int rc = add_imported(&e, err);
    if (rc == 0) rc = add_samples(&e, err);
    if (rc == 0 && !intake_stopped(run)) rc = add_scores(&e, err);
    buf_done(&e.body);
    return rc;
}

static int read_file(struct intake *run, const char *path, struct err *err) {
    struct promptfoo_doc doc;
    struct buf text = {.max = PROMPTFOO_DOC_MAX + LOAD_PIECE};
    struct err why = {0};
    promptfoo_doc_init(&doc);
    intake_begin(run, path);
    int rc = 0, read = load_file(run, path, PROMPTFOO_DOC_MAX, &text, &why);
    if (read == 0 && !intake_stopped(run)) read = promptfoo_doc_read(&doc, bytes_of_buf(&text), &why);
    if (read == ERR_INVALID) load_name_foreign(path, bytes_of_buf(&text), "promptfoo", &why);
    buf_done(&text);
    if (load_is_bad(read)) {
        rc = intake_reject_file(run, path, 0, &why);
    } else if (read != 0) {
        rc = err_set(err, read, "%s", why.msg);
    }
    for (size_t i = 0; rc == 0 && read == 0 && i < doc.n_prompts && !intake_stopped(run); i++) {
        rc = take_prompt(run, &doc, i, path, err);
    }
    rc = rc == 0 ? intake_end(run, err) : rc;
    promptfoo_doc_done(&doc);
    return rc;
}

int promptfoo_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    int rc = o->n_paths > 0 ? 0 : err_set(err, ERR_INVALID, "no files given; expected: results files of promptfoo");
    for (size_t i = 0; rc == 0 && i < o->n_paths && !intake_stopped(run); i++) {
        rc = read_file(run, o->paths[i], err);
    }
    return rc;
}
