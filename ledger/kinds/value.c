/* Values of a body: the walk below one field.
 *
 * Most values are a number or a short text; of these only the text is looked at here. Arrays and maps are walked on a fixed
 * stack, once to look and check, and a second time only when something in them has to be masked: masking changes lengths of
 * texts but no counts, so every other item is copied unchanged. A name cannot be masked, because two names might become the
 * same and the order of names would change: a map with a secret in a name is replaced by a mask as a whole. */
#include "ledger/kinds/value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/kinds/id.h"

#define MASK_BEGIN      "\xe2\x80\xb9secret:"
#define MASK_END        "\xe2\x80\xba"
#define MASK_DIGITS_MAX 10
#define MASK_RULE_MAX   40
#define KIND_MASK_LEN   80

/* ---- one text ----------------------------------------------------------------------------------------------------- */

/* Only "‹secret:RULE:LEN›": what a masked field looks like when it comes back from an export. */
static bool is_masked(struct bytes text) {
    size_t begin = sizeof(MASK_BEGIN) - 1, end = sizeof(MASK_END) - 1;
    if (text.n < begin + end || !bytes_has_prefix(text, MASK_BEGIN) || memcmp(text.p + text.n - end, MASK_END, end) != 0) {
        return false;
    }
    const uint8_t *p = text.p + begin, *last = text.p + text.n - end, *from = p;
    while (p < last && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-')) {
        p++;
    }
    if (p == from || p - from > MASK_RULE_MAX || p == last || *p != ':') return false;
    for (from = ++p; p < last && *p >= '0' && *p <= '9';) {
        p++;
    }
    return p == last && p > from && p - from <= MASK_DIGITS_MAX;
}

static void count_secret(struct kind_finds *finds, const char *rule) {
    finds->secret = true;
    finds->rule = finds->secrets++ == 0 ? rule : finds->rule;
}

static void find_secret(struct bytes text, bool named_secret, struct kind_finds *finds) {
    struct secret_hit hit;
    if (text.n == 0) return;
    if (named_secret && !is_masked(text)) {
        count_secret(finds, "field-name");
    } else if (!named_secret && (finds->prefilter == NULL || secret_prefilter_may(finds->prefilter, text)) &&
               memo_ask(finds->texts, text, secret_is_in) && secret_next(text, 0, &hit) == 0) {
        count_secret(finds, hit.rule);
    }
}

/* "/home/NAME/" at p, or that home directory itself at the end of a path. A name may contain spaces when a slash
 * follows. */
static bool is_home_of(const uint8_t *p, const uint8_t *end, const char *base) {
    size_t n = strlen(base);
    bool space = false;
    if ((size_t)(end - p) <= n || memcmp(p, base, n) != 0) return false;
    const uint8_t *name = p + n;
    for (p = name; p < end && *p >= ' ' && strchr("/\"':,;)", *p) == NULL; p++) {
        space = space || *p == ' ';
    }
    return p > name && ((p < end && *p == '/') || !space);
}

/* ":\Users\", with single backslashes or, inside quoted text, double ones. */
static bool is_windows_home(const uint8_t *p, const uint8_t *end) {
    static const char name[] = "users";
    const uint8_t *q = p + 1;
    for (; q < end && *q == '\\'; q++) {
    }
    if (q == p + 1 || end - q < (ptrdiff_t)sizeof(name)) return false;
    for (size_t i = 0; i < sizeof(name) - 1; i++) {
        if ((q[i] | 0x20) != name[i]) return false;
    }
    return q[sizeof(name) - 1] == '\\';
}

static bool has_home(struct bytes text) {
    const uint8_t *end = text.p + text.n;
    if (bytes_is(text, "/root")) return true;
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
        if (p > text.p && is_windows_home(p, end)) return true;
    }
    return false;
}

static void find_home(struct bytes text, unsigned look, struct kind_finds *finds) {
    if (finds->look_for_home && (look & (TEXT_SLASH | TEXT_BACKSLASH)) != 0) {
        finds->home = finds->home || ((look & TEXT_SLASH) != 0 && has_home(text)) ||
                      ((look & TEXT_BACKSLASH) != 0 && has_windows_home(text));
    }
}

void kind_text_scan(struct bytes text, unsigned look, bool named_secret, struct kind_finds *finds) {
    find_secret(text, named_secret, finds);
    find_home(text, look, finds);
}

static void scan_text(struct bytes text, bool named_secret, struct kind_finds *finds) {
    kind_text_scan(text, finds->look_for_home ? text_look(text) : 0, named_secret, finds);
}

/* ---- pairs -------------------------------------------------------------------------------------------------------- */

