/* The first is kept for the judge; the others are in the batch alone. */
#include "packs/life/event.h"

#include <stdlib.h>

#include "packs/life/bodies.h"
#include "projections/act/checked.h"

#define SUBJECT_MAX 4096

int event_begin(struct event *event, struct ledger *ledger, const char *actor, struct err *err) {
    *event = (struct event){.ledger = ledger, .actor = actor};
    mp_map_init(&event->body, BODIES_MAX);
    mp_map_init(&event->private_, BODIES_MAX);
    buf_init(&event->subject, SUBJECT_MAX);
    buf_init(&event->open, BODIES_MAX);
    buf_init(&event->closed, BODIES_MAX);
    return log_batch_new(ledger, &event->batch, err);
}

void event_done(struct event *event) {
    log_batch_free(event->batch);
    mp_map_done(&event->body);
    mp_map_done(&event->private_);
    buf_done(&event->subject);
    buf_done(&event->open);
    buf_done(&event->closed);
}

static void fill(const struct event *event, const struct event_of *of, struct log_draft *draft) {
    draft->kind = bytes_of(of->kind);
    draft->actor = bytes_of(event->actor);
    draft->source = bytes_of("packs");
    draft->grade = bytes_of(of->grade);
    if (of->cause != LOG_NO_SEQ) {
        draft->cause_type = LOG_CAUSE_SEQ;
        draft->cause = of->cause;
    } else if (event->n > 0) {
        draft->cause_type = LOG_CAUSE_BATCH;
        draft->cause = 0;
    }
}

int event_add(struct event *event, const struct event_of *of, struct err *err) {
    struct buf subject = {.max = SUBJECT_MAX}, open = {.max = BODIES_MAX}, closed = {.max = BODIES_MAX};
    bool first = event->n == 0;
    struct buf *s = first ? &event->subject : &subject, *o = first ? &event->open : &open,
               *c = first ? &event->closed : &closed;
    struct log_draft draft;
    log_draft_init(&draft);
    fill(event, of, &draft);
    buf_printf(s, "%s/", of->noun);
    buf_put_bytes(s, of->name);
    int rc = event->n < EVENT_MAX ? buf_check(s, "a subject", err)
                                  : err_set(err, ERR_LIMIT, "more than %d events at once", EVENT_MAX);
    if (rc == 0) rc = mp_map_write(&event->body, o, err);
    if (rc == 0 && event->private_.n > 0) rc = mp_map_write(&event->private_, c, err);
    mp_map_clear(&event->body);
    mp_map_clear(&event->private_);
    draft.subject = bytes_of_buf(s);
    draft.body = bytes_of_buf(o);
    draft.private_ = bytes_of_buf(c);
    if (rc == 0) rc = log_batch_add(event->batch, &draft, err);
    if (rc == 0 && first) {
        event->first = draft;
    }
    event->n += rc == 0;
    if (rc != 0) err_prefix(err, "%s", of->kind);
    buf_done(&subject);
    buf_done(&open);
    buf_done(&closed);
    return rc;
}

static int may_begin(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    const struct event *event = ctx;
    return decide_may_append(view, &event->first, ret, err);
}

int event_commit(struct event *event, uint64_t *ret_seq, struct err *err) {
    struct log_receipt *receipts = calloc(event->n + 1, sizeof(*receipts));
    struct decision decision;
    if (receipts == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = checked_commit(event->ledger, event->batch, may_begin, event, receipts, NULL, &decision, err);
    if (rc == 0) {
        *ret_seq = receipts[0].seq;
    }
    free(receipts);
    return rc;
}
