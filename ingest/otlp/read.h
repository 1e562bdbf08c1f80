/* Readers for the parts of OTLP/JSON records, from canonical MessagePack: members by name, ids, times, AnyValue and lists of
 * attributes. Nothing here knows what a span means. */
#ifndef INGEST_OTLP_READ_H
#define INGEST_OTLP_READ_H

#include "base/bytes.h"
#include "base/mp.h"

/* A member of an object. Null counts as absent, as in all JSON of Protocol Buffers. */
struct otlp_member {
    bool there;
    struct mp_item item; /* the value, or its head */
    struct bytes raw;    /* the whole value */
};

/* Members with unknown names, as pairs of name and value, in order. */
struct otlp_unknown {
    struct buf pairs;
    uint32_t n;
};

/* Fills ret[i] with the member names[i]; names are in byte order. ERR_INVALID when `map` is not a map; `what` is for its
 * message. Other members are appended to `unknown`, which may be NULL. */
int otlp_members(struct bytes map, const char *what, const char *const *names, size_t n, struct otlp_member *ret,
                 struct otlp_unknown *unknown, struct err *err);

/* The member's text; empty when it is absent or not text. */
struct bytes otlp_member_text(const struct otlp_member *m);
#define OTLP_GROUP_LEN 64
/* 2*n hex digits of either case, as lower case into `ret` (room for 2*n+1). 1: absent, empty or all zero, which is not a
 * valid id; then *ret is "". Otherwise ERR_INVALID: err's message quotes the value, which may hold a secret; `group` gets
 * the same without the value, to be counted under. */
int otlp_id(const struct otlp_member *m, const char *name, size_t n, char *ret, char group[OTLP_GROUP_LEN],
            struct err *err);
/* ns as a decimal string or an integer. 0; 1: absent or 0, which means unknown; 2: something else, to be kept as text. */
int otlp_time(const struct otlp_member *m, uint64_t *ret);
/* An integer, also as a decimal string. False when it is neither. */
bool otlp_int(const struct mp_item *item, int64_t *ret);
/* An integer or a float, also as a string that is a JSON number: appends it as a number. False when it is neither. */
bool otlp_num(struct buf *out, const struct mp_item *item);

struct otlp_attribute {
    struct bytes key; /* borrowed from the record */
    size_t at, n;     /* its plain value, in `plain` */
    struct mp_item item;
    uint64_t mark; /* otlp_mark of the key */
    bool used;     /* it has a field of its own */
    bool repeated; /* an earlier attribute has the key */
};

/* A list of attributes with plain values: {"stringValue": "x"} is "x", {"intValue": "7"} is 7, {"kvlistValue": ...} a map.
 * Values without a plain form are kept unchanged. bytesValue stays base64 text, so that it is searched for secrets. */
struct otlp_attributes {
    struct otlp_attribute *a; /* by key; with the same key in the order of the list */
    size_t n, cap;
    struct buf plain;
    struct otlp_pair *pairs; /* scratch: maps on the way down */
    size_t n_pairs, cap_pairs;
};
/* Differs for nearly all keys that differ: the last eight bytes, and the length. Names of one convention begin alike. */
static inline uint64_t otlp_mark(struct bytes key) {
    uint64_t mark = 0;
    size_t n = key.n < sizeof(mark) ? key.n : sizeof(mark);
    bytes_copy(&mark, (struct bytes){key.p + key.n - n, n});
    return mark ^ (uint64_t)key.n << 56;
}
void otlp_attributes_init(struct otlp_attributes *attributes);
void otlp_attributes_done(struct otlp_attributes *attributes);
/* Reads a list (absent: none). ERR_INVALID: not a list of objects with a key. ERR_NOMEM. */
int otlp_attributes_read(struct otlp_attributes *attributes, const struct otlp_member *list, struct err *err);
/* The plain value; borrowed until the next read. */
struct bytes otlp_attribute_plain(const struct otlp_attributes *attributes, const struct otlp_attribute *a);
/* Appends the map of all attributes that are neither used nor repeated, unless there are none; returns their number. */
uint32_t otlp_attributes_put(const struct otlp_attributes *attributes, struct buf *out);
/* The same for the repeated ones, as an array of {key, value}. */
uint32_t otlp_attributes_put_repeated(const struct otlp_attributes *attributes, struct buf *out);
/* Appends one AnyValue as a plain value. */
int otlp_plain(struct otlp_attributes *scratch, struct bytes any, struct buf *out, struct err *err);

#endif