static bool is_one_of(struct bytes text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text.n == 0 || (text.p[0] | 0x20) != (uint8_t)words[i][0]) continue;
        size_t n = strlen(words[i]), k = 0;
        while (k < n && k < text.n && (text.p[k] == (uint8_t)words[i][k] || (text.p[k] | 0x20) == (uint8_t)words[i][k])) {
            k++;
        }
        if (k == n && n == text.n) return true;
    }
    return false;
}

static bool names_name(struct bytes key) {
    static const char *const words[] = {"name",  "key",       "k",         "header", "field", "var",   "env",
                                        "param", "parameter", "attribute", "option", "flag",  "label", "property"};
    return key.n <= 9 && is_one_of(key, words, sizeof(words) / sizeof(words[0]));
}

bool kind_names_value(struct bytes key) {
    static const char *const words[] = {"value", "val",     "v",           "values",       "data",      "content",
                                        "text",  "default", "stringvalue", "string_value", "arrayvalue"};
    return key.n <= 12 && is_one_of(key, words, sizeof(words) / sizeof(words[0]));
}

/* ---- the walk ----------------------------------------------------------------------------------------------------- */

struct level {
    uint64_t left; /* items left; a map counts keys and values, so an even number means that a key is next */
    bool map;
    bool has_key;
    bool all;   /* everything below is secret: the value of a pair whose name says so */
    bool texts; /* an array whose name says that its texts are secret */
    bool pair;  /* a map with a name, as one of its values, that says "secret" */
    bool model; /* {"logprob":-0.1,"token":"a"}: a token of a text */
    struct bytes key;
    struct bytes before; /* the previous text, when it was the previous item */
    struct bytes behind; /* the text after the current one, when the two were examined together */
    size_t seam;         /* how many bytes at the start of `behind` are secret */
    struct secret_list list;
};

/* What is secret below a container. */
enum below { BELOW_NOTHING, BELOW_TEXTS, BELOW_ALL };

struct walk {
    struct mp_reader *r;
    struct memo *names; /* may be NULL */
    unsigned top, depth_max;
    struct level stack[MP_DEPTH_MAX + 1];
};

struct step {
    struct mp_item item;
    bool key;
    bool secret;               /* as a whole */
    struct secret_parts parts; /* of a text */
};

static int walk_push(struct walk *w, const struct mp_item *head, enum below below, struct err *err) {
    /* the body's own map counts as a level */
    if (w->top + 1 >= w->depth_max) {
        return err_set(err, ERR_INVALID, "nested deeper than %d levels", KIND_DEPTH_MAX);
    }
    struct level *l = &w->stack[w->top++];
    l->map = head->type == MP_MAP;
    l->left = l->map ? (uint64_t)head->count * 2 : head->count;
    l->has_key = l->pair = l->model = false;
    l->all = below == BELOW_ALL;
    l->texts = below == BELOW_TEXTS && !l->map;
    l->before = l->behind = (struct bytes){NULL, 0};
    secret_list_begin(&l->list);
    return 0;
}

static int take_key(const struct mp_reader *r, struct level *l, const struct mp_item *item, struct err *err) {
    if (item->type != MP_STR) {
        return err_set(err, ERR_CORRUPT, "byte %zu: a map key is not text", (size_t)(r->p - r->start));
    }
    if (l->has_key && bytes_cmp(l->key, item->data) >= 0) {
        return err_set(err, ERR_CORRUPT, "byte %zu: map keys are repeated or not in byte order", (size_t)(r->p - r->start));
    }
    l->key = item->data;
    l->has_key = true;
    l->model = l->model || bytes_is(item->data, "logprob");
    return 0;
}

/* Whether a name in the rest of the pair, after the value at r, says "secret". */
static bool has_secret_name(const struct mp_reader *r, const struct level *l) {
    struct mp_reader look = *r;
    struct mp_item key, value;
    bool found = false;
    for (uint64_t left = l->left; left >= 2 && !found; left -= 2) {
        struct mp_reader at;
        if (mp_next(&look, &key, NULL) != 0 || key.type != MP_STR) return false;
        at = look;
        found = names_name(key.data) && mp_next(&at, &value, NULL) == 0 && value.type == MP_STR &&
                secret_field_name(value.data);
        if (mp_skip(&look, 1, NULL, NULL) != 0) return false;
    }
    return found;
}

/* Whether the name matters to is_named: false means that it says nothing about its value. */
static bool name_says(struct bytes key) {
    return names_name(key) || kind_names_value(key) || secret_field_says(key);
}

