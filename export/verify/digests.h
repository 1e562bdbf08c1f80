/* Digests of a bundle's members, made as its bytes come out of the file: by the thread that unpacks them, where there is
 * one, so that who judges them does not wait for a hash of everything. */
#ifndef EXPORT_VERIFY_DIGESTS_H
#define EXPORT_VERIFY_DIGESTS_H

#include "base/bytes.h"

#define DIGESTS_LEN 32
/* How far who asks may be behind who puts, in bytes: digests are kept for so long. */
#define DIGESTS_BEHIND_MAX ((size_t)5 << 20)

struct digests;
struct digests *digests_new(void);          /* NULL: out of memory */
void digests_free(struct digests *digests); /* NULL is fine */

/* The archive's next bytes. Where it is no archive any more nothing is hashed: who reads it will say so. */
void digests_put(struct digests *digests, struct bytes bytes);
/* Of the member with this number, from 0, the last byte of whose content was put, at most DIGESTS_BEHIND_MAX bytes ago.
 * May be called while other bytes are put; the caller sees to it that it knows of its own (a lock is between). */
void digests_get(const struct digests *digests, uint64_t member, uint8_t ret[DIGESTS_LEN]);

#endif
