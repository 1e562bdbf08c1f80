/* What later events assert about a time. States and ranges go by the ledger's clock, because they belong to a size of
 * the log; whoever asks for a time before it began, or for one about which something was imported later, is pointed to
 * the events that are about it. */
#ifndef CLI_VIEW_ASSERTED_H
#define CLI_VIEW_ASSERTED_H

#include "base/obj.h"
#include "query/query.h"

struct asserted {
    uint64_t begun;          /* time of the log's first event; 0: it has none */
    uint64_t n, first, last; /* events of [from, to] by their source's clock that were sealed after `to`; the outer seqs */
};

/* Both ends of [from, to] are included; to may be UINT64_MAX. Costs counts of the index, or reads what has none. */
int asserted_of(struct ledger *ledger, uint64_t from, uint64_t to, struct asserted *ret, struct err *err);
/* "the log began on 2026-11-22 10:00:00Z" where that was after `to`; and "24 events that were recorded later tell of that
 * time (12 to 793)". False: there is nothing to say. */
#define ASSERTED_WORDS 256
bool asserted_words(const struct asserted *asserted, uint64_t to, char ret[ASSERTED_WORDS]);
/* The member "told": events, first, last; null when there are none. */
void asserted_put(const struct asserted *asserted, struct obj *obj);

#endif
