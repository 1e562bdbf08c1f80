/* May this call leave? Decided by the projections inside the write transaction that records the call, so it is durable before the
 * call is passed on. */
#ifndef CAPTURE_TAP_JUDGE_H
#define CAPTURE_TAP_JUDGE_H

#include "capture/tap/session.h"
#include "ledger/log.h"

struct tap_judge;
/* Borrows names and ledger. ERR_* of reading what the server was seen to offer. */
int tap_judge_new(const struct tap_names *names, struct ledger *ledger, struct tap_judge **ret, struct err *err);
void tap_judge_free(struct tap_judge *judge);
/* Every message that passes, before it does: which tools the server offers. From either thread. */
int tap_judge_see(struct tap_judge *judge, enum tap_side side, const struct tap_message *message, struct err *err);
/* Whether the client's answer is to a request of the server, of the newest TAP_PENDING_MAX; one answer each. */
bool tap_judge_answers(struct tap_judge *judge, const struct tap_message *answer);
/* A request tools/call. What it says borrows from the judge until its next call. Never fails: what cannot be decided, or not
 * recorded, is refused. */
void tap_judge_call(struct tap_judge *judge, const struct tap_message *message, struct tap_verdict *ret);
/* After a call has passed, while its server works: stores states, so that the next call is judged quickly. */
void tap_judge_rest(struct tap_judge *judge);

#endif
