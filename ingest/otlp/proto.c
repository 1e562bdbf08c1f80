/* A walk over what protobuf-c decoded, led by its descriptors: their names are those of the JSON mapping, and they list the
 * fields of a message in the order of names, which is that of canonical maps. So one function serves all messages.
 *
 * The decoder takes its memory from one block that is used again for each record; a record that needs more, which is rare,
 * gets more blocks for a while. */
#include "ingest/otlp/proto.h"

#include <math.h>
#include <otlp.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mp.h"
#include "base/text.h"

#define BLOCK     ((size_t)64 << 10)
#define ALIGN     16
#define TREE_MAX  ((size_t)64 << 20)
#define TEXT_MAX  ((size_t)8 << 20)
#define WHOLE_MAX 9007199254740992.0 /* 2^53 */

struct otlp_proto {
    ProtobufCAllocator allocator;
    size_t used; /* of `block` */
    bool full;
    struct arena more;
    struct buf text; /* a text that is mended, or encoded */
    _Alignas(ALIGN) uint8_t block[BLOCK];
};

static void *take(void *ctx, size_t n) {
    struct otlp_proto *p = ctx;
    size_t rounded = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (rounded >= n && rounded <= BLOCK - p->used) {
        p->used += rounded;
        return p->block + p->used - rounded;
    }
    void *piece = arena_take(&p->more, n);
    p->full = p->full || piece == NULL;
    return piece;
}

static void give_back(void *ctx, void *piece) {
    (void)ctx;
    (void)piece; /* all of it at once, after the record */
}

int otlp_proto_new(struct otlp_proto **ret, struct err *err) {
    struct otlp_proto *p = malloc(sizeof(*p));
    if (p == NULL) return err_set(err, ERR_NOMEM, "OTLP: out of memory");
    p->allocator = (ProtobufCAllocator){take, give_back, p};
    p->more = (struct arena){.max = TREE_MAX};
    buf_init(&p->text, TEXT_MAX);
    *ret = p;
    return 0;
}

void otlp_proto_free(struct otlp_proto *p) {
    if (p != NULL) {
        arena_done(&p->more);
        buf_done(&p->text);
        free(p);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

/* printf takes a third of the time of all of this. */
static void put_decimal(struct buf *out, uint64_t v, bool negative) {
    uint8_t text[24], *p = text + sizeof(text);
    do {
        *--p = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    if (negative) {
        *--p = '-';
    }
    mp_put_str(out, (struct bytes){p, (size_t)(text + sizeof(text) - p)});
}

static void put_double(struct buf *out, double v) {
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
        mp_put_str(out, text);
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

/* The ids of OTLP are hex in JSON, its other bytes base64. */
static void put_bytes(struct otlp_proto *p, const char *name, const ProtobufCBinaryData *data, struct buf *out) {
    const struct bytes bytes = {data->data, data->len};
    size_t n = strlen(name);
    bool id = n > 2 && memcmp(name + n - 2, "Id", 2) == 0;
    if (!id && strcmp(name, "bytesValue") != 0) {
        put_text(p, bytes, out);
        return;
    }
    buf_clear(&p->text);
    if (!id) {
        text_base64(&p->text, bytes.p, bytes.n);
    } else {
        char *hex = (char *)buf_room(&p->text, 2 * bytes.n + 1);
        if (hex != NULL) {
            text_hex(hex, bytes.p, bytes.n);
            p->text.n = 2 * bytes.n;
        }
    }
    mp_put_str(out, bytes_of_buf(&p->text));
    out->fail = out->fail != 0 ? out->fail : p->text.fail;
}

/* ---- messages ----------------------------------------------------------------------------------------------------- */

static int put_message(struct otlp_proto *p, const ProtobufCMessage *message, unsigned depth, struct buf *out,
                       struct err *err);

static size_t size_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 0; /* otlp.proto has no other lists */
    }
}

static int put_value(struct otlp_proto *p, const ProtobufCFieldDescriptor *field, const void *at, unsigned depth,
                     struct buf *out, struct err *err) {
    uint64_t v64;
    uint32_t v32;
    int32_t i32;
    double real;
    bool negative;
    const ProtobufCMessage *message;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        memcpy(&message, at, sizeof(message));
        return put_message(p, message, depth, out, err);
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(p, field->name, at, out);
        return 0;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_INT64:
        memcpy(&v64, at, sizeof(v64));
        negative = field->type != PROTOBUF_C_TYPE_FIXED64 && v64 >> 63 != 0;
        put_decimal(out, negative ? -v64 : v64, negative);
        return 0;
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(&real, at, sizeof(real));
        put_double(out, real);
        return 0;
    case PROTOBUF_C_TYPE_INT32:
        memcpy(&i32, at, sizeof(i32));
        mp_put_int(out, i32);
        return 0;
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(&i32, at, sizeof(i32));
        mp_put_bool(out, i32 != 0);
        return 0;
    default: /* PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32 */
        memcpy(&v32, at, sizeof(v32));
        mp_put_uint(out, v32);
        return 0;
    }
}

static int put_list(struct otlp_proto *p, const ProtobufCFieldDescriptor *field, const uint8_t *base, size_t n,
                    unsigned depth, struct buf *out, struct err *err) {
    const uint8_t *items;
    int rc = depth > MP_DEPTH_MAX ? err_set(err, ERR_INVALID, "nested deeper than %d levels", MP_DEPTH_MAX) : 0;
    memcpy(&items, base + field->offset, sizeof(items));
    mp_put_array(out, (uint32_t)n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = put_value(p, field, items + i * size_of(field->type), depth, out, err);
    }
    return rc;
}

/* How many values the field has: 0 when it was not sent, or is an empty list. */
static size_t count_of(const ProtobufCFieldDescriptor *field, const uint8_t *base) {
    const ProtobufCMessage *message;
    protobuf_c_boolean has;
    size_t n;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&n, base + field->quantifier_offset, sizeof(n));
        return n;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&message, base + field->offset, sizeof(message));
        return message != NULL;
    }
    memcpy(&has, base + field->quantifier_offset, sizeof(has));
    return has != 0;
}

