/* Rows of other tables that belong to a row. */
#ifndef CLI_VIEW_EXPLAIN_PARTS_H
#define CLI_VIEW_EXPLAIN_PARTS_H

#include "cli/view/asof.h"

#define PARTS_MAX 40

struct part {
    struct buf name, state;
    size_t state_n; /* bytes of `state` before the reason */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence;
    bool decides; /* it belongs to the row; else the row belongs to it */
};

struct parts {
    struct part part[PARTS_MAX];
    size_t n;
    uint64_t more; /* parts that did not fit */
};

int explain_parts(struct asof *view, const struct row *row, struct parts *ret, struct err *err);
void explain_parts_done(struct parts *parts);

#endif
