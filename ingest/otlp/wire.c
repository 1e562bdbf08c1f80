/* fields.def says what each message holds; a stack of at most OTLP_WIRE_DEPTH_MAX ends replaces recursion. */
#include "ingest/otlp/wire.h"

#include "ingest/otlp/fields.h"

#define LIBRARY    1000 /* number of the scopes before 2022, when they were called instrumentation libraries */
#define VARINT_MAX 10
#define NUMBER_MAX ((UINT64_C(1) << 29) - 1)
#define ELEMENT    8 /* bytes of an element of a packed field */

struct known {
    uint8_t form, of; /* enum otlp_field_form, enum otlp_message */
};

static const struct known fields[OTLP_M_NONE][OTLP_NUMBERS] = {
#define FIELD(message, number, name, form, of) [OTLP_M_##message][number] = {OTLP_F_##form, OTLP_M_##of},
#include "ingest/otlp/fields.def"
#undef FIELD
};

static const uint8_t wire_types[OTLP_FORMS] = {
    [OTLP_F_TEXT] = OTLP_WIRE_BYTES, [OTLP_F_HEX] = OTLP_WIRE_BYTES,    [OTLP_F_BASE64] = OTLP_WIRE_BYTES,
    [OTLP_F_FIXED64] = OTLP_WIRE_64, [OTLP_F_SFIXED64] = OTLP_WIRE_64,  [OTLP_F_INT64] = OTLP_WIRE_VARINT,
    [OTLP_F_DOUBLE] = OTLP_WIRE_64,  [OTLP_F_INT32] = OTLP_WIRE_VARINT, [OTLP_F_UINT32] = OTLP_WIRE_VARINT,
    [OTLP_F_FIXED32] = OTLP_WIRE_32, [OTLP_F_BOOL] = OTLP_WIRE_VARINT,  [OTLP_F_FIXED64S] = OTLP_WIRE_64,
    [OTLP_F_DOUBLES] = OTLP_WIRE_64, [OTLP_F_ONE] = OTLP_WIRE_BYTES,    [OTLP_F_MANY] = OTLP_WIRE_BYTES,
};

/* ---- fields ------------------------------------------------------------------------------------------------------- */

static int wrong(const struct otlp_wire *w, const uint8_t *at, const char *what, struct err *err) {
    return err_set(err, ERR_INVALID, "byte %zu: %s", (size_t)(at - w->start), what);
}

void otlp_wire_init(struct otlp_wire *w, struct bytes message) {
    static const uint8_t nothing[1];
    w->start = w->p = message.n > 0 ? message.p : nothing;
    w->end = w->p + message.n;
}

/* At most 64 bits, in at most ten bytes. Most numbers have one. */
static int take_long_varint(struct otlp_wire *w, uint64_t *ret, struct err *err) {
    const uint8_t *from = w->p;
    uint64_t v = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        if (w->p == w->end) return wrong(w, from, "a number is cut off", err);
        uint8_t c = *w->p++;
        if (i == VARINT_MAX - 1 && c > 1) break;
        v |= (uint64_t)(c & 0x7f) << (7 * i);
        if (c < 0x80) {
            *ret = v;
            return 0;
        }
    }
    return wrong(w, from, "a number has more than 64 bits", err);
}

static inline int take_varint(struct otlp_wire *w, uint64_t *ret, struct err *err) {
    if (w->p == w->end || *w->p >= 0x80) return take_long_varint(w, ret, err);
    *ret = *w->p++;
    return 0;
}

static inline int take_payload(struct otlp_wire *w, const uint8_t *from, struct otlp_wire_field *f, struct err *err) {
    size_t n = f->type == OTLP_WIRE_64 ? 8 : 4;
    if (f->type == OTLP_WIRE_VARINT) return take_varint(w, &f->value, err);
    if (f->type != OTLP_WIRE_BYTES) {
        if ((size_t)(w->end - w->p) < n) return wrong(w, from, "a field is cut off", err);
        f->value = n == 8 ? le64_get(w->p) : le32_get(w->p);
        w->p += n;
        return 0;
    }
    uint64_t length = 0;
    int rc = take_varint(w, &length, err);
    if (rc != 0) return rc;
    size_t left = (size_t)(w->end - w->p);
    if (length > left) {
        return err_set(err, ERR_INVALID, "byte %zu: field %u has %llu bytes; expected: at most %zu, which are left",
                       (size_t)(from - w->start), f->number, (unsigned long long)length, left);
    }
    f->data = (struct bytes){w->p, (size_t)length};
    w->p += length;
    return 0;
}

