/* A reader's insides, for code that looks at whole groups: it judges events by their bytes and fetches only those that it
 * wants. */
#ifndef LEDGER_READ_READER_H
#define LEDGER_READ_READER_H

#include "ledger/core/core.h"
#include "ledger/event/private.h"

/* Group `index`, its leaves recomputed and compared with the stored tree; kept until another one is requested. It may have
 * more events than when the reader was opened. ERR_CORRUPT, ERR_TAMPERED: the whole group cannot be read. */
int reader_group(struct log_reader *reader, uint64_t index, const struct group **ret, struct err *err);
/* The payload of event i of the current group, h its decoded header; empty when it was erased, even if that was after the
 * group was read: then the event is marked so in the group. Borrowed until the next call. */
int reader_payload(struct log_reader *reader, size_t i, const struct event_header *h, struct bytes *ret, struct err *err);
/* Event i of the current group, as log_reader_next returns it. */
int reader_give(struct log_reader *reader, size_t i, struct log_event *ret, struct err *err);

/* The private fields of the event returned last, which must have some. Borrowed until the next call. */
int reader_private(struct log_reader *reader, struct private_view *ret, struct err *err);

#endif
