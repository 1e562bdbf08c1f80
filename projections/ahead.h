/* Groups of events read by a second thread before their turn comes: unpacking and hashing a group takes about as long as
 * folding its events. For a walk through the log from one group to the next. */
#ifndef PROJECTIONS_AHEAD_H
#define PROJECTIONS_AHEAD_H

#include "ledger/reader.h"

struct ahead;
/* Groups [from, to), all of them full. NULL where there is nothing to be gained by it, or no thread to be had. */
struct ahead *ahead_start(struct ledger *ledger, uint64_t from, uint64_t to);
void ahead_stop(struct ahead *ahead); /* NULL is fine. The thread has ended when it returns */
/* This is the group that was taken last or the one after it. */
bool ahead_has(const struct ahead *ahead, uint64_t index);
/* Both until the next call for another one. Errors are reader_group's. */
int ahead_take(struct ahead *ahead, uint64_t index, struct ledger_reader **ret_reader, const struct group **ret,
               struct err *err);

#endif
