/* Sorts the fields of an input into open and private ones.
 *
 *   body     {a: 1, b: 2, d: 4} --\          /--> open     {a: 1, d: 4}
 *   private_ {c: 3}             ---> by name
 *                                 /          \--> private  {b: 2, c: 3}
 *
 * Both inputs are canonical maps, so their names arrive in order; they are merged, and both outputs are in order without
 * any sorting. The catalog's fields are in order too: one pointer moves along them. An entry whose value does not change
 * is copied as bytes, together with unchanged neighbours: a body in which nothing changes is one copy. The map heads are
 * put before the entries at the end, when the counts are known. */
#include "ledger/kinds/sort.h"

#include <string.h>

#include "base/mp.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/kinds/check.h"
#include "ledger/kinds/id.h"
#include "ledger/kinds/near.h"
#include "ledger/kinds/subject.h"
#include "ledger/kinds/value.h"

#define OPEN_NAMES_MAX 256

/* One input map, positioned before the value of its next entry. */
struct cursor {
    const char *what; /* for messages */
    struct mp_reader r;
    uint32_t left; /* entries after this one */
    bool there;    /* an entry is loaded */
    bool is_private;
    struct bytes name;   /* of this entry */
    uint64_t prefix;     /* of the name */
    const uint8_t *from; /* where the entry begins */
    struct bytes map;    /* all of it */
    struct bytes before; /* the text of the previous entry, when the catalog does not know that one */
};

/* One output. Neighbouring entries of an input that come out unchanged are a run and are copied together. */
struct side {
    struct buf *out;
    size_t start;
    uint32_t count;
    const uint8_t *run, *run_end; /* not copied yet; both NULL when there is none */
};

struct sorter {
    struct bytes kind, subject; /* the subject is empty where it is not compared */
    const struct kind_index *index;
    struct kind_memo *memo;       /* NULL: none */
    bool any_name, any_member;    /* slips and unknown members of maps are let through */
    const struct kind_slot *slot; /* the first slot not yet passed */
    uint64_t seen;                /* a bit per slot: has a value that is not null */
    uint64_t null;                /* a bit per slot: is null */
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

/* What is known of one entry. */
struct entry {
    const struct kind_slot *slot; /* NULL: unknown */
    struct mp_item item;          /* its value, or the head of it */
    unsigned look;                /* of a text */
    const uint8_t *value;         /* where it begins */
    struct kind_finds finds;
    bool named_secret;
    struct secret_parts parts; /* of a text, secret because of its neighbours */
    bool is_time;              /* write `time` instead of the value */
    uint64_t time;
};

/* ---- messages ----------------------------------------------------------------------------------------------------- */

/* Reports what the reader says of bytes that are not canonical; for the caller that is invalid input. */
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

static __attribute__((noinline, cold)) int bad_order(const struct cursor *c, struct bytes name, struct err *err) {
    return err_set(err, ERR_INVALID, "%s is not a canonical map: field '%s' is repeated or not in byte order", c->what,
                   SECRET_SHOWN(name));
}

static __attribute__((noinline, cold)) int bad_value(const struct cursor *c, int rc, struct err *err) {
    if (rc == ERR_CORRUPT) return bad_bytes(c, rc, err);
    err_prefix(err, "field '%s'", SECRET_SHOWN(c->name));
    return rc;
}

/* ---- inputs ------------------------------------------------------------------------------------------------------- */

/* The slow path for a name that is not a short ASCII text. */
static __attribute__((noinline)) int read_name(struct cursor *c, struct bytes *ret, struct err *err) {
    struct mp_item key;
    int rc = mp_next(&c->r, &key, err);
    if (rc != 0) return bad_bytes(c, rc, err);
    if (key.type != MP_STR) {
        return err_set(err, ERR_INVALID, "%s is not a canonical map: a name is %s", c->what, kind_item_words(&key));
    }
    *ret = key.data;
    return 0;
}

static int cursor_next(struct cursor *c, struct err *err) {
    struct bytes before = c->name, name;
    if (c->left == 0) {
        c->there = false;
        return c->r.p == c->r.end ? 0 : err_set(err, ERR_INVALID, "%s is not a canonical map: bytes follow it", c->what);
    }
    c->left--;
    c->from = c->r.p;
    if (mp_peek_text(&c->r, &name) && text_is_ascii(name)) {
        c->r.p = name.p + name.n;
    } else {
        int rc = read_name(c, &c->name, err);
        if (rc != 0) return rc;
        name = c->name;
    }
    uint64_t prefix = kind_prefix(name, (size_t)(c->r.end - name.p));
    if (c->there && prefix <= c->prefix && (prefix < c->prefix || bytes_cmp(before, name) >= 0)) {
        return bad_order(c, name, err);
    }
    c->name = name;
    c->prefix = prefix;
    c->there = true;
    return 0;
}

/* Reads the value of the entry; a text is examined once for everything that is asked later. */
static int read_value(struct cursor *c, struct entry *e, struct err *err) {
    if (mp_peek_text(&c->r, &e->item.data)) {
        e->look = text_look(e->item.data);
        if ((e->look & TEXT_WIDE) == 0) {
            e->item.type = MP_STR;
            c->r.p = e->item.data.p + e->item.data.n;
            return 0;
        }
    }
    e->look = TEXT_LOOK_ALL;
    int rc = mp_next(&c->r, &e->item, err);
    return rc == 0 ? 0 : bad_bytes(c, rc, err);
}

static int cursor_init(struct cursor *c, const char *what, struct bytes map, struct err *err) {
    struct mp_item head;
    c->what = what;
    c->left = 0;
    c->there = false;
    c->name = c->before = (struct bytes){NULL, 0};
    c->map = map;
    mp_reader_init(&c->r, map);
    if (map.n == 0) return 0;
    int rc = mp_next(&c->r, &head, err);
    if (rc != 0) return bad_bytes(c, rc, err);
    if (head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "%s is %s; expected: a map of field names and values", c->what,
                       kind_item_words(&head));
    }
    c->left = head.count;
    return cursor_next(c, err);
}

