/* A reader's insides, for those who look at whole groups: they judge events by their bytes and have only those given that
 * they want. */
#ifndef LEDGER_READ_READER_H
#define LEDGER_READ_READER_H

#include "ledger/core/core.h"
#include "ledger/event/private.h"

/* Group `index`, its leaves recomputed and compared with the stored tree; kept until another one is asked for. It may have
 * more events than when the reader was opened. ERR_CORRUPT, ERR_TAMPERED: the whole group cannot be read. */
int reader_group(struct log_reader *reader, uint64_t index, const struct group **ret, struct err *err);
/* The payload of event i of the group at hand, h its decoded header; empty when it was erased, also when that was after
 * the group had been read: then the group says so from now on. Borrowed until the next call. */
int reader_payload(struct log_reader *reader, size_t i, const struct event_header *h, struct bytes *ret, struct err *err);
/* Event i of the group at hand, as log_reader_next gives it. */
int reader_give(struct log_reader *reader, size_t i, struct log_event *ret, struct err *err);

/* The private fields of the event last given, which has some. Borrowed until the next call. */
int reader_private(struct log_reader *reader, struct private_view *ret, struct err *err);

#endif
