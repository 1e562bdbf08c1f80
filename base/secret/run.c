/* Long runs of letters and digits, and numbers: what the secret scanner has no anchors for.
 *
 * A run of 23 characters of base64 or hex may be encoded text, and so may some that are a little shorter. Most are
 * digests and names, and their first bytes show it: they do not decode to text. The others are decoded and searched by
 * all rules. The coarse check that finds them reads eight bytes of every sixteen, because a run that long covers eight
 * such bytes wherever it begins; for numbers, which are shorter, it reads all bytes. */
#include <string.h>

#include "base/block.h"
#include "base/secret/check.h"

enum {
    RUN_MIN = 20,
    DISCORD_RUN = 48, /* of its first part, with the end of a path before it */
    HEX_MIN = 12,
    RUN_BACK = 32,     /* how far back the beginning of a run is searched for */
    RUN_KNOWN = 65536, /* how much of one that does not decode to text is skipped at once */
    TEXT_FIRST = 6,    /* bytes that decide whether it is text */
    TEXT_MIN = 10,     /* bytes of text that are searched */
    STARTS_MAX = 16,   /* places after a slash or a dash where it may also begin */
    OVERLAP = 510      /* bytes that consecutive views share; a multiple of three */
};

#define SET_RUN (SET_ALNUM | SET_PLUSSLASH | SET_UNDER | SET_DASH)

/* ---- the coarse check --------------------------------------------------------------------------------------------- */

#define EACH(c) (UINT64_C(0x0101010101010101) * (c))

