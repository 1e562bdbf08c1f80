/* The fields of an input, sorted into open and private ones.
 *
 *   body     {a: 1, b: 2, d: 4} --\          /--> open     {a: 1, d: 4}
 *   private_ {c: 3}             ---> by name
 *                                 /          \--> private  {b: 2, c: 3}
 *
 * Both inputs are canonical maps, so their names come in order; they are merged on the way, and both outputs come out in
 * order without any sorting. The catalog's fields are in order too: one finger moves along them. An entry whose value
 * stays what it is is copied as bytes. The map heads are put before the entries at the end, when the counts are known. */
#include "ledger/kind.h"

#include <string.h>

#include "base/mp.h"
#include "base/secret.h"
#include "ledger/kind_check.h"
#include "ledger/kind_index.h"
#include "ledger/kind_value.h"

#define OPEN_NAMES_MAX 256

/* One input map, standing before the value of its next entry. */
struct cursor {
    const char *what; /* for messages */
    struct mp_reader r;
    uint32_t left; /* entries to come after this one */
    bool there;    /* there is an entry */
    bool is_private;
    struct bytes name;   /* of this entry */
    uint64_t prefix;     /* of the name */
    const uint8_t *from; /* where the entry begins */
};

struct side {
    struct buf *out;
    size_t start;
    uint32_t count;
};

struct sorter {
    struct bytes kind;
    const struct kind_index *index;
    size_t next_slot; /* the finger */
    uint64_t seen;    /* a bit per slot: has a value that is not null */
    uint64_t null;    /* a bit per slot: is null */
    struct cursor body, private_;
    struct side open_side, private_side;
    uint32_t masked;
    bool has_at_text; /* at_text is held back until its place in the order */
    bool at_private;
    struct bytes at_text;
    size_t n_open; /* names that an x.* kind declares open */
    struct bytes open[OPEN_NAMES_MAX];
    bool open_seen[OPEN_NAMES_MAX];
};

/* What becomes of one entry. */
struct entry {
    struct bytes name;
    const struct kind_field *field; /* NULL: unknown */
    struct mp_item item;            /* its value, or the head of it */
    struct bytes raw;               /* name and value as they stand */
    const uint8_t *value;           /* where in `raw` the value begins */
    struct kind_finds finds;
    bool named_secret;
    bool is_time; /* write `time` instead */
    uint64_t time;
};

/* ---- messages ----------------------------------------------------------------------------------------------------- */

/* What the reader says of bytes that are not canonical; to the caller they are a wrong input. */
static __attribute__((cold)) int bad_bytes(const struct cursor *c, int rc, struct err *err) {
    if (rc == 1) {
        return err_set(err, ERR_INVALID, "%s is not a canonical map: it ends too early", c->what);
    }
    err_prefix(err, "%s is not a canonical map", c->what);
    if (err != NULL) {
        err->code = ERR_INVALID;
    }
    return ERR_INVALID;
}

/* ---- inputs ------------------------------------------------------------------------------------------------------- */

/* Moves to the next entry. */
static int cursor_next(struct cursor *c, struct err *err) {
    struct mp_item key;
    if (c->left == 0) {
        c->there = false;
        return c->r.p == c->r.end ? 0 : err_set(err, ERR_INVALID, "%s is not a canonical map: bytes follow it", c->what);
    }
    c->left--;
    c->from = c->r.p;
    int rc = mp_next(&c->r, &key, err);
    if (rc != 0) {
        return bad_bytes(c, rc, err);
    }
    if (key.type != MP_STR) {
        return err_set(err, ERR_INVALID, "%s is not a canonical map: a name is %s", c->what, kind_item_words(&key));
    }
    uint64_t prefix = kind_prefix(key.data);
    if (c->there && prefix <= c->prefix && (prefix < c->prefix || bytes_cmp(c->name, key.data) >= 0)) {
        return err_set(err, ERR_INVALID,
                       "%s is not a canonical map: field '%s' is twice there or not in the order of bytes", c->what,
                       SECRET_SHOWN(key.data));
    }
    c->name = key.data;
    c->prefix = prefix;
    c->there = true;
    return 0;
}

