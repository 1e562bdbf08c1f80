/* The judge reads the states as of the log's current size, under the write lock: stored rows that the log vouches for, and the
 * events since. These rows are brought up to date before taking the lock, so that others need not wait for it; the judge itself
 * writes nothing. */
#include "projections/act/checked.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/write/guard.h"
#include "projections/attest/advance.h"
#include "projections/decide/decide.h"
#include "projections/decide/step.h"
#include "projections/store/attested.h"

#define TRIPCODE_BODY_MAX 4096
#define SUBJECT_MAX       128
#define ID_ROOM           80

struct judging {
    struct ledger *ledger;
    checked_fn *may;
    void *ctx;
    struct decision *decision;
    struct state_view **kept; /* NULL: none is */
    bool damaged;             /* the rows read first */
    bool corrected;           /* a correction was folded */
};

static int put_refusal(const struct decision *decision, struct err *err) {
    struct buf seqs = {.max = 24 * (ROW_SEQS_MAX + 1)};
    for (size_t i = 0; i < decision->n_evidence; i++) {
        buf_printf(&seqs, "%s%llu",
                   i > 0                      ? ", "
                   : decision->n_evidence > 1 ? " (events "
                                              : " (event ",
                   (unsigned long long)decision->evidence[i]);
    }
    buf_put_str(&seqs, decision->n_evidence > 0 ? ")" : "");
    int rc = buf_check(&seqs, "the evidence", err);
    if (rc == 0) {
        rc = err_set(err, ERR_CONFLICT, "refused: %s%.*s", decision->reason, (int)seqs.n,
                     seqs.n > 0 ? (const char *)seqs.p : "");
    }
    buf_done(&seqs);
    return rc;
}

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct judging *j = ctx;
    decide_begin(j->decision);
    return j->may(j->ctx, view, j->decision, err);
}

static int judge(void *ctx, uint64_t size, struct err *err) {
    struct judging *j = ctx;
    struct state_options options;
    int rc = state_options_present(j->ledger, &options, err);
    if (rc != 0) return rc;
    options.at = size;
    options.no_write = true;
    options.damaged = &j->damaged;
    options.corrected = &j->corrected;
    rc = j->kept != NULL ? state_ask_again(j->ledger, &options, j->kept, ask, j, err)
                         : state_ask(j->ledger, &options, ask, j, err);
    if (rc == 0 && !j->decision->yes) rc = put_refusal(j->decision, err);
    return rc;
}

/* If it fails, the judge only has more to fold. */
static void catch_up(struct ledger *ledger, uint64_t lag) {
    struct state_options options;
    state_options_init(&options);
    attested_advance(ledger, &options, lag, NULL);
}

/* A correction makes the judge fold the log before it, unless the rows are stored first. */
static void catch_up_corrected(struct ledger *ledger) {
    struct log_head head;
    if (log_head(ledger, &head, NULL) == 0 && head.size >= ATTESTED_LAG_MAX) {
        catch_up(ledger, 1);
    }
}

static int commit(struct judging *judging, struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                  struct err *err) {
    struct judging j = *judging;
    struct ledger *ledger = j.ledger;
    decide_begin(j.decision);
    if (j.kept == NULL || *j.kept == NULL) catch_up(ledger, ATTESTED_LAG_MAX);
    guard_set(batch, judge, &j);
    int rc = log_batch_commit(batch, receipts, ret_head, NULL, err);
    if (j.damaged) {
        attested_forget(ledger);
    }
    if (j.corrected) {
        catch_up_corrected(ledger);
    }
    return rc;
}

int checked_commit(struct ledger *ledger, struct log_batch *batch, checked_fn *may, void *ctx, struct log_receipt *receipts,
                   struct log_head *ret_head, struct decision *ret_decision, struct err *err) {
    struct judging j = {.ledger = ledger, .may = may, .ctx = ctx, .decision = ret_decision};
    return commit(&j, batch, receipts, ret_head, err);
}

int checked_commit_again(struct ledger *ledger, struct log_batch *batch, checked_fn *may, void *ctx,
                         struct state_view **kept, struct log_receipt *receipts, struct decision *ret_decision,
                         struct err *err) {
    struct judging j = {.ledger = ledger, .may = may, .ctx = ctx, .decision = ret_decision, .kept = kept};
    return commit(&j, batch, receipts, NULL, err);
}

/* One draft. */
static int may_append(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    return decide_may_append(view, ctx, ret, err);
}

struct asking {
    const struct log_draft *draft;
    struct decision *decision;
};

static int ask_now(void *ctx, struct state_view *view, struct err *err) {
    const struct asking *a = ctx;
    return decide_may_append(view, a->draft, a->decision, err);
}

int checked_ask(struct ledger *ledger, const struct log_draft *draft, struct decision *ret, struct err *err) {
    struct decision decision;
    struct asking asking = {draft, &decision};
    struct state_options options;
    decide_begin(&decision);
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    if (rc == 0) rc = state_ask(ledger, &options, ask_now, &asking, err);
    if (rc == 0) {
        *ret = decision;
    }
    return rc;
}

struct lock_question {
    const char *kind;
    struct decision decision;
};

