/* Digests of a bundle's members, computed while its bytes are read: by the unpacking thread, where there is one, so that
 * the verifier does not have to wait for a hash of everything. */
#ifndef EXPORT_VERIFY_DIGESTS_H
#define EXPORT_VERIFY_DIGESTS_H

#include "base/bytes.h"

#define DIGESTS_LEN 32
/* How far the reader may be behind the writer, in bytes: digests are kept for this long. */
#define DIGESTS_BEHIND_MAX ((size_t)5 << 20)

struct digests;
struct digests *digests_new(void);          /* NULL: out of memory */
void digests_free(struct digests *digests); /* NULL is fine */

/* Adds the archive's next bytes. Once they are not an archive nothing is hashed: the reader reports that. */
void digests_put(struct digests *digests, struct bytes bytes);
/* The digest of the member with this number, from 0, whose content ended at most DIGESTS_BEHIND_MAX bytes ago. May be
 * called while other bytes are put; the caller must know of the member through synchronization of its own (a lock). */
void digests_get(const struct digests *digests, uint64_t member, uint8_t ret[DIGESTS_LEN]);

#endif
