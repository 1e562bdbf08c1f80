/* The body of an event on its way: fields are put in any order and written as one canonical map. What has no value is not
 * put, so that "absent", "null" and "0" stay three things. */
#ifndef INGEST_FIELDS_H
#define INGEST_FIELDS_H

#include "base/bytes.h"

#define FIELDS_MAX 48

struct fields {
    struct buf values; /* one item behind the other */
    struct {
        const char *name; /* borrowed; each name once */
        size_t at, n;
    } entries[FIELDS_MAX];
    size_t n;
};

void fields_init(struct fields *fields, size_t max); /* of all values together */
void fields_done(struct fields *fields);
void fields_clear(struct fields *fields);
/* Nothing is put for an empty text. */
void fields_text(struct fields *fields, const char *name, struct bytes text);
void fields_uint(struct fields *fields, const char *name, uint64_t value);
void fields_bool(struct fields *fields, const char *name, bool value);
void fields_nil(struct fields *fields, const char *name);
/* "sha256:" and 64 hex digits, which become lower case; nothing is put for an empty text. */
void fields_digest(struct fields *fields, const char *name, struct bytes hex);
void fields_put_digest(struct buf *out, struct bytes hex); /* that item alone; exactly 64 digits */
/* One canonical item; nothing is put for empty bytes. */
void fields_raw(struct fields *fields, const char *name, struct bytes raw);
/* The same, but an item of more than `max` bytes gives way to the map {bytes, sha256} of its encoding. */
void fields_bounded(struct fields *fields, const char *name, struct bytes raw, size_t max);
void fields_put_bounded(struct buf *out, struct bytes raw, size_t max); /* that item alone */
/* For a value that is put together piece by piece: it begins here, goes into fields->values, and ends with fields_end. */
void fields_begin(struct fields *fields, const char *name);
void fields_end(struct fields *fields);
/* Appends the map. ERR_LIMIT, ERR_NOMEM. */
int fields_write(struct fields *fields, struct buf *out, struct err *err);

#endif
