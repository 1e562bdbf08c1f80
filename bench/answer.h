/* Answers as text, one line per row, to compare what two programs answer. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include "query/query.h"

void answer_put(struct buf *out, const struct query_value *v);
void answer_end_row(struct buf *out);
/* ERR_CORRUPT, naming `what` and the first row that differs, unless both have the same rows, at least one, in any order. */
int answer_compare(const struct buf *ours, const struct buf *theirs, const char *what, struct err *err);

#endif