int otlp_wire_next(struct otlp_wire *w, struct otlp_wire_field *ret, struct err *err) {
    const uint8_t *from = w->p;
    uint64_t tag = 0;
    if (w->p == w->end) return 1;
    int rc = take_varint(w, &tag, err);
    if (rc != 0) return rc;
    unsigned type = (unsigned)(tag & 7);
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX) return wrong(w, from, "a field has an invalid number", err);
    if (type == 3 || type == 4) return wrong(w, from, "a group, which OTLP does not have", err);
    if (type > OTLP_WIRE_32) return wrong(w, from, "a field has an unknown wire type", err);
    ret->number = (uint32_t)(tag >> 3);
    ret->type = (enum otlp_wire_type)type;
    return take_payload(w, from, ret, err);
}

/* ---- checking a part ---------------------------------------------------------------------------------------------- */

struct frame {
    const uint8_t *end;
    enum otlp_message message;
    uint32_t seen; /* the messages that may be there once */
};

struct check {
    struct otlp_wire wire; /* its end is that of the innermost message */
    struct frame stack[OTLP_WIRE_DEPTH_MAX];
    size_t depth, fields, fields_max;
};

static int enter(struct check *c, const struct otlp_wire_field *f, struct known known, const uint8_t *from,
                 struct err *err) {
    struct frame *frame = &c->stack[c->depth - 1];
    if (known.form == OTLP_F_ONE && (frame->seen >> f->number & 1) != 0) {
        return err_set(err, ERR_INVALID, "byte %zu: field %u is there twice", (size_t)(from - c->wire.start), f->number);
    }
    frame->seen |= 1U << f->number;
    if (c->depth == OTLP_WIRE_DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "byte %zu: messages are nested deeper than %d levels",
                       (size_t)(from - c->wire.start), OTLP_WIRE_DEPTH_MAX);
    }
    c->wire.p = f->data.p;
    c->wire.end = f->data.p + f->data.n;
    frame = &c->stack[c->depth++];
    frame->end = c->wire.end;
    frame->message = (enum otlp_message)known.of;
    frame->seen = 0;
    return 0;
}

static int check_field(struct check *c, const struct otlp_wire_field *f, const uint8_t *from, struct err *err) {
    struct known known = {OTLP_F_SKIPPED, OTLP_M_NONE};
    c->fields++;
    if (f->number < OTLP_NUMBERS) {
        known = fields[c->stack[c->depth - 1].message][f->number];
    }
    bool list = known.form == OTLP_F_FIXED64S || known.form == OTLP_F_DOUBLES;
    if (list && f->type == OTLP_WIRE_BYTES) {
        if (f->data.n % ELEMENT != 0) return wrong(&c->wire, from, "a list of numbers is cut off", err);
        c->fields += f->data.n / ELEMENT;
    } else if (known.form != OTLP_F_SKIPPED && f->type != wire_types[known.form]) {
        return err_set(err, ERR_INVALID, "byte %zu: field %u has wire type %d; expected: %d",
                       (size_t)(from - c->wire.start), f->number, (int)f->type, (int)wire_types[known.form]);
    }
    if (c->fields > c->fields_max) {
        return err_set(err, ERR_LIMIT, "more than %zu fields", c->fields_max);
    }
    return known.form == OTLP_F_ONE || known.form == OTLP_F_MANY ? enter(c, f, known, from, err) : 0;
}

int otlp_wire_check(enum otlp_part part, struct bytes message, size_t fields_max, struct err *err) {
    struct check c; /* of its stack only what is in use is set */
    int rc = 0;
    c.fields = 0;
    c.fields_max = fields_max;
    c.depth = 1;
    otlp_wire_init(&c.wire, message);
    c.stack[0] = (struct frame){.end = c.wire.end, .message = (enum otlp_message)part};
    while (rc == 0 && c.depth > 0) {
        struct otlp_wire_field f;
        const uint8_t *from = c.wire.p;
        rc = otlp_wire_next(&c.wire, &f, err);
        if (rc == 0) {
            rc = check_field(&c, &f, from, err);
        } else if (rc == 1) { /* a nested message ends where its field does */
            c.depth--;
            c.wire.end = c.depth > 0 ? c.stack[c.depth - 1].end : c.wire.end;
            rc = 0;
        }
    }
    return rc;
}

/* ---- cutting a request -------------------------------------------------------------------------------------------- */

/* Where the ids and the time of a record are, to put parents first; 0: it has none. */
static const struct places {
    uint32_t id, parent, start;
} places[] = {[OTLP_SPAN] = {2, 4, 7}, [OTLP_LOG] = {0, 10, 1}, [OTLP_METRIC] = {0, 0, 0}};

