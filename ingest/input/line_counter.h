/* How often a text has come by: a bounded table of 64-bit hashes with counts. */
#ifndef INGEST_INPUT_LINE_COUNTER_H
#define INGEST_INPUT_LINE_COUNTER_H

#include "base/bytes.h"

#define LINE_COUNTER_MAX ((size_t)1 << 20) /* different texts; 32 MiB when full */

struct line_counter;

/* NULL on no memory. */
struct line_counter *line_counter_new(void);
void line_counter_free(struct line_counter *counter); /* NULL is fine */
/* Counts `hash` (any bits that are evenly spread) and gives which time it is, from 1; 0 when it is new and the table is
 * full, which then holds for this text for ever. ERR_NOMEM. */
int line_counter_add(struct line_counter *counter, uint64_t hash, uint32_t *ret_n, struct err *err);

#endif
