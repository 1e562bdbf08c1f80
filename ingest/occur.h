/* How often a text has come by: a bounded table of 64-bit hashes with counts. */
#ifndef INGEST_OCCUR_H
#define INGEST_OCCUR_H

#include "base/bytes.h"

#define OCCUR_MAX ((size_t)1 << 20) /* different texts; 32 MiB when full */

struct occur;

/* NULL on no memory. */
struct occur *occur_new(void);
void occur_free(struct occur *occur); /* NULL is fine */
/* Counts `hash` (any bits that are evenly spread) and gives which time it is, from 1; 0 when it is new and the table is
 * full, which then holds for this text for ever. ERR_NOMEM. */
int occur_count(struct occur *occur, uint64_t hash, uint32_t *ret_n, struct err *err);

#endif
