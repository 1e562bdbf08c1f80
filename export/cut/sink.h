/* Where a bundle goes: members one after another, as a tar, by default compressed, to a descriptor; hashed on the way. */
#ifndef EXPORT_CUT_SINK_H
#define EXPORT_CUT_SINK_H

#include "base/bytes.h"

#define SINK_DIGEST 32

struct sink;
int sink_new(int fd, bool plain, struct sink **ret, struct err *err);
/* What follows when what is before it is not known yet: kept in a file without a name, beside the file `beside` (see
 * file_unnamed). Ended by sink_end_with alone. */
int sink_new_aside(const char *beside, bool plain, struct sink **ret, struct err *err);
/* From now on each member leaves its line of SHA256SUMS in `sums`; NULL: not any more. Borrowed. */
void sink_sums(struct sink *sink, struct buf *sums);
/* Begins a member of just this size; the one before must be complete. */
int sink_member(struct sink *sink, const char *name, uint64_t size, struct err *err);
int sink_put(struct sink *sink, struct bytes bytes, struct err *err);
/* A member at once. */
int sink_whole(struct sink *sink, const char *name, struct bytes content, struct err *err);
/* The same of what lies in a file of one's own. */
int sink_whole_file(struct sink *sink, const char *name, int fd, uint64_t size, struct err *err);
/* The tar and the frame are complete. Digest and size of what was written to the descriptor. Not synced. */
int sink_end(struct sink *sink, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes, struct err *err);
/* The same, with what was put aside after it; that as another frame, when it is compressed. */
int sink_end_with(struct sink *sink, struct sink *aside, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes,
                  struct err *err);
void sink_free(struct sink *sink); /* NULL is fine */

#endif
