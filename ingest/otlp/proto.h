/* Records in Protocol Buffers become items of the same form as records in JSON.
 *
 *   bytes --otlp_wire_check--> bytes that are in order --by fields.def--> canonical MessagePack
 *
 * The form is that of the published JSON mapping: integers of 64 bits are decimal text, ids hex, bytesValue base64, NaN and
 * infinities text; what was not sent is absent. A whole double is a number without a fraction, as exporters of JSON write
 * it. Bytes in a text that are not UTF-8 become U+FFFD: one bad character does not lose a span. */
#ifndef INGEST_OTLP_PROTO_H
#define INGEST_OTLP_PROTO_H

#include "ingest/otlp/wire.h"

struct otlp_proto; /* memory that is used again; one thread at a time */

int otlp_proto_new(struct otlp_proto **ret, struct err *err);
void otlp_proto_free(struct otlp_proto *proto); /* NULL is fine */
/* Appends a part of a request as one item. ERR_INVALID: it cannot be decoded, or is nested deeper than MP_DEPTH_MAX;
 * ERR_LIMIT: too many fields (see otlp_wire_check), or too large for `out`; ERR_NOMEM. A failure leaves out's bytes
 * unchanged. */
int otlp_proto_to_mp(struct otlp_proto *proto, enum otlp_part part, struct bytes message, struct buf *out, struct err *err);

#endif
