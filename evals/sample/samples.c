/* Three questions to the index: which start is the newest, what was taken back, which samples are there. Each answer is
 * checked against the events themselves (query/query.h). */
#include "evals/sample/samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mp.h"
#include "evals/sample/decode.h"
#include "projections/fold/correct.h"
#include "query/query.h"

#define TEXTS_MAX   ((size_t)2 << 30)
#define SUBJECT_MAX 512

struct seqs {
    uint64_t *all;
    size_t n, cap;
};

struct reading {
    struct ledger *ledger;
    struct bytes subject;
    bool proven;
    uint64_t size;              /* of the tree, or as of when: all questions see one log */
    uint64_t wanted;            /* the start; LOG_NO_SEQ: the newest */
    struct bytes source, grade; /* the start's */
    struct seqs corrected;
    struct samples *ret;
    size_t cap;
    struct bytes task, tags; /* the newest's: most samples have the same */
};

typedef int each_fn(struct reading *r, const struct log_event *event, struct err *err); /* 1: enough */

/* ---- questions ---- */

static int ask(struct reading *r, const char *const *kinds, size_t n_kinds, bool of_subject, bool newest_first,
               uint64_t from, each_fn *each, struct err *err) {
    struct query_value kind[2], subject = {.type = QUERY_TEXT, .text = r->subject};
    struct query_term terms[2] = {{.field = QUERY_KIND, .op = QUERY_EQ, .values = kind, .n_values = n_kinds},
                                  {.field = QUERY_SUBJECT, .op = QUERY_EQ, .values = &subject, .n_values = 1}};
    struct query_cursor *cursor = NULL;
    struct query query;
    query_init(&query);
    for (size_t i = 0; i < n_kinds; i++) {
        kind[i] = (struct query_value){.type = QUERY_TEXT, .text = bytes_of(kinds[i])};
    }
    query.terms = terms;
    query.n_terms = of_subject ? 2 : 1;
    query.from = from;
    query.descending = newest_first;
    query.proven = r->proven;
    query.whole = true;
    const struct log_event *event;
    int rc = query_open_at(r->ledger, &query, r->size, &cursor, err);
    while (rc == 0 && (rc = query_next(cursor, err)) == 0) {
        rc = query_event(cursor, &event, err);
        if (rc == 0) rc = each(r, event, err);
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

/* ---- what was taken back ---- */

static int note(struct seqs *seqs, uint64_t seq, struct err *err) {
    if (seqs->n == seqs->cap) {
        size_t cap = seqs->cap > 0 ? 2 * seqs->cap : 64;
        uint64_t *more = realloc(seqs->all, cap * sizeof *more);
        if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory for corrections");
        seqs->all = more;
        seqs->cap = cap;
    }
    seqs->all[seqs->n++] = seq;
    return 0;
}

static int note_correction(struct reading *r, const struct log_event *event, struct err *err) {
    uint8_t leaf[LOG_HASH];
    uint64_t seq;
    return correct_names(event->body, &seq, leaf) && seq < event->seq ? note(&r->corrected, seq, err) : 0;
}

static int note_void(struct reading *r, const struct log_event *event, struct err *err) {
    uint64_t seq = mp_get_uint(event->body, "seq", LOG_NO_SEQ);
    return seq < event->seq ? note(&r->corrected, seq, err) : 0;
}

static int order_of_seqs(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_corrected(const struct reading *r, uint64_t seq) {
    return r->corrected.n > 0 && bsearch(&seq, r->corrected.all, r->corrected.n, sizeof seq, order_of_seqs) != NULL;
}

static int load_corrected(struct reading *r, struct err *err) {
    static const char *const corrections[] = {"ledger.corrected"}, *const voids[] = {"eval.invalidated"};
    int rc = ask(r, corrections, 1, false, false, 0, note_correction, err);
    if (rc == 0) rc = ask(r, voids, 1, true, false, 0, note_void, err);
    if (rc == 0 && r->corrected.n > 1) {
        qsort(r->corrected.all, r->corrected.n, sizeof *r->corrected.all, order_of_seqs);
    }
    return rc;
}

/* ---- samples ---- */

static int take_start(struct reading *r, const struct log_event *event, struct err *err) {
    if (is_corrected(r, event->seq) || (r->wanted != LOG_NO_SEQ && event->seq != r->wanted)) return 0;
    r->ret->started = event->seq;
    r->source = arena_copy(&r->ret->texts, event->source);
    r->grade = arena_copy(&r->ret->texts, event->grade);
    return r->source.p != NULL && r->grade.p != NULL ? 1 : err_set(err, ERR_NOMEM, "out of memory for samples");
}

static int keep(struct reading *r, struct bytes *text) {
    struct bytes copy = text->n > 0 ? arena_copy(&r->ret->texts, *text) : (struct bytes){NULL, 0};
    if (text->n > 0 && copy.p == NULL) return ERR_NOMEM;
    *text = copy;
    return 0;
}

static int keep_texts(struct reading *r, struct sample *s) {
    if (!bytes_eq(s->task, r->task)) {
        int rc = keep(r, &s->task);
        if (rc != 0) return rc;
        r->task = s->task;
    }
    s->task = r->task;
    if (!bytes_eq(s->tags, r->tags)) {
        int rc = keep(r, &s->tags);
        if (rc != 0) return rc;
        r->tags = s->tags;
    }
    s->tags = r->tags;
    int rc = keep(r, &s->id);
    if (rc == 0) rc = keep(r, &s->filter);
    if (rc == 0) rc = keep(r, &s->case_digest);
    return rc == 0 ? keep(r, &s->output_digest) : rc;
}

static int take_sample(struct reading *r, const struct log_event *event, struct err *err) {
    struct samples *ret = r->ret;
    struct sample sample;
    if (is_corrected(r, event->seq)) {
        ret->corrected++;
        return 0;
    }
    if (ret->started != SAMPLE_ABSENT && !(bytes_eq(event->source, r->source) && bytes_eq(event->grade, r->grade))) {
        ret->foreign++;
        return 0;
    }
    if (!sample_decode(event, &sample)) {
        ret->erased += event->body.n == 0;
        ret->unreadable += event->body.n > 0;
        return 0;
    }
    if (ret->n == SAMPLES_MAX) return err_set(err, ERR_LIMIT, "more than %d samples", SAMPLES_MAX);
    if (ret->n == r->cap) {
        size_t cap = r->cap > 0 ? 2 * r->cap : 256;
        struct sample *more = realloc(ret->all, cap * sizeof *more);
        if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory for samples");
        ret->all = more;
        r->cap = cap;
    }
    if (keep_texts(r, &sample) != 0) return err_set(err, ERR_NOMEM, "out of memory for samples");
    ret->all[ret->n++] = sample;
    return 0;
}

static int read_samples(struct ledger *ledger, struct bytes eval, uint64_t started, uint64_t until, bool proven,
                        struct samples *ret, struct err *err) {
    static const char *const starts[] = {"eval.started"}, *const samples[] = {"eval.sampled", "eval.sample_failed"};
    char subject[SUBJECT_MAX];
    struct log_head head;
    *ret = (struct samples){.started = SAMPLE_ABSENT, .texts = {.max = TEXTS_MAX}};
    int n = snprintf(subject, sizeof(subject), "eval/%.*s", (int)(eval.n < SUBJECT_MAX ? eval.n : SUBJECT_MAX),
                     eval.n > 0 ? (const char *)eval.p : "");
    if (n < 0 || (size_t)n >= sizeof(subject)) return err_set(err, ERR_NOTFOUND, "there is no evaluation of so long an id");
    struct reading r = {.ledger = ledger,
                        .subject = {(const uint8_t *)subject, (size_t)n},
                        .proven = proven,
                        .wanted = started,
                        .ret = ret};
    int rc = log_head(ledger, &head, err);
    r.size = rc != 0 ? 0 : until < head.size ? until : head.size;
    if (rc == 0) rc = load_corrected(&r, err);
    if (rc == 0) rc = ask(&r, starts, 1, true, true, 0, take_start, err);
    uint64_t from = ret->started == SAMPLE_ABSENT ? 0 : ret->started;
    if (rc == 0) rc = ask(&r, samples, 2, true, false, from, take_sample, err);
    free(r.corrected.all);
    if (rc != 0) return err_prefix(err, "samples of %s", subject);
    ret->repeated = samples_settle(ret->all, &ret->n);
    return 0;
}

int samples_read(struct ledger *ledger, struct bytes eval, bool proven, struct samples *ret, struct err *err) {
    return read_samples(ledger, eval, LOG_NO_SEQ, LOG_NO_SEQ, proven, ret, err);
}

int samples_read_from(struct ledger *ledger, struct bytes eval, uint64_t started, bool proven, struct samples *ret,
                      struct err *err) {
    return read_samples(ledger, eval, started, LOG_NO_SEQ, proven, ret, err);
}

int samples_read_until(struct ledger *ledger, struct bytes eval, uint64_t until, struct samples *ret, struct err *err) {
    return read_samples(ledger, eval, LOG_NO_SEQ, until, false, ret, err);
}

/* ---- tags ---- */

bool sample_tag_next(struct sample_tags *tags, struct bytes *ret) {
    struct mp_item item = {0};
    if (tags->left == 0 || mp_next(&tags->reader, &item, NULL) != 0 || item.type != MP_STR) return false;
    tags->left--;
    *ret = item.data;
    return true;
}

void sample_tags_open(struct sample_tags *tags, const struct sample *sample) {
    struct mp_item item = {0};
    mp_reader_init(&tags->reader, sample->tags);
    bool list = sample->tags.n > 0 && mp_next(&tags->reader, &item, NULL) == 0 && item.type == MP_ARRAY;
    tags->left = list ? item.count : 0;
}

bool sample_has_tag(const struct sample *sample, struct bytes tag) {
    struct sample_tags tags;
    struct bytes one;
    bool any = false;
    sample_tags_open(&tags, sample);
    while (sample_tag_next(&tags, &one)) {
        any = true;
        if (bytes_eq(one, tag)) return true;
    }
    return !any && tag.n == 0;
}

static int order_of_tags(const void *a, const void *b) {
    return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static int add_tag(struct samples_tags *all, size_t *cap, struct bytes tag, struct err *err) {
    if (all->n == *cap) {
        *cap = *cap > 0 ? 2 * *cap : 64;
        struct bytes *more = realloc(all->tags, *cap * sizeof *more);
        if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory for tags");
        all->tags = more;
    }
    all->tags[all->n++] = tag;
    return 0;
}

int samples_tags(const struct sample *samples, size_t n, struct samples_tags *all, struct err *err) {
    size_t cap = all->n, kept = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct sample_tags tags;
        struct bytes tag = {NULL, 0};
        if (i > 0 && bytes_eq(samples[i].tags, samples[i - 1].tags)) continue;
        sample_tags_open(&tags, &samples[i]);
        if (tags.left == 0) rc = add_tag(all, &cap, tag, err);
        while (rc == 0 && sample_tag_next(&tags, &tag)) {
            rc = add_tag(all, &cap, tag, err);
        }
    }
    if (all->n > 1) qsort(all->tags, all->n, sizeof *all->tags, order_of_tags);
    for (size_t i = 0; i < all->n; i++) {
        if (kept == 0 || !bytes_eq(all->tags[i], all->tags[kept - 1])) all->tags[kept++] = all->tags[i];
    }
    all->n = kept;
    return rc;
}

void samples_done(struct samples *samples) {
    free(samples->all);
    arena_done(&samples->texts);
    *samples = (struct samples){0};
}