/* Whether a value is secret because of its own name or the name in its pair. */
static enum below is_named(const struct walk *w, struct level *l, const struct mp_item *item) {
    if (l->all || !l->map) {
        bool text = item->type == MP_STR || item->type == MP_ARRAY;
        return l->all ? BELOW_ALL : l->texts && text ? BELOW_TEXTS : BELOW_NOTHING;
    }
    if (!memo_ask(w->names, l->key, name_says)) return BELOW_NOTHING;
    if (item->type == MP_STR && names_name(l->key)) {
        l->pair = l->pair || secret_field_name(item->data);
    } else if (kind_names_value(l->key) && (l->pair || has_secret_name(w->r, l))) {
        bool blank = item->type == MP_STR && !secret_field_value(bytes_of("password"), item->data);
        return blank ? BELOW_NOTHING : BELOW_ALL;
    }
    if (l->model && bytes_is(l->key, "token")) return BELOW_NOTHING;
    bool named = kind_is_number(item->type) ? secret_field_number(l->key)
                 : item->type == MP_STR     ? secret_field_value(l->key, item->data)
                                            : item->type == MP_ARRAY && secret_field_name(l->key);
    return named ? BELOW_TEXTS : BELOW_NOTHING;
}

/* The next text of the level, when it directly follows this one. */
static struct bytes text_behind(const struct mp_reader *r, const struct level *l) {
    struct mp_reader look = *r;
    struct mp_item item;
    uint64_t left = l->left;
    bool there = !l->map || (left > 1 && mp_next(&look, &item, NULL) == 0);
    there = there && left > 0 && mp_next(&look, &item, NULL) == 0 && item.type == MP_STR;
    return there ? item.data : (struct bytes){NULL, 0};
}

/* Finds the parts of a text that are secret because of the texts around it. */
static void look_around(const struct mp_reader *r, struct level *l, struct step *step) {
    struct bytes text = step->item.data, behind = text_behind(r, l);
    struct secret_hit hit;
    size_t end, begin = 0;
    if (l->behind.p == text.p) {
        begin = l->seam;
    } else if (!secret_seam(l->before, text, &end, &begin)) {
        begin = 0;
    }
    secret_parts_add(&step->parts, "split", 0, begin);
    l->behind = behind;
    l->seam = 0;
    if (secret_seam(text, behind, &end, &l->seam)) {
        secret_parts_add(&step->parts, "split", text.n - end, end);
    }
    if (!l->map && secret_list_next(&l->list, text, &hit)) {
        secret_parts_add(&step->parts, hit.rule, hit.at, hit.n);
    }
}

/* The next item below the container that was pushed first; 1 when there is no more. */
static int walk_next(struct walk *w, struct step *ret, struct err *err) {
    while (w->top > 0 && w->stack[w->top - 1].left == 0) {
        w->top--;
    }
    if (w->top == 0) return 1;
    struct level *l = &w->stack[w->top - 1];
    int rc = mp_next(w->r, &ret->item, err);
    if (rc != 0) return rc < 0 ? rc : err_set(err, ERR_CORRUPT, "the input ends inside an item");
    ret->key = l->map && l->left % 2 == 0;
    ret->parts.n = 0;
    l->left--;
    if (ret->key) {
        ret->secret = false;
        return take_key(w->r, l, &ret->item, err);
    }
    enum below below = is_named(w, l, &ret->item);
    ret->secret = below != BELOW_NOTHING;
    if (ret->item.type == MP_ARRAY || ret->item.type == MP_MAP) {
        l->before = (struct bytes){NULL, 0};
        return walk_push(w, &ret->item, below, err);
    }
    if (ret->item.type == MP_STR && !ret->secret) {
        look_around(w->r, l, ret);
    }
    l->before = ret->item.type == MP_STR ? ret->item.data : (struct bytes){NULL, 0};
    return 0;
}

/* A map that is named secret is the value of a pair: other names of maps say nothing about their contents. */
static enum below below_of(const struct mp_item *head, bool named_secret) {
    return !named_secret ? BELOW_NOTHING : head->type == MP_MAP ? BELOW_ALL : BELOW_TEXTS;
}

/* In a payload, [body, author]: the text is an id in a field of the body that holds ids. */
static bool is_id(const struct walk *w, const struct kind_index *kind, struct bytes text) {
    return kind != NULL && w->top == 2 && w->stack[1].map && kind_id_in_field(kind, w->stack[1].key, text);
}

