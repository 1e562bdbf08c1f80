/* What other files may use of promotions besides their rows. */
#ifndef PROJECTIONS_READY_PROMOTIONS_H
#define PROJECTIONS_READY_PROMOTIONS_H

#include "projections/council/judge.h"
#include "projections/fold/fold.h"
#include "projections/ready/readiness.h"
#include "projections/view/state.h"

/* Columns of the table "promotions". */
enum promotions_column {
    PROMOTIONS_PROMOTION,
    PROMOTIONS_STATE,
    PROMOTIONS_WHAT,
    PROMOTIONS_PACK,
    PROMOTIONS_ROUTE,
    PROMOTIONS_MODEL,
    PROMOTIONS_DIGEST,
    PROMOTIONS_DIGEST_BEFORE,
    PROMOTIONS_VERSION,
    PROMOTIONS_GATE,
    PROMOTIONS_GATE_SEQ,
    PROMOTIONS_GATE_DIGEST,
    PROMOTIONS_SIMULATED,
    PROMOTIONS_SIMULATED_SEQ,
    PROMOTIONS_TRIALS,
    PROMOTIONS_TRIALS_FAILED,
    PROMOTIONS_SUITES,
    PROMOTIONS_EVALS,
    PROMOTIONS_NAMED_SEQ,
    PROMOTIONS_ERASED_SEQ,
    PROMOTIONS_TRIPPED,
    PROMOTIONS_TRIPPED_UNTIL,
    PROMOTIONS_TRIPPED_SEQ,
    PROMOTIONS_NAME,
    PROMOTIONS_TIER,
    PROMOTIONS_PLANNED_SEQ,
    PROMOTIONS_LINKED,
    PROMOTIONS_UNAPPLIED,
    PROMOTIONS_APPLIED,
    PROMOTIONS_APPLIED_SEQ,
    PROMOTIONS_REASON,
    PROMOTIONS_POLICY,
    PROMOTIONS_POLICY_DIGEST,
    PROMOTIONS_POLICY_BEFORE,
    PROMOTIONS_SHED_SEQ,
    PROMOTIONS_DEBATE,
    PROMOTIONS_MISSING,
    PROMOTIONS_BASE
};

/* Columns of the table "live_versions": a row for each switch, in the order of the log. */
enum live_column {
    LIVE_OF,
    LIVE_ORDER,
    LIVE_DIGEST,
    LIVE_DIGEST_BEFORE,
    LIVE_VERSION,
    LIVE_PROMOTION,
    LIVE_BY,
    LIVE_LINKED,
    LIVE_AT,
    LIVE_SEQ,
    LIVE_POLICY,
    LIVE_POLICY_DIGEST,
    LIVE_COLUMNS
};

/* Columns of the table "live_pending": a row for each promotion that was decided and not applied, by what it is for. */
enum pending_column { PENDING_OF, PENDING_PROMOTION, PENDING_SEQ, PENDING_COLUMNS };

/* Columns of the table "gated_candidates": a row for each candidate, by its digest, with the gates that hold it. */
enum gated_column {
    GATED_DIGEST,
    GATED_OF,
    GATED_PROMOTION,
    GATED_POLICY,
    GATED_POLICY_DIGEST,
    GATED_ANSWER,
    GATED_SEQ,
    GATED_COLUMNS
};

bool promotions_is_under_way(const struct row *row);
/* Does a tripcode hold at that time? */
bool promotions_is_tripped(const struct row *row, uint64_t at);
/* Why the promotion may not become `promoted` at that time, by its own steps; false: nothing bars it. */
bool promotions_is_barred(const struct row *row, uint64_t at, struct readiness *ret);
/* The same for its tripcode alone: a promotion that is not under way may not be planned while one holds. */
bool promotions_is_held(const struct row *row, uint64_t at, struct readiness *ret);
/* Of one that is not under way: the link does not lead to what it has to lead to. */
bool promotions_is_unapplied(const struct row *row, struct readiness *ret);
/* All that it lacks at the view's time: what promotions_is_barred finds (*ret_barred), and what its evaluations lack.
 * `cite` gets the events that decided. The caller initialises both. `ret_debate` may be NULL. */
int promotions_weigh(struct state_view *view, const struct row *row, struct readiness *found, bool *ret_barred,
                     struct debate_standing *ret_debate, struct reason *cite, struct err *err);
