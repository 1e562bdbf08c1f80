/* A collector's data on one field, shared by the files that fill and encode it. */
#ifndef QUERY_COLUMNS_DATA_H
#define QUERY_COLUMNS_DATA_H

#include "query/columns/columns.h"

enum collect_mode { COLLECT_DICT, COLLECT_NUMBERS, COLLECT_HASHES };

struct collect_value { /* one of a dictionary */
    uint64_t hash;
    uint64_t bits;  /* BOOL, INT, REAL */
    uint32_t at, n; /* TEXT, OTHER: in the field's texts */
    uint8_t type;
};

struct collect_field {
    enum collect_mode mode;
    bool numbers; /* all values so far are integers or reals */
    uint32_t n, cap;
    uint16_t *at;   /* events that have the field, in order */
    uint32_t *what; /* DICT: place in `value`; HASHES: the top of the hash */
    uint64_t *bits; /* NUMBERS */
    uint8_t *real;  /* NUMBERS: its type */
    struct buf texts;
    struct collect_value *value;
    uint32_t n_values, cap_values, last; /* last: the newest value */
    uint16_t *slots;                     /* value + 1 */
};

struct columns_collector {
    uint64_t first, since;                  /* events are numbered from `first` here */
    uint32_t begin, end;                    /* the collected ones */
    struct collect_field *field[FIELD_MAX]; /* NULL: no event ever had it */
    uint64_t *time;                         /* of each event */
    struct collect_scratch {                /* of the encoder: an element for each event */
        uint8_t *class_of, *real;
        uint16_t *at;
        uint32_t *rank, *order;
        uint64_t *key[2], *bits;
        int64_t *k;
        bool there;
    } scratch;
};

/* One field's values within the segment that is being encoded. */
struct collect_slice {
    const struct collect_field *f;
    enum collect_mode mode;
    uint32_t n;
    uint64_t first;     /* seq of the segment's first event */
    const uint16_t *at; /* from it on */
    const uint32_t *what;
    const uint64_t *bits; /* NUMBERS */
    const uint8_t *real;
    const uint64_t *time;  /* of each event of the segment, when values may be near it; else NULL */
    uint32_t n_values;     /* DICT: how many different ones, */
    const uint32_t *order; /* these in order, */
    const uint32_t *rank;  /* and the place of each value of f->value among them */
};

struct query_value collect_value_of(const struct collect_field *f, uint32_t value);
uint64_t collect_hash_number(uint64_t bits, bool real);

/* number.c: form NUMBERS, appended to a (without presence) and b. False: it cannot be had so. */
bool columns_put_numbers(const struct collect_slice *s, bool relative, int64_t *k, struct buf *a, struct buf *b,
                         double *ret_least, double *ret_greatest);
/* pages.c: form HASHES. False: it cannot be had so. *ret_entries: distinct hashes. */
bool columns_put_hashes(const struct collect_slice *s, uint64_t *key[2], struct buf *a, struct buf *b,
                        uint32_t *ret_entries);

#endif
