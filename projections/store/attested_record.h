/* The heads of the stored trees: not trusted without the event (attested.h).
 *
 *   table state  "attested": [1, head | nil, head | nil]     the newest, and the one before it, whose nodes are still there
 *                "attested/replaced": hashes of the nodes that only the older one has
 *   head         [position, seq of its event | nil, [[projection, version, bin32 root], ...]]    by name */
#ifndef PROJECTIONS_STORE_ATTESTED_RECORD_H
#define PROJECTIONS_STORE_ATTESTED_RECORD_H

#include "ledger/derived/derived.h"
#include "projections/rows/hash_tree.h"
#include "projections/rows/projection.h"

struct attested_part {
    const struct projection *projection;
    uint8_t root[HASH_LEN];
};
struct attested_head {
    uint64_t position; /* events that were folded */
    uint64_t seq;      /* of the event; LOG_NO_SEQ: none is known */
    size_t stored;     /* trees that it names, including those of other versions */
    size_t n;
    struct attested_part part[PROJECTIONS_MAX]; /* projections of today's code */
};

struct attested_heads {
    size_t n; /* 0 to 2 */
    struct attested_head head[2];
};
/* Absent or damaged: none. Projections that are not in the list, or of another version, are left out. */
int attested_heads_get(struct db_txn *txn, const struct projection *const *list, struct attested_heads *ret,
                       struct err *err);
int attested_heads_put(struct db_txn *txn, const struct attested_heads *heads, struct err *err);
/* NULL: this projection has no tree. */
const uint8_t *attested_root(const struct attested_head *head, const struct projection *projection);
/* The body of the event that attests a head. */
int attested_body(const struct attested_head *head, struct buf *out, struct err *err);

#define ATTESTED_KIND     "ledger.states_attested"
#define ATTESTED_RECORD   "attested"
#define ATTESTED_REPLACED "attested/replaced"

#endif
