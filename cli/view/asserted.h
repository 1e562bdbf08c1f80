/* What later events assert about a time. States and ranges use the ledger's clock, because they belong to a size of the
 * log. Anyone who asks for a time before the log began, or for one about which events were imported later, is pointed to
 * those events. */
#ifndef CLI_VIEW_ASSERTED_H
#define CLI_VIEW_ASSERTED_H

#include "base/obj.h"
#include "query/query.h"

struct asserted {
    uint64_t begun;          /* time of the log's first event; 0: the log is empty */
    uint64_t n, first, last; /* events of [from, to] by their source's clock, sealed after `to`; first and last seq */
};

/* Both ends of [from, to] are included; `to` may be UINT64_MAX. Costs counts in the index; events without an index are
 * read. */
int asserted_of(struct ledger *ledger, uint64_t from, uint64_t to, struct asserted *ret, struct err *err);
/* "the log began on 2026-11-22 10:00:00Z" where that was after `to`; and "24 events that were recorded later tell of that
 * time (12 to 793)". False: there is nothing to say. */
#define ASSERTED_WORDS 256
bool asserted_words(const struct asserted *asserted, uint64_t to, char ret[ASSERTED_WORDS]);
/* The member "told": events, first, last; null when there are none. */
void asserted_put(const struct asserted *asserted, struct obj *obj);

#endif
