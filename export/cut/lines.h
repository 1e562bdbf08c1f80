/* Lines of JSON in a bundle: sorted keys, no white space, base64 and integers only. */
#ifndef EXPORT_CUT_LINES_H
#define EXPORT_CUT_LINES_H

#include "export/cut/cut.h"

/* The text of a member: in memory or, from `max` bytes on, in an unnamed file. */
struct sink;
struct lines {
    const char *name; /* of a member limited to `max` bytes; NULL: not limited */
    size_t max;
    const char *beside; /* where the file is: see file_unnamed */
    struct buf kept;    /* all of it, or what is not yet in the file */
    size_t passed;      /* bytes of `kept` that are already counted */
    uint64_t size;
    uint64_t n_private; /* fields that were disclosed */
    int fd;             /* -1: none yet */
    bool in_file;
};
void lines_init(struct lines *lines, const char *name, size_t max);
void lines_init_long(struct lines *lines, const char *beside);
void lines_clear(struct lines *lines); /* begins another member */
/* Writes all of it as a member. */
int lines_put(struct lines *lines, const char *name, struct sink *sink, struct err *err);
void lines_done(struct lines *lines); /* a zeroed one is fine */

/* The line of payloads/<g>.jsonl for an event: none for CUT_HEADER_ONLY. `erasing`: seq of the ledger.erased event. */
int lines_put_event(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                    uint64_t erasing, struct err *err);
/* A line of sparse/<g>.jsonl. */
int lines_put_sparse(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                     uint64_t erasing, const struct merkle_proof *inclusion, struct err *err);
/* A line of a stream: header and content; or the leaf alone. */
int lines_put_stream(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                     struct err *err);
int lines_put_leaf(struct lines *lines, uint64_t seq, const uint8_t leaf[EVENT_HASH], bool withheld, struct err *err);
/* A line of keys or, with `erasure`, of erasures. The checkpoint may be empty. */
int lines_put_key(struct lines *lines, const struct log_event *event, const struct merkle_proof *inclusion,
                  const struct merkle_proof *consistency, struct bytes checkpoint, bool erasure, struct err *err);

#endif
