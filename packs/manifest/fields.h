/* Tables of fields as data: fields.def here, and those of other forms that are read in the same way (evals/suite). */
#ifndef PACKS_MANIFEST_FIELDS_H
#define PACKS_MANIFEST_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum field_type {
    FIELD_TEXT,
    FIELD_WORD,
    FIELD_NAME,
    FIELD_VERSION,
    FIELD_RANGE,
    FIELD_DIGEST,
    FIELD_KEYNAME,
    FIELD_MEDIA,
    FIELD_PATH,
    FIELD_PROGRAM,
    FIELD_URL,
    FIELD_SCOPE,
    FIELD_LINES,
    FIELD_TEXTS,
    FIELD_NAMES,
    FIELD_BOOL,
    FIELD_SIZE,
    FIELD_DURATION,
    FIELD_COUNT,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_VALUE,
    FIELD_MAP,
    FIELD_MAPS,
    FIELD_ROWS
};

struct shape;

struct field {
    const char *key;
    enum field_type type;
    bool required;
    const char *accepted; /* the words of FIELD_WORD, "a|b"; the maximum of a size, duration or count, or of the
                             items of a list of maps; else NULL */
    const char *help;
    const struct shape *of; /* of FIELD_MAP, FIELD_MAPS and FIELD_ROWS */
    size_t offset;          /* of its member in the struct */
};

struct shape {
    const char *name, *noun, *help; /* "permission", "a permission", a sentence */
    const struct field *fields;
    size_t n;
    size_t size; /* of the struct */
};

/* A form of documents: all shapes in the order of its table, in which each comes after those that it holds; the last is the
 * whole. */
struct form {
    const char *id, *title; /* of its JSON Schema */
    const struct shape *const *shapes;
    size_t n;
};

extern const struct form fields_manifest;

/* The shape of the whole, and all shapes in the order of the table, in which each comes after those that it holds. */
const struct shape *fields_root(void);
size_t fields_count(void);
const struct shape *fields_at(size_t i);
const struct shape *fields_find(const char *name); /* of a name that the table has */

/* The i-th of the words "a|b|c"; false past the last. */
bool fields_word(const char *words, size_t i, const char **ret, size_t *ret_n);

#endif
