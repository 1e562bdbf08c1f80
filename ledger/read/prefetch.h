/* Groups of events, read by several threads before they are asked for: unpacking and hashing a group takes longer than
 * judging its events. Whoever asks says which groups he will ask for next; what is not read yet he reads himself. */
#ifndef LEDGER_READ_PREFETCH_H
#define LEDGER_READ_PREFETCH_H

#include "ledger/read/reader.h"

struct prefetch;

/* The group that will be asked for after `index`; LOG_NO_SEQ when that is not known. */
typedef uint64_t prefetch_next_fn(const void *ctx, uint64_t index);

/* Threads are started by the first call of prefetch_group with `eager`. */
int prefetch_new(struct ledger *ledger, struct prefetch **ret, struct err *err);
void prefetch_free(struct prefetch *prefetch); /* NULL is fine */
/* The group, and the reader that holds it; both until the next call. Unless `eager`, nothing is read before its time.
 * Errors are reader_group's. */
int prefetch_group(struct prefetch *prefetch, uint64_t index, bool eager, prefetch_next_fn *next, const void *ctx,
                   struct log_reader **ret_reader, const struct group **ret, struct err *err);

#endif
