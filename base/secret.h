/* The secret scanner: finds credentials in text, so that they are masked before anything is written. One prefix search over
 * the text, then hand-written validators; no regular expressions, no allocation. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"

struct secret_hit {
    const char *rule; /* static: "github-pat", "aws-key-id", ... */
    size_t at, n;     /* which bytes are secret */
};

/* The first hit at or after byte `from`; what stands before is not looked at, so go on from the end of a hit (at + n).
 * Masks of secret_mask are no hits. Returns 0 with *ret, or 1 when there is none. The text is decoded UTF-8. All calls over
 * a text together cost time in proportion to its length. */
int secret_next(struct bytes text, size_t from, struct secret_hit *ret);
/* Appends text with each hit replaced by "‹secret:RULE:LEN›"; returns how many were masked (0: out is an exact copy).
 * Check out->fail for memory. */
size_t secret_mask(struct buf *out, struct bytes text);
/* A value that is secret by its field name alone (password, api_key, authorization, x-api-key, ...), whatever it looks
 * like; case-insensitive, '-' and '_' alike. */
bool secret_field_name(struct bytes name);

#endif
