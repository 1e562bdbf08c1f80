/* JSON (RFC 8259) at the door: parsed by jansson straight into canonical MessagePack, and written from MessagePack.
 * Inside the program MessagePack is the one data model; no other file sees a JSON tree. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"

#define JSON_VALUES_MAX ((size_t)262144)
#define JSON_DEPTH_MAX  512

/* Parses exactly one JSON value (any type) of at most out->max bytes and appends it as canonical MessagePack: object
 * keys sorted, integers within -2^63 .. 2^63-1, reals as float 64 (negative zero becomes 0.0), \u0000 allowed in
 * strings. Duplicate keys, \u0000 in keys, NaN, Infinity and lone surrogates are refused. ERR_INVALID with "line L
 * column C: ..." in the message; ERR_LIMIT when the text or the result is too large, or has more than JSON_VALUES_MAX
 * values: the parser's tree takes up to 130 bytes for each. A failure leaves out's bytes unchanged. */
int json_to_mp(struct bytes text, struct buf *out, struct err *err);
/* Is it exactly one JSON value? What json_to_mp accepts, and also integers of any size and nesting of at most JSON_DEPTH_MAX levels: of
 * documents of others that are only edited. */
int json_check(struct bytes text, struct err *err);
/* An upper bound for the number of values in a JSON text: each but the first follows a comma or an opening bracket. */
size_t json_count_values(struct bytes text);

enum json_style { JSON_LINE, JSON_PRETTY }; /* one compact line without LF · two-space indent without final LF */

/* Appends one MessagePack item as JSON text. Maps keep their order, which need not be canonical; nesting may be twice
 * MP_DEPTH_MAX, so that a canonical item fits in an envelope. Bin becomes base64 text; a float becomes the shortest text
 * that reads back the same, never that of an integer. ERR_CORRUPT when the input does not parse. A failure leaves out's
 * bytes unchanged. Neither function depends on the locale. */
int json_from_mp(struct bytes mp, enum json_style style, struct buf *out, struct err *err);
/* Appends one JSON string literal with its quotes. The text must be valid UTF-8. */
int json_put_str(struct buf *out, struct bytes text);

#endif
