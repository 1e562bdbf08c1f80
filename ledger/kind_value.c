/* Values of a body: the walk below one field.
 *
 * Most values are a number or a short text and never come here but for the look at that text. Arrays and maps are walked on
 * a fixed stack, once to look and check, and a second time only when something in them has to be masked: masking changes
 * lengths of texts but no counts, so every other item is copied as it stands. A name cannot be masked, for two names might
 * become one and their order would change: a map with a secret for a name gives way to the mask as a whole. */
#include "ledger/kind_value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define MASK_BEGIN      "\xe2\x80\xb9secret:"
#define MASK_END        "\xe2\x80\xba"
#define MASK_DIGITS_MAX 10
#define MASK_RULE_MAX   40
#define KIND_MASK_LEN   80

/* ---- one text ----------------------------------------------------------------------------------------------------- */

/* "‹secret:RULE:LEN›" and nothing else: what a masked field looks like when it comes back from an export. */
static bool is_masked(struct bytes text) {
    size_t begin = sizeof(MASK_BEGIN) - 1, end = sizeof(MASK_END) - 1;
    if (text.n < begin + end || !bytes_has_prefix(text, MASK_BEGIN) || memcmp(text.p + text.n - end, MASK_END, end) != 0) {
        return false;
    }
    const uint8_t *p = text.p + begin, *last = text.p + text.n - end, *from = p;
    while (p < last && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-')) {
        p++;
    }
    if (p == from || p - from > MASK_RULE_MAX || p == last || *p != ':') {
        return false;
    }
    for (from = ++p; p < last && *p >= '0' && *p <= '9';) {
        p++;
    }
    return p == last && p > from && p - from <= MASK_DIGITS_MAX;
}

static bool is_secret(struct bytes text, bool named_secret) {
    struct secret_hit hit;
    if (text.n == 0) {
        return false;
    }
    return named_secret ? !is_masked(text) : secret_next(text, 0, &hit) == 0;
}

/* "/home/NAME/" at p, or that home directory itself at the end of a path. A name may have spaces when a slash follows. */
static bool is_home_of(const uint8_t *p, const uint8_t *end, const char *base) {
    size_t n = strlen(base);
    bool space = false;
    if ((size_t)(end - p) <= n || memcmp(p, base, n) != 0) {
        return false;
    }
    const uint8_t *name = p + n;
    for (p = name; p < end && *p >= ' ' && strchr("/\"':,;)", *p) == NULL; p++) {
        space = space || *p == ' ';
    }
    return p > name && ((p < end && *p == '/') || !space);
}

/* ":\Users\", the backslashes once or, inside quoted text, twice. */
static bool is_windows_home(const uint8_t *p, const uint8_t *end) {
    static const char name[] = "users";
    const uint8_t *q = p + 1;
    for (; q < end && *q == '\\'; q++) {
    }
    if (q == p + 1 || end - q < (ptrdiff_t)sizeof(name)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(name) - 1; i++) {
        if ((q[i] | 0x20) != name[i]) {
            return false;
        }
    }
    return q[sizeof(name) - 1] == '\\';
}

static bool has_home(struct bytes text) {
    const uint8_t *end = text.p + text.n;
    if (bytes_is(text, "/root")) {
        return true;
    }
    for (const uint8_t *p = text.p; (p = memchr(p, '/', (size_t)(end - p))) != NULL && end - p >= 6; p++) {
        if ((p[1] == 'h' && is_home_of(p, end, "/home/")) || (p[1] == 'U' && is_home_of(p, end, "/Users/")) ||
            (p[5] == '/' && memcmp(p, "/root", 5) == 0)) {
            return true;
        }
    }
    return false;
}

static bool has_windows_home(struct bytes text) {
    const uint8_t *end = text.p + text.n;
    for (const uint8_t *p = text.p; (p = memchr(p, ':', (size_t)(end - p))) != NULL; p++) {
        if (p > text.p && is_windows_home(p, end)) {
            return true;
        }
    }
    return false;
}

void kind_text_scan(struct bytes text, unsigned look, bool named_secret, struct kind_finds *finds) {
    finds->secret = finds->secret || is_secret(text, named_secret);
    if (finds->look_for_home && (look & (TEXT_SLASH | TEXT_BACKSLASH)) != 0) {
        finds->home = finds->home || ((look & TEXT_SLASH) != 0 && has_home(text)) ||
                      ((look & TEXT_BACKSLASH) != 0 && has_windows_home(text));
    }
}

static void scan_text(struct bytes text, bool named_secret, struct kind_finds *finds) {
    kind_text_scan(text, finds->look_for_home ? text_look(text) : 0, named_secret, finds);
}

/* ---- the walk ----------------------------------------------------------------------------------------------------- */

struct level {
    uint64_t left; /* items to come; in a map keys and values count each, so a key comes when it is even */
    bool map;
    bool has_key;
    bool secret; /* the texts in it are: by the newest key of a map, by the name of an array */
    struct bytes key;
};

struct walk {
    struct mp_reader *r;
    unsigned top;
    struct level stack[KIND_DEPTH_MAX];
};

struct step {
    struct mp_item item;
    bool key;
    bool secret; /* by its name */
};

static int walk_push(struct walk *w, const struct mp_item *head, bool secret, struct err *err) {
    /* the body's own map is a level too */
    if (w->top + 1 >= KIND_DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "nested deeper than %d levels", KIND_DEPTH_MAX);
    }
    struct level *l = &w->stack[w->top++];
    l->map = head->type == MP_MAP;
    l->left = l->map ? (uint64_t)head->count * 2 : head->count;
    l->has_key = false;
    l->secret = secret && !l->map;
    return 0;
}

