/* A TOML 1.0 document, statement by statement: enough to append tables to it, and to find and remove them again. */
#ifndef BASE_EDIT_TOML_H
#define BASE_EDIT_TOML_H

#include "base/edit/splice.h"
#include "base/edit/toml_names.h"

#define EDIT_TOML_KEY_MAX 256

/* A statement: a pair, or the head of a table or of an element of an array of tables. */
struct edit_toml_item {
    enum edit_toml_what what;
    size_t start, end;  /* its bytes, from its line's beginning to its line's end, which is part of it */
    struct bytes name;  /* as written, with quotes and blanks; borrowed */
    struct bytes value; /* of a pair, as written; borrowed */
    char
        key[EDIT_TOML_KEY_MAX]; /* as written in the statement: names without quotes, joined by dots. A longer one is cut */
};

/* The next statement at or after *at, which moves past it. Returns 1 at the end, ERR_INVALID with the line for what is not
 * TOML. Names defined twice are found by the check. */
int edit_toml_next(struct bytes text, size_t *at, struct edit_toml_item *ret, struct err *err);
/* The value of this member of an inline table, `{ a = 1 }`; false if it has none, or is not an inline table. Borrowed. */
bool edit_toml_member(struct bytes table, const char *key, struct bytes *ret);
/* The next element of an array, as written; *at begins as 0. False at its end, or if it is no array. Borrowed. */
bool edit_toml_element(struct bytes array, size_t *at, struct bytes *ret);
/* Reads all statements. ERR_INVALID also for a name that is defined twice. */
int edit_toml_check(struct bytes text, struct err *err);

#endif