static int put_message(struct otlp_proto *p, const ProtobufCMessage *message, unsigned depth, struct buf *out,
                       struct err *err) {
    const ProtobufCMessageDescriptor *d = message->descriptor;
    const uint8_t *base = (const uint8_t *)message;
    uint32_t n = 0;
    int rc = 0;
    if (++depth > MP_DEPTH_MAX) return err_set(err, ERR_INVALID, "nested deeper than %d levels", MP_DEPTH_MAX);
    for (unsigned i = 0; i < d->n_fields; i++) {
        n += count_of(&d->fields[i], base) > 0;
    }
    mp_put_map(out, n);
    for (unsigned i = 0; i < d->n_fields && rc == 0; i++) {
        const ProtobufCFieldDescriptor *field = &d->fields[d->fields_sorted_by_name[i]];
        size_t count = count_of(field, base);
        if (count == 0) continue;
        mp_put_text(out, field->name);
        rc = field->label == PROTOBUF_C_LABEL_REPEATED ? put_list(p, field, base, count, depth + 1, out, err)
                                                       : put_value(p, field, base + field->offset, depth, out, err);
    }
    return rc;
}

int otlp_proto_to_mp(struct otlp_proto *p, enum otlp_part part, struct bytes message, struct buf *out, struct err *err) {
    static const ProtobufCMessageDescriptor *const descriptors[] = {[OTLP_PART_SPAN] = &otlp__span__descriptor,
                                                                    [OTLP_PART_LOG] = &otlp__log_record__descriptor,
                                                                    [OTLP_PART_METRIC] = &otlp__metric__descriptor,
                                                                    [OTLP_PART_RESOURCE] = &otlp__resource__descriptor,
                                                                    [OTLP_PART_SCOPE] = &otlp__scope__descriptor};
    size_t before = out->n;
    int rc = otlp_wire_check(part, message, part == OTLP_PART_METRIC ? OTLP_METRIC_VALUES_MAX : OTLP_VALUES_MAX, err);
    if (rc != 0) return rc;
    p->used = 0;
    p->full = false;
    const ProtobufCMessage *tree = protobuf_c_message_unpack(descriptors[part], &p->allocator, message.n, message.p);
    if (tree == NULL && p->full) {
        rc = err_set(err, ERR_NOMEM, "OTLP: out of memory");
    } else if (tree == NULL) {
        rc = err_set(err, ERR_INVALID, "it cannot be decoded");
    }
    if (rc == 0) rc = put_message(p, tree, 0, out, err);
    if (rc == 0) rc = buf_check(out, "a record", err);
    arena_done(&p->more);
    if (rc != 0) {
        out->n = before;
        out->fail = 0;
    }
    return rc;
}
