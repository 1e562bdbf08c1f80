/* ledger.corrected: marks an event as a mistake. Its idempotency key makes sure that an event is corrected only once: a
 * second correction gets the first one's receipt. If some other event has the key, the next key is tried. Events do not
 * change, so what is read of the mistake before the write lock is taken stays true. Whether the replacement was itself
 * corrected is judged under the lock: of two corrections that name each other's event, the second is refused. */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ledger/kinds/kind.h"
#include "ledger/write/batch.h"
#include "ledger/write/guard.h"

#define BODY_MAX 4096
#define KEYS_MAX 1000

static int load_event(struct ledger *ledger, uint64_t seq, const char *what, struct log_reader **ret_reader,
                      struct log_event *ret, struct err *err) {
    struct log_head head;
    int rc = log_head(ledger, &head, err);
    if (rc == 0 && seq >= head.size) {
        return err_set(err, ERR_NOTFOUND, "there is no event %llu%s: the newest is %llu", (unsigned long long)seq, what,
                       (unsigned long long)head.size - 1);
    }
    if (rc == 0) rc = log_reader_open(ledger, seq, seq + 1, ret_reader, err);
    if (rc == 0) rc = log_reader_next(*ret_reader, ret, err);
    if (rc == 0 && kind_is_final(ret->kind) && !bytes_has_prefix(ret->kind, "ledger.")) {
        return err_set(err, ERR_INVALID, "event %llu is %.*s: what became of a tripcode cannot be corrected",
                       (unsigned long long)seq, (int)ret->kind.n, (const char *)ret->kind.p);
    }
    if (rc == 0 && kind_is_final(ret->kind)) {
        return err_set(err, ERR_INVALID,
                       "event %llu is %.*s: events of the ledger itself cannot be corrected; to take a correction back, "
                       "append the event that was corrected once more",
                       (unsigned long long)seq, (int)ret->kind.n, (const char *)ret->kind.p);
    }
    return rc;
}

static void put_body(struct buf *out, const struct log_event *e, const struct log_correct_options *o) {
    char leaf[2 * LOG_HASH + 1];
    bool replaced = o->replaced_by != LOG_NO_SEQ;
    text_hex(leaf, e->leaf, LOG_HASH);
    mp_put_map(out, replaced ? 6 : 5);
    mp_pair_str(out, "kind", e->kind);
    mp_pair_str(out, "leaf", bytes_of(leaf));
    mp_pair_str(out, "reason", bytes_of(o->reason));
    if (replaced) {
        mp_pair_uint(out, "replaced_by", o->replaced_by);
    }
    mp_pair_uint(out, "seq", e->seq);
    mp_pair_str(out, "subject", e->subject);
}

/* Whether an event corrects event `seq`. */
static bool corrects(const struct log_event *e, uint64_t seq) {
    struct bytes raw;
    struct mp_item item;
    return bytes_is(e->kind, "ledger.corrected") && e->body.n > 0 && mp_map_get(e->body, "seq", &raw) == 0 &&
           mp_scalar(raw, &item) == 0 && item.type == MP_UINT && item.uint == seq;
}

/* The event that replaces the mistake. It must not have been corrected itself. */
struct replacement {
    struct ledger *ledger;
    uint64_t seq;  /* LOG_NO_SEQ: none */
    uint64_t from; /* no event before this one corrects it */
};

/* The first event of [from, to) that corrects event `seq`; LOG_NO_SEQ: none. */
static int find_correction(struct ledger *ledger, uint64_t seq, uint64_t from, uint64_t to, uint64_t *ret_by,
                           struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event e;
    int rc = log_reader_open(ledger, from, to, &reader, err);
    *ret_by = LOG_NO_SEQ;
    while (rc == 0 && *ret_by == LOG_NO_SEQ && (rc = log_reader_next(reader, &e, err)) == 0) {
        *ret_by = corrects(&e, seq) ? e.seq : LOG_NO_SEQ;
    }
    log_reader_close(reader);
    return rc < 0 ? rc : 0;
}

static int corrected_before(uint64_t seq, uint64_t by, struct err *err) {
    return err_set(err, ERR_CONFLICT, "event %llu was corrected before, by event %llu", (unsigned long long)seq,
                   (unsigned long long)by);
}

/* Checks the events before `size`. Also serves as the guard's judge. */
static int check_replacement(void *ctx, uint64_t size, struct err *err) {
    struct replacement *replacement = ctx;
    uint64_t by;
    if (replacement->seq == LOG_NO_SEQ || replacement->from >= size) return 0;
    int rc = find_correction(replacement->ledger, replacement->seq, replacement->from, size, &by, err);
    if (rc == 0 && by != LOG_NO_SEQ) {
        rc = err_set(err, ERR_INVALID, "event %llu cannot replace it: it was itself corrected, by event %llu",
                     (unsigned long long)replacement->seq, (unsigned long long)by);
    }
    replacement->from = rc == 0 ? size : replacement->from;
    return rc;
}

/* 1: the receipt is of an unrelated event that has the key of this correction. */
static int check_duplicate(struct ledger *ledger, uint64_t seq, const struct log_receipt *receipt, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event e;
    int rc = log_reader_open(ledger, receipt->seq, receipt->seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &e, err);
    if (rc == 0) rc = !corrects(&e, seq) ? 1 : corrected_before(seq, receipt->seq, err);
    log_reader_close(reader);
    return rc;
}

/* What a draft borrows from. */
struct written {
    char subject[40], key[60];
    struct buf body, private_;
};

static void written_init(struct written *w) {
    buf_init(&w->body, BODY_MAX);
    buf_init(&w->private_, 4 * BODY_MAX);
}

