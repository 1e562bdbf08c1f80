/* The wire format of Protocol Buffers, as far as OTLP uses it, before anything of it is decoded:
 *
 *   message   field field field ...
 *   field     tag payload        tag      varint: number << 3 | type
 *   payload   type 0: varint     1: 8 bytes     2: length as varint, that many bytes     5: 4 bytes
 *
 * A request is cut into records by otlp_wire_cut, as OTLP/JSON is by otlp_cut_feed. A record is checked whole by
 * otlp_wire_check: the decoder (proto.h) allocates by what it finds, and recurses, so that depth, number of fields and
 * lengths are bounded first. Unknown fields are skipped, as Protocol Buffers demand. */
#ifndef INGEST_OTLP_WIRE_H
#define INGEST_OTLP_WIRE_H

#include "ingest/otlp/cut.h"

#define OTLP_WIRE_DEPTH_MAX 64 /* messages in messages */

enum otlp_wire_type { OTLP_WIRE_VARINT = 0, OTLP_WIRE_64 = 1, OTLP_WIRE_BYTES = 2, OTLP_WIRE_32 = 5 };

struct otlp_wire {
    const uint8_t *start, *p, *end;
};

struct otlp_wire_field {
    uint32_t number;
    enum otlp_wire_type type;
    uint64_t value;    /* of a varint or a fixed number */
    struct bytes data; /* OTLP_WIRE_BYTES; borrowed */
};

void otlp_wire_init(struct otlp_wire *wire, struct bytes message);
/* The next field. 0; 1 at the end; ERR_INVALID with "byte N: ..." for what is malformed or cut off, and for groups. */
int otlp_wire_next(struct otlp_wire *wire, struct otlp_wire_field *ret, struct err *err);

/* Cuts an Export...ServiceRequest with records of this type, after otlp_cut_begin. ERR_INVALID, ERR_LIMIT, ERR_NOMEM as
 * otlp_cut_feed. */
int otlp_wire_cut(struct otlp_cut *cut, enum otlp_type type, struct bytes request, struct err *err);

/* Whether a part of a request may be decoded. ERR_INVALID: malformed, a known field in another form, a message that may be
 * there once twice, nested deeper than OTLP_WIRE_DEPTH_MAX; ERR_LIMIT: more than `fields_max` fields, at all levels and
 * with the elements of packed ones. */
enum otlp_part {
    OTLP_PART_SPAN = OTLP_SPAN,
    OTLP_PART_LOG = OTLP_LOG,
    OTLP_PART_METRIC = OTLP_METRIC,
    OTLP_PART_RESOURCE,
    OTLP_PART_SCOPE
};
int otlp_wire_check(enum otlp_part part, struct bytes message, size_t fields_max, struct err *err);

#endif
