/* Values out of a document that is held as canonical MessagePack. `raw` is one item, or empty bytes for one that is absent. */
#ifndef INGEST_INPUT_ITEM_H
#define INGEST_INPUT_ITEM_H

#include "base/mp.h"
#include "base/mp_map.h"

bool item_is(struct bytes raw, enum mp_type type);
struct bytes item_get(struct bytes map, const char *name); /* empty bytes when it is absent, or null */
struct bytes item_text(struct bytes raw);                  /* empty for anything else */
bool item_number(struct bytes raw, double *ret);           /* finite */
bool item_count(struct bytes raw, uint64_t *ret);          /* a whole number from 0, also as a float */
bool item_truth(struct bytes raw, bool *ret);
/* A short text of letters, digits and ".:/_+-@" that names no file, program or address; empty for anything else. */
struct bytes item_word(struct bytes raw);
bool item_is_word(struct bytes text); /* the same of a text; false for an empty one */
/* Whether it may be the open name of something, blanks included: no control characters, no path, at most ITEM_NAME_MAX bytes. */
#define ITEM_NAME_MAX 200
bool item_is_name(struct bytes text);
/* An address without its private parts: user, password, query, fragment. Empty when it has no scheme, is too long, or is not
 * printable ASCII. */
#define ITEM_URL_MAX 256
struct bytes item_url(struct bytes text, char room[ITEM_URL_MAX]);
/* The entries of a canonical map in their order. */
struct item_entries {
    struct mp_reader r;
    uint32_t left;
    bool there;
    struct bytes name, raw; /* of the current entry */
};
void item_entries_open(struct item_entries *e, struct bytes raw); /* no entries when it is not a map */
bool item_entries_next(struct item_entries *e);
/* Moves forward to `name`, so that names asked for in order take one pass. Empty when it is absent. */
struct bytes item_entries_find(struct item_entries *e, struct bytes name);
/* The length of an array, and a reader at its first item; false when it is not one. */
bool item_list(struct bytes raw, struct mp_reader *r, uint32_t *ret_n);

/* ---- into events: each puts nothing when there is no such value ---- */

void item_put_real(struct mp_map *f, const char *name, double value);         /* finite ones */
void item_put_digest(struct mp_map *f, const char *name, struct bytes bytes); /* the SHA-256 of these bytes */
void item_put_count(struct mp_map *f, const char *name, struct bytes raw);
/* "partial": true with its reasons, those bits of `partial` that `reasons` names; else false, or null when nothing is known. */
struct item_reason {
    unsigned bit;
    const char *name;
};
void item_put_partial(struct mp_map *f, unsigned partial, bool judged, const struct item_reason *reasons, size_t n);
void item_put_number(struct mp_map *f, const char *name, struct bytes raw); /* from 0 */

#endif
