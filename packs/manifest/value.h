/* Texts of a manifest that have a form. */
#ifndef PACKS_MANIFEST_VALUE_H
#define PACKS_MANIFEST_VALUE_H

#include "base/bytes.h"
#include "packs/manifest/fields.h"

#define VALUE_NAME_MAX 64

/* What a text must be to be a value of this type, as a JSON Schema pattern (ECMA 262) and in words: "a size (...)". The
 * pattern is NULL where the type has none. */
const char *value_pattern(enum field_type type);
const char *value_words(enum field_type type);
/* What is wrong with it, as what follows "it ..."; NULL: nothing. A static text. For the types of texts (FIELD_TEXT to
 * FIELD_LINES) but FIELD_WORD, and for sizes and durations. A range and a scope are checked by who knows of what. */
const char *value_fault(enum field_type type, struct bytes text);
/* "64MiB", "500": bytes. ERR_INVALID. */
int value_size(struct bytes text, uint64_t *ret);

#endif