static int cursor_init(struct cursor *c, const char *what, struct bytes map, struct err *err) {
    struct mp_item head;
    c->what = what;
    c->left = 0;
    c->there = false;
    mp_reader_init(&c->r, map);
    if (map.n == 0) {
        return 0;
    }
    int rc = mp_next(&c->r, &head, err);
    if (rc != 0) {
        return bad_bytes(c, rc, err);
    }
    if (head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "%s is %s; accepted: a map of field names and values", c->what,
                       kind_item_words(&head));
    }
    c->left = head.count;
    return cursor_next(c, err);
}

static int bad_open(struct err *err) {
    return err_set(err, ERR_INVALID, "'open' is no array of field names");
}

static int read_open(struct sorter *s, struct bytes open, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    s->n_open = 0;
    if (open.n == 0) {
        return 0;
    }
    if (s->index->kind != NULL) {
        return err_set(err, ERR_INVALID, "'open' is for x.* kinds only; which fields of '%s' are open is in the catalog",
                       s->index->kind->name);
    }
    mp_reader_init(&r, open);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY) {
        return bad_open(err);
    }
    if (item.count > OPEN_NAMES_MAX) {
        return err_set(err, ERR_LIMIT, "'open' has %u names, accepted are %d", item.count, OPEN_NAMES_MAX);
    }
    for (uint32_t n = item.count; s->n_open < n; s->n_open++) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR) {
            return bad_open(err);
        }
        s->open[s->n_open] = item.data;
        s->open_seen[s->n_open] = false;
    }
    return r.p == r.end ? 0 : bad_open(err);
}

static bool is_declared_open(struct sorter *s, struct bytes name) {
    bool found = false;
    for (size_t i = 0; i < s->n_open; i++) {
        if (bytes_eq(s->open[i], name)) {
            s->open_seen[i] = found = true;
        }
    }
    return found;
}

/* ---- outputs ------------------------------------------------------------------------------------------------------ */

/* Puts the head before the entries. */
static void side_end(struct side *side) {
    uint8_t head[8];
    struct buf *out = side->out;
    size_t at = out->n;
    mp_put_map(out, side->count);
    if (out->fail != 0) {
        return;
    }
    size_t n = out->n - at;
    memcpy(head, out->p + at, n);
    memmove(out->p + side->start + n, out->p + side->start, at - side->start);
    memcpy(out->p + side->start, head, n);
}

static void put_entry(struct sorter *s, struct side *side, const struct entry *e) {
    side->count++;
    if (e->is_time) {
        buf_put(side->out, e->raw.p, (size_t)(e->value - e->raw.p));
        mp_put_uint(side->out, e->time);
    } else if (e->finds.secret) {
        struct bytes value = {e->value, (size_t)(e->raw.p + e->raw.n - e->value)};
        buf_put(side->out, e->raw.p, (size_t)(e->value - e->raw.p));
        kind_value_mask(side->out, value, e->named_secret, &s->masked);
    } else {
        buf_put(side->out, e->raw.p, e->raw.n);
    }
}

/* The text of an `at` that is no time, under its other name. */
static void put_at_text(struct sorter *s) {
    struct kind_finds finds = {.look_for_home = true};
    s->has_at_text = false;
    kind_text_scan(s->at_text, false, &finds);
    struct side *side = s->at_private || finds.home ? &s->private_side : &s->open_side;
    side->count++;
    mp_put_str(side->out, bytes_of("at_text"));
    kind_text_mask(side->out, s->at_text, false, &s->masked);
}

/* ---- one field ---------------------------------------------------------------------------------------------------- */

