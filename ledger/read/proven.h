/* Events that are proven before they are trusted: from the log key's signature over the newest checkpoint down to the
 * bytes of the body. For digests of derived data, which are in events so that nobody without the log key can replace
 * what they describe.
 *
 *   log key ── signature ── checkpoint's root ── inclusion path ── leaf ── body
 *
 * Other readers compare a group with the stored tree, which anyone who can write to the database can change too. */
#ifndef LEDGER_READ_PROVEN_H
#define LEDGER_READ_PROVEN_H

#include "ledger/log.h"

struct proven;

/* As of the newest checkpoint. Costs a read transaction, which it keeps, and one signature verification. May be opened
 * inside a guard's judge. ERR_TAMPERED: the checkpoint has no good signature by the log key. */
int proven_open(struct ledger *ledger, struct proven **ret, struct err *err);
void proven_close(struct proven *proven); /* NULL is fine */
/* Borrowed until the next call or close. ERR_NOTFOUND: the checkpoint does not cover the event. ERR_TAMPERED or
 * ERR_CORRUPT: the event is not in the signed tree. Its body is empty when it was erased. Costs reading and hashing a
 * group, again only when the event is in another group than the last one. */
int proven_event(struct proven *proven, uint64_t seq, struct log_event *ret, struct err *err);
/* Checks that event `seq` has this leaf, as of the newest checkpoint: then all events before it are those that its chain of
 * leaves leads to. Opens and closes what it needs. */
bool proven_leaf(struct ledger *ledger, uint64_t seq, const uint8_t leaf[LOG_HASH]);

/* One fact that this process has proven, by a digest of it that its owner chooses: events never change, so it need not be proven for
 * each answer again. The newest is remembered until the ledger is closed or its database replaced. */
bool proven_knows(struct ledger *ledger, const uint8_t fact[LOG_HASH]);
void proven_learn(struct ledger *ledger, const uint8_t fact[LOG_HASH]);

#endif
