/* Which events `log` lists: conditions on the header, and the place in the log where listing begins. */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include "ledger/ledger.h"

struct select {
    const char *kind;          /* glob; NULL: any */
    const char *run, *subject; /* exact, or a prefix with '*' at its end; NULL: any */
    uint64_t from;             /* first seq */
};

bool select_match(const struct select *select, const struct ledger_event *event);
/* The seq that "--since" means, as of a head of `size` events: a decimal seq, an RFC 3339 time, a date, or a duration
 * ("2h": before now). Times are found by halving. ERR_INVALID says what is accepted. */
int select_since(struct ledger *ledger, const char *text, uint64_t size, uint64_t *ret, struct err *err);
/* Where the newest n matches of [select->from, size) begin, reading backwards. Damaged events
 * match nothing; they lie in what is listed unless n newer events match. */
int select_newest(struct ledger *ledger, const struct select *select, uint64_t size, uint64_t n, uint64_t *ret,
                  struct err *err);

#endif
