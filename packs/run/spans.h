/* OpenTelemetry's JSON from a step: its spans and logs as events, by the reader of the source otlp. */
#ifndef PACKS_RUN_SPANS_H
#define PACKS_RUN_SPANS_H

#include "ingest/otlp/cut.h"
#include "ingest/otlp/map.h"
#include "ledger/log.h"

/* An event of a record; `at` as in ingest. Borrowed during the call. */
struct spans {
    struct otlp_map map;
    struct otlp_cut cut;
    struct buf item;
    uint8_t secret[32];
    bool ready;
};

/* Whether the text is a document of traces or logs. */
bool spans_is(struct spans *spans, struct bytes text);
/* Hands the events of the document that was just looked at to `emit`, parents first. ERR_INVALID: a record is wrong; those before
 * it were handed on. */
int spans_read(struct spans *spans, struct ledger *ledger, struct bytes text,
               int (*emit)(void *ctx, const struct otlp_event *event, struct err *err), void *ctx, struct err *err);
void spans_done(struct spans *spans);

#endif
