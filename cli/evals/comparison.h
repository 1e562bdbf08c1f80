/* A comparison, ready to be shown: comparison_say.c for people, comparison_put.c for programs. */
#ifndef CLI_EVALS_COMPARISON_H
#define CLI_EVALS_COMPARISON_H

#include "cli/evals/evaluation.h"
#include "cli/print/rows.h"
#include "evals/compare/compare.h"

struct comparison {
    struct asof *view;
    struct row rows[2]; /* of evals: A, B */
    struct samples samples[2];
    struct compare_options options;
    struct compare_pairs pairs;
    struct compare found;
    struct compare_tags tags; /* empty: not asked for */
    bool by_tag;
    bool by_latency; /* a B that is slower beyond noise is worse */
};

/* With what was asked to count. */
enum compare_answer comparison_answer(const struct comparison *comparison);
/* The conclusion in sentences, one per line; safe for a terminal. */
void comparison_words(const struct comparison *comparison, struct buf *out);
/* Why an evaluation is weak evidence, in the judge's words: one line for each that does not count. */
void comparison_weak(const struct comparison *comparison, struct buf *out);
/* Outcomes of the two of a pair as words; "-": it has none. */
const char *comparison_outcome(const struct compare_pair *pair, size_t side);

void comparison_say(struct comparison *comparison);
/* One JSON document. Returns an exit code after reporting, or 0. */
int comparison_put(struct comparison *comparison);
/* A row for each pair: JSON lines, CSV. */
int comparison_put_rows(struct comparison *comparison, enum rows_format format);
int comparison_put_junit(struct comparison *comparison);

#endif
