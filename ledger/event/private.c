/* Private fields at rest: salt and map together, or salt by salt when some are erased; compressed when long. */
#include "ledger/event/private.h"

#include <string.h>

#include "base/archive/zst.h"
#include "base/mp.h"

enum { FORM_WHOLE = 0, FORM_PARTS = 2, FORM_ZSTD = 1 };

static int pack(struct buf *out, unsigned form, const struct buf *plain, struct err *err) {
    int rc = buf_check(plain, "private fields", err);
    if (rc == 0 && plain->n >= PRIVATE_ZSTD_FROM) {
        buf_put_u8(out, (uint8_t)(form | FORM_ZSTD));
        rc = zst_compress(out, bytes_of_buf(plain), 1, err);
    } else if (rc == 0) {
        buf_put_u8(out, (uint8_t)form);
        buf_put_bytes(out, bytes_of_buf(plain));
    }
    if (rc == 0) rc = buf_check(out, "private fields", err);
    return rc;
}

int private_encode(struct buf *out, const uint8_t event_salt[EVENT_HASH], struct bytes map, struct err *err) {
    struct buf plain = {.max = PRIVATE_PLAIN_MAX};
    mp_put_array(&plain, 2);
    mp_put_bin(&plain, (struct bytes){event_salt, EVENT_HASH});
    buf_put_bytes(&plain, map);
    int rc = pack(out, FORM_WHOLE, &plain, err);
    buf_done(&plain);
    return rc;
}

static int bad_form(struct err *err) {
    return err_set(err, ERR_CORRUPT, "the record of private fields does not parse");
}

/* ---- field by field ---- */

static void digest_of(struct private_field *f, struct bytes pair) {
    event_field_digest(f->digest, f->salt, pair);
}

/* Calls `each` for each entry of a whole map, with its computed salt. */
static int each_whole(const struct private_view *view,
                      int (*each)(void *ctx, const struct private_field *field, struct err *err), void *ctx,
                      struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    struct buf pair = {.max = PRIVATE_PLAIN_MAX};
    mp_reader_init(&r, view->map);
    int rc = mp_next(&r, &item, NULL) != 0 || item.type != MP_MAP ? bad_form(err) : 0;
    for (uint32_t n = rc == 0 ? item.count : 0; n > 0 && rc == 0; n--) {
        struct private_field f = {.erased = false};
        const uint8_t *entry = r.p;
        rc = mp_next(&r, &item, err);
        f.name = item.data;
        if (rc == 0) rc = mp_skip(&r, 1, &f.value, err);
        if (rc == 0) {
            buf_clear(&pair);
            mp_put_array(&pair, 2);
            buf_put(&pair, entry, (size_t)(r.p - entry));
            rc = buf_check(&pair, "a private field", err);
        }
        if (rc == 0) {
            event_field_salt(f.salt, view->salt, f.name);
            digest_of(&f, bytes_of_buf(&pair));
            rc = each(ctx, &f, err);
        }
    }
    buf_done(&pair);
    return rc;
}

/* One element of the array. */
static int next_part(struct mp_reader *r, struct private_field *ret, struct err *err) {
    struct mp_item item, salt, pair, name;
    memset(ret, 0, sizeof(*ret));
    if (mp_next(r, &item, NULL) != 0) return bad_form(err);
    if (item.type == MP_BIN && item.data.n == EVENT_HASH) {
        ret->erased = true;
        memcpy(ret->digest, item.data.p, EVENT_HASH);
        return 0;
    }
    const uint8_t *start;
    if (item.type != MP_ARRAY || item.count != 2 || mp_next(r, &salt, NULL) != 0 || salt.type != MP_BIN ||
        salt.data.n != EVENT_HASH || (start = r->p) == NULL || mp_next(r, &pair, NULL) != 0 || pair.type != MP_ARRAY ||
        pair.count != 2 || mp_next(r, &name, NULL) != 0 || name.type != MP_STR || mp_skip(r, 3, &ret->value, NULL) != 0) {
        return bad_form(err);
    }
    ret->name = name.data;
    memcpy(ret->salt, salt.data.p, EVENT_HASH);
    digest_of(ret, (struct bytes){start, (size_t)(r->p - start)});
    return 0;
}

static int each_part(const struct private_view *view,
                     int (*each)(void *ctx, const struct private_field *field, struct err *err), void *ctx,
                     struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    struct private_field f;
    mp_reader_init(&r, view->parts);
    int rc = mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count == 0 ? bad_form(err) : 0;
    for (uint32_t n = rc == 0 ? item.count : 0; n > 0 && rc == 0; n--) {
        rc = next_part(&r, &f, err);
        if (rc == 0) rc = each(ctx, &f, err);
    }
    return rc;
}

int private_each(const struct private_view *view,
                 int (*each)(void *ctx, const struct private_field *field, struct err *err), void *ctx, struct err *err) {
    return view->salt != NULL ? each_whole(view, each, ctx, err) : each_part(view, each, ctx, err);
}

/* ---- opening ---- */

struct opening {
    struct bytes last; /* name of the previous open field */
    uint32_t n_open;
    size_t n_erased;
    struct buf digests, pairs;
};

static int take_part(void *ctx, const struct private_field *f, struct err *err) {
    struct opening *o = ctx;
    buf_put(&o->digests, f->digest, EVENT_HASH);
    if (f->erased) {
        o->n_erased++;
        return buf_check(&o->digests, "private fields", err);
    }
    if (o->n_open > 0 && bytes_cmp(o->last, f->name) >= 0) return bad_form(err);
    o->last = f->name;
    o->n_open++;
    mp_put_str(&o->pairs, f->name);
    buf_put_bytes(&o->pairs, f->value);
    return buf_check(o->digests.fail != 0 ? &o->digests : &o->pairs, "private fields", err);
}

