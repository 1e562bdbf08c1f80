/* Values and events for a support report: what the table allows of them. Inside of the export room. */
#ifndef EXPORT_SUPPORT_REDACT_H
#define EXPORT_SUPPORT_REDACT_H

#include "export/support/names.h"
#include "ledger/log.h"
#include "projections/rows/row.h"

struct support_redact {
    struct support_names names;
    uint64_t left_out; /* fields and elements that were */
};

/* Appends what may leave of one MessagePack item. False: nothing of it, and nothing was appended. */
bool support_value(struct support_redact *redact, enum support_class class, struct bytes mp, struct buf *out);
/* Appends an event as one line of JSON, with LF. The header's names are those of log_event_json; hashes are not in it.
 */
int support_event(struct support_redact *redact, const struct log_event *event, struct buf *out, struct err *err);
/* Appends a row of a state as a map. */
void support_row(struct support_redact *redact, const struct row *row, struct buf *out);

#endif