static int bad_open(struct err *err) {
    return err_set(err, ERR_INVALID, "'open' is not an array of field names");
}

static int read_open(struct sorter *s, struct bytes open, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    s->n_open = 0;
    if (open.n == 0) return 0;
    if (s->index->kind != NULL) {
        return err_set(err, ERR_INVALID, "'open' is for x.* kinds only; which fields of '%s' are open is in the catalog",
                       s->index->kind->name);
    }
    mp_reader_init(&r, open);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY) return bad_open(err);
    if (item.count > OPEN_NAMES_MAX) {
        return err_set(err, ERR_LIMIT, "'open' has %u names, expected %d", item.count, OPEN_NAMES_MAX);
    }
    for (uint32_t n = item.count; s->n_open < n; s->n_open++) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR) return bad_open(err);
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

static void side_copy(struct side *side) {
    if (side->run != NULL) {
        buf_put(side->out, side->run, (size_t)(side->run_end - side->run));
        side->run = side->run_end = NULL;
    }
}

/* Puts the head before the entries. */
static void side_end(struct side *side) {
    uint8_t head[8];
    struct buf *out = side->out;
    if (out->n == side->start) {
        mp_put_map(out, side->count);
        side_copy(side);
        return;
    }
    side_copy(side);
    size_t at = out->n;
    mp_put_map(out, side->count);
    if (out->fail != 0) return;
    size_t n = out->n - at;
    memcpy(head, out->p + at, n);
    memmove(out->p + side->start + n, out->p + side->start, at - side->start);
    memcpy(out->p + side->start, head, n);
}

/* An entry that comes out unchanged. */
static inline void put_raw(struct side *side, const uint8_t *from, const uint8_t *end) {
    side->count++;
    if (side->run_end != from) {
        side_copy(side);
        side->run = from;
    }
    side->run_end = end;
}

static void put_entry(struct sorter *s, struct side *side, const struct cursor *c, const struct entry *e) {
    if (!e->is_time && !e->finds.secret) {
        put_raw(side, c->from, c->r.p);
        return;
    }
    side_copy(side);
    side->count++;
    buf_put(side->out, c->from, (size_t)(e->value - c->from));
    if (e->is_time) {
        mp_put_uint(side->out, e->time);
    } else {
        kind_value_mask(side->out, (struct bytes){e->value, (size_t)(c->r.p - e->value)}, e->named_secret, &e->parts,
                        &s->masked);
    }
}

