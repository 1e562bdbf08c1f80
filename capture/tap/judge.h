/* May this call leave? Decided by the projections inside the write transaction that records the call, so it is durable before the
 * call is passed on. */
#ifndef CAPTURE_TAP_JUDGE_H
#define CAPTURE_TAP_JUDGE_H

#include "capture/tap/session.h"
#include "ledger/log.h"

struct tap_judge;
/* Of one server, for all that speak to it. Borrows its name and the ledger. ERR_* of reading what the server was seen to offer. */
int tap_judge_new(const char *server, struct ledger *ledger, struct tap_judge **ret, struct err *err);
void tap_judge_free(struct tap_judge *judge);

/* One conversation with the server: its calls are of its run. */
struct tap_link;
/* Borrows both. NULL: no memory. */
struct tap_link *tap_link_new(struct tap_judge *judge, const struct tap_names *names);
void tap_link_free(struct tap_link *link);
/* Every message that passes, before it does: which tools the server offers. From any thread, as all that follows. */
int tap_judge_see(struct tap_link *link, enum tap_side side, const struct rpc_message *message, struct err *err);
/* Whether the client's answer is to a request of the server, of the newest TAP_ASKED_MAX; one answer each. */
#define TAP_ASKED_MAX 1024
bool tap_judge_answers(struct tap_link *link, const struct rpc_message *answer);
/* A request tools/call. Never fails: what cannot be decided, or not recorded, is refused. What it says borrows from `room`. */
struct tap_judged {
    char words[512], key[TAP_KEY_LEN];
};
void tap_judge_call(struct tap_link *link, const struct rpc_message *message, struct tap_judged *room,
                    struct tap_verdict *ret);
/* After a call has passed, while its server works: stores states, so that the next call is judged quickly. `pauses`: no other call
 * waits; otherwise only what is overdue is stored. */
void tap_judge_rest(struct tap_judge *judge, bool pauses);
/* The states that the last call was judged by are kept for the next one, and with them a snapshot of the derived database: for
 * those who do not know when a pause begins. */
void tap_judge_let_go(struct tap_judge *judge);

#endif
