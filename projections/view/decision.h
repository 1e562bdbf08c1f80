/* The answer to a question of the kind "may this be", and how it is put together. */
#ifndef PROJECTIONS_VIEW_DECISION_H
#define PROJECTIONS_VIEW_DECISION_H

#include "projections/rows/row.h"

struct decision {
    bool yes;
    char reason[512]; /* in words, when the answer is no; empty otherwise */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence; /* seqs that the answer rests on */
    char note[128];    /* what a yes leaves open, in words; empty: nothing */
};

/* Yes, resting on nothing. */
void decide_begin(struct decision *ret);
/* No, in these words; what does not fit is cut. What was cited stays. */
void decide_no(struct decision *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Cites a seq, in order and once; beyond ROW_SEQS_MAX nothing more. */
void decide_cite(struct decision *ret, uint64_t seq);
/* The row's evidence. */
void decide_cite_row(struct decision *ret, const struct row *row);

#endif
