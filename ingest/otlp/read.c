/* Readers of json_to_mp's items: these are canonical, so that only their form is checked here. */
#include "ingest/otlp/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"

#define PLAIN_MAX ((size_t)8 << 20)
#define TIME_MAX  MP_INT_MAX

struct otlp_pair {
    struct bytes key, value;
};

static const char *words(const struct mp_item *item) {
    static const char *const all[] = {
        [MP_NIL] = "null",       [MP_BOOL] = "a boolean", [MP_UINT] = "a number", [MP_INT] = "a negative number",
        [MP_FLOAT] = "a number", [MP_STR] = "text",       [MP_BIN] = "bytes",     [MP_ARRAY] = "an array",
        [MP_MAP] = "an object",
    };
    return all[item->type];
}

static void read_head(struct bytes raw, struct mp_item *ret) {
    struct mp_reader r;
    mp_reader_init(&r, raw);
    if (mp_next_known(&r, ret) != 0) {
        ret->type = MP_NIL;
    }
}

int otlp_members(struct bytes map, const char *what, const char *const *names, size_t n, struct otlp_member *ret,
                 struct otlp_unknown *unknown, struct err *err) {
    struct mp_reader r;
    struct mp_item head, key;
    size_t at = 0;
    memset(ret, 0, n * sizeof(*ret));
    mp_reader_init(&r, map);
    int rc = mp_next_known(&r, &head);
    if (rc != 0 || head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "%s is %s; expected: an object", what, rc != 0 ? "empty" : words(&head));
    }
    for (uint32_t i = 0; i < head.count; i++) {
        const uint8_t *from = r.p;
        struct bytes raw;
        int order = -1;
        if (mp_next_known(&r, &key) != 0 || mp_skip_known(&r, &raw) != 0) {
            return err_set(err, ERR_CORRUPT, "%s is cut off", what);
        }
        while (at < n && (order = bytes_cmp(bytes_of(names[at]), key.data)) < 0) {
            at++;
        }
        if (at < n && order == 0) {
            read_head(raw, &ret[at].item);
            ret[at].raw = raw;
            ret[at].there = ret[at].item.type != MP_NIL;
        } else if (unknown != NULL) {
            buf_put(&unknown->pairs, from, (size_t)(r.p - from));
            unknown->n++;
        }
    }
    return 0;
}

/* ---- ids, times, numbers ------------------------------------------------------------------------------------------ */

struct bytes otlp_member_text(const struct otlp_member *m) {
    return m->there && m->item.type == MP_STR ? m->item.data : (struct bytes){NULL, 0};
}

int otlp_id(const struct otlp_member *m, const char *name, size_t n, char *ret, char group[OTLP_GROUP_LEN],
            struct err *err) {
    struct bytes text = m->item.data;
    bool zero = true;
    ret[0] = '\0';
    if (!m->there || (m->item.type == MP_STR && text.n == 0)) return 1;
    bool good = m->item.type == MP_STR && text.n == 2 * n;
    for (size_t i = 0; good && i < text.n; i++) {
        uint8_t c = text.p[i];
        c = c >= 'A' && c <= 'F' ? (uint8_t)(c | 0x20) : c;
        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        zero = zero && c == '0';
        ret[i] = (char)c;
    }
    ret[good && !zero ? 2 * n : 0] = '\0';
    if (!good) {
        snprintf(group, OTLP_GROUP_LEN, "'%s' is wrong; expected: %zu hex digits", name, 2 * n);
        return err_set(err, ERR_INVALID, "'%s' is '%s'; expected: %zu hex digits", name,
                       m->item.type == MP_STR ? SECRET_SHOWN(text) : words(&m->item), 2 * n);
    }
    return zero ? 1 : 0;
}