/* Puts the open fields, as a map, after the array in the scratch, which may move. */
static int open_parts(struct buf *scratch, const uint8_t commit[EVENT_HASH], struct private_view *ret, struct err *err) {
    struct opening o = {.n_open = 0};
    struct private_view view = {.parts = bytes_of_buf(scratch)};
    uint8_t again[EVENT_HASH];
    size_t n = scratch->n;
    buf_init(&o.digests, PRIVATE_PLAIN_MAX);
    buf_init(&o.pairs, PRIVATE_PLAIN_MAX);
    int rc = each_part(&view, take_part, &o, err);
    if (rc == 0 && o.n_erased == 0) rc = bad_form(err);
    if (rc == 0) {
        event_private_commit_digests(again, o.digests.p, o.digests.n / EVENT_HASH);
        if (memcmp(again, commit, EVENT_HASH) != 0) {
            rc = err_set(err, ERR_TAMPERED, "the private fields differ from their commitment");
        }
    }
    if (rc == 0) {
        mp_put_map(scratch, o.n_open);
        buf_put_bytes(scratch, bytes_of_buf(&o.pairs));
        rc = buf_check(scratch, "private fields", err);
    }
    if (rc == 0) {
        *ret = (struct private_view){.map = {scratch->p + n, scratch->n - n}, .parts = {scratch->p, n}};
        ret->n_erased = o.n_erased;
    }
    buf_done(&o.digests);
    buf_done(&o.pairs);
    return rc;
}

static int open_whole(const struct buf *scratch, const uint8_t commit[EVENT_HASH], struct private_view *ret,
                      struct err *err) {
    struct mp_reader r;
    struct mp_item salt;
    uint8_t again[EVENT_HASH];
    mp_reader_init(&r, bytes_of_buf(scratch));
    if (!mp_take_array(&r, 2) || !mp_take(&r, MP_BIN, &salt) || salt.data.n != EVENT_HASH) {
        return bad_form(err);
    }
    struct bytes map = {r.p, (size_t)(r.end - r.p)};
    int rc = event_private_commit(again, salt.data.p, map, err);
    if (rc == 0 && memcmp(again, commit, EVENT_HASH) != 0) {
        rc = err_set(err, ERR_TAMPERED, "the private fields differ from their commitment");
    }
    if (rc == 0) {
        *ret = (struct private_view){.map = map, .salt = salt.data.p};
    }
    return rc;
}

int private_open(struct bytes record, const uint8_t commit[EVENT_HASH], struct buf *scratch, struct private_view *ret,
                 struct err *err) {
    int rc = 0;
    if (record.n < 1 || record.p[0] > (FORM_PARTS | FORM_ZSTD)) return bad_form(err);
    struct bytes content = {record.p + 1, record.n - 1};
    buf_clear(scratch);
    if ((record.p[0] & FORM_ZSTD) != 0) {
        rc = zst_decompress(scratch, content, PRIVATE_PLAIN_MAX, err);
    } else if (buf_put_bytes(scratch, content) != 0) {
        rc = buf_check(scratch, "private fields", err);
    }
    if (rc == 0) rc = mp_check(bytes_of_buf(scratch), err);
    if (rc != 0) return rc;
    return (record.p[0] & FORM_PARTS) != 0 ? open_parts(scratch, commit, ret, err) : open_whole(scratch, commit, ret, err);
}

/* ---- erasing ---- */

struct cutting {
    const char *const *names;
    size_t n, met;
    uint32_t parts;
    uint64_t bytes;
    struct buf plain;
};

static bool is_named(const struct cutting *c, struct bytes name) {
    for (size_t i = 0; i < c->n; i++) {
        if (bytes_is(name, c->names[i])) return true;
    }
    return c->n == 0;
}

static int cut_field(void *ctx, const struct private_field *f, struct err *err) {
    struct cutting *c = ctx;
    c->parts++;
    if (f->erased || is_named(c, f->name)) {
        mp_put_bin(&c->plain, (struct bytes){f->digest, EVENT_HASH});
        c->met += f->erased ? 0 : 1;
        c->bytes += f->name.n + f->value.n;
    } else {
        mp_put_array(&c->plain, 2);
        mp_put_bin(&c->plain, (struct bytes){f->salt, EVENT_HASH});
        mp_put_array(&c->plain, 2);
        mp_put_str(&c->plain, f->name);
        buf_put_bytes(&c->plain, f->value);
    }
    return buf_check(&c->plain, "private fields", err);
}

int private_erase(struct buf *out, const struct private_view *view, const char *const *names, size_t n, uint64_t *ret_bytes,
                  struct err *err) {
    struct cutting c = {.names = names, .n = n};
    struct buf all = {.max = PRIVATE_PLAIN_MAX};
    struct bytes raw;
    for (size_t i = 0; i < n; i++) {
        if (mp_map_get(view->map, names[i], &raw) != 0) {
            return err_set(err, ERR_NOTFOUND, "it has no private field '%s'%s", names[i],
                           view->n_erased > 0 ? "; some of its fields were erased before" : "");
        }
    }
    buf_init(&c.plain, PRIVATE_PLAIN_MAX);
    int rc = private_each(view, cut_field, &c, err);
    if (rc == 0 && c.met == 0) {
        rc = err_set(err, ERR_NOTFOUND, "its private fields were erased before");
    }
    if (rc == 0) {
        mp_put_array(&all, c.parts);
        buf_put_bytes(&all, bytes_of_buf(&c.plain));
        rc = pack(out, FORM_PARTS, &all, err);
    }
    if (rc == 0) {
        *ret_bytes = c.bytes;
    }
    buf_done(&c.plain);
    buf_done(&all);
    return rc;
}