static int ask_unlocked(void *ctx, struct state_view *view, struct err *err) {
    struct lock_question *q = ctx;
    return decide_is_unlocked(view, bytes_of(q->kind), &q->decision, err);
}

int checked_unlocked(struct ledger *ledger, const char *kind, struct err *err) {
    struct lock_question q = {.kind = kind};
    struct state_options options;
    state_options_init(&options);
    options.no_write = true;
    int rc = state_ask(ledger, &options, ask_unlocked, &q, err);
    return rc == 0 && !q.decision.yes ? put_refusal(&q.decision, err) : rc;
}

/* ---- tripcodes ---- */

/* An event about the tripcode of a step. */
struct about {
    struct buf body, private_;
    char subject[SUBJECT_MAX], key[SUBJECT_MAX];
    struct log_draft draft;
};

static void about_done(struct about *about) {
    buf_done(&about->private_);
    buf_done(&about->body);
}

/* A code is named as it is written if it can be one; anything else is not repeated. */
static const char *id_of(struct bytes id, char room[ID_ROOM]) {
    bool plain = id.n > 0 && id.n <= 64;
    for (size_t i = 0; i < id.n && plain; i++) {
        plain = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'z');
    }
    snprintf(room, ID_ROOM, "%.*s", plain ? (int)id.n : 9, plain ? (const char *)id.p : "malformed");
    return room;
}

static int about_begin(struct about *about, const struct log_draft *step, const char *kind, struct bytes id,
                       const struct decision *refused, struct err *err) {
    struct bytes digest = decide_text(step->body, "digest");
    char room[ID_ROOM];
    memset(about, 0, sizeof(*about));
    buf_init(&about->body, TRIPCODE_BODY_MAX);
    buf_init(&about->private_, TRIPCODE_BODY_MAX);
    mp_put_map(&about->body, (digest.n > 0) + 1 + (refused != NULL));
    if (digest.n > 0) {
        mp_put_str(&about->body, bytes_of("digest"));
        mp_put_str(&about->body, digest);
    }
    if (refused != NULL) {
        mp_put_str(&about->body, bytes_of("evidence"));
        mp_put_array(&about->body, (uint32_t)refused->n_evidence);
        for (size_t i = 0; i < refused->n_evidence; i++) {
            mp_put_uint(&about->body, refused->evidence[i]);
        }
        mp_put_map(&about->private_, 1);
        mp_put_str(&about->private_, bytes_of("detail"));
        mp_put_str(&about->private_, bytes_of(refused->reason));
    }
    mp_put_str(&about->body, bytes_of("target"));
    mp_put_str(&about->body, step->subject);
    snprintf(about->subject, sizeof(about->subject), "tripcode/%s", id_of(id, room));
    snprintf(about->key, sizeof(about->key), "used:%s", room);
    log_draft_init(&about->draft);
    about->draft.kind = bytes_of(kind);
    about->draft.subject = bytes_of(about->subject);
    about->draft.run = step->run;
    about->draft.actor = step->actor;
    about->draft.source = step->source;
    about->draft.grade = bytes_of("measured");
    about->draft.key = bytes_of(refused == NULL ? about->key : "");
    about->draft.body = bytes_of_buf(&about->body);
    about->draft.private_ = bytes_of_buf(&about->private_);
    int rc = buf_check(&about->body, "a body", err);
    return rc == 0 ? buf_check(&about->private_, "a body", err) : rc;
}

void checked_refused(struct ledger *ledger, const struct log_draft *step, struct bytes id, const struct decision *refused) {
    struct about about;
    if (about_begin(&about, step, "recovery.tripcode_refused", id, refused, NULL) == 0) {
        log_append(ledger, &about.draft, NULL, NULL, NULL);
    }
    about_done(&about);
}

/* The use of a tripcode comes right before the step. */
static int add_use(struct log_batch *batch, const struct log_draft *draft, struct bytes id, struct err *err) {
    struct about about;
    int rc = about_begin(&about, draft, "recovery.tripcode_used", id, NULL, err);
    if (rc == 0) rc = log_batch_add(batch, &about.draft, err);
    about_done(&about);
    return rc;
}

int checked_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
                   char ret_note[CHECKED_NOTE_MAX], struct err *err) {
    struct log_draft own = *draft;
    struct log_batch *batch = NULL;
    struct log_receipt receipts[2];
    struct decision decision;
    struct bytes id = {0};
    bool trips = decide_uses_tripcode(draft->kind, draft->body, &id);
    decide_begin(&decision);
    int rc = log_batch_new(ledger, &batch, err);
    if (rc == 0 && trips) rc = add_use(batch, draft, id, err);
    if (rc == 0) rc = log_batch_add(batch, draft, err);
    if (rc == 0) rc = checked_commit(ledger, batch, may_append, &own, receipts, ret_head, &decision, err);
    if (rc == 0) {
        *ret = receipts[trips];
    } else if (rc == ERR_CONFLICT && trips && !decision.yes) {
        checked_refused(ledger, draft, id, &decision);
    }
    log_batch_free(batch);
    snprintf(ret_note, CHECKED_NOTE_MAX, "%s", decision.note);
    return rc;
}
