/* The request is the manifest's claim, signed by the log key. What the range holds besides the answer is counted here
 * from headers in the sealed tree: an exporter who words the request so that an event falls outside the answer leaves it
 * in this table, with the condition that excluded it.
 *
 * Kinds are sorted by name, so one is found by bisection; mostly it is that of the previous event. */
#include "export/verify/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/cut/bundle.h"

void export_question_done(struct export_question *q) {
    for (size_t i = 0; i < q->n_kinds; i++) {
        free(q->kind[i].name);
    }
    free(q->kind);
    buf_done(&q->own);
    *q = (struct export_question){0};
}

const char *export_miss_name(size_t miss) {
    return miss < EXPORT_FIELDS ? bundle_field_name(miss) : "time";
}

unsigned export_misses(const struct export_question *q, const struct log_event *event) {
    bool in_time = (!q->has_since || event->time >= q->since) && (!q->has_until || event->time < q->until);
    unsigned missed = in_time ? 0 : EXPORT_MISS_TIME;
    if (q->n_terms > 0) {
        const struct event_header h = {.kind = event->kind,
                                       .subject = event->subject,
                                       .run = event->run,
                                       .actor = event->actor,
                                       .source = event->source,
                                       .grade = event->grade,
                                       .key = event->key};
        missed |= bundle_misses(q->term, q->n_terms, &h);
    }
    return missed;
}

bool export_stands_out(const struct export_question *q, unsigned missed) {
    return missed != 0 && missed != EXPORT_MISS_TIME && (missed & EXPORT_MISS_KIND) == 0 && q->names_kinds;
}

uint64_t export_stand_out(const struct export_question *q) {
    uint64_t n = q->others.stands_out.n;
    for (size_t i = 0; i < q->n_kinds; i++) {
        n += q->kind[i].stands_out.n;
    }
    return n;
}

uint64_t export_hidden(const struct export_question *q) {
    uint64_t disclosed = q->others.fate[EXPORT_DISCLOSED].n;
    for (size_t i = 0; i < q->n_kinds; i++) {
        disclosed += q->kind[i].fate[EXPORT_DISCLOSED].n;
    }
    return q->n_events - disclosed;
}

/* ---- counting ---- */

static struct bytes name_of(const struct export_kind *kind) {
    return (struct bytes){(const uint8_t *)kind->name, kind->len};
}

/* The index where it is or belongs. */
static size_t place_of(struct export_question *q, struct bytes kind, bool *ret_there) {
    size_t from = 0, to = q->n_kinds;
    uint16_t *seen = &q->seen[(kind.n + (kind.n > 0 ? 7U * kind.p[kind.n - 1] : 0)) % 64];
    *ret_there = *seen > 0 && bytes_eq(kind, name_of(&q->kind[*seen - 1]));
    if (*ret_there) return *seen - 1;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        int c = bytes_cmp(name_of(&q->kind[at]), kind);
        if (c == 0) {
            *ret_there = true;
            *seen = (uint16_t)(at + 1);
            return at;
        }
        from = c < 0 ? at + 1 : from;
        to = c < 0 ? to : at;
    }
    return from;
}

static int insert(struct export_question *q, size_t at, struct bytes kind, struct err *err) {
    if ((q->n_kinds & (q->n_kinds + 1)) == 0) { /* room for 1, 3, 7, ... */
        struct export_kind *more = realloc(q->kind, (2 * q->n_kinds + 1) * sizeof(*more));
        if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        q->kind = more;
    }
    char *name = strndup(kind.n > 0 ? (const char *)kind.p : "", kind.n);
    if (name == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memmove(&q->kind[at + 1], &q->kind[at], (q->n_kinds - at) * sizeof(q->kind[0]));
    q->kind[at] = (struct export_kind){.name = name, .len = kind.n};
    q->n_kinds++;
    memset(q->seen, 0, sizeof(q->seen)); /* entries have moved */
    return 0;
}

static void tally(struct export_tally *t, uint64_t seq) {
    if (t->n < EXPORT_TALLY_SEQS) {
        t->seq[t->n] = seq;
    }
    t->n++;
}

static void count(struct export_kind *kind, const struct export_question *q, const struct log_event *event,
                  enum export_fate fate) {
    tally(&kind->fate[fate], event->seq);
    if (fate == EXPORT_LEFT_OUT) {
        unsigned missed = export_misses(q, event);
        for (size_t i = 0; i < EXPORT_MISSES; i++) {
            kind->missed[i] += missed >> i & 1;
        }
        if (export_stands_out(q, missed)) {
            tally(&kind->stands_out, event->seq);
        }
    }
}

int question_count(struct export_question *q, const struct log_event *event, enum export_fate fate, struct err *err) {
    bool there;
    size_t at = place_of(q, event->kind, &there);
    q->first_time = q->n_events == 0 ? event->time : q->first_time;
    q->last_time = event->time;
    q->n_events++;
    if (!there && q->n_kinds == EXPORT_KINDS_MAX) {
        count(&q->others, q, event, fate);
        return 0;
    }
    int rc = there ? 0 : insert(q, at, event->kind, err);
    if (rc == 0) {
        count(&q->kind[at], q, event, fate);
    }
    return rc;
}

void question_begin(struct export_question *q, struct manifest *m) {
    export_question_done(q);
    *q = (struct export_question){.n_terms = m->n_terms,
                                  .has_since = m->has_since,
                                  .has_until = m->has_until,
                                  .since = m->since,
                                  .until = m->until,
                                  .from = m->from,
                                  .to = m->to,
                                  .size = m->size,
                                  .sparse = m->sparse,
                                  .artifacts = m->artifacts,
                                  .bodies = m->bodies,
                                  .n_private = m->n_private,
                                  .n_states = m->n_states};
    for (size_t i = 0; i < m->n_terms; i++) {
        q->names_kinds = q->names_kinds || strcmp(m->term[i].field, "kind") == 0;
    }
    memcpy(q->term, m->term, sizeof(q->term));
    memcpy(q->private_, m->private_, sizeof(q->private_));
    memcpy(q->states, m->states, sizeof(q->states));
    snprintf(q->exporter, sizeof(q->exporter), "%s", m->exporter);
}

void question_end(struct export_question *q, struct manifest *m, const struct note_vkey *log) {
    char vkey[NOTE_VKEY_MAX];
    note_vkey_encode(vkey, log);
    snprintf(q->log_vkey, sizeof(q->log_vkey), "%s", vkey);
    q->own = m->own; /* terms and names borrow from it */
    m->own = (struct buf){0};
    q->known = true;
}
