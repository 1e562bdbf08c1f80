/* What an answer is worth: all checks of its case, and the model that judges some of them. */
#ifndef EVALS_RUN_JUDGING_H
#define EVALS_RUN_JUDGING_H

#include "evals/run/schedule.h"
#include "evals/run/types.h"
#include "work/endpoint.h"

struct run_judging;
/* `suite` is borrowed. `digest` gets the digest of the judge's weights; "": there is no judge, or it does not state it. */
int run_judging_open(const struct suite *suite, unsigned lanes, bool off_box, const struct work_stop *stop,
                     struct run_judging **ret, char digest[RUN_DIGEST_MAX], struct err *err);
void run_judging_close(struct run_judging *judging); /* NULL is fine */
/* As the scheduler's `judge`. It passed: all are met. It missed: one is not met. Otherwise one cannot be decided. */
int run_judging_judge(struct run_judging *judging, unsigned lane, const struct suite_case *one,
                      const struct run_answer *answer, struct run_judged *ret, struct err *err);

#endif
