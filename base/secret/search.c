/* The search and the mask of the secret scanner.
 *
 * Every rule has anchors: three bytes at a known place of what it looks for, chosen to be rare. For each place of the
 * text the search multiplies the three bytes there into a slot of one constant table and asks the rule found in it; six
 * places cost one load and one branch as long as their slots are empty. The compiler fills the table and warns when two
 * anchors share a slot, so there are no chains and nothing is set up at run time.
 *
 * Masking must be idempotent. Therefore the text after a hit counts as another text (no rule looks back over the hit),
 * masks in a text are skipped the same way, and before a hit is reported the bytes before it are searched again as if
 * the text ended there: a number too long to be a key may have just the right length once its tail is masked. */
#include "base/secret/secret.h"

#include <stdio.h>
#include <string.h>

#include "base/block.h"
#include "base/secret/check.h"
#include "base/text.h"

/* Only the low 24 bits of the product reach the slot. Of the factors that keep all anchors apart, this is one for which
 * ordinary text (prose, paths, source code, identifiers) seldom falls into a taken slot. */
#define ANCHOR_FACTOR        (UINT32_C(0x5f74b5) << 8)
#define ANCHOR_BITS          14
#define ANCHOR_SLOT(v)       (((uint32_t)(v)*ANCHOR_FACTOR) >> (32 - ANCHOR_BITS))
#define ANCHOR_PACK(a, b, c) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)

/* No rule's judgement depends on more bytes after its anchor than this, except for where its hit ends. */
#define LOOK_AHEAD_MAX 3072

/* How much of a long text is searched before its beginning is shown. */
#define SHOW_LOOK_MAX ((size_t)4096)

const struct secret_rule secret_rules[RULE_COUNT] = {
    {0},
#define RULE(id, name, literal, back, context, set, min, max, entropy, check)                                              \
    {name, literal, sizeof(literal) - 1, back, context, set, min, max, entropy, check},
#define ANCHOR(id, a, b, c)
#include "base/secret/rules.def"
#undef RULE
#undef ANCHOR
};

/* The rule whose anchor has this slot: the one table that is read for every place of a text. */
static const uint8_t RULE_AT[1 << ANCHOR_BITS] = {
#define RULE(id, name, literal, back, context, set, min, max, entropy, check)
#define ANCHOR(id, a, b, c) [ANCHOR_SLOT(ANCHOR_PACK(a, b, c))] = RULE_##id,
#include "base/secret/rules.def"
#undef ANCHOR
};
/* The anchor itself, compared only for taken slots. */
static const uint32_t ANCHOR_AT[1 << ANCHOR_BITS] = {
#define ANCHOR(id, a, b, c) [ANCHOR_SLOT(ANCHOR_PACK(a, b, c))] = ANCHOR_PACK(a, b, c),
#include "base/secret/rules.def"
#undef RULE
#undef ANCHOR
};

/* ---- search ---- */