/* The text of an `at` that is not a time, under its other name. */
static void put_at_text(struct sorter *s) {
    struct kind_finds finds = {.look_for_home = true};
    s->has_at_text = false;
    kind_text_scan(s->at_text, TEXT_LOOK_ALL, false, &finds);
    struct side *side = s->at_private || finds.home ? &s->private_side : &s->open_side;
    side_copy(side);
    side->count++;
    mp_put_str(side->out, bytes_of("at_text"));
    kind_text_mask(side->out, s->at_text, false, NULL, &s->masked);
}

/* ---- one field ---------------------------------------------------------------------------------------------------- */

static bool is_name_of(const struct kind_slot *slot, struct bytes name) {
    return slot->name.n == name.n &&
           (name.n <= 8 ||
            (slot->tail == kind_tail(name) && (name.n <= 16 || memcmp(slot->name.p + 8, name.p + 8, name.n - 16) == 0)));
}

/* Finds the catalog's row, given that names arrive in order. */
static const struct kind_slot *find_slot(struct sorter *s, const struct cursor *c) {
    const struct kind_slot *slot = s->slot;
    while (slot->prefix < c->prefix) {
        slot++;
    }
    for (; slot->prefix == c->prefix && slot->field != NULL; slot++) {
        if (is_name_of(slot, c->name)) {
            s->slot = slot + 1;
            return slot;
        }
        if (bytes_cmp(slot->name, c->name) > 0) break;
    }
    s->slot = slot;
    return NULL;
}

/* Checks the value of a field that the catalog knows. 1: it is an `at` that is not a time, and is held back. */
static int check_field(struct sorter *s, const struct cursor *c, struct entry *e, struct err *err) {
    if ((e->slot->accepts >> e->item.type & 1) != 0) {
        s->seen |= e->slot->bit;
        return 0;
    }
    if (e->item.type == MP_NIL) {
        s->null |= e->slot->bit;
        return 0;
    }
    s->seen |= e->slot->bit;
    if (e->item.type == MP_STR && e->slot->field->type == KIND_TIME && bytes_is(c->name, "at") &&
        !kind_time_parse(e->item.data, &e->time)) {
        s->at_text = e->item.data;
        s->at_private = c->is_private;
        s->has_at_text = true;
        return 1;
    }
    struct kind_field field = *e->slot->field;
    field.flags |= s->any_member ? KIND_SIGNED : 0U; /* older events have negative counts */
    int rc = kind_check(&field, &e->item, &c->r, &e->is_time, &e->time, err);
    if (rc == 0 && e->slot->field->members != NULL && !s->any_member)
        rc = kind_check_members(e->slot->field, e->item.count, &c->r, err);
    return rc;
}

/* {"name":"X-Api-Key","value":"…"}, side by side in either input. */
static bool is_value_of_pair(const struct sorter *s, const struct cursor *c) {
    static const char *const names[] = {"name", "key", "header", "Name", "Key", "Header", "k"};
    const struct bytes maps[] = {s->body.map, s->private_.map};
    struct mp_item item;
    struct bytes raw;
    bool found = false;
    for (size_t m = kind_names_value(c->name) ? 0 : 2; m < 2; m++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && maps[m].n > 0; i++) {
            found = found || (mp_map_get(maps[m], names[i], &raw) == 0 && mp_scalar(raw, &item) == 0 &&
                              item.type == MP_STR && secret_field_name(item.data));
        }
    }
    return found;
}

/* The text of the entry after this one, empty when there is none. */
static struct bytes text_behind(const struct cursor *c) {
    struct mp_reader r = c->r;
    struct mp_item item;
    bool there = c->left > 0 && mp_next(&r, &item, NULL) == 0 && mp_next(&r, &item, NULL) == 0 && item.type == MP_STR;
    return there ? item.data : (struct bytes){NULL, 0};
}

/* Two neighbouring fields that the catalog does not know may hold the two halves of a secret. */
static void look_beside(struct cursor *c, struct entry *e) {
    size_t end, begin;
    if (secret_seam(c->before, e->item.data, &end, &begin)) {
        secret_parts_add(&e->parts, "split", 0, begin);
    }
    if (secret_seam(e->item.data, text_behind(c), &end, &begin)) {
        secret_parts_add(&e->parts, "split", e->item.data.n - end, end);
    }
    e->finds.secret = e->finds.secret || e->parts.n > 0;
}

