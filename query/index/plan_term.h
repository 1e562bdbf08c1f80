/* One condition over one column: which events fulfil it. */
#ifndef QUERY_INDEX_PLAN_TERM_H
#define QUERY_INDEX_PLAN_TERM_H

#include "query/columns/columns.h"
#include "query/condition/match.h"
#include "query/condition/value.h"

/* False: no number from `least` to `greatest` fulfils it. */
bool plan_term_in_range(const struct match_term *term, double least, double greatest);

enum plan_term_needs { PLAN_TERM_SETTLED, PLAN_TERM_VALUES };
/* Clears the bits of events that cannot fulfil the term by what part A says. SETTLED: those that are left do. */
enum plan_term_needs plan_term_presence(const struct match_term *term, const struct column *c, uint64_t *bits);
/* Clears the bits of events whose value does not fulfil it. */
void plan_term_values(const struct match_term *term, const struct column *c, uint64_t *bits);

/* For a pattern on subjects, by the column of their heads: clears the bits of events whose subject cannot match. True:
 * those that are left do. */
bool plan_term_heads(const struct match_term *term, const struct column *heads, uint64_t *bits);

#endif
