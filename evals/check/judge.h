/* What a judge model is asked, and how its reply is read. The texts alone; who asks is above. */
#ifndef EVALS_CHECK_JUDGE_H
#define EVALS_CHECK_JUDGE_H

#include "evals/suite/suite.h"

#define JUDGE_REASON_MAX 4096 /* bytes of a reason */
#define JUDGE_REPLY_MAX  65536

/* The two messages of one question, appended: `ret_system` has the task, the rubric and the scale; `ret_user` is one JSON object
 * with the case's input and the answer as strings, so that no text in either can end where it stands and speak to
 * the judge itself. Invalid UTF-8 is escaped. ERR_INVALID: it is not a judge's check; ERR_LIMIT, ERR_NOMEM. */
int judge_ask(const struct suite_check *check, const struct suite_case *c, struct bytes answer, struct buf *ret_system,
              struct buf *ret_user, struct err *err);

/* The reply has to be one JSON object {"score": NUMBER, "reason": TEXT}, white space around it apart, with a score of the scale.
 * Anything else is ERR_INVALID, and no score. The reason is appended to `ret_reason`; NULL is fine. */
int judge_read(struct bytes reply, const double scale[2], double *ret_score, struct buf *ret_reason, struct err *err);

#endif
