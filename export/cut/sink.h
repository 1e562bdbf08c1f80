/* The output of a bundle: members one after another, as a tar, compressed by default, written to a descriptor and hashed
 * on the way. */
#ifndef EXPORT_CUT_SINK_H
#define EXPORT_CUT_SINK_H

#include "base/bytes.h"

#define SINK_DIGEST 32

struct sink;
int sink_new(int fd, bool plain, struct sink **ret, struct err *err);
/* For the parts that follow what is not known yet: kept in an unnamed file next to the file `beside` (see file_unnamed).
 * It can be ended by sink_end_with only. */
int sink_new_aside(const char *beside, bool plain, struct sink **ret, struct err *err);
/* From now on each member adds its line of SHA256SUMS to `sums`; NULL stops that. Borrowed. */
void sink_sums(struct sink *sink, struct buf *sums);
/* Begins a member of exactly this size; the previous one must be complete. */
int sink_member(struct sink *sink, const char *name, uint64_t size, struct err *err);
int sink_put(struct sink *sink, struct bytes bytes, struct err *err);
/* Writes a whole member. */
int sink_whole(struct sink *sink, const char *name, struct bytes content, struct err *err);
/* The same from a private file. */
int sink_whole_file(struct sink *sink, const char *name, int fd, uint64_t size, struct err *err);
/* Completes the tar and the frame. Digest and size of what was written to the descriptor. Not synced. */
int sink_end(struct sink *sink, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes, struct err *err);
/* The same, followed by what was put aside; as another frame when compressed. */
int sink_end_with(struct sink *sink, struct sink *aside, uint8_t ret_digest[SINK_DIGEST], uint64_t *ret_bytes,
                  struct err *err);
void sink_free(struct sink *sink); /* NULL is fine */

#endif
