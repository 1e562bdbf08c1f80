/* Lists in events and rows: canonical msgpack arrays, mostly of maps. Lists from outside may hold anything: an item of
 * another shape has no fields, and a value that is not a list has no items. */
#ifndef PROJECTIONS_ROWS_LIST_H
#define PROJECTIONS_ROWS_LIST_H

#include "base/mp.h"
#include "projections/rows/row.h"

struct list {
    struct mp_reader reader;
    uint32_t left;
};

/* Borrows `raw`; anything but an array is an empty list. */
void list_open(struct list *list, struct bytes raw);
/* The next item's bytes; false at the end, and at the first item that cannot be read. */
bool list_next(struct list *list, struct bytes *ret);
/* Fields of an item that is a map; absent or of another type: false, *ret untouched. */
bool list_text(struct bytes item, const char *field, struct bytes *ret);
bool list_bool(struct bytes item, const char *field, bool *ret);
bool list_real(struct bytes item, const char *field, double *ret); /* an integer too */
/* An item's name: the item itself if it is a text, else its text `field`. */
bool list_name(struct bytes item, const char *field, struct bytes *ret);

/* The names of a list's items, sorted for repeated lookups. */
struct list_names {
    struct list_pair {
        struct bytes name, other;
    } * pairs; /* NULL: none */
    size_t n;
};
/* For each item its text `field`, else its text `or_field`, and its text `other` (empty if absent); items without a name
 * are left out. `or_field` and `other` may be NULL. Borrows `raw`. ERR_NOMEM. */
int list_names_of(struct bytes raw, const char *field, const char *or_field, const char *other, struct list_names *ret,
                  struct err *err);
bool list_names_have(const struct list_names *names, struct bytes name, struct bytes other);
void list_names_done(struct list_names *names);

/* A list under construction. */
struct list_out {
    struct buf items;
    uint32_t n;
};
void list_out_init(struct list_out *out);
void list_out_done(struct list_out *out);
void list_out_text(struct list_out *out, struct bytes text);
bool list_out_has(const struct list_out *out, struct bytes text);
/* A text of n bytes still fits. */
bool list_out_fits(const struct list_out *out, size_t n);
/* One canonical item. */
void list_out_raw(struct list_out *out, struct bytes item);
/* Sets a CELL_LIST column to it; an empty list stays an empty list. ERR_NOMEM, ERR_LIMIT. */
int list_out_set(const struct list_out *out, struct row *row, size_t column, struct err *err);

#endif
