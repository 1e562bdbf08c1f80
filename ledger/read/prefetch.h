/* Groups of events, read by several threads before they are needed: unpacking and hashing a group takes longer than judging
 * its events. The caller says which groups it will ask for next; its own thread reads what is not read yet. */
#ifndef LEDGER_READ_PREFETCH_H
#define LEDGER_READ_PREFETCH_H

#include "ledger/read/reader.h"

struct prefetch;

/* The group that will be asked for after `index`; LOG_NO_SEQ when that is not known. */
typedef uint64_t prefetch_next_fn(const void *ctx, uint64_t index);

/* The first call of prefetch_group with `eager` starts the threads. */
int prefetch_new(struct ledger *ledger, struct prefetch **ret, struct err *err);
void prefetch_free(struct prefetch *prefetch); /* NULL is fine */
/* The group, and the reader that holds it; both valid until the next call. Unless `eager`, nothing is read ahead. Errors
 * are reader_group's. */
int prefetch_group(struct prefetch *prefetch, uint64_t index, bool eager, prefetch_next_fn *next, const void *ctx,
                   struct log_reader **ret_reader, const struct group **ret, struct err *err);

#endif