static void written_done(struct written *w) {
    buf_done(&w->private_);
    buf_done(&w->body);
}

/* `other`: how many keys are taken by unrelated events. */
static void make_draft(const struct log_correct_options *o, struct written *w, unsigned other, struct log_draft *draft) {
    snprintf(w->subject, sizeof(w->subject), "event/%llu", (unsigned long long)o->seq);
    snprintf(w->key, sizeof(w->key), other > 0 ? "corrected:%llu:%u" : "corrected:%llu", (unsigned long long)o->seq, other);
    log_draft_init(draft);
    draft->kind = bytes_of("ledger.corrected");
    draft->subject = bytes_of(w->subject);
    draft->actor = bytes_of(o->actor);
    draft->source = bytes_of("ledger");
    draft->grade = bytes_of("declared");
    draft->key = bytes_of(w->key);
    draft->cause_type = LOG_CAUSE_SEQ;
    draft->cause = o->seq;
    draft->body = bytes_of_buf(&w->body);
    draft->private_ = bytes_of_buf(&w->private_);
}

static int write_correction(struct replacement *replacement, const struct log_correct_options *o, struct written *w,
                            unsigned other, struct log_receipt *ret, struct err *err) {
    struct log_draft draft;
    struct log_batch *batch = NULL;
    make_draft(o, w, other, &draft);
    int rc = log_batch_new(replacement->ledger, &batch, err);
    if (rc == 0) rc = batch_add_control(batch, &draft, err);
    if (rc == 0) {
        guard_set(batch, check_replacement, replacement);
        rc = log_batch_commit(batch, ret, NULL, NULL, err);
    }
    log_batch_free(batch);
    return rc;
}

static int check_options(const struct log_correct_options *o, struct err *err) {
    if (o->actor == NULL || o->actor[0] == '\0') return err_set(err, ERR_INVALID, "a correction needs an actor");
    int rc = batch_reason_check(o->reason, err);
    if (rc != 0) return rc;
    return o->replaced_by == o->seq ? err_set(err, ERR_INVALID, "an event cannot replace itself") : 0;
}

/* Does everything that is possible before the write lock is taken. */
static int prepare(struct ledger *ledger, const struct log_correct_options *o, struct replacement *replacement,
                   struct written *w, struct log_head *ret_head, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event e;
    int rc = check_options(o, err);
    if (rc == 0) rc = log_head(ledger, ret_head, err);
    if (rc == 0 && o->replaced_by != LOG_NO_SEQ) {
        rc = load_event(ledger, o->replaced_by, " to replace it", &reader, &e, err);
        log_reader_close(reader);
        reader = NULL;
        if (rc == 0) rc = check_replacement(replacement, ret_head->size, err);
    }
    if (rc == 0) rc = load_event(ledger, o->seq, "", &reader, &e, err);
    if (rc == 0) {
        put_body(&w->body, &e, o);
        if (o->note != NULL) {
            mp_put_map(&w->private_, 1);
            mp_pair_str(&w->private_, "note", bytes_of(o->note));
        }
        rc = buf_check(&w->body, "the event", err);
        if (rc == 0) rc = buf_check(&w->private_, "the note", err);
    }
    log_reader_close(reader);
    return rc;
}

int log_correct(struct ledger *ledger, const struct log_correct_options *o, struct log_receipt *ret, struct err *err) {
    struct replacement replacement = {.ledger = ledger, .seq = o->replaced_by, .from = o->replaced_by};
    struct log_receipt receipt;
    struct log_head head;
    struct written w;
    written_init(&w);
    int rc = prepare(ledger, o, &replacement, &w, &head, err);
    if (rc == 0) rc = write_correction(&replacement, o, &w, 0, &receipt, err);
    for (unsigned other = 1; rc == 0 && receipt.duplicate; other++) {
        rc = check_duplicate(ledger, o->seq, &receipt, err);
        if (rc == 1) {
            rc = other < KEYS_MAX
                     ? write_correction(&replacement, o, &w, other, &receipt, err)
                     : err_set(err, ERR_CONFLICT, "event %llu has the key of this correction, but is not a correction",
                               (unsigned long long)receipt.seq);
        }
    }
    written_done(&w);
    if (rc == 0) {
        *ret = receipt;
    }
    return rc;
}

int log_correct_preview(struct ledger *ledger, const struct log_correct_options *o,
                        int (*show)(void *ctx, const struct log_correct_preview *preview, struct err *err), void *ctx,
                        struct err *err) {
    struct replacement replacement = {.ledger = ledger, .seq = o->replaced_by, .from = o->replaced_by};
    struct log_draft draft;
    struct log_correct_preview preview = {.draft = &draft};
    struct log_head head;
    struct written w;
    struct buf body = {.max = 4 * BODY_MAX}, private_ = {.max = 8 * BODY_MAX};
    uint64_t by = LOG_NO_SEQ;
    written_init(&w);
    int rc = prepare(ledger, o, &replacement, &w, &head, err);
    if (rc == 0) rc = find_correction(ledger, o->seq, o->seq, head.size, &by, err);
    if (rc == 0 && by != LOG_NO_SEQ) rc = corrected_before(o->seq, by, err);
    if (rc == 0) {
        make_draft(o, &w, 0, &draft);
        rc = batch_check(&draft, true, &body, &private_, &preview.masked, err);
    }
    if (rc == 0) {
        draft.body = bytes_of_buf(&body);
        draft.private_ = bytes_of_buf(&private_);
        preview.seq = head.size;
        rc = show(ctx, &preview, err);
    }
    buf_done(&private_);
    buf_done(&body);
    written_done(&w);
    return rc;
}
