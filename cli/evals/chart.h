/* Numbers as pictures of characters: plain ASCII where the output is not a terminal that shows UTF-8. */
#ifndef CLI_EVALS_CHART_H
#define CLI_EVALS_CHART_H

#include "cli/print/out.h"

/* A histogram, a line for each of at most ten classes: range, count, bar. `sorted`: ascending, finite, not below 0. `unit`:
 * how a number is written. Nothing for n 0. */
void chart_histogram(struct cli *cli, const double *sorted, size_t n, void (*unit)(struct buf *out, double v));
/* At most `columns` levels, each the mean of as many neighbours as needed. Numbers that are not finite are left out. Without a
 * line end. */
void chart_spark(struct cli *cli, const double *values, size_t n, size_t columns);

#endif
