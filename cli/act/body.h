/* Bodies from the command line: NAME=VALUE words and JSON texts, merged into one canonical map. */
#ifndef CLI_ACT_BODY_H
#define CLI_ACT_BODY_H

#include "base/bytes.h"
#include "ledger/kinds/kind.h"

struct body;

/* NULL if out of memory. With `kind` (may be NULL), values of its text fields stay text even if they look like numbers. */
struct body *body_new(const struct kind *kind);
void body_free(struct body *body);
/* Adds one JSON object. `name` is for messages. ERR_INVALID. */
int body_json(struct body *body, struct bytes json, const char *name, struct err *err);
/* "NAME=VALUE": a JSON number, true, false, null, or else text; "NAME:=JSON": any JSON. ERR_INVALID, also if VALUE is the
 * placeholder that remedies print for a value of this field. */
int body_word(struct body *body, const char *word, struct err *err);
/* Is the value the name in capital letters, "STATUS" for "status"? */
bool body_is_placeholder(struct bytes name, struct bytes value);
/* Appends the map. ERR_INVALID if a name was given twice. */
int body_encode(struct body *body, struct buf *out, struct err *err);
/* "sha256:" and the digest of the file's bytes, NUL-terminated. ERR_INVALID: it cannot be read. */
#define BODY_DIGEST_MAX 72
int body_file_digest(const char *path, char ret[BODY_DIGEST_MAX], struct err *err);

#endif