/* Few texts look like a secret, so only those are tested for being an id. */
static void scan_item(const struct walk *w, struct bytes text, bool named_secret, struct kind_finds *finds) {
    bool secret = finds->secret;
    uint32_t secrets = finds->secrets;
    scan_text(text, named_secret, finds);
    if (finds->secrets > secrets && !named_secret && is_id(w, finds->kind, text)) {
        finds->secret = secret;
        finds->secrets = secrets;
        finds->rule = secrets == 0 ? NULL : finds->rule;
    }
}

int kind_value_scan(struct mp_reader *r, const struct mp_item *head, bool named_secret, struct kind_finds *finds,
                    struct err *err) {
    struct walk w;
    struct step s;
    w.r = r;
    w.names = finds->names;
    w.top = 0;
    w.depth_max = finds->prefilter == NULL ? KIND_DEPTH_MAX : MP_DEPTH_MAX + 2;
    int rc = walk_push(&w, head, below_of(head, named_secret), err);
    while (rc == 0 && (rc = walk_next(&w, &s, err)) == 0) {
        if (s.key) {
            scan_text(s.item.data, false, finds);
        } else if (s.item.type == MP_STR && s.parts.n > 0) {
            count_secret(finds, s.parts.part[0].rule);
            find_home(s.item.data, finds->look_for_home ? text_look(s.item.data) : 0, finds);
        } else if (s.item.type == MP_STR) {
            scan_item(&w, s.item.data, s.secret, finds);
        } else if (kind_is_number(s.item.type) && s.secret) {
            count_secret(finds, "field-name");
        }
    }
    return rc == 1 ? 0 : rc;
}

/* ---- masking ------------------------------------------------------------------------------------------------------ */

/* The first secret among the names of the map whose head r has just read; r is not moved. */
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

/* Writes a mask in place of the map whose head the walk has just read, and steps over it. The scan has checked its
 * depth. */
static bool mask_map(struct walk *w, struct buf *out, uint32_t count, uint32_t *masked) {
    struct secret_hit hit;
    char mask[KIND_MASK_LEN];
    if (!find_secret_name(w->r, count, &hit)) return false;
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

/* Writes the masked text first and puts its head before it, because only then is its length known. */
void kind_text_mask(struct buf *out, struct bytes text, bool named_secret, const struct secret_parts *parts,
                    uint32_t *masked) {
    size_t at = out->n;
    if (!named_secret && parts != NULL && parts->n > 0) {
        *masked += (uint32_t)secret_mask_parts(out, text, parts);
    } else if (!named_secret) {
        *masked += (uint32_t)secret_mask(out, text);
    } else if (text.n == 0 || is_masked(text)) {
        mp_put_str(out, text);
        return;
    } else {
        buf_printf(out, MASK_BEGIN "field-name:%zu" MASK_END, text.n);
        *masked += 1;
    }
    size_t n = out->n - at;
    if (out->fail != 0 || buf_room(out, n + 5) == NULL) return;
    mp_put_str(out, (struct bytes){out->p + at, n});
    memmove(out->p + at, out->p + at + n, out->n - at - n);
    out->n -= n;
}

static void number_mask(struct buf *out, struct bytes raw, uint32_t *masked) {
    char mask[KIND_MASK_LEN];
    snprintf(mask, sizeof(mask), MASK_BEGIN "field-name:%zu" MASK_END, raw.n);
    mp_put_str(out, bytes_of(mask));
    *masked += 1;
}

void kind_value_mask(struct buf *out, struct bytes raw, bool named_secret, const struct secret_parts *parts,
                     uint32_t *masked) {
    struct mp_reader r;
    struct walk w;
    struct step s = {.secret = named_secret};
    mp_reader_init(&r, raw);
    int rc = mp_next(&r, &s.item, NULL);
    assert(rc == 0);
    const uint8_t *from = raw.p;
    w.r = &r;
    w.names = NULL;
    w.top = 0;
    w.depth_max = KIND_DEPTH_MAX;
    if (parts != NULL) {
        s.parts = *parts;
    }
    if (s.item.type == MP_ARRAY || s.item.type == MP_MAP) {
        walk_push(&w, &s.item, below_of(&s.item, named_secret), NULL);
    }
    do {
        if (s.item.type == MP_STR && !s.key) {
            kind_text_mask(out, s.item.data, s.secret, &s.parts, masked);
        } else if (kind_is_number(s.item.type) && s.secret) {
            number_mask(out, (struct bytes){from, (size_t)(r.p - from)}, masked);
        } else if (s.item.type != MP_MAP || !mask_map(&w, out, s.item.count, masked)) {
            buf_put(out, from, (size_t)(r.p - from));
        }
        from = r.p;
        rc = walk_next(&w, &s, NULL);
    } while (rc == 0);
    assert(rc == 1);
}
