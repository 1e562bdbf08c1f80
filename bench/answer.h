/* Answers as text, a line a row, so that what two programs answer can be compared. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include "query/query.h"

void answer_put(struct buf *out, const struct query_value *v);
void answer_end_row(struct buf *out);
/* The same rows, at least one, in any order. ERR_CORRUPT: they are not, with `what` and the first that differs. */
int answer_compare(const struct buf *ours, const struct buf *theirs, const char *what, struct err *err);

#endif