/* Finds the catalog's row; names come in order. */
static const struct kind_field *find_field(struct sorter *s, const struct cursor *c, uint64_t *ret_bit) {
    const struct kind_slot *slots = s->index->slots;
    size_t i = s->next_slot, n = s->index->n_slots;
    while (i < n && slots[i].prefix < c->prefix) {
        i++;
    }
    int order = 1;
    while (i < n && slots[i].prefix == c->prefix && (order = bytes_cmp(slots[i].name, c->name)) < 0) {
        i++;
    }
    s->next_slot = i;
    *ret_bit = order == 0 ? UINT64_C(1) << i : 0;
    return order == 0 ? slots[i].field : NULL;
}

/* Checks the value of a field that the catalog knows. 1: it is an `at` that is no time and is held back. */
static int check_field(struct sorter *s, const struct cursor *c, struct entry *e, uint64_t bit, struct err *err) {
    if (e->item.type == MP_NIL) {
        s->null |= bit;
        return 0;
    }
    s->seen |= bit;
    if (e->item.type == MP_STR && e->field->type == KIND_TIME && bytes_is(e->name, "at") &&
        !kind_time_parse(e->item.data, &e->time)) {
        s->at_text = e->item.data;
        s->at_private = c->is_private;
        s->has_at_text = true;
        return 1;
    }
    return kind_check(e->field, &e->item, &c->r, &e->is_time, &e->time, err);
}

/* Digests and the catalog's own words can be neither secrets nor paths; and no name in the catalog says "secret". */
static int scan(struct cursor *c, struct entry *e, struct err *err) {
    const struct kind_field *f = e->field;
    if (e->item.type == MP_STR) {
        if (f == NULL || (f->type != KIND_DIGEST && f->values == NULL && !e->is_time)) {
            e->named_secret = f == NULL && secret_field_name(e->name);
            kind_text_scan(e->item.data, e->named_secret, &e->finds);
        }
        return 0;
    }
    if (e->item.type != MP_ARRAY && e->item.type != MP_MAP) {
        return 0;
    }
    e->named_secret = f == NULL && secret_field_name(e->name);
    int rc = kind_value_scan(&c->r, &e->item, e->named_secret, &e->finds, err);
    if (rc == ERR_CORRUPT) {
        return bad_bytes(c, rc, err);
    }
    if (rc != 0) {
        err_prefix(err, "field '%s'", SECRET_SHOWN(e->name));
    }
    return rc;
}

/* A name cannot be masked without losing which field it is, so an unknown one must hold no secret. */
static int check_name(const struct cursor *c, struct err *err) {
    struct secret_hit hit;
    if (secret_next(c->name, 0, &hit) != 0) {
        return 0;
    }
    return err_set(err, ERR_INVALID,
                   "a field's name in %s holds a secret (rule %s, %zu bytes at byte %zu of the name); accepted: names "
                   "without one",
                   c->what, hit.rule, hit.n, hit.at);
}

