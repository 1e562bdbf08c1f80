/* Counts by combinations of values: a table in memory. */
#ifndef QUERY_ROWS_TALLY_H
#define QUERY_ROWS_TALLY_H

#include "query/query.h"

struct tally;
struct tally *tally_new(size_t n_by); /* NULL on no memory */
void tally_free(struct tally *tally); /* NULL is fine */
/* Adds to the count of a combination. ERR_LIMIT past QUERY_GROUPS_MAX of them. */
int tally_add(struct tally *tally, const struct query_value *values, uint64_t count, struct err *err);
/* Calls `each` by falling count, then by value. */
int tally_each(struct tally *tally, query_count_fn *each, void *ctx, struct err *err);

#endif
