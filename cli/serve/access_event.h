/* Events of the family access. */
#ifndef CLI_SERVE_ACCESS_EVENT_H
#define CLI_SERVE_ACCESS_EVENT_H

#include "ledger/log.h"
#include "serve/access/meter.h"

/* Writes access.granted or access.revoked of this token; `actor` is who did it, `reason` may be NULL. */
int access_event_token(struct ledger *ledger, const char *kind, const struct access_token *token, const char *actor,
                       const char *reason, struct log_receipt *ret, struct err *err);
/* Writes access.read or access.refused; `now` is of the clock that the meter was given. */
int access_event_due(struct ledger *ledger, const struct meter_due *due, uint64_t now, struct err *err);

#endif
