/* Lines of JSON in a bundle: sorted keys, no white space, base64 and integers only. They go to whoever takes bytes, so that
 * the same code measures and writes. */
#ifndef EXPORT_LINES_H
#define EXPORT_LINES_H

#include "export/cut.h"

/* A member's text as it comes: kept up to LINES_KEPT_MAX bytes, beyond that only measured, or passed on. */
#define LINES_KEPT_MAX ((size_t)4 << 20)
struct sink;
struct lines {
    struct buf kept;
    size_t passed; /* bytes of it that are counted */
    uint64_t size;
    bool over;         /* there is more than what is kept */
    struct sink *sink; /* pass it on; NULL: keep or measure */
    struct buf piece;  /* one line's base64 at a time, when it is not kept */
};
void lines_init(struct lines *lines);
void lines_clear(struct lines *lines); /* another member begins */
void lines_done(struct lines *lines);

/* The line of payloads/<g>.jsonl about an event: none for CUT_HEADER_ONLY. `erasing`: seq of the ledger.erased event. */
int lines_put_event(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                    uint64_t erasing, struct err *err);
/* A line of sparse/<g>.jsonl. */
int lines_put_sparse(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                     uint64_t erasing, const struct merkle_proof *inclusion, struct err *err);
/* A line of keys or, with `erasure`, of erasures. The checkpoint may be empty. */
int lines_put_key(struct lines *lines, const struct ledger_event *event, const struct merkle_proof *inclusion,
                  const struct merkle_proof *consistency, struct bytes checkpoint, bool erasure, struct err *err);

#endif