static inline uint64_t load_8(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* Eight bytes that are all ASCII and at least '+': no blank, quote or bracket. */
static inline bool may_run(uint64_t v) {
    return (((v + EACH(0x80 - '+')) & ~v) & EACH(0x80)) == EACH(0x80);
}

/* Eight bytes that are all '9' or less. */
static inline bool may_count(uint64_t v) {
    return (((v + EACH(0x80 - ':')) | v) & EACH(0x80)) == 0;
}

size_t secret_odd_next(const struct secret_scan *s, size_t i, size_t stop) {
    const uint8_t *p = s->p;
    for (; i < stop && s->hi - i >= 16; i += 16) {
        uint64_t a = load_8(p + i), b = load_8(p + i + 8);
        if (((unsigned)may_run(a) | (unsigned)may_count(a) | (unsigned)may_count(b)) != 0) { /* one branch for all three */
            return i;
        }
    }
    return i < stop && s->hi - i >= 8 && (may_run(load_8(p + i)) || may_count(load_8(p + i))) ? i : stop;
}

bool secret_odd_check(struct secret_scan *s, size_t at, struct secret_hit *ret) {
    uint64_t a = load_8(s->p + at), b = s->hi - at >= 16 ? load_8(s->p + at + 8) : UINT64_MAX;
    s->ran = at + 16;
    if (may_run(a) && at >= s->run_end && secret_run_check(s, at, ret)) return true;
    return (may_count(a) && secret_number_check(s, at, ret)) || (may_count(b) && secret_number_check(s, at + 8, ret));
}

/* ---- what a run decodes to ---------------------------------------------------------------------------------------- */

static int nibble(uint8_t c) {
    c = secret_lower(c);
    return (secret_class(c) & SET_DIGIT) != 0 ? c - '0' : (secret_class(c) & SET_AF) != 0 ? c - 'a' + 10 : -1;
}

static bool is_text(uint8_t c) {
    return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

/* Encoded text may be folded into lines. */
static size_t skip_fold(const struct secret_scan *s, size_t i, bool hex) {
    size_t k = i;
    k += k < s->hi && s->p[k] == '\r';
    k += k < s->hi && s->p[k] == '\n';
    return k > i && k < s->hi && (hex ? nibble(s->p[k]) : secret_sextet(s->p[k])) >= 0 ? k : i;
}

/* Decodes from i on until the run ends, it turns out not to be text, or there are `most` bytes. */
static void decode(struct secret_scan *s, size_t i, bool hex, size_t most, struct secret_view *view) {
    const size_t group = hex ? 2 : 4, bits_each = hex ? 4 : 6;
    uint32_t bits = 0;
    size_t chars = 0, first = i;
    view->base = i;
    view->n = 0;
    view->coded = true;
    view->cut = false;
    for (;; chars++) {
        i = skip_fold(s, i, hex);
        int v = i >= s->hi ? -1 : hex ? nibble(s->p[i]) : secret_sextet(s->p[i]);
        view->cut = view->n + 3 > most;
        if (v < 0 || view->cut || i - view->base > UINT16_MAX - 16) break;
        first = chars % group == 0 ? i : first;
        i++;
        bits = bits << bits_each | (uint32_t)v;
        if (chars % group == 0 || (hex && chars % 2 == 0)) continue;
        uint8_t c = (uint8_t)(hex ? bits : bits >> (6 - 2 * (chars % 4)));
        if (!is_text(c)) {
            i = first;
            break;
        }
        view->from[view->n] = (uint16_t)(first - view->base);
        view->p[view->n++] = c;
    }
    s->steps += chars + 1;
    /* An unfinished group belongs to its last byte. */
    view->from[view->n] = (uint16_t)(i - view->base);
}

/* Whether the first bytes are ASCII. Of random bytes, as in digests and ids, fewer than one in 200 pass. */
static bool is_coded_text(struct secret_scan *s, size_t i, bool hex) {
    uint32_t bits = 0;
    size_t left = s->hi - i, n = 0;
    for (size_t k = 0; k < left && n < TEXT_FIRST; k++) {
        int v = hex ? nibble(s->p[i + k]) : secret_sextet(s->p[i + k]);
        if (v < 0) return false;
        bits = bits << (hex ? 4 : 6) | (uint32_t)v;
        s->steps++;
        if (hex ? k % 2 == 0 : k % 4 == 0) continue;
        uint8_t c = (uint8_t)(hex ? bits : bits >> (6 - 2 * (k % 4)));
        if (c >= 0x80 || !is_text(c)) return false;
        n++;
    }
    return n == TEXT_FIRST;
}

/* The end of a hit that began in a view which was too short for it. */
static size_t run_end(struct secret_scan *s, size_t end, bool hex) {
    for (size_t next = end; next < s->hi; next = skip_fold(s, end, hex)) {
        size_t n = secret_run(s, next, hex ? SET_HEX | SET_UPPER : SET_RUN, SIZE_MAX);
        if (n == 0) break;
        end = next + n;
    }
    return end;
}

static bool search_coded(struct secret_scan *s, size_t i, bool hex, struct secret_hit *ret) {
    struct secret_view view;
    for (size_t least = 0;; least = OVERLAP / 4) {
        bool open = false;
        decode(s, i, hex, SECRET_VIEW_MAX, &view);
        if (view.n >= TEXT_MIN && secret_view_find(s, &view, least, false, ret, &open)) {
            size_t end = ret->at + ret->n;
            end = open ? run_end(s, end, hex) : end;
            end += hex ? 0 : secret_run(s, end, SET_EQ, 2);
            ret->n = end - ret->at;
            return true;
        }
        size_t end = view.base + view.from[view.n];
        s->run_end = end > s->run_end ? end : s->run_end;
        if (!view.cut) return false;
        i = view.base + view.from[view.n - OVERLAP - view.n % 3];
    }
}

/* ---- runs --------------------------------------------------------------------------------------------------------- */

/* A Discord bot token: a number in base64, and two more parts. */
static bool check_discord(struct secret_scan *s, size_t from, size_t end, struct secret_hit *ret) {
    const struct secret_rule *rule = &secret_rules[RULE_DISCORD];
    size_t n = end - from;
    if (n < 23 || n > 28 || end >= s->hi || s->p[end] != '.' || !secret_one_of(s->p[from], "MNO") ||
        secret_run(s, end + 1, rule->set, 8) != 6 || end + 7 >= s->hi || s->p[end + 7] != '.') {
        return false;
    }
    size_t last = end + 8, m = secret_run(s, last, rule->set, rule->max + 1u);
    if (m < rule->min || m > rule->max || secret_entropy(s->p + from, last + m - from) < rule->entropy) {
        return false;
    }
    *ret = (struct secret_hit){rule->name, from, last + m - from};
    return true;
}

/* At the beginning of a run, or after a path. */
static bool check_discord_behind(struct secret_scan *s, size_t from, struct secret_hit *ret) {
    size_t end = from + secret_run(s, from, SET_RUN, DISCORD_RUN), start = end;
    if (end >= s->hi || s->p[end] != '.') return false;
    while (start > from && s->p[start - 1] != '/') {
        start--;
    }
    return secret_one_of(s->p[start], "MNO") && check_discord(s, start, end, ret);
}

static inline bool is_run_block(block v) {
    block letters = (v | 0x20) - 'a', digits = v - '/', other = (block)(v == '+') | (block)(v == '_') | (block)(v == '-');
    return !block_any((block) ~((block)(letters < 26) | (block)(digits < 11) | other));
}

/* Up to here it certainly is a run. */
static size_t known_run(const struct secret_scan *s, size_t i) {
    size_t stop = s->hi - i < RUN_KNOWN ? s->hi : i + RUN_KNOWN;
    while (stop - i >= sizeof(block) && is_run_block(block_load(s->p + i))) {
        i += sizeof(block);
    }
    return i;
}

static bool check_base64(struct secret_scan *s, size_t from, struct secret_hit *ret) {
    for (size_t k = 0; k < 4; k++) {
        if (is_coded_text(s, from + k, false) && search_coded(s, from + k, false, ret)) return true;
    }
    size_t starts = 0;
    for (size_t i = from + 4; i < s->hi && i - from < 256 && starts < STARTS_MAX; i++) {
        unsigned class = secret_class(s->p[i]);
        if ((class & SET_RUN) == 0) break;
        if ((class & SET_ALNUM) == 0 && i + RUN_MIN <= s->hi) {
            starts++;
            if (is_coded_text(s, i + 1, false) && search_coded(s, i + 1, false, ret)) return true;
        }
        s->steps++;
    }
    return false;
}

static bool check_hex(struct secret_scan *s, size_t from, struct secret_hit *ret) {
    for (size_t k = 0; k < 2; k++) {
        if (is_coded_text(s, from + k, true) && search_coded(s, from + k, true, ret)) return true;
    }
    return false;
}

static inline bool is_hexish_block(block v) {
    block digits = v - '0', letters = v - 'a', other = (block)(v == '-');
    return !block_any((block) ~((block)(digits < 10) | (block)(letters < 6) | other));
}

/* Digests and ids in lower-case hex, as most runs are: they are not base64, and their first bytes tell whether they
 * decode to text. The rest of a run that has other characters further on is judged when the search gets there. */
static bool check_hexish(struct secret_scan *s, size_t at, struct secret_hit *ret) {
    size_t from = at, end = at + sizeof(block);
    while (end < s->hi && s->hi - end >= sizeof(block) && is_hexish_block(block_load(s->p + end))) {
        end += sizeof(block);
    }
    while (from > s->lo && at - from < RUN_BACK && (secret_class(s->p[from - 1]) & (SET_HEX | SET_DASH)) != 0) {
        from--;
    }
    s->steps += at - from + (end - at) / sizeof(block);
    s->run_end = end;
    return s->depth < SECRET_DEPTH_MAX && check_hex(s, from, ret);
}

/* Where the id begins in "run/7b1f2c3d-...", when the word before it is too short for a text; 0: it is not such a run. */
static size_t id_behind_word(const struct secret_scan *s, size_t from, size_t end) {
    const uint8_t *slash = memchr(s->p + from, '/', end - from);
    size_t at = slash == NULL ? 0 : (size_t)(slash - s->p) + 1;
    return at != 0 && s->hi - at >= sizeof(block) && is_hexish_block(block_load(s->p + at)) ? at : 0;
}

bool secret_run_check(struct secret_scan *s, size_t at, struct secret_hit *ret) {
    if (s->hi - at >= sizeof(block) && is_hexish_block(block_load(s->p + at))) {
        return check_hexish(s, at, ret);
    }
    size_t from = at, end = at;
    while (end < s->hi && end - at < RUN_MIN && (secret_class(s->p[end]) & SET_RUN) != 0) {
        end++;
    }
    s->steps += end - at;
    if (end - at < 8) return false;
    while (from > s->lo && at - from < RUN_BACK && (secret_class(s->p[from - 1]) & SET_RUN) != 0) {
        from--;
    }
    s->steps += at - from;
    if (end - from < RUN_MIN) return false;
    s->run_end = known_run(s, at);
    s->steps += (s->run_end - at) / sizeof(block);
    if (s->depth >= SECRET_DEPTH_MAX) return false;
    size_t id = id_behind_word(s, from, end);
    if (id != 0) return check_hexish(s, id, ret);
    if (check_discord_behind(s, from, ret)) return true;
    size_t hex = from, digits = 0;
    for (; hex < s->hi && hex < at + RUN_MIN && digits < HEX_MIN; hex++) {
        digits = nibble(s->p[hex]) >= 0 ? digits + 1 : 0;
    }
    s->steps += hex - from;
    hex -= digits;
    bool all_hex = hex == from && secret_is_hex(s->p + from, RUN_MIN);
    return (digits == HEX_MIN && check_hex(s, hex, ret)) || (!all_hex && check_base64(s, from, ret));
}