int otlp_time(const struct otlp_member *m, uint64_t *ret) {
    uint64_t ns = 0;
    if (!m->there) return 1;
    if (m->item.type == MP_UINT) {
        ns = m->item.uint;
    } else if (m->item.type != MP_STR || text_parse_u64(m->item.data, &ns) != 0 || ns > TIME_MAX) {
        return 2;
    }
    *ret = ns;
    return ns == 0 ? 1 : 0;
}

bool otlp_int(const struct mp_item *item, int64_t *ret) {
    uint64_t v = 0;
    bool negative = false;
    struct bytes text = item->data;
    switch (item->type) {
    case MP_UINT:
        *ret = (int64_t)item->uint;
        return true;
    case MP_INT:
        *ret = item->sint;
        return true;
    case MP_FLOAT: /* some exporters only write floats */
        *ret = item->real >= -9007199254740992.0 && item->real <= 9007199254740992.0 ? (int64_t)item->real : 0;
        return (double)*ret == item->real;
    case MP_STR:
        negative = text.n > 0 && text.p[0] == '-';
        text.p += negative;
        text.n -= negative;
        if (text_parse_u64(text, &v) != 0 || v > MP_INT_MAX + negative) return false;
        *ret = negative ? (int64_t)-v : (int64_t)v;
        return true;
    default:
        return false;
    }
}

bool otlp_num(struct buf *out, const struct mp_item *item) {
    size_t before = out->n;
    struct mp_item parsed;
    switch (item->type) {
    case MP_UINT:
        mp_put_uint(out, item->uint);
        return true;
    case MP_INT:
        mp_put_int(out, item->sint);
        return true;
    case MP_FLOAT:
        mp_put_float(out, item->real);
        return true;
    case MP_STR:
        if (item->data.n > 0 && item->data.n <= 64 && json_to_mp(item->data, out, NULL) == 0) {
            read_head((struct bytes){out->p + before, out->n - before}, &parsed);
            if (parsed.type == MP_UINT || parsed.type == MP_INT || parsed.type == MP_FLOAT) {
                return true;
            }
        }
        out->n = before;
        return false;
    default:
        return false;
    }
}

/* ---- plain values ------------------------------------------------------------------------------------------------- */

void otlp_attributes_init(struct otlp_attributes *l) {
    memset(l, 0, sizeof(*l));
    buf_init(&l->plain, PLAIN_MAX);
}

void otlp_attributes_done(struct otlp_attributes *l) {
    buf_done(&l->plain);
    free(l->a);
    free(l->pairs);
    otlp_attributes_init(l);
}

static int push_pair(struct otlp_attributes *l, struct otlp_pair pair) {
    if (array_room(&l->pairs, l->n_pairs + 1, &l->cap_pairs, sizeof(*l->pairs), NULL) != 0) {
        return ERR_NOMEM;
    }
    l->pairs[l->n_pairs++] = pair;
    return 0;
}

/* One {key, value} of a list; 1 when it has no key. Walked by hand: there are many of them. */
static int read_pair(struct mp_reader *r, struct otlp_pair *ret) {
    struct mp_item head, name, key = {.type = MP_NIL};
    struct bytes raw;
    *ret = (struct otlp_pair){.value = {NULL, 0}};
    if (mp_next_known(r, &head) != 0 || head.type != MP_MAP) return 1;
    for (uint32_t i = 0; i < head.count; i++) {
        if (mp_next_known(r, &name) != 0 || mp_skip_known(r, &raw) != 0) return 1;
        if (bytes_is(name.data, "key")) {
            read_head(raw, &key);
        } else if (bytes_is(name.data, "value")) {
            ret->value = raw;
        }
    }
    ret->key = key.data;
    return key.type == MP_STR ? 0 : 1;
}

static int pair_cmp(const void *a, const void *b) {
    const struct otlp_pair *x = a, *y = b;
    return bytes_cmp(x->key, y->key);
}

static int put_plain(struct otlp_attributes *l, struct bytes any, struct buf *out);

