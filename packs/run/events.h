/* The events of a run, put into its journal. Those that end something also commit it. */
#ifndef PACKS_RUN_EVENTS_H
#define PACKS_RUN_EVENTS_H

#include "packs/run/choice.h"
#include "packs/run/gate.h"
#include "packs/run/model.h"
#include "packs/run/needs.h"
#include "packs/run/tool.h"
#include "packs/run/trip.h"

/* run.started, judged, with an input's run.artifact each; commits. ERR_CONFLICT as journal_commit. */
int events_started(struct running *run, const struct gate *gate, struct err *err);
/* run.finished; commits. */
int events_finished(struct running *run, const struct run_result *result, uint64_t ns, uint64_t *ret_seq, struct err *err);
/* The same for a run of another process that was killed. */
int events_abandoned(struct ledger *ledger, const char *actor, const char *id, uint64_t started, uint64_t *ret_seq,
                     struct err *err);

int events_route(struct running *run, struct bytes route, struct bytes body, size_t *ret, struct err *err);
struct events_fall {
    struct bytes route; /* that was asked for */
    const struct route_candidate *from, *to;
    const char *reason, *words;
};
int events_fell_back(struct running *run, const struct events_fall *fall, uint64_t cause, struct err *err);
/* The beginning of a step, judged: how far it may go by the permissions that it uses, from T2 on which paths it may write, and of
 * T3 the use of the tripcode (may be NULL) for what has this digest, right before it. */
int events_began(struct running *run, size_t index, struct bytes route, const struct needs *needs, const struct trip *trip,
                 const char *span, size_t *ret, struct err *err);
/* permission.used; the cause is a seq, or `after` an event of the same commit. */
int events_used(struct running *run, const struct need *need, uint64_t cause, size_t after, enum journal_guard guard,
                struct err *err);
int events_called(struct running *run, const struct tool *tool, const char *span, uint64_t cause, size_t after, size_t *ret,
                  struct err *err);
/* The call of a model, and its answer; put, not committed. `why`: of one that did not serve. */
int events_asked(struct running *run, const struct model *model, const char *span, uint64_t cause, size_t after,
                 size_t *ret, struct err *err);
int events_answered(struct running *run, const struct model *model, const char *span, uint64_t call, const char *why,
                    struct err *err);
/* The output and the end of a step that a model served; commits. */
int events_model_ended(struct running *run, const struct model *model, const char *span, uint64_t step, uint64_t ns,
                       const struct step_end *end, struct err *err);
/* All that a call left: run.tool_returned, artifacts, connections, the end of the step; commits. */
int events_ended(struct running *run, struct tool *tool, const char *span, uint64_t step, uint64_t call, uint64_t ns,
                 const struct step_end *end, struct err *err);
/* A step that did not run, or not to its end; commits. `no` (may be NULL): whose evidence it has. */
int events_not_begun(struct running *run, size_t index, const char *span, uint64_t step, const struct decision *no,
                     const struct step_end *end, struct err *err);
/* One that was not needed; committed with what comes next. */
int events_skipped(struct running *run, size_t index, const char *span, const struct step_end *end, struct err *err);

#endif
