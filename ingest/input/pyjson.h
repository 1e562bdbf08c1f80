/* JSON as Python's json module writes it: RFC 8259 plus bare NaN, Infinity and -Infinity, and numbers of any size:
 * integers beyond 64 bits, reals beyond a 64-bit float. All of these become text ("NaN", "18446744073709551616"), so that
 * nothing is lost. */
#ifndef INGEST_INPUT_PYJSON_H
#define INGEST_INPUT_PYJSON_H

#include "base/bytes.h"

/* One JSON value, appended to `out` as canonical MessagePack; `scratch` is overwritten. A parsed text takes three times its
 * bytes and up to PYJSON_VALUE_BYTES for each value in it, so that a small text can take much memory: ERR_LIMIT, before
 * anything is parsed, when that is more than `max`. ERR_INVALID says where the text is not JSON. On failure out's bytes
 * are unchanged. */
#define PYJSON_VALUE_BYTES 80
int pyjson_to_mp(struct bytes text, size_t max, struct buf *scratch, struct buf *out, struct err *err);
/* The text of the number under `name` in the outermost object, with all its digits; false when there is none. `text` is
 * valid JSON; the result borrows from it. */
bool pyjson_top_number(struct bytes text, const char *name, struct bytes *ret);

#endif