/* Opens {"values": [...]} at its first element. */
static bool open_values(struct bytes list, struct mp_reader *r, uint32_t *ret_n) {
    static const char *const names[] = {"values"};
    struct otlp_member m;
    struct mp_item head;
    *ret_n = 0;
    if (otlp_members(list, "", names, 1, &m, NULL, NULL) != 0 || (m.there && m.item.type != MP_ARRAY)) {
        return false;
    }
    if (m.there) {
        mp_reader_init(r, m.raw);
        (void)mp_next_known(r, &head);
        *ret_n = head.count;
    }
    return true;
}

static int put_array(struct otlp_attributes *l, struct bytes list, struct buf *out, bool *ret_ok) {
    struct mp_reader r;
    uint32_t n;
    int rc = 0;
    *ret_ok = open_values(list, &r, &n);
    if (*ret_ok) {
        mp_put_array(out, n);
        for (uint32_t i = 0; i < n && rc == 0; i++) {
            struct bytes raw;
            rc = mp_skip_known(&r, &raw);
            if (rc == 0) rc = put_plain(l, raw, out);
        }
    }
    return rc;
}

/* Not ok when it is not a list of pairs, or a key is repeated. */
static int put_map(struct otlp_attributes *l, struct bytes list, struct buf *out, bool *ret_ok) {
    struct mp_reader r;
    uint32_t n;
    size_t first = l->n_pairs;
    int rc = 0;
    *ret_ok = open_values(list, &r, &n);
    for (uint32_t i = 0; *ret_ok && i < n && rc == 0; i++) {
        struct otlp_pair pair;
        *ret_ok = read_pair(&r, &pair) == 0;
        rc = *ret_ok ? push_pair(l, pair) : 0;
    }
    if (rc == 0 && *ret_ok && n > 0) {
        qsort(l->pairs + first, n, sizeof(*l->pairs), pair_cmp);
    }
    for (size_t i = first + 1; i < l->n_pairs && *ret_ok; i++) {
        *ret_ok = !bytes_eq(l->pairs[i - 1].key, l->pairs[i].key);
    }
    if (rc == 0 && *ret_ok) {
        mp_put_map(out, n);
        for (size_t i = first; i < first + n && rc == 0; i++) {
            struct otlp_pair pair = l->pairs[i]; /* a copy: the array may move below */
            mp_put_str(out, pair.key);
            rc = put_plain(l, pair.value, out);
        }
    }
    l->n_pairs = first;
    return rc;
}

static int put_plain(struct otlp_attributes *l, struct bytes any, struct buf *out) {
    struct mp_reader r;
    struct mp_item head, name, value;
    struct bytes raw = {NULL, 0};
    bool ok = false;
    int64_t number;
    mp_reader_init(&r, any);
    if (any.n == 0 || mp_next_known(&r, &head) != 0 || (head.type == MP_MAP && head.count == 0)) {
        mp_put_nil(out);
        return 0;
    }
    if (head.type != MP_MAP || head.count != 1 || mp_next_known(&r, &name) != 0 || mp_skip_known(&r, &raw) != 0) {
        return buf_put_bytes(out, any);
    }
    read_head(raw, &value);
    int rc = 0;
    if (bytes_is(name.data, "intValue")) {
        ok = value.type != MP_FLOAT && otlp_int(&value, &number);
        if (ok) {
            mp_put_int(out, number);
        } else {
            buf_put_bytes(out, raw);
            ok = true;
        }
    } else if (bytes_is(name.data, "arrayValue")) {
        rc = put_array(l, raw, out, &ok);
    } else if (bytes_is(name.data, "kvlistValue")) {
        rc = put_map(l, raw, out, &ok);
    } else if (bytes_is(name.data, "stringValue") || bytes_is(name.data, "boolValue") ||
               bytes_is(name.data, "doubleValue") || bytes_is(name.data, "bytesValue")) {
        buf_put_bytes(out, raw);
        ok = true;
    }
    if (rc == 0 && !ok) rc = buf_put_bytes(out, any);
    return rc;
}

