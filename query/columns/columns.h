/* Columns: the values of the indexed fields of one segment of events, collected in memory, encoded into a record, and read
 * from one. format.h defines the bytes of a record. */
#ifndef QUERY_COLUMNS_COLUMNS_H
#define QUERY_COLUMNS_COLUMNS_H

#include "ledger/dedup/vouch.h"

#define VOUCH_COLUMNS 1 /* the purpose of a voucher: a record of the index */
#include "query/columns/format.h"
#include "query/condition/field.h"

/* ---- collecting (collect.c) ---- */

struct columns_collector;
struct columns_collector *columns_collector_new(void); /* NULL on no memory */
void columns_collector_free(struct columns_collector *c);
/* Resets the collector: the next event is `since`, and up to COLUMNS_EVENTS events from `first` on fit, where `first` is
 * not after `since`. Memory is kept. */
void columns_collector_reset(struct columns_collector *c, uint64_t first, uint64_t since);
/* The next event, in order. `body` may be empty. */
int columns_collect(struct columns_collector *c, const struct event_header *h, struct bytes body, struct err *err);
/* Events [since, *this) are collected. */
uint64_t columns_collected(const struct columns_collector *c);

/* ---- encoding (encode.c) ---- */

/* A segment before it is compressed. */
struct columns_part {
    uint16_t field;
    uint8_t form;
    uint32_t count, distinct;
    double least, greatest;
    size_t a, a_n, b, b_n; /* in the plain bytes */
};
struct columns_plain {
    uint64_t first, first_time, last_time, since, until;
    uint32_t events;
    size_t n;
    struct columns_part part[FIELD_MAX];
    struct buf bytes; /* buf_init'ed by the caller */
};
/* Encodes the segment of this many events from `first` on, all of which are collected. */
int columns_plain(struct columns_collector *c, uint64_t first, uint32_t events, struct columns_plain *ret, struct err *err);
/* Appends the record. */
int columns_record(const struct columns_plain *plain, const uint8_t node[EVENT_HASH], struct buf *out, struct err *err);
/* Compares a record, field by field; *ret_why: NULL when it is equal. */
int columns_differ(const struct columns_plain *plain, const uint8_t node[EVENT_HASH], struct bytes record,
                   const char **ret_why, struct err *err);

/* ---- reading (read.c, columns_find.c) ---- */

/* A record's header and directory, checked. Borrows the record. With a voucher, `bytes` is a copy of which each part is
 * proven before it is read. */
struct columns_record {
    struct bytes bytes;
    struct vouched *vouched; /* NULL: no voucher */
    uint64_t first, first_time, last_time, since, until;
    uint32_t events;
    const uint8_t *node;
    uint32_t n;
};
struct columns_entry {
    uint16_t field;
    uint8_t form;
    uint32_t count, distinct;
    double least, greatest;
    struct bytes a, b;
    const struct columns_record *record;
};
/* The rules that a record must have been made by. */
uint64_t columns_rules(void);
/* False: it is damaged, or was made by other rules. */
bool columns_open(struct bytes record, struct columns_record *ret);
/* The same for a record with a voucher. False also when its header is not the one vouched for. */
bool columns_open_vouched(struct vouched *vouched, struct columns_record *ret);
/* Whether some bytes of an entry may be read: no voucher is required, or they are proven. */
bool columns_have(const struct columns_entry *entry, struct bytes part);
/* It is intact, but was made by other rules: another version's, or another catalog's. */
bool columns_stale(struct bytes record);
/* False: no event of the segment has the field. */
bool columns_entry(const struct columns_record *record, size_t field, struct columns_entry *ret);

/* The events of the segment by class, which is how presence is stored. */
struct columns_classes {
    uint16_t n;
    uint8_t *of; /* of each event; owned */
    size_t cap;
    uint32_t total[COLUMNS_CLASSES_MAX]; /* events of each */
};
void columns_classes_done(struct columns_classes *classes);

/* A column of form DICT or NUMBERS. All memory is owned and reused by the next load. */
struct column {
    uint8_t form;
    uint32_t events, count;
    struct buf a, b;
    uint64_t *present; /* a bit for each event */
    uint32_t *rank;    /* values before each word of it */
    /* DICT */
    struct query_value *value; /* borrow from a */
    uint32_t n_values;
    uint16_t *code; /* of each value that is there */
    /* NUMBERS */
    uint8_t how, exponent, width;
    bool differences, relative;
    bool by_time; /* values are relative to the times until column_add_times was called */
    int64_t base;
    uint64_t step, first;
    int64_t *k;           /* of each value that is there */
    const uint8_t *types; /* in a: a bit for each value, set when it is a real; NULL: all are integers */
    size_t cap_values, cap_codes, cap_k, cap_words;
};
void column_init(struct column *column);
void column_done(struct column *column);
/* The classes of a segment, from its kinds. */
int columns_classes(const struct columns_record *record, struct column *scratch, struct columns_classes *ret,
                    struct err *err);
/* Part A: the values of a dictionary, presence. ERR_CORRUPT. */
int column_load(const struct columns_record *record, const struct columns_entry *entry,
                const struct columns_classes *classes, struct column *ret, struct err *err);
/* The same for the kinds, which are what classes are made of. */
int columns_load_kind(const struct columns_record *record, const struct columns_entry *entry, struct column *ret,
                      struct err *err);
/* Part B as well: codes, or numbers. */
int column_load_values(const struct columns_entry *entry, struct column *column, struct err *err);
/* Turns distances into values, once; `times` is the column of the events' times, with its values. False: it does not
 * match. */
bool column_add_times(struct column *column, const struct column *times);
static inline bool column_has(const struct column *c, uint32_t at) {
    return (c->present[at / 64] >> (at % 64) & 1) != 0;
}
/* The rank of an event among those that have the field, which it must be one of. */
static inline uint32_t column_rank(const struct column *c, uint32_t at) {
    uint64_t below = c->present[at / 64] & ((UINT64_C(1) << (at % 64)) - 1);
    return c->rank[at / 64] + (uint32_t)__builtin_popcountll(below);
}
/* The value of event `at`, QUERY_NULL when it has none. Borrows from the column. */
struct query_value column_value(const struct column *c, uint32_t at);
/* The value that number k stands for; `rank` says which type it has. */
struct query_value column_number(const struct column *c, uint32_t rank, int64_t k);

/* The same as a double, whatever its type. */
double column_real(const struct column *c, int64_t k);

/* The hash of a value: equal values have equal hashes. */
uint64_t columns_hash(const struct query_value *v);
/* Calls `hit` for each event that may have a value with this hash, in order. Form HASHES. ERR_CORRUPT. */
typedef void columns_hit_fn(void *ctx, uint32_t at);
int columns_find(const struct columns_entry *entry, uint32_t events, uint64_t hash, columns_hit_fn *hit, void *ctx,
                 struct err *err);

#endif
