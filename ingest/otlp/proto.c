/* A message is walked twice: once to note where its fields are, once to write them in the order of their names, which is that
 * of canonical maps. Nothing is allocated: a message within a message is a walk within a walk, and what is there many times
 * is found again from its first place on.
 *
 *   wire     1 traceId   5 name   9 pair   9 pair   9 pair   11 event   15 status
 *   noted    [1] at      [5] at   [9] from here, 3 times     [11] ..    [15] at
 *   written  attributes: [ .. .. .. ], events: [ .. ], name, status, traceId
 *
 * otlp_wire_check has seen all of it before, so that the walk itself checks nothing. */
#include "ingest/otlp/proto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ingest/otlp/fields.h"

#define TEXT_MAX  ((size_t)8 << 20)
#define NAME_MAX_ 24                 /* of an encoded name, in its row */
#define WHOLE_MAX 9007199254740992.0 /* 2^53 */

struct row {
    uint8_t message, number, form, of;
    uint8_t n;            /* bytes of the name */
    char name[NAME_MAX_]; /* copied whole, which is faster */
};

static const struct row rows[] = {
#define FIELD(message, number, name, form, of)                                                                             \
    {OTLP_M_##message, number, OTLP_F_##form, OTLP_M_##of, sizeof(name) - 1, name},
#include "ingest/otlp/fields.def"
#undef FIELD
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct otlp_proto {
    struct buf text;                         /* a text that is mended, or encoded */
    uint8_t first[OTLP_M_NONE];              /* a message's first row */
    uint8_t rank[OTLP_M_NONE][OTLP_NUMBERS]; /* a field's row after that one, from 1; 0: it has none */
};

int otlp_proto_new(struct otlp_proto **ret, struct err *err) {
    struct otlp_proto *p = calloc(1, sizeof(*p));
    if (p == NULL) return err_set(err, ERR_NOMEM, "OTLP: out of memory");
    buf_init(&p->text, TEXT_MAX);
    for (size_t i = N_ROWS; i-- > 0;) {
        p->first[rows[i].message] = (uint8_t)i;
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        p->rank[rows[i].message][rows[i].number] = (uint8_t)(i - p->first[rows[i].message] + 1);
    }
    *ret = p;
    return 0;
}

void otlp_proto_free(struct otlp_proto *p) {
    if (p != NULL) {
        buf_done(&p->text);
        free(p);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static inline uint8_t *room(struct buf *out, size_t n) {
    return out->fail == 0 && n <= out->cap - out->n ? out->p + out->n : buf_room(out, n);
}

static void put_name(const struct row *row, struct buf *out) {
    uint8_t *p = room(out, 1 + NAME_MAX_);
    if (p != NULL) {
        *p = 0xa0U | row->n; /* a text of less than 32 bytes */
        memcpy(p + 1, row->name, NAME_MAX_);
        out->n += 1U + row->n;
    }
}

static void put_str(struct bytes text, struct buf *out) {
    uint8_t *p = text.n < 32 ? room(out, 1 + text.n) : NULL;
    if (p == NULL) {
        mp_put_str(out, text);
        return;
    }
    *p = (uint8_t)(0xa0U | text.n);
    bytes_copy(p + 1, text);
    out->n += 1 + text.n;
}

static void put_map(uint32_t n, struct buf *out) {
    uint8_t *p = n < 16 ? room(out, 1) : NULL;
    if (p == NULL) {
        mp_put_map(out, n);
        return;
    }
    *p = (uint8_t)(0x80U | n);
    out->n++;
}

static void put_decimal(uint64_t v, bool negative, struct buf *out) {
    uint8_t text[24], *p = text + sizeof(text);
    do {
        *--p = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    if (negative) {
        *--p = '-';
    }
    put_str((struct bytes){p, (size_t)(text + sizeof(text) - p)}, out);
}

static void put_signed(uint64_t v, struct buf *out) {
    bool negative = v >> 63 != 0;
    put_decimal(negative ? -v : v, negative, out);
}

static void put_double(uint64_t bits, struct buf *out) {
    double v;
    memcpy(&v, &bits, sizeof(v));
    if (isnan(v) || isinf(v)) {
        mp_put_text(out, isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
    } else if (v >= -WHOLE_MAX && v <= WHOLE_MAX && v == (double)(int64_t)v) {
        mp_put_int(out, (int64_t)v);
    } else {
        mp_put_float(out, v);
    }
}

static void put_text(struct otlp_proto *p, struct bytes text, struct buf *out) {
    size_t good = text_utf8_valid(text.p, text.n);
    if (good == text.n) {
        put_str(text, out);
        return;
    }
    buf_clear(&p->text);
    for (;;) {
        buf_put(&p->text, text.p, good);
        if (good == text.n) break;
        buf_put_str(&p->text, "\xef\xbf\xbd");
        text = (struct bytes){text.p + good + 1, text.n - good - 1};
        good = text_utf8_valid(text.p, text.n);
    }
    mp_put_str(out, bytes_of_buf(&p->text));
    out->fail = out->fail != 0 ? out->fail : p->text.fail;
}

static void put_hex(struct otlp_proto *p, struct bytes bytes, struct buf *out) {
    buf_clear(&p->text);
    char *hex = (char *)room(&p->text, 2 * bytes.n + 1);
    if (hex != NULL) {
        text_hex(hex, bytes.p, bytes.n);
        p->text.n = 2 * bytes.n;
    }
    mp_put_str(out, bytes_of_buf(&p->text));
    out->fail = out->fail != 0 ? out->fail : p->text.fail;
}

static void put_base64(struct otlp_proto *p, struct bytes bytes, struct buf *out) {
    buf_clear(&p->text);
    text_base64(&p->text, bytes.p, bytes.n);
    mp_put_str(out, bytes_of_buf(&p->text));
    out->fail = out->fail != 0 ? out->fail : p->text.fail;
}

/* ---- fields that were checked ------------------------------------------------------------------------------------- */

struct field {
    unsigned number;
    enum otlp_wire_type type;
    uint64_t value;    /* of a number */
    struct bytes data; /* of anything else */
};

static inline uint64_t take_varint(const uint8_t **p) {
    uint64_t v = **p & 0x7f;
    for (unsigned shift = 7; (*(*p)++ & 0x80) != 0; shift += 7) {
        v |= (uint64_t)(**p & 0x7f) << shift;
    }
    return v;
}

static inline const uint8_t *take_field(const uint8_t *p, struct field *ret) {
    uint64_t tag = take_varint(&p);
    ret->number = (unsigned)(tag >> 3);
    ret->type = (enum otlp_wire_type)(tag & 7);
    switch (ret->type) {
    case OTLP_WIRE_VARINT:
        ret->value = take_varint(&p);
        return p;
    case OTLP_WIRE_64:
        ret->value = le64_get(p);
        return p + 8;
    case OTLP_WIRE_32:
        ret->value = le32_get(p);
        return p + 4;
    default:
        ret->data.n = (size_t)take_varint(&p);
        ret->data.p = p;
        return p + ret->data.n;
    }
}

/* Where the fields of one number are. */
struct place {
    const uint8_t *first, *end; /* of the first, of the last */
    uint32_t n;
    uint64_t value; /* of the last one, which counts */
    struct bytes data;
};

/* Fills the places of known fields, by their ranks; returns the ranks that are there, as bits. */
static uint32_t find_fields(const uint8_t ranks[OTLP_NUMBERS], struct bytes message, struct place places[OTLP_NUMBERS]) {
    uint32_t seen = 0;
    struct field f = {0};
    for (const uint8_t *p = message.p, *end = p + message.n, *from = p; from != end; from = p) {
        p = take_field(p, &f);
        if (f.number >= OTLP_NUMBERS || ranks[f.number] == 0) continue;
        unsigned rank = ranks[f.number] - 1U;
        struct place *place = &places[rank];
        if ((seen >> rank & 1) == 0) {
            place->first = from;
            place->n = 0;
            seen |= 1U << rank;
        }
        place->end = p;
        place->n++;
        place->value = f.value;
        place->data = f.data;
    }
    return seen;
}

/* ---- messages ----------------------------------------------------------------------------------------------------- */

static int put_message(struct otlp_proto *p, unsigned of, struct bytes message, unsigned depth, struct buf *out,
                       struct err *err);

static int too_deep(struct err *err) {
    return err_set(err, ERR_INVALID, "nested deeper than %d levels", MP_DEPTH_MAX);
}

static int put_value(struct otlp_proto *p, const struct row *row, const struct place *at, unsigned depth, struct buf *out,
                     struct err *err) {
    switch (row->form) {
    case OTLP_F_ONE:
        return put_message(p, row->of, at->data, depth, out, err);
    case OTLP_F_TEXT:
        put_text(p, at->data, out);
        return 0;
    case OTLP_F_HEX:
        put_hex(p, at->data, out);
        return 0;
    case OTLP_F_BASE64:
        put_base64(p, at->data, out);
        return 0;
    case OTLP_F_FIXED64:
        put_decimal(at->value, false, out);
        return 0;
    case OTLP_F_SFIXED64:
    case OTLP_F_INT64:
        put_signed(at->value, out);
        return 0;
    case OTLP_F_DOUBLE:
        put_double(at->value, out);
        return 0;
    case OTLP_F_INT32:
        mp_put_int(out, (int32_t)at->value);
        return 0;
    case OTLP_F_BOOL:
        mp_put_bool(out, at->value != 0);
        return 0;
    default: /* OTLP_F_UINT32, OTLP_F_FIXED32 */
        mp_put_uint(out, (uint32_t)at->value);
        return 0;
    }
}

static int put_messages(struct otlp_proto *p, const struct row *row, const struct place *at, unsigned depth,
                        struct buf *out, struct err *err) {
    struct field f;
    int rc = depth > MP_DEPTH_MAX ? too_deep(err) : 0;
    mp_put_array(out, (uint32_t)at->n);
    for (const uint8_t *from = at->first; rc == 0 && from != at->end;) {
        from = take_field(from, &f);
        if (f.number == row->number) rc = put_message(p, row->of, f.data, depth, out, err);
    }
    return rc;
}

static bool is_numbers(const struct row *row) {
    return row->form == OTLP_F_FIXED64S || row->form == OTLP_F_DOUBLES;
}

/* Writes a list that may come packed, in pieces, or number by number; without `out` it is only counted. */
static uint32_t put_numbers(const struct row *row, const struct place *at, struct buf *out) {
    struct field f;
    uint32_t n = 0;
    for (const uint8_t *from = at->first; from != at->end;) {
        from = take_field(from, &f);
        if (f.number != row->number) continue;
        size_t left = f.type == OTLP_WIRE_64 ? 8 : f.data.n;
        const uint8_t *number = f.type == OTLP_WIRE_64 ? from - 8 : f.data.p;
        for (; left >= 8; left -= 8, number += 8, n++) {
            if (out != NULL && row->form == OTLP_F_DOUBLES) {
                put_double(le64_get(number), out);
            } else if (out != NULL) {
                put_decimal(le64_get(number), false, out);
            }
        }
    }
    return n;
}

static int put_list(const struct row *row, const struct place *at, unsigned depth, struct buf *out, struct err *err) {
    if (depth > MP_DEPTH_MAX) return too_deep(err);
    mp_put_array(out, put_numbers(row, at, NULL));
    put_numbers(row, at, out);
    return 0;
}

/* A packed list that is empty is as if it were not sent. */
static uint32_t drop_empty(const struct row *row, const struct place *places, uint32_t seen) {
    for (uint32_t left = seen; left != 0; left &= left - 1) {
        unsigned rank = (unsigned)__builtin_ctz(left);
        if (is_numbers(&row[rank]) && put_numbers(&row[rank], &places[rank], NULL) == 0) {
            seen &= ~(1U << rank);
        }
    }
    return seen;
}

static int put_message(struct otlp_proto *p, unsigned of, struct bytes message, unsigned depth, struct buf *out,
                       struct err *err) {
    struct place places[OTLP_NUMBERS]; /* set where `seen` says so */
    const struct row *row = &rows[p->first[of]];
    uint32_t seen = find_fields(p->rank[of], message, places);
    int rc = 0;
    if (++depth > MP_DEPTH_MAX) return too_deep(err);
    if (of == OTLP_M_HISTOGRAM_POINT) {
        seen = drop_empty(row, places, seen);
    }
    put_map((uint32_t)__builtin_popcount(seen), out);
    for (; seen != 0 && rc == 0; seen &= seen - 1) {
        unsigned rank = (unsigned)__builtin_ctz(seen);
        const struct row *r = &row[rank];
        put_name(r, out);
        rc = r->form == OTLP_F_MANY ? put_messages(p, r, &places[rank], depth + 1, out, err)
             : is_numbers(r)        ? put_list(r, &places[rank], depth + 1, out, err)
                                    : put_value(p, r, &places[rank], depth, out, err);
    }
    return rc;
}

int otlp_proto_to_mp(struct otlp_proto *p, enum otlp_part part, struct bytes message, struct buf *out, struct err *err) {
    size_t before = out->n;
    int rc = otlp_wire_check(part, message, part == OTLP_PART_METRIC ? OTLP_METRIC_VALUES_MAX : OTLP_VALUES_MAX, err);
    if (rc != 0) return rc;
    rc = put_message(p, part, message, 0, out, err);
    if (rc == 0) rc = buf_check(out, "a record", err);
    if (rc != 0) {
        out->n = before;
        out->fail = 0;
    }
    return rc;
}
