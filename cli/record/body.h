/* Bodies from the command line: NAME=VALUE words and JSON texts come together as one canonical map. */
#ifndef CLI_RECORD_BODY_H
#define CLI_RECORD_BODY_H

#include "base/bytes.h"
#include "ledger/kinds/kind.h"

struct body;

/* NULL on no memory. `kind` (may be NULL) lets a word for a text field stay text though it looks like a number. */
struct body *body_new(const struct kind *kind);
void body_free(struct body *body);
/* One JSON object. `name` is what it is called in messages. ERR_INVALID. */
int body_json(struct body *body, struct bytes json, const char *name, struct err *err);
/* "NAME=VALUE": a JSON number, true, false, null, or else text; "NAME:=JSON": any JSON. ERR_INVALID; also of a field of the
 * kind whose VALUE is what remedies print where a person has to give one. */
int body_word(struct body *body, const char *word, struct err *err);
/* The value is the name in capital letters: "STATUS" of "status". */
bool body_is_placeholder(struct bytes name, struct bytes value);
/* Appends the map. ERR_INVALID when a name was given twice. */
int body_encode(struct body *body, struct buf *out, struct err *err);

#endif
