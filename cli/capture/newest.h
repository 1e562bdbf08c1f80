/* The newest event that satisfies conditions, or has a field of this text. */
#ifndef CLI_CAPTURE_NEWEST_H
#define CLI_CAPTURE_NEWEST_H

#include "ledger/log.h"
#include "query/query.h"

struct newest {
    uint64_t seq, time; /* LOG_NO_SEQ: there is none */
};
int newest_of(struct ledger *ledger, const struct query_term *terms, size_t n, struct newest *ret, struct err *err);
int newest_find(struct ledger *ledger, size_t field, const char *text, struct newest *ret, struct err *err);

#endif
