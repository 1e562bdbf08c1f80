/* JSON as Python's json module writes it: RFC 8259, but for NaN, Infinity and -Infinity, which are there bare, and
 * numbers of any size: integers beyond 64 bits, reals beyond a 64-bit float. All become text ("NaN",
 * "18446744073709551616"), so that nothing of them is lost. */
#ifndef INGEST_INPUT_PYJSON_H
#define INGEST_INPUT_PYJSON_H

#include "base/bytes.h"

/* One JSON value, appended to `out` as canonical MessagePack; `scratch` is overwritten. A parsed text takes three times its
 * bytes and up to PYJSON_VALUE_BYTES for each value in it, so that a small text can take much memory: ERR_LIMIT, before
 * anything is parsed, when that is more than `max`. ERR_INVALID says where the text is no JSON. A failure leaves out's
 * bytes as they were. */
#define PYJSON_VALUE_BYTES 80
int pyjson_to_mp(struct bytes text, size_t max, struct buf *scratch, struct buf *out, struct err *err);
/* The text of a number that is in the outermost object under `name`, which is how it keeps all its digits; false when
 * there is none. The text is JSON already, and borrowed. */
bool pyjson_top_number(struct bytes text, const char *name, struct bytes *ret);

#endif