/* Sorts the entry at which c stands and moves on. */
static int sort_entry(struct sorter *s, struct cursor *c, struct err *err) {
    struct entry e;
    uint64_t bit;
    e.name = c->name;
    e.value = c->r.p;
    e.named_secret = e.is_time = false;
    e.field = find_field(s, c, &bit);
    bool open = !c->is_private && s->n_open > 0 && is_declared_open(s, e.name);
    open = open || (!c->is_private && e.field != NULL && (e.field->flags & KIND_OPEN));
    e.finds = (struct kind_finds){.look_for_home = open};
    int rc = mp_next(&c->r, &e.item, err);
    if (rc != 0) {
        return bad_bytes(c, rc, err);
    }
    rc = e.field == NULL ? check_name(c, err) : check_field(s, c, &e, bit, err);
    if (rc == 1) {
        return cursor_next(c, err);
    }
    rc = rc != 0 ? rc : scan(c, &e, err);
    if (rc != 0) {
        return rc;
    }
    e.raw = (struct bytes){c->from, (size_t)(c->r.p - c->from)};
    put_entry(s, open && !e.finds.home ? &s->open_side : &s->private_side, &e);
    return cursor_next(c, err);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static int sort_all(struct sorter *s, struct err *err) {
    struct cursor *a = &s->body, *b = &s->private_;
    while (a->there || b->there) {
        int order = !b->there ? -1 : !a->there ? 1 : bytes_cmp(a->name, b->name);
        struct cursor *c = order <= 0 ? a : b;
        if (order == 0) {
            return err_set(err, ERR_INVALID, "field '%s' is in both body and private; accepted: one of them",
                           SECRET_SHOWN(c->name));
        }
        if (s->has_at_text) {
            int place = bytes_cmp(c->name, bytes_of("at_text"));
            if (place == 0) {
                return err_set(err, ERR_INVALID,
                               "field 'at' is no time, and 'at_text' is there already; accepted: " KIND_TIME_ACCEPTED);
            }
            if (place > 0) {
                put_at_text(s);
            }
        }
        int rc = sort_entry(s, c, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (s->has_at_text) {
        put_at_text(s);
    }
    return 0;
}

static int check_complete(const struct sorter *s, struct err *err) {
    uint64_t missing = s->index->required & ~s->seen;
    if (missing != 0) {
        int slot = __builtin_ctzll(missing);
        const struct kind_field *field = s->index->slots[slot].field;
        bool null = s->null >> slot & 1;
        return err_set(err, ERR_INVALID,
                       null ? "field '%s' is null; '%s' needs it: %s" : "field '%s' is missing; '%s' needs it: %s",
                       field->name, s->index->kind->name, field->help);
    }
    for (size_t i = 0; i < s->n_open; i++) {
        if (!s->open_seen[i]) {
            return err_set(err, ERR_INVALID, "'open' names '%s', which the body does not have", SECRET_SHOWN(s->open[i]));
        }
    }
    return 0;
}

static int find_kind(struct sorter *s, struct err *err) {
    struct bytes kind = s->kind;
    s->index = kind_index_find(kind);
    if (s->index != NULL) {
        return 0;
    }
    if (kind_is_custom(kind)) {
        s->index = kind_index_custom();
        return 0;
    }
    if (bytes_has_prefix(kind, "x.")) {
        return err_set(err, ERR_INVALID,
                       "kind '%s' is no custom kind; accepted: x.<vendor>.<name>, three or more parts of "
                       "a-z, 0-9 and _",
                       SECRET_SHOWN(kind));
    }
    const char *near = kind_suggest(kind);
    return err_set(
        err, ERR_NOTFOUND, "unknown kind '%s'%s%s%s `ledger kinds` lists them; custom kinds are x.<vendor>.<name>",
        SECRET_SHOWN(kind), near == NULL ? ";" : ", did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
}

int kind_sort(struct bytes kind, struct bytes body, struct bytes private_, struct bytes open, struct buf *ret_body,
              struct buf *ret_private, uint32_t *ret_masked, struct err *err) {
    struct sorter s;
    s.kind = kind;
    s.next_slot = 0;
    s.seen = s.null = 0;
    s.masked = 0;
    s.has_at_text = false;
    s.body.is_private = false;
    s.private_.is_private = true;
    s.open_side = (struct side){ret_body, ret_body->n, 0};
    s.private_side = (struct side){ret_private, ret_private->n, 0};
    int rc = find_kind(&s, err);
    rc = rc != 0 ? rc : read_open(&s, open, err);
    rc = rc != 0 ? rc : cursor_init(&s.body, "the body", body, err);
    rc = rc != 0 ? rc : cursor_init(&s.private_, "'private'", private_, err);
    rc = rc != 0 ? rc : sort_all(&s, err);
    rc = rc != 0 ? rc : check_complete(&s, err);
    if (rc == 0) {
        side_end(&s.open_side);
        if (s.private_side.count > 0) {
            side_end(&s.private_side);
        }
        rc = buf_check(ret_body, "the body", err);
        rc = rc != 0 ? rc : buf_check(ret_private, "the private fields", err);
    }
    if (rc != 0) {
        ret_body->n = s.open_side.start;
        ret_private->n = s.private_side.start;
        return rc;
    }
    *ret_masked = s.masked;
    return 0;
}
