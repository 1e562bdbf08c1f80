/* Places in a JSON document that is known to be valid: where a value ends, what an object or an array contains. */
#ifndef BASE_EDIT_SCAN_H
#define BASE_EDIT_SCAN_H

#include "base/edit/splice.h"

/* EDIT_JSONC also accepts comments and a comma after the last element, as VS Code does. */
enum edit_json { EDIT_JSON, EDIT_JSONC };

/* The document with its comments as blanks, and with the last commas as blanks too; of the same length. */
struct edit_scan {
    struct buf bare, plain;
};
/* Makes both, and checks the document. Release with edit_scan_done in any case. */
int edit_scan_init(struct edit_scan *scan, struct bytes text, enum edit_json how, struct err *err);
void edit_scan_done(struct edit_scan *scan);

/* A value at [start, end); of a member also where its name begins. */
struct edit_scan_value {
    size_t start, end, name;
};
/* The document's value; false if it has none. */
bool edit_scan_root(const struct edit_scan *scan, struct edit_scan_value *ret);
/* The next element or member of a container after `*at`, which begins as 0; false at its end. */
bool edit_scan_next(const struct edit_scan *scan, const struct edit_scan_value *of, size_t *at,
                    struct edit_scan_value *ret);
/* The member of that name. */
bool edit_scan_member(const struct edit_scan *scan, const struct edit_scan_value *of, const char *name,
                      struct edit_scan_value *ret);
bool edit_scan_is(const struct edit_scan *scan, const struct edit_scan_value *value, char open);
struct bytes edit_scan_bytes(const struct edit_scan *scan, const struct edit_scan_value *value);
/* The first byte at or after `at` that is not a blank. */
size_t edit_scan_skip(const struct buf *text, size_t at);

#endif
