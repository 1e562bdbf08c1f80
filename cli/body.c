/* The fields collect as (name, one MessagePack item) and are sorted at the end, which finds doubles too. */
#include "cli/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/event.h"
#include "ledger/ledger.h"

#define BODY_TEXT_MAX   (4 * EVENT_BODY_MAX)
#define BODY_FIELDS_MAX 65536

struct field {
    size_t name_at, name_n, value_at, value_n; /* into bytes */
    const uint8_t *base;                       /* set for the sort */
};

struct body {
    const struct kind *kind;
    struct buf bytes;
    struct field *fields;
    size_t n, cap;
};

struct body *body_new(const struct kind *kind) {
    struct body *body = calloc(1, sizeof(*body));
    if (body) {
        body->kind = kind;
        buf_init(&body->bytes, 2 * BODY_TEXT_MAX);
    }
    return body;
}

void body_free(struct body *body) {
    if (body) {
        buf_done(&body->bytes);
        free(body->fields);
        free(body);
    }
}

static int add(struct body *body, struct bytes name, struct bytes value, struct err *err) {
    if (body->n == body->cap) {
        size_t cap = body->cap ? 2 * body->cap : 16;
        struct field *fields = cap > BODY_FIELDS_MAX ? NULL : realloc(body->fields, cap * sizeof(*fields));
        if (!fields) {
            return cap > BODY_FIELDS_MAX ? err_set(err, ERR_LIMIT, "more than %d fields", BODY_FIELDS_MAX)
                                         : err_set(err, ERR_NOMEM, "no memory for the fields");
        }
        body->fields = fields;
        body->cap = cap;
    }
    struct field *field = &body->fields[body->n];
    *field = (struct field){.name_at = body->bytes.n, .name_n = name.n, .value_n = value.n};
    buf_put_bytes(&body->bytes, name);
    field->value_at = body->bytes.n;
    buf_put_bytes(&body->bytes, value);
    body->n++;
    return buf_check(&body->bytes, "the body", err);
}

int body_json(struct body *body, struct bytes json, const char *name, struct err *err) {
    struct buf map;
    buf_init(&map, BODY_TEXT_MAX);
    struct mp_reader reader;
    struct mp_item item = {0};
    int rc = ledger_json_to_body(json, &map, err);
    if (rc == 0) {
        mp_reader_init(&reader, bytes_of_buf(&map));
        rc = mp_next(&reader, &item, err);
    }
    uint32_t count = rc == 0 ? item.count : 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct bytes value;
        rc = mp_next(&reader, &item, err);
        rc = rc != 0 ? rc : mp_skip(&reader, 1, &value, err);
        rc = rc != 0 ? rc : add(body, item.data, value, err);
    }
    buf_done(&map);
    if (rc != 0) {
        err_prefix(err, "%s", name);
    }
    return rc;
}

/* Fields that the catalog knows as text keep "1.0" as text. */
static bool wants_text(const struct body *body, struct bytes name) {
    const struct kind_field *field = body->kind ? kind_field_find(body->kind, name) : NULL;
    return field &&
           (field->type == KIND_STR || field->type == KIND_DIGEST || field->type == KIND_VKEY || field->type == KIND_TIME);
}

/* A number, true, false or null and nothing around it. */
static bool put_scalar(struct bytes text, struct buf *out) {
    if (text.n == 0 || (text.p[0] != '-' && (text.p[0] < '0' || text.p[0] > '9') && !bytes_is(text, "true") &&
                        !bytes_is(text, "false") && !bytes_is(text, "null"))) {
        return false;
    }
    return memchr(" \t\r\n", text.p[text.n - 1], 4) == NULL && json_to_mp(text, out, NULL) == 0;
}

int body_word(struct body *body, const char *word, struct err *err) {
    const char *eq = strchr(word, '=');
    if (!eq || eq == word || (eq == word + 1 && word[0] == ':')) {
        return err_set(err, ERR_INVALID, "'%.200s' is not a field (expected NAME=VALUE or NAME:=JSON)", word);
    }
    bool json = eq[-1] == ':';
    struct bytes name = {.p = (const uint8_t *)word, .n = (size_t)(eq - word) - json};
    struct bytes value = bytes_of(eq + 1);
    struct buf item;
    buf_init(&item, BODY_TEXT_MAX);
    int rc = 0;
    if (text_utf8_valid(name.p, name.n) != name.n || text_utf8_valid(value.p, value.n) != value.n) {
        rc = err_set(err, ERR_INVALID, "a field is not valid UTF-8");
    } else if (json) {
        rc = json_to_mp(value, &item, err);
    } else if (wants_text(body, name) || !put_scalar(value, &item)) {
        buf_clear(&item);
        mp_put_str(&item, value);
    }
    rc = rc != 0 ? rc : buf_check(&item, "the field", err);
    rc = rc != 0 ? rc : add(body, name, bytes_of_buf(&item), err);
    buf_done(&item);
    if (rc != 0) {
        err_prefix(err, "field '%.*s'", (int)(name.n < 200 ? name.n : 200), word);
    }
    return rc;
}

static int by_name(const void *pa, const void *pb) {
    const struct field *a = pa, *b = pb;
    return bytes_cmp((struct bytes){.p = a->base + a->name_at, .n = a->name_n},
                     (struct bytes){.p = b->base + b->name_at, .n = b->name_n});
}

int body_encode(struct body *body, struct buf *out, struct err *err) {
    for (size_t i = 0; i < body->n; i++) {
        body->fields[i].base = body->bytes.p;
    }
    if (body->n > 1) {
        qsort(body->fields, body->n, sizeof(*body->fields), by_name);
    }
    mp_put_map(out, (uint32_t)body->n);
    for (size_t i = 0; i < body->n; i++) {
        const struct field *f = &body->fields[i];
        if (i > 0 && by_name(f - 1, f) == 0) {
            return err_set(err, ERR_INVALID, "field '%.*s' is given twice", (int)(f->name_n < 200 ? f->name_n : 200),
                           (const char *)body->bytes.p + f->name_at);
        }
        mp_put_str(out, (struct bytes){.p = body->bytes.p + f->name_at, .n = f->name_n});
        buf_put(out, body->bytes.p + f->value_at, f->value_n);
    }
    return buf_check(out, "the body", err);
}
