/* One condition over one column: which events satisfy it. */
#ifndef QUERY_INDEX_PLAN_TERM_H
#define QUERY_INDEX_PLAN_TERM_H

#include "query/columns/columns.h"
#include "query/condition/match.h"
#include "query/condition/value.h"

/* False: no number from `least` to `greatest` satisfies it. */
bool plan_term_in_range(const struct match_term *term, double least, double greatest);

enum plan_term_needs { PLAN_TERM_SETTLED, PLAN_TERM_VALUES };
/* Clears the bits of events that cannot satisfy the term, by part A. SETTLED: those left do satisfy it. */
enum plan_term_needs plan_term_presence(const struct match_term *term, const struct column *c, uint64_t *bits);
/* Clears the bits of events whose value does not satisfy it. */
void plan_term_values(const struct match_term *term, const struct column *c, uint64_t *bits);

/* For a pattern on subjects, by the column of their heads: clears the bits of events whose subject cannot match. True:
 * those left do match. */
bool plan_term_heads(const struct match_term *term, const struct column *heads, uint64_t *bits);

#endif