static int take_key(const struct mp_reader *r, struct level *l, const struct mp_item *item, struct err *err) {
    if (item->type != MP_STR) {
        return err_set(err, ERR_CORRUPT, "byte %zu: a map key is not text", (size_t)(r->p - r->start));
    }
    if (l->has_key && bytes_cmp(l->key, item->data) >= 0) {
        return err_set(err, ERR_CORRUPT, "byte %zu: map keys are twice there or not in the order of their bytes",
                       (size_t)(r->p - r->start));
    }
    l->key = item->data;
    l->has_key = true;
    l->secret = secret_field_name(item->data);
    return 0;
}

/* The next item below the container that was pushed first; 1 when there is no more. */
static int walk_next(struct walk *w, struct step *ret, struct err *err) {
    while (w->top > 0 && w->stack[w->top - 1].left == 0) {
        w->top--;
    }
    if (w->top == 0) {
        return 1;
    }
    struct level *l = &w->stack[w->top - 1];
    int rc = mp_next(w->r, &ret->item, err);
    if (rc != 0) {
        return rc < 0 ? rc : err_set(err, ERR_CORRUPT, "the input ends inside an item");
    }
    ret->key = l->map && l->left % 2 == 0;
    l->left--;
    if (ret->key) {
        ret->secret = false;
        return take_key(w->r, l, &ret->item, err);
    }
    ret->secret = l->secret;
    if (ret->item.type == MP_ARRAY || ret->item.type == MP_MAP) {
        return walk_push(w, &ret->item, l->secret, err);
    }
    return 0;
}

int kind_value_scan(struct mp_reader *r, const struct mp_item *head, bool named_secret, struct kind_finds *finds,
                    struct err *err) {
    struct walk w;
    struct step s;
    w.r = r;
    w.top = 0;
    int rc = walk_push(&w, head, named_secret, err);
    while (rc == 0 && (rc = walk_next(&w, &s, err)) == 0) {
        if (s.key) {
            scan_text(s.item.data, false, finds);
        } else if (s.item.type == MP_STR) {
            scan_text(s.item.data, s.secret, finds);
        }
    }
    return rc == 1 ? 0 : rc;
}

/* ---- masking ------------------------------------------------------------------------------------------------------ */

/* The first secret among the names of the map whose head r has just given; r stays where it is. */
static bool find_secret_name(const struct mp_reader *r, uint32_t count, struct secret_hit *ret) {
    struct mp_reader look = *r;
    struct mp_item name;
    for (uint32_t i = 0; i < count; i++) {
        int rc = mp_next(&look, &name, NULL);
        if (rc != 0 || secret_next(name.data, 0, ret) == 0) {
            assert(rc == 0);
            return true;
        }
        rc = mp_skip(&look, 1, NULL, NULL);
        assert(rc == 0);
    }
    return false;
}

/* Writes a mask in place of the map at whose head the walk stands, and steps over it. Its depth was checked by the scan. */
static bool mask_map(struct walk *w, struct buf *out, uint32_t count, uint32_t *masked) {
    struct secret_hit hit;
    char mask[KIND_MASK_LEN];
    if (!find_secret_name(w->r, count, &hit)) {
        return false;
    }
    snprintf(mask, sizeof(mask), MASK_BEGIN "%s:%zu" MASK_END, hit.rule, hit.n);
    mp_put_str(out, bytes_of(mask));
    *masked += 1;
    w->top--;
    for (uint64_t i = 0; i < (uint64_t)count * 2; i++) {
        int rc = mp_skip(w->r, 1, NULL, NULL);
        assert(rc == 0);
    }
    return true;
}

/* The masked text is written first and its head put before it: its length is known only then. */
void kind_text_mask(struct buf *out, struct bytes text, bool named_secret, uint32_t *masked) {
    size_t at = out->n;
    if (!named_secret) {
        *masked += (uint32_t)secret_mask(out, text);
    } else if (text.n == 0 || is_masked(text)) {
        mp_put_str(out, text);
        return;
    } else {
        buf_printf(out, MASK_BEGIN "field-name:%zu" MASK_END, text.n);
        *masked += 1;
    }
    size_t n = out->n - at;
    if (out->fail != 0 || buf_room(out, n + 5) == NULL) {
        return;
    }
    mp_put_str(out, (struct bytes){out->p + at, n});
    memmove(out->p + at, out->p + at + n, out->n - at - n);
    out->n -= n;
}

void kind_value_mask(struct buf *out, struct bytes raw, bool named_secret, uint32_t *masked) {
    struct mp_reader r;
    struct walk w;
    struct step s = {.secret = named_secret};
    mp_reader_init(&r, raw);
    int rc = mp_next(&r, &s.item, NULL);
    assert(rc == 0);
    const uint8_t *from = raw.p;
    w.r = &r;
    w.top = 0;
    if (s.item.type == MP_ARRAY || s.item.type == MP_MAP) {
        walk_push(&w, &s.item, named_secret, NULL);
    }
    do {
        if (s.item.type == MP_STR && !s.key) {
            kind_text_mask(out, s.item.data, s.secret, masked);
        } else if (s.item.type != MP_MAP || !mask_map(&w, out, s.item.count, masked)) {
            buf_put(out, from, (size_t)(r.p - from));
        }
        from = r.p;
        rc = walk_next(&w, &s, NULL);
    } while (rc == 0);
    assert(rc == 1);
}
