/* Lines out of a stream that is read in pieces of any size. */
#ifndef BASE_RPC_LINE_H
#define BASE_RPC_LINE_H

#include "base/bytes.h"

#define RPC_LINE_MAX ((size_t)16 << 20) /* a longer line is known by its length alone */

struct rpc_line {
    struct bytes text; /* without LF, and a CR before it; empty when it is too long. Borrowed for the call */
    uint64_t bytes;    /* with its LF */
    bool too_long;
    bool ended; /* it had its LF */
};
/* Nothing but white space; a line that is too long is not. */
bool rpc_line_is_blank(const struct rpc_line *line);
/* A non-zero answer ends the reading and is returned. */
typedef int rpc_line_fn(void *ctx, const struct rpc_line *line, struct err *err);

/* Zeroed is not usable: rpc_lines_init. */
struct rpc_lines {
    struct buf part;  /* the beginning of a line whose end has not come */
    uint64_t skipped; /* bytes of a line that is too long */
    bool lost;        /* something is missing: what comes before the next LF is part of it */
};

void rpc_lines_init(struct rpc_lines *lines);
void rpc_lines_done(struct rpc_lines *lines);
/* Gives every line that ends in the piece. ERR_NOMEM. */
int rpc_lines_put(struct rpc_lines *lines, struct bytes piece, rpc_line_fn *take, void *ctx, struct err *err);
/* What follows the last LF, if anything. */
int rpc_lines_end(struct rpc_lines *lines, rpc_line_fn *take, void *ctx, struct err *err);
/* Bytes of the stream are missing here: the line that they belong to is dropped. */
void rpc_lines_lose(struct rpc_lines *lines);

#endif