int otlp_plain(struct otlp_attributes *scratch, struct bytes any, struct buf *out, struct err *err) {
    int rc = put_plain(scratch, any, out);
    return rc != 0 ? err_set(err, rc, "OTLP: out of memory") : buf_check(out, "a plain value", err);
}

/* ---- attributes --------------------------------------------------------------------------------------------------- */

static int attribute_cmp(const void *a, const void *b) {
    const struct otlp_attribute *x = a, *y = b;
    int order = bytes_cmp(x->key, y->key);
    return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

/* Insertion sort is faster for the usual few. */
static void sort_attributes(struct otlp_attributes *l) {
    if (l->n > 32) {
        qsort(l->a, l->n, sizeof(*l->a), attribute_cmp);
    }
    for (size_t i = 1; i < l->n; i++) {
        struct otlp_attribute a = l->a[i];
        size_t k = i;
        for (; k > 0 && bytes_cmp(l->a[k - 1].key, a.key) > 0; k--) {
            l->a[k] = l->a[k - 1];
        }
        l->a[k] = a;
    }
    for (size_t i = 1; i < l->n; i++) {
        l->a[i].repeated = bytes_eq(l->a[i - 1].key, l->a[i].key);
    }
}

int otlp_attributes_read(struct otlp_attributes *l, const struct otlp_member *list, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    l->n = 0;
    buf_clear(&l->plain);
    if (!list->there) return 0;
    if (list->item.type != MP_ARRAY) {
        return err_set(err, ERR_INVALID, "'attributes' is %s; expected: an array of {key, value}", words(&list->item));
    }
    mp_reader_init(&r, list->raw);
    (void)mp_next_known(&r, &head);
    int rc = array_room(&l->a, head.count, &l->cap, sizeof(*l->a), err);
    for (uint32_t i = 0; i < head.count && rc == 0; i++) {
        struct otlp_pair pair;
        if (read_pair(&r, &pair) != 0) {
            return err_set(err, ERR_INVALID, "'attributes' holds something that has no 'key'; expected: {key, value}");
        }
        struct otlp_attribute *a = &l->a[l->n++];
        *a = (struct otlp_attribute){.key = pair.key, .at = l->plain.n, .mark = otlp_mark(pair.key)};
        rc = otlp_plain(l, pair.value, &l->plain, err);
        a->n = l->plain.n - a->at;
    }
    for (size_t i = 0; i < l->n && rc == 0; i++) {
        read_head(otlp_attribute_plain(l, &l->a[i]), &l->a[i].item);
    }
    sort_attributes(l);
    return rc;
}

struct bytes otlp_attribute_plain(const struct otlp_attributes *l, const struct otlp_attribute *a) {
    return (struct bytes){l->plain.p + a->at, a->n};
}

uint32_t otlp_attributes_put(const struct otlp_attributes *l, struct buf *out) {
    uint32_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        n += !l->a[i].used && !l->a[i].repeated;
    }
    if (n > 0) {
        mp_put_map(out, n);
    }
    for (size_t i = 0; i < l->n; i++) {
        if (!l->a[i].used && !l->a[i].repeated) {
            mp_put_str(out, l->a[i].key);
            buf_put_bytes(out, otlp_attribute_plain(l, &l->a[i]));
        }
    }
    return n;
}

uint32_t otlp_attributes_put_repeated(const struct otlp_attributes *l, struct buf *out) {
    uint32_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        n += l->a[i].repeated;
    }
    if (n > 0) {
        mp_put_array(out, n);
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->a[i].repeated) {
            mp_put_map(out, 2);
            mp_pair_str(out, "key", l->a[i].key);
            mp_put_str(out, bytes_of("value"));
            buf_put_bytes(out, otlp_attribute_plain(l, &l->a[i]));
        }
    }
    return n;
}
