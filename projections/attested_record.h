/* The record of the heads, for attested.c (which reads and believes) and attested_advance.c (which writes). */
#ifndef PROJECTIONS_ATTESTED_RECORD_H
#define PROJECTIONS_ATTESTED_RECORD_H

#include "ledger/derived.h"
#include "projections/attested.h"

struct attested_heads {
    size_t n; /* 0 to 2 */
    struct attested_head head[2];
};
/* Absent or damaged: there are none. Projections that are not in the list, or of another version, are left out. */
int attested_heads_get(struct db_txn *txn, const struct projection *const *list, struct attested_heads *ret,
                       struct err *err);
int attested_heads_put(struct db_txn *txn, const struct attested_heads *heads, struct err *err);
/* The body of the event that vouches for a head. */
int attested_body(const struct attested_head *head, struct buf *out, struct err *err);

#define ATTESTED_KIND     "ledger.states_attested"
#define ATTESTED_RECORD   "attested"
#define ATTESTED_REPLACED "attested/replaced"

#endif