static struct otlp_text place_of(struct bytes request, struct bytes part) {
    return (struct otlp_text){(uint32_t)(part.p - request.p), (uint32_t)part.n};
}

/* What is wrong with a record is reported when it is checked. */
static struct otlp_relation relation_of(enum otlp_type type, struct bytes record) {
    const struct places *at = &places[type];
    struct otlp_relation relation = {0};
    struct otlp_wire w;
    struct otlp_wire_field f;
    otlp_wire_init(&w, record);
    while (at->start != 0 && otlp_wire_next(&w, &f, NULL) == 0) {
        bool id = f.type == OTLP_WIRE_BYTES && f.data.n == 8;
        if (f.number == at->start && f.type == OTLP_WIRE_64) {
            relation.start = f.value;
        } else if (id && f.number == at->id) {
            relation.id = be64_get(f.data.p);
        } else if (id && f.number == at->parent) {
            relation.parent = be64_get(f.data.p);
        }
    }
    return relation;
}

/* A field of the request's own messages: all that matter are messages. */
static int next_part(struct otlp_wire *w, struct bytes request, struct otlp_wire_field *f, struct err *err) {
    const uint8_t *from = w->p;
    int rc = otlp_wire_next(w, f, err);
    if (rc == 0 && (f->number == 1 || f->number == 2) && f->type != OTLP_WIRE_BYTES) {
        return err_set(err, ERR_INVALID, "byte %zu: field %u has wire type %d; expected: %d", (size_t)(from - request.p),
                       f->number, (int)f->type, OTLP_WIRE_BYTES);
    }
    return rc;
}

static struct otlp_wire inside(struct bytes request, struct bytes part) {
    struct otlp_wire w;
    otlp_wire_init(&w, part);
    w.start = part.n > 0 ? request.p : w.start;
    return w;
}

static int cut_scope(struct otlp_cut *cut, enum otlp_type type, struct bytes request, struct bytes part, struct err *err) {
    struct otlp_wire w = inside(request, part);
    struct otlp_wire_field f;
    int rc = otlp_cut_add_scope(cut, err);
    while (rc == 0 && (rc = next_part(&w, request, &f, err)) == 0) {
        if (f.number == 1) {
            if (cut->scopes[cut->n_scopes - 1].text.n > 0) return wrong(&w, f.data.p, "a second scope", err);
            cut->scopes[cut->n_scopes - 1].text = place_of(request, f.data);
        } else if (f.number == 2) {
            const struct otlp_relation relation = relation_of(type, f.data);
            const struct otlp_record record = {.text = place_of(request, f.data), .values = 1, .type = (uint16_t)type};
            rc = otlp_cut_add_record(cut, &record, &relation, err);
        }
    }
    return rc == 1 ? 0 : rc;
}

static int cut_resource(struct otlp_cut *cut, enum otlp_type type, struct bytes request, struct bytes part,
                        struct err *err) {
    struct otlp_wire w = inside(request, part);
    struct otlp_wire_field f;
    int rc = otlp_cut_add_resource(cut, err);
    size_t index = cut->n_resources - 1;
    while (rc == 0 && (rc = next_part(&w, request, &f, err)) == 0) {
        if (f.number == 1) {
            if (cut->resources[index].n > 0) return wrong(&w, f.data.p, "a second resource", err);
            cut->resources[index] = place_of(request, f.data);
        } else if (f.number == 2 || (f.number == LIBRARY && f.type == OTLP_WIRE_BYTES)) {
            rc = cut_scope(cut, type, request, f.data, err);
        }
    }
    return rc == 1 ? 0 : rc;
}

int otlp_wire_cut(struct otlp_cut *cut, enum otlp_type type, struct bytes request, struct err *err) {
    static const unsigned has[] = {
        [OTLP_SPAN] = OTLP_HAS_SPANS, [OTLP_LOG] = OTLP_HAS_LOGS, [OTLP_METRIC] = OTLP_HAS_METRICS};
    struct otlp_wire w;
    struct otlp_wire_field f;
    int rc = 0;
    otlp_wire_init(&w, request);
    if (request.n > 0 && request.p[0] == '{') return err_set(err, ERR_INVALID, "JSON, with the content type of protobuf");
    while (rc == 0 && (rc = next_part(&w, request, &f, err)) == 0) {
        if (f.number == 1) {
            cut->has |= has[type];
            rc = cut_resource(cut, type, request, f.data, err);
        }
    }
    cut->end = rc == 1 ? request.n : (size_t)(w.p - w.start);
    return rc == 1 ? 0 : rc;
}
