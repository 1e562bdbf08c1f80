/* Over the canonical MessagePack that base/json makes of JSON. */
#include "serve/pages/doc.h"

#include <math.h>

#include "base/json.h"
#include "base/text.h"

struct bytes doc_get(struct bytes map, const char *name) {
    struct bytes raw = {0};
    if (map.n == 0 || mp_map_get(map, name, &raw) != 0 || (raw.n == 1 && raw.p[0] == 0xc0)) return (struct bytes){0};
    return raw;
}

struct bytes doc_text(struct bytes map, const char *name) {
    return map.n > 0 ? mp_get_text(map, name) : (struct bytes){0};
}

bool doc_number(struct bytes map, const char *name, double *ret) {
    struct mp_item item;
    struct bytes raw = doc_get(map, name);
    if (raw.n == 0 || mp_scalar(raw, &item) != 0) return false;
    if (item.type == MP_UINT) {
        *ret = (double)item.uint;
    } else if (item.type == MP_INT) {
        *ret = (double)item.sint;
    } else if (item.type == MP_FLOAT) {
        *ret = item.real;
    } else {
        return false;
    }
    return true;
}

bool doc_uint(struct bytes map, const char *name, uint64_t *ret) {
    struct mp_item item;
    struct bytes raw = doc_get(map, name);
    if (raw.n == 0 || mp_scalar(raw, &item) != 0 || item.type != MP_UINT) return false;
    *ret = item.uint;
    return true;
}

bool doc_true(struct bytes map, const char *name) {
    struct mp_item item;
    struct bytes raw = doc_get(map, name);
    return raw.n > 0 && mp_scalar(raw, &item) == 0 && item.type == MP_BOOL && item.boolean;
}

bool doc_time(struct bytes map, const char *name, uint64_t *ret) {
    struct bytes text = doc_text(map, name);
    return text.n > 0 && text_parse_u64(text, ret) == 0;
}

struct doc_list doc_list(struct bytes list) {
    struct doc_list l = {.left = 0};
    struct mp_item item;
    mp_reader_init(&l.reader, list);
    if (list.n > 0 && mp_next(&l.reader, &item, NULL) == 0 && item.type == MP_ARRAY) l.left = item.count;
    return l;
}

bool doc_next(struct doc_list *l, struct bytes *ret) {
    if (l->left == 0 || mp_skip(&l->reader, 1, ret, NULL) != 0) return false;
    l->left--;
    return true;
}

struct doc_list doc_map(struct bytes map) {
    struct doc_list l = {.left = 0};
    struct mp_item item;
    mp_reader_init(&l.reader, map);
    if (map.n > 0 && mp_next(&l.reader, &item, NULL) == 0 && item.type == MP_MAP) l.left = item.count;
    return l;
}

bool doc_next_member(struct doc_list *l, struct bytes *ret_name, struct bytes *ret) {
    struct mp_item name;
    while (l->left > 0 && mp_next(&l->reader, &name, NULL) == 0 && mp_skip(&l->reader, 1, ret, NULL) == 0) {
        l->left--;
        *ret_name = name.data;
        if (ret->n != 1 || ret->p[0] != 0xc0) return true;
    }
    return false;
}

uint32_t doc_count(struct bytes list) {
    return doc_list(list).left;
}

void doc_words(struct bytes value, struct buf *out) {
    struct mp_item item;
    if (value.n == 0) return;
    if (mp_scalar(value, &item) == 0 && item.type == MP_STR) {
        buf_put_bytes(out, item.data);
    } else if (doc_count(value) > 0) {
        struct doc_list list = doc_list(value);
        struct bytes one;
        for (bool first = true; doc_next(&list, &one); first = false) {
            buf_put_str(out, first ? "" : ", ");
            doc_words(one, out);
        }
    } else {
        (void)json_from_mp(value, JSON_LINE, out, NULL);
    }
}
