/* Values and events for a support report, as far as the table allows. Internal to the export floor. */
#ifndef EXPORT_SUPPORT_REDACT_H
#define EXPORT_SUPPORT_REDACT_H

#include "export/support/names.h"
#include "ledger/log.h"
#include "projections/rows/row.h"

struct support_redact {
    struct support_names names;
    uint64_t left_out; /* fields and elements */
};

/* Appends what may leave of one MessagePack item. False: nothing may, and nothing was appended. */
bool support_value(struct support_redact *redact, enum support_class class, struct bytes mp, struct buf *out);
/* Appends an event as one line of JSON, with LF. The names of header members are those of log_event_json; hashes are
 * left out. */
int support_event(struct support_redact *redact, const struct log_event *event, struct buf *out, struct err *err);
/* Appends a row of a state as a map. */
void support_row(struct support_redact *redact, const struct row *row, struct buf *out);

#endif
