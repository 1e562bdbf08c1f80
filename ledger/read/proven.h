/* Events that are proven before they are believed: from the log key's signature over the newest checkpoint down to the
 * bytes of the body. For digests of derived data, which are in events so that nobody can exchange what they describe
 * without the log key.
 *
 *   log key ── signature ── checkpoint's root ── inclusion path ── leaf ── body
 *
 * Other readers compare a group with the stored tree, which whoever writes the database can change with it. */
#ifndef LEDGER_READ_PROVEN_H
#define LEDGER_READ_PROVEN_H

#include "ledger/log.h"

struct proven;

/* As of the newest checkpoint. Costs a read transaction, which it keeps, and one verification of a signature. May be opened
 * inside a guard's judge. ERR_TAMPERED: the checkpoint does not carry a good signature by the log key. */
int proven_open(struct ledger *ledger, struct proven **ret, struct err *err);
void proven_close(struct proven *proven); /* NULL is fine */
/* Borrowed until the next call or close. ERR_NOTFOUND: the checkpoint does not cover it. ERR_TAMPERED or ERR_CORRUPT: it
 * is not in the tree that was signed. Its body is empty when it was erased. Costs a group to be read and hashed, again only
 * when the event is in another one than the last. */
int proven_event(struct proven *proven, uint64_t seq, struct log_event *ret, struct err *err);
/* That event `seq` has this leaf, as of the newest checkpoint: then all events before it are those that its chain of leaves
 * leads to. Opens and closes what it needs. */
bool proven_leaf(struct ledger *ledger, uint64_t seq, const uint8_t leaf[LOG_HASH]);

#endif
