/* fields.def as data. */
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
    FIELD_TEXTS,
    FIELD_NAMES,
    FIELD_BOOL,
    FIELD_SIZE,
    FIELD_DURATION,
    FIELD_COUNT,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_MAP,
    FIELD_MAPS
};

struct shape;

struct field {
    const char *key;
    enum field_type type;
    bool required;
    const char *accepted; /* the words of FIELD_WORD, "a|b"; the maximum of a size, duration or count; else NULL */
    const char *help;
    const struct shape *of; /* of FIELD_MAP and FIELD_MAPS */
    size_t offset;          /* of its member in the struct */
};

struct shape {
    const char *name, *noun, *help; /* "permission", "a permission", a sentence */
    const struct field *fields;
    size_t n;
    size_t size; /* of the struct */
};

/* The shape of the whole, and all shapes in the order of the table, in which each comes after those that it holds. */
const struct shape *fields_root(void);
size_t fields_count(void);
const struct shape *fields_at(size_t i);
const struct shape *fields_find(const char *name); /* of a name that the table has */

/* The i-th of the words "a|b|c"; false past the last. */
bool fields_word(const char *words, size_t i, const char **ret, size_t *ret_n);

#endif
