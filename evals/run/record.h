/* The events of an evaluation. Samples are written in batches, each durable when record_samples returns. */
#ifndef EVALS_RUN_RECORD_H
#define EVALS_RUN_RECORD_H

#include "base/mp_map.h"
#include "evals/run/schedule.h"
#include "evals/run/types.h"
#include "evals/score/score.h"

struct run_record {
    const struct run_suite_options *how;
    const struct run_plan *plan;
    char id[RUN_ID_MAX], subject[RUN_ID_MAX + 8];
    char judge_digest[RUN_DIGEST_MAX]; /* "": no judge, or not known */
    uint64_t started;                  /* seq of eval.started; LOG_NO_SEQ */
    struct log_batch *batch;
    struct mp_map body, private_;
    struct buf bytes, private_bytes;
    struct run_progress counts;
    char why[512]; /* of the first sample that ended in an error */
};

int run_record_init(struct run_record *record, const struct run_suite_options *how, const struct run_plan *plan,
                    struct err *err);
void run_record_done(struct run_record *record);

/* The declaration of the suite unless `declared`, and the beginning; sets started. */
int run_record_started(struct run_record *record, const struct run_binding *binding, bool declared, struct err *err);
int run_record_resumed(struct run_record *record, const struct run_binding *binding, uint64_t samples, struct err *err);
/* Where the log has another digest, or none, for the name in its runtime: which weights it leads to (model.observed), as a look at
 * the runtime would record it, whose next look then compares with nothing that it saw before. */
int run_record_observed(struct run_record *record, const struct run_binding *binding, struct err *err);
int run_record_samples(struct run_record *record, struct run_done *const *done, size_t n, struct err *err);
/* The scores and the end, in one commit. */
int run_record_finished(struct run_record *record, const struct run_binding *binding, struct run_suite_result *result,
                        struct err *err);

#endif
