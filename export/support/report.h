/* report.json of a support report: the ledger as a whole. Internal to the export floor. */
#ifndef EXPORT_SUPPORT_REPORT_H
#define EXPORT_SUPPORT_REPORT_H

#include "export/support/redact.h"

/* The number of events of each kind on each day. */
struct support_tally {
    struct support_count {
        uint64_t day; /* days since 1970 */
        char *kind;   /* owned */
        uint64_t n;
    } * count; /* owned; by day and kind */
    size_t n, cap;
    uint64_t beyond; /* events of kinds past the limit */
};
int support_tally_add(struct support_tally *tally, uint64_t time, struct bytes kind, struct err *err);
void support_tally_done(struct support_tally *tally);

struct support_about {
    struct ledger *ledger;
    const char *system;
    const volatile int *stop;                     /* may be NULL */
    uint64_t size, from, to, events, days, since; /* of the log; of the range; since: ns */
    const struct support_tally *tally;
};
/* Appends the JSON document, with LF. *ret_rows: rows of states in it. */
int support_report(struct support_redact *redact, const struct support_about *about, struct buf *out, uint64_t *ret_rows,
                   struct err *err);

#endif