/* Only what bars it besides its own steps and its evaluations: debates, and what is live. */
int promotions_weigh_standing(struct state_view *view, const struct row *row, struct readiness *found, struct reason *cite,
                              struct debate_standing *ret_debate, struct err *err);
int promotions_find_debate(struct state_view *view, const struct row *row, struct debate_standing *ret, struct err *err);
/* Only what its evaluations lack. */
int promotions_weigh_evals(struct state_view *view, const struct row *row, struct readiness *found, struct reason *cite,
                           struct err *err);
/* The newest evaluation of each suite that decides for or against a digest in this promotion's place, the candidate's or another:
 * `each` gets the suite, its id (empty: too long to be named), the event of its end, and whether it counts as a pass. ERR_LIMIT:
 * too many suites. */
typedef int promotions_eval_fn(void *ctx, struct bytes suite, struct bytes eval, uint64_t seq, bool passed,
                               struct err *err);
int promotions_each_eval(struct state_view *view, const struct row *row, struct bytes digest, struct bytes version,
                         promotions_eval_fn *each, void *ctx, struct err *err);
/* For promotions.c, whose tables these are. After a step that decides what is live: */
int promotions_take_switch(struct fold *fold, struct row *row, struct err *err);
/* After an event that says that the link was switched. `ret_why`: why that is not a legal step, else untouched. */
int promotions_take_applied(struct fold *fold, struct row *row, char *ret_why, size_t size, struct err *err);
/* After a verification was taken: which gates it asks, and whether others hold the candidate. */
int promotions_take_gates(struct fold *fold, struct row *row, struct err *err);
/* May a pass of the gates not be taken, because of what was asked? `ret_why` is untouched otherwise. */
int promotions_bars_pass(struct fold *fold, struct row *row, char *ret_why, size_t size, struct err *err);
/* After an answer of the gates was taken, and after a refusal that came out of turn. */
int promotions_keep_answer(struct fold *fold, const struct row *row, struct err *err);
extern const struct state_column promotions_live_columns[], promotions_pending_columns[], promotions_gated_columns[];
/* The gates that were asked last about this candidate, whichever promotion it was planned for. Texts are cut if longer. */
struct promotions_gates {
    char name[132], digest[80], answer[16]; /* empty: none were asked */
    char promotion[260];
    int64_t seq; /* the event; -1: none */
};
int promotions_find_gates(struct state_view *view, const struct row *row, struct promotions_gates *ret, struct err *err);
/* What is live of "route/summarise", as the log says it last; the other promotion of the same that is decided and not applied. */
struct promotions_live {
    bool known;       /* somebody said which version is live */
    char digest[256]; /* cut if longer */
    char by[260];     /* the promotion that made it so, cut if longer */
    int64_t seq;      /* the event that says so */
    char other[260];  /* an id, cut if longer; empty: there is none */
    int64_t other_seq;
};
int promotions_find_live(struct state_view *view, const struct row *row, struct promotions_live *ret, struct err *err);
/* Of one that was promoted: is its version live, as the log says it last, and does no newer promotion answer for it? */
int promotions_is_live(struct state_view *view, const struct row *row, bool *ret, struct err *err);
/* What has to come before a step that was tried too early: `whole`, all of it as a sentence; otherwise the next command, with "{}" for the
 * id. Static storage. */
const char *promotions_say_first(const struct row *row, bool whole);
/* "it is simulated, and may not be promoted: verify it first: ledger promote verify p". "{}" in `why` is the id. */
void promotions_say_refused(const struct row *row, struct bytes step, const char *why, char *ret, size_t size);
/* What the link of a promotion has to lead to, now that nobody switches it. A link stands for a version as long as the log says that this
 * version is live: the newest promotion that promoted it answers for it, and the one whose rollback or abort brought it back. One that is
 * under way answers for what its plan found. NONE: it has no link, or what that leads to is the matter of another one. */
enum promotions_end { PROMOTIONS_END_NONE, PROMOTIONS_END_CANDIDATE, PROMOTIONS_END_BEFORE };
int promotions_link_end(struct state_view *view, const struct row *row, enum promotions_end *ret, struct err *err);
/* Appends what a promotion is for: "route/summarise"; without a name the kind of thing alone, else "promotion/ID". */
void promotions_put_of(const struct row *row, struct buf *out);
/* Appends the arguments of `ledger eval run` that evaluate the candidate. */
void promotions_put_evaluate(const struct row *row, struct buf *out);
/* The judge of the table. */
int promotions_judge(struct state_view *view, struct row *row, struct err *err);

#endif
