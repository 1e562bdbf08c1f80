/* Insertions into a JSON document as it is: comments, order, indentation and line ends stay. */
#ifndef BASE_EDIT_JSON_H
#define BASE_EDIT_JSON_H

#include "base/edit/scan.h"

#define EDIT_KEYS_MAX 4

/* One object. A document without any value (empty, or blanks and comments) counts as one without members. ERR_INVALID with
 * line and column: it is broken, has a name twice, or is not an object. */
int edit_json_check(struct bytes text, enum edit_json how, struct err *err);

/* Puts a value, compact JSON: as the last element of the array at this path, or as the member at this path. Objects and arrays
 * that are missing are made; *ret_made is the number of names of the path that existed. Returns 1 and changes nothing if the member
 * exists. ERR_CONFLICT: something on the path is of another type. The document is checked again by the caller. */
int edit_json_put(struct edit *edit, enum edit_json how, const char *const *path, size_t n, bool element, const char *value,
                  size_t *ret_existed, struct err *err);

/* The raw value at this path; false if there is none. Borrowed from `text`. */
bool edit_json_get(struct bytes text, enum edit_json how, const char *const *path, size_t n, struct bytes *ret);

/* Removes elements of the arrays of the object at `name` that have, in their own array `inner`, an object whose member `command`
 * contains `mark`; of an element that has others too, only that object. Returns how many objects were removed, or ERR_NOMEM.
 * `emptied` is called with the name of each array that became empty, and removes it when the result is true. */
typedef bool edit_json_emptied(void *ctx, struct bytes name);
int edit_json_drop(struct buf *text, enum edit_json how, const char *name, const char *inner, const char *mark,
                   edit_json_emptied *emptied, void *ctx, struct err *err);
/* How many such objects there are, and whether each contains `whole`. */
int edit_json_count(struct bytes text, enum edit_json how, const char *name, const char *inner, const char *mark,
                    const char *whole, size_t *ret_n, size_t *ret_whole, struct err *err);
/* Removes the member at this path if it is this value (NULL: an object or array without elements). Returns whether it did. */
bool edit_json_drop_member(struct buf *text, enum edit_json how, const char *const *path, size_t n, const char *value);

#endif