static uint64_t load_le64(const uint8_t *p) {
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
           (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static bool stands_at(const uint8_t *p, uint32_t slot, uint8_t *ret_rule) {
    *ret_rule = RULE_AT[slot];
    return *ret_rule != RULE_NONE && ANCHOR_AT[slot] == ANCHOR_PACK(p[0], p[1], p[2]);
}

/* The first anchor that begins in i..stop, or hi. */
static __attribute__((noinline)) size_t anchor_in(const struct secret_scan *s, size_t i, size_t stop, uint8_t *ret_rule) {
    const uint8_t *p = s->p;
    for (; i < stop; i++) {
        if (stands_at(p + i, ANCHOR_SLOT(ANCHOR_PACK(p[i], p[i + 1], p[i + 2])), ret_rule)) {
            return i;
        }
    }
    return s->hi;
}

/* Whether the slots of the six places at p are empty. */
static inline bool is_empty_6(const uint8_t *p) {
    uint64_t v = load_le64(p);
    return (RULE_AT[ANCHOR_SLOT(v)] | RULE_AT[ANCHOR_SLOT(v >> 8)] | RULE_AT[ANCHOR_SLOT(v >> 16)] |
            RULE_AT[ANCHOR_SLOT(v >> 24)] | RULE_AT[ANCHOR_SLOT(v >> 32)] | RULE_AT[ANCHOR_SLOT(v >> 40)]) == 0;
}

/* The first anchor at or after i, or hi. */
static size_t next_anchor(const struct secret_scan *s, size_t i, uint8_t *ret_rule) {
    const uint8_t *p = s->p;
    size_t hi = s->hi, found;
    if (hi - i < 8) return hi - i < 3 ? hi : anchor_in(s, i, hi - 2, ret_rule);
    for (; hi - i >= 8; i += 6) {
        if (!is_empty_6(p + i) && (found = anchor_in(s, i, i + 6, ret_rule)) != hi) return found;
    }
    return hi - i < 3 || is_empty_6(p + hi - 8) ? hi : anchor_in(s, i, hi - 2, ret_rule);
}

struct found {
    struct secret_hit hit;
    size_t anchor;
};

static bool find_hit(struct secret_scan *s, size_t i, size_t stop, struct found *ret);

/* A hit recognized by its surroundings yields to a secret that is recognized by its own shape: it takes that rule's name
 * when that covers it, and is extended to include all of it otherwise. */
static void prefer_specific(struct secret_scan *s, struct found *found) {
    struct secret_scan inner = *s;
    struct secret_hit *hit = &found->hit;
    struct found own;
    size_t end = hit->at + hit->n;
    inner.specific = true;
    bool any = find_hit(&inner, found->anchor, end, &own);
    s->steps = inner.steps;
    if (!any || own.hit.at >= end) return;
    size_t own_end = own.hit.at + own.hit.n;
    if (own.hit.at <= hit->at && own_end >= end) {
        hit->rule = own.hit.rule;
    }
    hit->at = own.hit.at < hit->at ? own.hit.at : hit->at;
    hit->n = (own_end > end ? own_end : end) - hit->at;
}

/* The first hit without an anchor, before `stop`. */
static bool find_odd(struct secret_scan *s, size_t stop, struct found *ret) {
    if (s->specific) return false;
    for (;;) {
        size_t i = secret_odd_next(s, s->ran, stop);
        if (i >= stop) {
            s->ran = stop > s->ran ? s->ran + (stop - s->ran + 15) / 16 * 16 : s->ran;
            return false;
        }
        if (secret_odd_check(s, i, &ret->hit)) {
            ret->anchor = i;
            return true;
        }
    }
}

/* Judges an anchor. */
static bool check_anchor(struct secret_scan *s, size_t i, uint8_t id, struct found *ret) {
    const struct secret_rule *rule = &secret_rules[id];
    if (s->specific && rule->context) return false;
    if (!rule->check(s, i, rule, &ret->hit)) {
        return (!rule->context || id == RULE_URL) && secret_piece_check(s, i, rule, &ret->hit);
    }
    return true;
}

/* The first hit whose anchor is in i..stop; moves lo past masks. */
static bool find_hit(struct secret_scan *s, size_t i, size_t stop, struct found *ret) {
    for (;; i++) {
        uint8_t id = RULE_NONE;
        i = next_anchor(s, i, &id);
        if (find_odd(s, i < stop ? i : stop, ret)) return true;
        if (i >= stop) return false;
        if (id == RULE_MASK) {
            size_t n = secret_mask_len(s, i);
            if (n != 0) {
                s->lo = s->ran = i + n;
                i += n - 1;
            }
        } else if (check_anchor(s, i, id, ret)) {
            ret->anchor = i;
            if (secret_rules[id].context && id != RULE_ESCAPE) {
                prefer_specific(s, ret);
            }
            ret->hit.n = (s->specific ? ret->hit.n : secret_piece_end(s, ret->hit.at + ret->hit.n) - ret->hit.at);
            return true;
        }
    }
}

/* The first hit at or after i; there is no anchor before i. */
static int scan_from(struct secret_scan *s, size_t i, struct secret_hit *ret) {
    struct found found, earlier;
    if (!find_hit(s, i, s->hi, &found)) {
        s->lo = s->hi;
        return 1;
    }
    for (bool again = true; again;) {
        struct secret_scan cut = *s;
        cut.hi = found.hit.at;
        size_t from = cut.hi - cut.lo < LOOK_AHEAD_MAX ? cut.lo : cut.hi - LOOK_AHEAD_MAX;
        cut.viewed = cut.run_end = cut.seeded = 0;
        cut.ran = from;
        again = find_hit(&cut, from, cut.hi, &earlier);
        found = again ? earlier : found;
        s->steps = cut.steps;
    }
    s->lo = s->ran = found.hit.at + found.hit.n;
    s->viewed = s->run_end = s->seeded = 0;
    *ret = found.hit;
    return 0;
}

int secret_scan_next(struct secret_scan *s, struct secret_hit *ret) {
    return scan_from(s, s->lo, ret);
}

int secret_scan_until(struct secret_scan *s, size_t stop, struct secret_hit *ret) {
    struct found found;
    if (!find_hit(s, s->lo, stop < s->hi ? stop : s->hi, &found)) return 1;
    *ret = found.hit;
    return 0;
}

/* Whether the text has only digits, a to f and dashes: a number, a digest, a UUID. Some anchors consist of such
 * characters, but what must surround them does not, so such a text holds no secret. */
static inline block beside_hex(block v) {
    return ~((block)(v - '0' < 10) | (block)(v - 'a' < 6) | (block)(v == '-'));
}

static bool is_bare_hex(const uint8_t *p, size_t n) {
    if (n < sizeof(block)) return !block_any(beside_hex(block_short(p, n, '0')));
    for (size_t i = 0; i < n - sizeof(block); i += sizeof(block)) {
        if (block_any(beside_hex(block_load(p + i)))) return false;
    }
    return !block_any(beside_hex(block_load(p + n - sizeof(block))));
}

int secret_next(struct bytes text, size_t from, struct secret_hit *ret) {
    if (from >= text.n) return 1;
    struct secret_scan s = {.p = text.p, .lo = from, .hi = text.n, .ran = from};
    uint8_t rule;
    size_t i = is_bare_hex(text.p + from, text.n - from) ? s.hi : next_anchor(&s, from, &rule);
    /* Most texts have no anchor and nothing unusual and should cost little. */
    return i == s.hi && secret_odd_next(&s, from, s.hi) == s.hi ? 1 : scan_from(&s, i, ret);
}

bool secret_is_in(struct bytes text) {
    struct secret_hit hit;
    return secret_next(text, 0, &hit) == 0;
}

/* ---- many texts ---- */

static void find_candidate(struct secret_prefilter *prefilter, size_t from) {
    struct secret_scan s = {.p = prefilter->whole.p, .hi = prefilter->whole.n};
    uint8_t rule;
    size_t anchor = next_anchor(&s, from, &rule);
    /* What looks unusual is judged here, because every digest does. */
    struct secret_hit hit;
    s.ran = from;
    for (prefilter->at = anchor; s.ran < anchor;) {
        size_t odd = secret_odd_next(&s, s.ran, anchor);
        if (odd >= anchor || secret_odd_check(&s, odd, &hit)) {
            prefilter->at = odd;
            break;
        }
    }
}

void secret_prefilter_begin(struct secret_prefilter *prefilter, struct bytes whole) {
    prefilter->whole = whole;
    find_candidate(prefilter, 0);
}

bool secret_prefilter_may(struct secret_prefilter *prefilter, struct bytes text) {
    size_t from = text.n == 0 ? 0 : (size_t)(text.p - prefilter->whole.p);
    if (prefilter->at < from) {
        find_candidate(prefilter, from);
    }
    return prefilter->at < from + text.n;
}

bool secret_prefilter_is_empty(const struct secret_prefilter *prefilter) {
    return prefilter->at == prefilter->whole.n;
}

/* ---- masks ---- */

/* How many of the first `max` bytes are complete characters. */
static size_t whole_chars(struct bytes text, size_t max) {
    size_t n = text.n < max ? text.n : max;
    while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

size_t secret_mask(struct buf *out, struct bytes text) {
    struct secret_hit hit;
    size_t at = 0, count = 0;
    while (out->fail == 0 && secret_next(text, at, &hit) == 0) {
        buf_put(out, text.p + at, hit.at - at);
        buf_printf(out, "‹secret:%s:%zu›", hit.rule, hit.n);
        at = hit.at + hit.n;
        count++;
    }
    if (at < text.n) {
        buf_put(out, text.p + at, text.n - at);
    }
    return count;
}

void secret_mask_message(char ret[ERR_MSG_MAX], const char *message) {
    struct buf masked = {.max = ERR_MSG_MAX - 1};
    secret_mask(&masked, bytes_of(message));
    if (masked.fail != 0) {
        snprintf(ret, ERR_MSG_MAX, "the reason holds secrets and is too long to be shown");
    } else {
        snprintf(ret, ERR_MSG_MAX, "%.*s", (int)masked.n, masked.n > 0 ? (const char *)masked.p : "");
    }
    buf_done(&masked);
}

const char *secret_show(char ret[SECRET_SHOW_LEN], struct bytes text) {
    struct buf masked = {.max = SHOW_LOOK_MAX * 16}, safe = {.max = SECRET_SHOW_LEN * 8};
    struct bytes part = {text.p, text.n < SHOW_LOOK_MAX ? text.n : SHOW_LOOK_MAX};
    secret_mask(&masked, part);
    /* An escaped character may take eight bytes: cut before and after escaping. */
    struct bytes shown = bytes_of_buf(&masked);
    shown.n = whole_chars(shown, SECRET_SHOW_LEN - 1);
    text_safe(&safe, shown);
    shown = bytes_of_buf(&safe);
    shown.n = masked.fail == 0 && safe.fail == 0 ? whole_chars(shown, SECRET_SHOW_LEN - 1) : 0;
    if (shown.n > 0) {
        memcpy(ret, shown.p, shown.n);
    }
    ret[shown.n] = '\0';
    buf_done(&masked);
    buf_done(&safe);
    return ret;
}
