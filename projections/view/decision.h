/* The answer to "may this be?", and how it is built. */
#ifndef PROJECTIONS_VIEW_DECISION_H
#define PROJECTIONS_VIEW_DECISION_H

#include "projections/rows/row.h"

struct decision {
    bool yes;
    char reason[512]; /* in words, when the answer is no; empty otherwise */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence; /* seqs that the answer rests on */
    char note[128];    /* what a yes leaves open; empty: nothing */
};

/* Yes, without evidence. */
void decide_begin(struct decision *ret);
/* No, in these words, which are cut if too long. Evidence cited before stays. */
void decide_no(struct decision *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Cites a seq, in order and once; ignored beyond ROW_SEQS_MAX. */
void decide_cite(struct decision *ret, uint64_t seq);
/* The row's evidence. */
void decide_cite_row(struct decision *ret, const struct row *row);

#endif
