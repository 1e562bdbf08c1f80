/* The judge reads the states as of the log's current size, under the write lock: stored rows that the log vouches for, and the
 * events since. These rows are brought up to date before taking the lock, so that others need not wait for it; the judge itself
 * writes nothing. */
#include "cli/record/checked.h"

#include <stdio.h>

#include "base/clock.h"
#include "ledger/write/guard.h"
#include "projections/attest/advance.h"
#include "projections/decide/decide.h"
#include "projections/store/attested.h"

struct step {
    struct ledger *ledger;
    const struct log_draft *draft;
    struct decision decision;
    bool damaged;   /* the rows read first */
    bool corrected; /* a correction was folded */
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
    struct step *step = ctx;
    return decide_may_append(view, step->draft, &step->decision, err);
}

static int judge(void *ctx, uint64_t size, struct err *err) {
    struct step *step = ctx;
    struct state_options options;
    struct log_head head;
    int rc = log_head(step->ledger, &head, err);
    if (rc != 0) return rc;
    uint64_t now = clock_wall_ns();
    state_options_init(&options);
    options.at = size;
    options.now = now > head.time ? now : head.time; /* as the event's own time will be */
    options.no_write = true;
    options.damaged = &step->damaged;
    options.corrected = &step->corrected;
    rc = state_ask(step->ledger, &options, ask, step, err);
    if (rc == 0 && !step->decision.yes) rc = put_refusal(&step->decision, err);
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

int checked_ask(struct ledger *ledger, const struct log_draft *draft, struct decision *ret, struct err *err) {
    struct step step = {.ledger = ledger, .draft = draft};
    struct state_options options;
    state_options_init(&options);
    options.no_write = true;
    int rc = state_ask(ledger, &options, ask, &step, err);
    if (rc == 0) {
        *ret = step.decision;
    }
    return rc;
}

int checked_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
                   char ret_note[CHECKED_NOTE_MAX], struct err *err) {
    struct step step = {.ledger = ledger, .draft = draft};
    struct log_batch *batch = NULL;
    int rc = log_batch_new(ledger, &batch, err);
    if (rc == 0) rc = log_batch_add(batch, draft, err);
    if (rc == 0) {
        catch_up(ledger, ATTESTED_LAG_MAX);
        guard_set(batch, judge, &step);
        rc = log_batch_commit(batch, ret, ret_head, NULL, err);
    }
    if (step.damaged) {
        attested_forget(ledger);
    }
    log_batch_free(batch);
    if (step.corrected) {
        catch_up_corrected(ledger);
    }
    snprintf(ret_note, CHECKED_NOTE_MAX, "%s", step.decision.note);
    return rc;
}
