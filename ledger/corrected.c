/* ledger.corrected: marks an event as a mistake. That an event is corrected once is its idempotency key's to see to:
 * whoever comes second gets the first one's receipt. Should another event have the key, the next key is taken. Events do
 * not change, so what is known of the mistake before the write lock is taken holds under it. */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ledger/batch.h"

#define BODY_MAX 4096
#define KEYS_MAX 1000

static int look(struct ledger *ledger, uint64_t seq, const char *what, struct ledger_reader **ret_reader,
                struct ledger_event *ret, struct err *err) {
    struct ledger_head head;
    int rc = ledger_head(ledger, &head, err);
    if (rc == 0 && seq >= head.size) {
        return err_set(err, ERR_NOTFOUND, "there is no event %llu%s: the newest is %llu", (unsigned long long)seq, what,
                       (unsigned long long)head.size - 1);
    }
    rc = rc != 0 ? rc : ledger_reader_open(ledger, seq, seq + 1, ret_reader, err);
    rc = rc != 0 ? rc : ledger_reader_next(*ret_reader, ret, err);
    if (rc == 0 && bytes_has_prefix(ret->kind, "ledger.")) {
        return err_set(err, ERR_INVALID,
                       "event %llu is %.*s: what the ledger says of itself is not corrected; to take a correction back, "
                       "append the event that was corrected once more",
                       (unsigned long long)seq, (int)ret->kind.n, (const char *)ret->kind.p);
    }
    return rc;
}

static void put_text(struct buf *out, const char *name, struct bytes text) {
    mp_put_str(out, bytes_of(name));
    mp_put_str(out, text);
}

static void put_body(struct buf *out, const struct ledger_event *e, const struct ledger_correct_options *o) {
    char leaf[2 * LEDGER_HASH + 1];
    bool replaced = o->replaced_by != LEDGER_NO_SEQ;
    text_hex(leaf, e->leaf, LEDGER_HASH);
    mp_put_map(out, replaced ? 6 : 5);
    put_text(out, "kind", e->kind);
    put_text(out, "leaf", bytes_of(leaf));
    put_text(out, "reason", bytes_of(o->reason));
    if (replaced) {
        mp_put_str(out, bytes_of("replaced_by"));
        mp_put_uint(out, o->replaced_by);
    }
    mp_put_str(out, bytes_of("seq"));
    mp_put_uint(out, e->seq);
    put_text(out, "subject", e->subject);
}

/* Whether an event corrects event `seq`. */
static bool corrects(const struct ledger_event *e, uint64_t seq) {
    struct bytes raw;
    struct mp_item item;
    return bytes_is(e->kind, "ledger.corrected") && e->body.n > 0 && mp_map_get(e->body, "seq", &raw) == 0 &&
           mp_scalar(raw, &item) == 0 && item.type == MP_UINT && item.uint == seq;
}

/* An event that is a mistake itself stands for nothing. */
static int check_stands(struct ledger *ledger, uint64_t seq, struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event e;
    int rc = ledger_reader_open(ledger, seq, LEDGER_NO_SEQ, &reader, err);
    while (rc == 0 && (rc = ledger_reader_next(reader, &e, err)) == 0) {
        if (corrects(&e, seq)) {
            rc = err_set(err, ERR_INVALID, "event %llu cannot stand for it: it was corrected itself, by event %llu",
                         (unsigned long long)seq, (unsigned long long)e.seq);
        }
    }
    ledger_reader_close(reader);
    return rc < 0 ? rc : 0;
}

/* 1: the receipt is of another event, which has the key of this correction. */
static int check_duplicate(struct ledger *ledger, uint64_t seq, const struct ledger_receipt *receipt, struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event e;
    int rc = ledger_reader_open(ledger, receipt->seq, receipt->seq + 1, &reader, err);
    rc = rc != 0 ? rc : ledger_reader_next(reader, &e, err);
    if (rc == 0) {
        rc = !corrects(&e, seq) ? 1
                                : err_set(err, ERR_CONFLICT, "event %llu was corrected before, by event %llu",
                                          (unsigned long long)seq, (unsigned long long)receipt->seq);
    }
    ledger_reader_close(reader);
    return rc;
}

/* `other`: how many keys other events have. */
static int write_it(struct ledger *ledger, const struct ledger_correct_options *o, const struct buf *body, unsigned other,
                    struct ledger_receipt *ret, struct err *err) {
    char subject[40], key[60];
    struct ledger_draft draft;
    struct ledger_batch *batch = NULL;
    struct buf private_;
    buf_init(&private_, 4 * BODY_MAX);
    snprintf(subject, sizeof(subject), "event/%llu", (unsigned long long)o->seq);
    snprintf(key, sizeof(key), other > 0 ? "corrected:%llu:%u" : "corrected:%llu", (unsigned long long)o->seq, other);
    ledger_draft_init(&draft);
    draft.kind = bytes_of("ledger.corrected");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(o->actor);
    draft.source = bytes_of("ledger");
    draft.grade = bytes_of("declared");
    draft.key = bytes_of(key);
    draft.cause_type = LEDGER_CAUSE_SEQ;
    draft.cause = o->seq;
    draft.body = bytes_of_buf(body);
    if (o->note != NULL) {
        mp_put_map(&private_, 1);
        put_text(&private_, "note", bytes_of(o->note));
        draft.private_ = bytes_of_buf(&private_);
    }
    int rc = buf_check(body, "the event", err);
    rc = rc != 0 ? rc : buf_check(&private_, "the note", err);
    rc = rc != 0 ? rc : ledger_batch_new(ledger, &batch, err);
    rc = rc != 0 ? rc : batch_add_control(batch, &draft, err);
    rc = rc != 0 ? rc : ledger_batch_commit(batch, ret, NULL, NULL, err);
    ledger_batch_free(batch);
    buf_done(&private_);
    return rc;
}

int ledger_correct(struct ledger *ledger, const struct ledger_correct_options *o, struct ledger_receipt *ret,
                   struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event e;
    struct ledger_receipt receipt;
    struct buf body;
    int rc = 0;
    if (o->reason == NULL || o->reason[0] == '\0' || strlen(o->reason) > 200 || o->actor == NULL || o->actor[0] == '\0') {
        return err_set(err, ERR_INVALID, "a correction needs an actor and a reason of at most 200 bytes");
    }
    if (o->replaced_by != LEDGER_NO_SEQ) {
        rc = o->replaced_by == o->seq ? err_set(err, ERR_INVALID, "an event cannot stand for itself") : 0;
        rc = rc != 0 ? rc : look(ledger, o->replaced_by, " to stand for it", &reader, &e, err);
        ledger_reader_close(reader);
        reader = NULL;
        rc = rc != 0 ? rc : check_stands(ledger, o->replaced_by, err);
    }
    buf_init(&body, BODY_MAX);
    rc = rc != 0 ? rc : look(ledger, o->seq, "", &reader, &e, err);
    if (rc == 0) {
        put_body(&body, &e, o);
        rc = write_it(ledger, o, &body, 0, &receipt, err);
    }
    for (unsigned other = 1; rc == 0 && receipt.duplicate; other++) {
        rc = check_duplicate(ledger, o->seq, &receipt, err);
        if (rc == 1) {
            rc = other < KEYS_MAX ? write_it(ledger, o, &body, other, &receipt, err)
                                  : err_set(err, ERR_CONFLICT, "event %llu has the key of this correction, and is none",
                                            (unsigned long long)receipt.seq);
        }
    }
    ledger_reader_close(reader);
    buf_done(&body);
    if (rc == 0) {
        *ret = receipt;
    }
    return rc;
}
