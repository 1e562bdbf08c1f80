/* Fields are collected as (name, one MessagePack item) and sorted at the end, which also finds duplicates. */
#include "cli/act/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/event/event.h"
#include "ledger/log.h"

#define BODY_TEXT_MAX   (4 * EVENT_BODY_MAX)
#define BODY_FIELDS_MAX 65536
#define PLACEHOLDER_MIN 3

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
    struct buf map = {.max = BODY_TEXT_MAX};
    struct mp_reader reader;
    struct mp_item item = {0};
    int rc = log_json_to_body(json, &map, err);
    if (rc == 0) {
        mp_reader_init(&reader, bytes_of_buf(&map));
        rc = mp_next(&reader, &item, err);
    }
    uint32_t count = rc == 0 ? item.count : 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct bytes value;
        rc = mp_next(&reader, &item, err);
        if (rc == 0) rc = mp_skip(&reader, 1, &value, err);
        if (rc == 0) rc = add(body, item.data, value, err);
    }
    buf_done(&map);
    if (rc != 0) {
        err_prefix(err, "%s", name);
    }
    return rc;
}

/* Fields declared as text in the catalog keep "1.0" as text. */
static bool wants_text(const struct body *body, struct bytes name) {
    const struct kind_field *field = body->kind ? kind_field_find(body->kind, name) : NULL;
    return field &&
           (field->type == KIND_STR || field->type == KIND_DIGEST || field->type == KIND_VKEY || field->type == KIND_TIME);
}

/* A number, true, false or null, with nothing around it. */
static bool put_scalar(struct bytes text, struct buf *out) {
    if (text.n == 0 || (text.p[0] != '-' && (text.p[0] < '0' || text.p[0] > '9') && !bytes_is(text, "true") &&
                        !bytes_is(text, "false") && !bytes_is(text, "null"))) {
        return false;
    }
    return memchr(" \t\r\n", text.p[text.n - 1], 4) == NULL && json_to_mp(text, out, NULL) == 0;
}

static size_t digits_at(struct bytes text, size_t at) {
    size_t i = at;
    while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9') {
        i++;
    }
    return i - at;
}

/* A number as in JSON: with leading zeros it is text, such as an ID. */
static bool is_number(struct bytes text) {
    size_t i = text.n > 0 && text.p[0] == '-', n = digits_at(text, i);
    bool number = n == 1 || (n > 1 && text.p[i] != '0');
    i += n;
    if (i < text.n && text.p[i] == '.') {
        n = digits_at(text, i + 1);
        number = number && n > 0;
        i += 1 + n;
    }
    if (i < text.n && (text.p[i] | 0x20) == 'e') {
        i += 1 + (i + 1 < text.n && (text.p[i + 1] == '-' || text.p[i + 1] == '+'));
        n = digits_at(text, i);
        number = number && n > 0;
        i += n;
    }
    return number && i == text.n;
}

static bool is_file_digest(const struct body *body, struct bytes name, struct bytes value) {
    const struct kind_field *field = body->kind ? kind_field_find(body->kind, name) : NULL;
    return field && field->type == KIND_DIGEST && value.n > 1 && value.p[0] == '@';
}

/* In pieces, because models are large. */
static int file_digest(const char *path, uint8_t ret[HASH_LEN], struct err *err) {
    static uint8_t chunk[1 << 16];
    struct hash *hash = hash_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 || hash == NULL ? -1 : 1;
    while (n > 0 && (n = read(fd, chunk, sizeof(chunk))) >= 0) {
        hash_put(hash, chunk, (size_t)n);
    }
    int why = errno;
    if (n == 0) {
        hash_end(hash, ret);
    }
    if (fd >= 0) {
        close(fd);
    }
    hash_free(hash);
    return n == 0 ? 0 : err_set(err, ERR_INVALID, "'%.200s' cannot be read: %s", path, strerror(why));
}

int body_file_digest(const char *path, char ret[BODY_DIGEST_MAX], struct err *err) {
    uint8_t digest[HASH_LEN];
    int rc = file_digest(path, digest, err);
    if (rc == 0) {
        memcpy(ret, "sha256:", 7);
        text_hex(ret + 7, digest, HASH_LEN);
    }
    return rc;
}

static int put_file_digest(const char *path, struct buf *item, struct err *err) {
    char text[BODY_DIGEST_MAX];
    int rc = body_file_digest(path, text, err);
    if (rc == 0) {
        mp_put_str(item, bytes_of(text));
    }
    return rc;
}

bool body_is_placeholder(struct bytes name, struct bytes value) {
    bool same = name.n == value.n && name.n >= PLACEHOLDER_MIN;
    for (size_t i = 0; i < value.n && same; i++) {
        uint8_t c = name.p[i];
        same = value.p[i] == (c >= 'a' && c <= 'z' ? c - 32 : c) && (c == '_' || value.p[i] != c);
    }
    return same;
}

/* Refuses the placeholder of a remedy typed as printed. */
static int check_placeholder(const struct body *body, struct bytes name, struct bytes value, struct err *err) {
    const struct kind_field *field = body->kind ? kind_field_find(body->kind, name) : NULL;
    if (!field || !body_is_placeholder(name, value)) return 0;
    char accepted[256];
    size_t n = 0;
    for (const char *p = field->values ? field->values : field->help; *p != '\0' && n + 2 < sizeof(accepted); p++) {
        accepted[n++] = field->values && *p == '|' ? ',' : *p;
        if (field->values && *p == '|') {
            accepted[n++] = ' ';
        }
    }
    accepted[n] = '\0';
    return err_set(err, ERR_INVALID, "%.*s stands for a value: %s", (int)value.n, (const char *)value.p, accepted);
}

int body_word(struct body *body, const char *word, struct err *err) {
    const char *eq = strchr(word, '=');
    if (!eq || eq == word || (eq == word + 1 && word[0] == ':')) {
        return err_set(err, ERR_INVALID, "'%.200s' is not a field (expected NAME=VALUE or NAME:=JSON)", word);
    }
    bool json = eq[-1] == ':';
    struct bytes name = {.p = (const uint8_t *)word, .n = (size_t)(eq - word) - json};
    struct bytes value = bytes_of(eq + 1);
    struct buf item = {.max = BODY_TEXT_MAX};
    int rc = 0;
    if (text_utf8_valid(name.p, name.n) != name.n || text_utf8_valid(value.p, value.n) != value.n) {
        rc = err_set(err, ERR_INVALID, "a field is not valid UTF-8");
    } else if (json) {
        rc = json_to_mp(value, &item, err);
    } else if ((rc = check_placeholder(body, name, value, err)) != 0) {
        /* refused */
    } else if (is_file_digest(body, name, value)) {
        rc = put_file_digest(eq + 2, &item, err);
    } else if (!wants_text(body, name) && put_scalar(value, &item)) {
        rc = 0;
    } else if (!wants_text(body, name) && is_number(value)) {
        rc = err_set(err, ERR_INVALID, "%.60s does not fit into 64 bits; %.*s:='\"%.60s\"' passes it as text", eq + 1,
                     (int)(name.n < 60 ? name.n : 60), word, eq + 1);
    } else {
        buf_clear(&item);
        mp_put_str(&item, value);
    }
    if (rc == 0) rc = buf_check(&item, "the field", err);
    if (rc == 0) rc = add(body, name, bytes_of_buf(&item), err);
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
