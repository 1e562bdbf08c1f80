/* Reading and making lists. Every item is skipped as a whole before it is read, which checks its form. */
#include "projections/rows/list.h"

#include <stdlib.h>

void list_open(struct list *list, struct bytes raw) {
    struct mp_item head;
    list->left = 0;
    mp_reader_init(&list->reader, raw);
    if (raw.n > 0 && mp_next(&list->reader, &head, NULL) == 0 && head.type == MP_ARRAY) {
        list->left = head.count;
    }
}

bool list_next(struct list *list, struct bytes *ret) {
    if (list->left == 0 || mp_skip(&list->reader, 1, ret, NULL) != 0) {
        list->left = 0;
        return false;
    }
    list->left--;
    return true;
}

static bool field_of(struct bytes item, const char *field, enum mp_type type, struct mp_item *ret) {
    struct bytes raw;
    return mp_map_get(item, field, &raw) == 0 && mp_scalar(raw, ret) == 0 && ret->type == type;
}

bool list_text(struct bytes item, const char *field, struct bytes *ret) {
    struct mp_item value;
    if (!field_of(item, field, MP_STR, &value)) return false;
    *ret = value.data;
    return true;
}

bool list_bool(struct bytes item, const char *field, bool *ret) {
    struct mp_item value;
    if (!field_of(item, field, MP_BOOL, &value)) return false;
    *ret = value.boolean;
    return true;
}

bool list_real(struct bytes item, const char *field, double *ret) {
    struct mp_item value;
    struct bytes raw;
    if (mp_map_get(item, field, &raw) != 0 || mp_scalar(raw, &value) != 0 ||
        (value.type != MP_FLOAT && value.type != MP_UINT && value.type != MP_INT)) {
        return false;
    }
    *ret = value.type == MP_FLOAT ? value.real : value.type == MP_UINT ? (double)value.uint : (double)value.sint;
    return true;
}

bool list_name(struct bytes item, const char *field, struct bytes *ret) {
    struct mp_item value;
    if (mp_scalar(item, &value) == 0 && value.type == MP_STR) {
        *ret = value.data;
        return true;
    }
    return list_text(item, field, ret);
}

static int by_pair(const void *a, const void *b) {
    const struct list_pair *x = a, *y = b;
    int order = bytes_cmp(x->name, y->name);
    return order != 0 ? order : bytes_cmp(x->other, y->other);
}

int list_names_of(struct bytes raw, const char *field, const char *or_field, const char *other, struct list_names *ret,
                  struct err *err) {
    struct list list;
    struct bytes item;
    *ret = (struct list_names){0};
    list_open(&list, raw);
    if (list.left == 0 || list.left > raw.n) return 0;
    ret->pairs = calloc(list.left, sizeof(ret->pairs[0]));
    if (ret->pairs == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while (list_next(&list, &item)) {
        struct list_pair pair = {0};
        if (!list_name(item, field, &pair.name) && (or_field == NULL || !list_name(item, or_field, &pair.name))) {
            continue;
        }
        if (other != NULL) {
            list_text(item, other, &pair.other);
        }
        ret->pairs[ret->n++] = pair;
    }
    qsort(ret->pairs, ret->n, sizeof(ret->pairs[0]), by_pair);
    return 0;
}

bool list_names_have(const struct list_names *names, struct bytes name, struct bytes other) {
    const struct list_pair pair = {name, other};
    return names->n > 0 && bsearch(&pair, names->pairs, names->n, sizeof(pair), by_pair) != NULL;
}

void list_names_done(struct list_names *names) {
    free(names->pairs);
    *names = (struct list_names){0};
}

void list_out_init(struct list_out *out) {
    buf_init(&out->items, ROW_LIST_MAX);
    out->n = 0;
}

void list_out_done(struct list_out *out) {
    buf_done(&out->items);
}

void list_out_text(struct list_out *out, struct bytes text) {
    mp_put_str(&out->items, text);
    out->n++;
}

bool list_out_has(const struct list_out *out, struct bytes text) {
    struct list list = {.left = out->n};
    struct bytes item, one;
    mp_reader_init(&list.reader, bytes_of_buf(&out->items));
    while (list_next(&list, &item)) {
        if (list_name(item, "", &one) && bytes_eq(one, text)) return true;
    }
    return false;
}

bool list_out_fits(const struct list_out *out, size_t n) {
    return n < ROW_LIST_MAX && out->items.n + n + 16 <= ROW_LIST_MAX; /* 16: marks of the text and the list */
}

void list_out_raw(struct list_out *out, struct bytes item) {
    buf_put_bytes(&out->items, item);
    out->n++;
}

int list_out_set(const struct list_out *out, struct row *row, size_t column, struct err *err) {
    struct buf whole = {.max = ROW_LIST_MAX};
    mp_put_array(&whole, out->n);
    buf_put_bytes(&whole, bytes_of_buf(&out->items));
    int rc = buf_check(&out->items, "a list", err);
    if (rc == 0) rc = buf_check(&whole, "a list", err);
    if (rc == 0) {
        row_set_list(row, column, bytes_of_buf(&whole));
    }
    buf_done(&whole);
    return rc;
}