/* Digests, enumerated words and ids in id fields can be neither secrets nor paths, and no name in the catalog says
 * "secret". */
static int scan(struct sorter *s, struct cursor *c, struct entry *e, struct err *err) {
    struct bytes before = {NULL, 0};
    bool pair = e->slot == NULL && is_value_of_pair(s, c);
    if (e->item.type == MP_STR) {
        if (e->slot == NULL || (e->slot->free && !e->is_time && !(e->slot->ids && kind_is_id(e->item.data)))) {
            e->named_secret = e->slot == NULL && (secret_field_value(c->name, e->item.data) || pair);
            kind_text_scan(e->item.data, e->look, e->named_secret, &e->finds);
        }
        if (e->slot == NULL && !e->named_secret) {
            look_beside(c, e);
            before = e->item.data;
        }
        c->before = before;
        return 0;
    }
    c->before = before;
    if (kind_is_number(e->item.type)) {
        e->finds.secret = e->named_secret = e->slot == NULL && (secret_field_number(c->name) || pair);
        return 0;
    }
    if (e->item.type != MP_ARRAY && e->item.type != MP_MAP) return 0;
    e->named_secret = pair || (e->slot == NULL && e->item.type == MP_ARRAY && secret_field_name(c->name));
    int rc = kind_value_scan(&c->r, &e->item, e->named_secret, &e->finds, err);
    return rc == 0 ? 0 : bad_value(c, rc, err);
}

/* A name cannot be masked without losing which field it is, so an unknown name must not hold a secret. Nor may it be a
 * misspelt known one: a value that was meant to be open and to count would be private and count for nothing. */
static int check_name(const struct sorter *s, const struct cursor *c, struct err *err) {
    struct secret_hit hit;
    if (secret_next(c->name, 0, &hit) == 0) return kind_name_secret(c->what, &hit, err);
    return s->any_name ? 0 : kind_near_check(s->index, c->name, err);
}

/* Steps over a value that needs only one look: a text known to be good in this field of a body, or a number or boolean of
 * the field's type. 1: the value is neither. */
static inline int step_over(struct sorter *s, struct cursor *c, const struct kind_slot *slot, struct err *err) {
    struct bytes text;
    struct mp_item item;
    uint8_t head = c->r.p == c->r.end ? 0xc0 : *c->r.p;
    if (head < 0x80 || head >= 0xe0 || (head >= 0xca && head <= 0xd3) || (head & 0xfe) == 0xc2) {
        const uint8_t *value = c->r.p;
        int rc = mp_next(&c->r, &item, err);
        if (rc != 0) return bad_bytes(c, rc, err);
        if ((slot->accepts >> item.type & 1) == 0) {
            c->r.p = value;
            return 1;
        }
    } else if (s->memo != NULL && !c->is_private && mp_peek_text(&c->r, &text) && kind_memo_has(s->memo, slot, text)) {
        c->r.p = text.p + text.n;
    } else {
        return 1;
    }
    s->seen |= slot->bit;
    return 0;
}

/* Judges the value in full. 1: it is held back. */
static int judge(struct sorter *s, struct cursor *c, struct entry *e, struct err *err) {
    int rc = read_value(c, e, err);
    if (rc == 0) rc = e->slot == NULL ? check_name(s, c, err) : check_field(s, c, e, err);
    if (rc == 0) rc = scan(s, c, e, err);
    if (rc == 0 && e->finds.secret && e->slot != NULL && e->slot->exact) {
        return kind_not_exact(s->index, c->name, err);
    }
    bool good = rc == 0 && !e->is_time && !e->finds.secret && !e->finds.home;
    if (good && s->memo != NULL && e->item.type == MP_STR && e->slot != NULL && !c->is_private) {
        kind_memo_put(s->memo, e->slot, e->item.data);
    }
    return rc;
}

