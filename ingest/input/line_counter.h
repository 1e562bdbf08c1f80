/* How often a text has been seen: a bounded table of 64-bit hashes with counts. */
#ifndef INGEST_INPUT_LINE_COUNTER_H
#define INGEST_INPUT_LINE_COUNTER_H

#include "base/bytes.h"

#define LINE_COUNTER_MAX ((size_t)1 << 20) /* different texts; 32 MiB when full */

struct line_counter;

/* NULL when out of memory. */
struct line_counter *line_counter_new(void);
void line_counter_free(struct line_counter *counter); /* NULL is fine */
/* Counts `hash` (evenly distributed bits) and returns how often it has been seen, from 1; 0, for this text always, when it
 * is new and the table is full. ERR_NOMEM. */
int line_counter_add(struct line_counter *counter, uint64_t hash, uint32_t *ret_n, struct err *err);

#endif
