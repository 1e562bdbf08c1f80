/* The names that a TOML document has defined so far. */
#ifndef BASE_EDIT_TOML_NAMES_H
#define BASE_EDIT_TOML_NAMES_H

#include "base/bytes.h"

/* What a statement defines: a pair, a table, or an element of an array of tables. */
enum edit_toml_what { EDIT_TOML_PAIR, EDIT_TOML_TABLE, EDIT_TOML_ARRAY };

struct toml_names { /* begins as zeros */
    struct toml_slot *slots;
    size_t n, cap;
    uint64_t table; /* the one that pairs are in */
};
/* `name` as written. ERR_CONFLICT: it is defined already; ERR_NOMEM. Names within inline tables, and one name with and without
 * escapes, are not compared. */
int toml_names_add(struct toml_names *names, enum edit_toml_what what, struct bytes name);
/* The next part of a dotted name at or after *at, which moves past it: without blanks and quotes. Borrowed. */
struct bytes toml_names_part(struct bytes name, size_t *at);
void toml_names_done(struct toml_names *names);

#endif