/* Sorts the current entry of c and moves on. */
static int sort_entry(struct sorter *s, struct cursor *c, struct err *err) {
    struct entry e;
    e.slot = find_slot(s, c);
    bool open = !c->is_private && s->n_open > 0 && is_declared_open(s, c->name);
    open = open || (!c->is_private && e.slot != NULL && e.slot->open);
    bool decides = e.slot != NULL && e.slot->decides;
    if (decides && c->is_private) return kind_not_private(s->index, c->name, err);
    bool compares = s->subject.n > 0 && (e.slot == NULL ? s->index->kind != NULL : e.slot->restates);
    int rc = compares ? kind_agree(s->index, s->subject, c->name, &c->r, err) : 0;
    if (rc == 0) rc = e.slot == NULL ? 1 : step_over(s, c, e.slot, err);
    if (rc == 0) {
        put_raw(open ? &s->open_side : &s->private_side, c->from, c->r.p);
        return cursor_next(c, err);
    }
    if (rc == 1) {
        e.value = c->r.p;
        e.named_secret = e.is_time = false;
        e.parts.n = 0;
        e.finds = (struct kind_finds){.look_for_home = open && !decides};
        rc = judge(s, c, &e, err);
    }
    if (rc == 0) {
        put_entry(s, open && !e.finds.home ? &s->open_side : &s->private_side, c, &e);
    }
    return rc < 0 ? rc : cursor_next(c, err);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static int sort_all(struct sorter *s, struct err *err) {
    struct cursor *a = &s->body, *b = &s->private_;
    while (a->there || b->there) {
        int order = !b->there ? -1 : !a->there ? 1 : bytes_cmp(a->name, b->name);
        struct cursor *c = order <= 0 ? a : b;
        if (order == 0) return kind_name_twice(c->name, err);
        if (s->has_at_text) {
            int place = bytes_cmp(c->name, bytes_of("at_text"));
            if (place == 0) {
                return err_set(err, ERR_INVALID,
                               "field 'at' is not a time, and 'at_text' is there already; expected: " KIND_TIME_ACCEPTED);
            }
            if (place > 0) {
                put_at_text(s);
            }
        }
        int rc = sort_entry(s, c, err);
        if (rc != 0) return rc;
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

static int find_kind(struct sorter *s, const struct kind_index *index, struct err *err) {
    if (index != NULL || kind_is_custom(s->kind)) {
        s->index = index != NULL ? index : kind_index_custom();
        s->slot = s->index->slots;
        return 0;
    }
    return kind_unknown(s->kind, err);
}

int kind_sort_input(const struct kind_input *in, struct buf *ret_body, struct buf *ret_private, uint32_t *ret_masked,
                    struct err *err) {
    struct sorter s;
    s.kind = in->kind;
    s.subject = in->as_it_is ? (struct bytes){NULL, 0} : in->subject;
    s.memo = in->memo;
    s.any_name = in->force_private || in->as_it_is;
    s.any_member = in->as_it_is;
    s.seen = s.null = 0;
    s.masked = 0;
    s.has_at_text = false;
    s.body.is_private = false;
    s.private_.is_private = true;
    s.open_side = (struct side){.out = ret_body, .start = ret_body->n};
    s.private_side = (struct side){.out = ret_private, .start = ret_private->n};
    int rc = find_kind(&s, in->index, err);
    if (rc == 0) rc = read_open(&s, in->open, err);
    if (rc == 0) rc = cursor_init(&s.body, "the body", in->body, err);
    if (rc == 0) rc = cursor_init(&s.private_, "'private'", in->private_, err);
    if (rc == 0) rc = sort_all(&s, err);
    if (rc == 0) rc = check_complete(&s, err);
    if (rc == 0) {
        side_end(&s.open_side);
        if (s.private_side.count > 0) {
            side_end(&s.private_side);
        }
        rc = buf_check(ret_body, "the body", err);
        if (rc == 0) rc = buf_check(ret_private, "the private fields", err);
    }
    if (rc != 0) {
        ret_body->n = s.open_side.start;
        ret_private->n = s.private_side.start;
        return rc;
    }
    *ret_masked = s.masked;
    return 0;
}

int kind_sort(struct bytes kind, struct bytes body, struct bytes private_, struct bytes open, struct buf *ret_body,
              struct buf *ret_private, uint32_t *ret_masked, struct err *err) {
    const struct kind_input in = {
        .kind = kind, .body = body, .private_ = private_, .open = open, .index = kind_index_find(kind)};
    return kind_sort_input(&in, ret_body, ret_private, ret_masked, err);
}
