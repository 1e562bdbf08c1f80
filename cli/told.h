/* What later events tell of a time. States and ranges go by the ledger's clock, because they belong to a size of the log;
 * who asks for a time before it began, or for one of which an import told later, is pointed to the events that tell of it.
 */
#ifndef CLI_TOLD_H
#define CLI_TOLD_H

#include "cli/obj.h"
#include "query/query.h"

struct told {
    uint64_t begun;          /* time of the log's first event; 0: it has none */
    uint64_t n, first, last; /* events of [from, to] by their source's clock that were sealed after `to`; the outer seqs */
};

/* Both ends of [from, to] are included; to may be UINT64_MAX. Costs counts of the index, or reads what has none. */
int told_of(struct ledger *ledger, uint64_t from, uint64_t to, struct told *ret, struct err *err);
/* "the log began on 2026-11-22 10:00:00Z" where that was after `to`; and "24 events that were recorded later tell of that
 * time (12 to 793)". False: there is nothing to say. */
#define TOLD_WORDS 256
bool told_words(const struct told *told, uint64_t to, char ret[TOLD_WORDS]);
/* The member "told": events, first, last; null when there are none. */
void told_put(const struct told *told, struct obj *obj);

#endif
