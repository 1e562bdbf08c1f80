/* Cuts an answer into lines as it arrives. */
#ifndef BASE_HTTP_CUT_H
#define BASE_HTTP_CUT_H

#include "base/bytes.h"

struct http_cut {
    struct buf rest; /* an unfinished line */
};
/* A line without its end, never empty. A non-zero result ends the cutting. */
typedef int http_cut_fn(void *ctx, struct bytes line, struct err *err);

void http_cut_init(struct http_cut *cut, size_t line_max);
void http_cut_done(struct http_cut *cut);
/* 0; 1: so the result of `take`, whatever it was; ERR_LIMIT, ERR_NOMEM. */
int http_cut_take(struct http_cut *cut, struct bytes data, http_cut_fn *take, void *ctx, struct err *err);
/* The last line may lack its end. */
void http_cut_end(struct http_cut *cut, http_cut_fn *take, void *ctx, struct err *err);

#endif
