/* Versions are compared as text, part by part, so that no number is too large for one. A range is walked once: what wants
 * each comparison is a function. */
#include "base/version.h"

#include "base/text.h"

/* ---- SemVer ------------------------------------------------------------------------------------------------------- */

struct semver {
    struct bytes core[3]; /* digits; absent ones are "0" */
    unsigned n_core;      /* as many as were given */
    struct bytes pre;     /* without its '-'; n 0: none */
};

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool is_identifier(uint8_t c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool one_of(const char *set, uint8_t c) {
    return bytes_find(bytes_of(set), c) != NULL;
}

static bool all_digits(struct bytes b) {
    for (size_t i = 0; i < b.n; i++) {
        if (!is_digit(b.p[i])) return false;
    }
    return b.n > 0;
}

/* Cuts what comes before the first `c` off *rest, or all of it. False when nothing was left. */
static bool cut(struct bytes *rest, char c, struct bytes *ret) {
    if (rest->p == NULL) return false;
    const uint8_t *at = bytes_find(*rest, (uint8_t)c);
    *ret = (struct bytes){rest->p, at != NULL ? (size_t)(at - rest->p) : rest->n};
    *rest = at != NULL ? (struct bytes){at + 1, rest->n - ret->n - 1} : (struct bytes){NULL, 0};
    return true;
}

/* Identifiers with dots between them, none empty; of a pre-release, numbers have no leading zero. */
static bool identifiers_ok(struct bytes list, bool pre) {
    struct bytes one;
    while (cut(&list, '.', &one)) {
        if (one.n == 0 || (pre && one.n > 1 && one.p[0] == '0' && all_digits(one))) return false;
        for (size_t i = 0; i < one.n; i++) {
            if (!is_identifier(one.p[i])) return false;
        }
    }
    return true;
}

static const char *semver_read(struct bytes text, bool partial, struct semver *ret) {
    const uint8_t *plus = bytes_find(text, '+');
    struct bytes core = {text.p, plus != NULL ? (size_t)(plus - text.p) : text.n}, one;
    const uint8_t *dash = bytes_find(core, '-');
    *ret = (struct semver){.core = {bytes_of("0"), bytes_of("0"), bytes_of("0")}};
    if (text.n == 0 || text.n > VERSION_MAX) return text.n == 0 ? "is empty" : "has more than 256 bytes";
    if (plus != NULL && !identifiers_ok((struct bytes){plus + 1, (size_t)(text.p + text.n - plus - 1)}, false)) {
        return "has a build after '+' that is not identifiers with dots between them";
    }
    if (dash != NULL) {
        ret->pre = (struct bytes){dash + 1, (size_t)(core.p + core.n - dash - 1)};
        core.n = (size_t)(dash - core.p);
        if (!identifiers_ok(ret->pre, true)) {
            return "has a pre-release after '-' that is not identifiers with dots between them";
        }
    }
    while (cut(&core, '.', &one)) {
        if (ret->n_core == 3 || !all_digits(one)) return "is not MAJOR.MINOR.PATCH";
        if (one.n > 1 && one.p[0] == '0') return "has a number with a leading zero";
        ret->core[ret->n_core++] = one;
    }
    if (ret->n_core < 3 && (!partial || ret->pre.n > 0 || plus != NULL)) return "is not MAJOR.MINOR.PATCH";
    return NULL;
}

static int sign(long v) {
    return v < 0 ? -1 : v > 0;
}

/* Numbers of any length, without leading zeros. */
static int number_cmp(struct bytes a, struct bytes b) {
    return a.n != b.n ? (a.n < b.n ? -1 : 1) : bytes_cmp(a, b);
}

static int pre_cmp(struct bytes a, struct bytes b) {
    struct bytes one, other;
    if (a.n == 0 || b.n == 0) return (a.n == 0) - (b.n == 0); /* a release comes after its pre-releases */
    for (;;) {
        bool more = cut(&a, '.', &one), others = cut(&b, '.', &other);
        if (!more || !others) return more - others;
        bool number = all_digits(one), number_too = all_digits(other);
        int c = number != number_too ? (number ? -1 : 1) : number ? number_cmp(one, other) : bytes_cmp(one, other);
        if (c != 0) return c;
    }
}

static int core_cmp(const struct semver *a, const struct semver *b) {
    int c = 0;
    for (size_t i = 0; c == 0 && i < 3; i++) {
        c = number_cmp(a->core[i], b->core[i]);
    }
    return c;
}

static int semver_cmp(const struct semver *a, const struct semver *b) {
    int c = core_cmp(a, b);
    return sign(c != 0 ? c : pre_cmp(a->pre, b->pre));
}

/* Whether v is below the first version that ^ or ~ of `from` leaves out: its first `kept` numbers are the same. */
static bool keeps(const struct semver *v, const struct semver *from, unsigned kept) {
    for (unsigned i = 0; i < kept; i++) {
        if (number_cmp(v->core[i], from->core[i]) != 0) return false;
    }
    return true;
}

static unsigned kept_of(char op, const struct semver *from) {
    if (op == '~') return from->n_core == 1 ? 1 : 2;
    for (unsigned i = 0; i < from->n_core; i++) {
        if (!bytes_is(from->core[i], "0")) return i + 1;
    }
    return from->n_core;
}

/* ---- Debian ------------------------------------------------------------------------------------------------------- */

/* deb-version(7): '~' before the end, the end before letters, letters before all else. */
static int debian_weight(struct bytes b, size_t i) {
    if (i >= b.n || is_digit(b.p[i])) return 0;
    uint8_t c = b.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return c == '~' ? -1 : letter ? c : c + 256;
}

static struct bytes digits_from(struct bytes b, size_t *i) {
    while (*i < b.n && b.p[*i] == '0') {
        ++*i;
    }
    size_t start = *i;
    while (*i < b.n && is_digit(b.p[*i])) {
        ++*i;
    }
    return (struct bytes){b.n > 0 ? b.p + start : NULL, *i - start};
}

static int debian_part_cmp(struct bytes a, struct bytes b) {
    size_t i = 0, j = 0;
    while (i < a.n || j < b.n) {
        while ((i < a.n && !is_digit(a.p[i])) || (j < b.n && !is_digit(b.p[j]))) {
            int c = debian_weight(a, i) - debian_weight(b, j);
            if (c != 0) return sign(c);
            i++;
            j++;
        }
        const struct bytes one = digits_from(a, &i), other = digits_from(b, &j);
        int c = number_cmp(one, other);
        if (c != 0) return sign(c);
    }
    return 0;
}

/* [epoch:]upstream[-revision] */
static void debian_cut(struct bytes v, struct bytes ret[3]) {
    const uint8_t *colon = bytes_find(v, ':');
    ret[0] = (struct bytes){v.p, colon != NULL ? (size_t)(colon - v.p) : 0};
    if (colon != NULL) {
        v = (struct bytes){colon + 1, v.n - ret[0].n - 1};
    }
    const uint8_t *dash = v.n > 0 ? memrchr(v.p, '-', v.n) : NULL;
    ret[1] = (struct bytes){v.p, dash != NULL ? (size_t)(dash - v.p) : v.n};
    ret[2] = dash != NULL ? (struct bytes){dash + 1, v.n - ret[1].n - 1} : (struct bytes){NULL, 0};
}

static const char *debian_fault(struct bytes v) {
    if (v.n == 0 || v.n > VERSION_MAX) return v.n == 0 ? "is empty" : "has more than 256 bytes";
    if (!is_digit(v.p[0])) return "does not begin with a digit";
    for (size_t i = 0; i < v.n; i++) {
        if (!is_identifier(v.p[i]) && !one_of(".+~:_", v.p[i])) return "has a character that versions do not have";
    }
    return NULL;
}

/* ---- both --------------------------------------------------------------------------------------------------------- */

const char *version_fault(enum version_order order, struct bytes version) {
    struct semver v;
    return order == VERSION_SEMVER ? semver_read(version, false, &v) : debian_fault(version);
}

int version_cmp(enum version_order order, struct bytes a, struct bytes b) {
    struct semver one, other;
    struct bytes cut_a[3], cut_b[3];
    int c = 0;
    if (order == VERSION_SEMVER) {
        semver_read(a, true, &one);
        semver_read(b, true, &other);
        return semver_cmp(&one, &other);
    }
    debian_cut(a, cut_a);
    debian_cut(b, cut_b);
    for (size_t i = 0; c == 0 && i < 3; i++) {
        c = debian_part_cmp(cut_a[i], cut_b[i]);
    }
    return c;
}

/* One comparison of a range. */
struct comparison {
    char op; /* = < > ^ ~, 'l' for <=, 'g' for >= */
    struct bytes version;
};

static struct bytes trimmed(struct bytes b) {
    while (b.n > 0 && b.p[0] == ' ') {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && b.p[b.n - 1] == ' ') {
        b.n--;
    }
    return b;
}

/* The next comparison of an alternative; false at its end. Blanks may stand between an operator and its version. */
static bool next_comparison(struct bytes *rest, struct comparison *ret) {
    *rest = trimmed(*rest);
    if (rest->n == 0) return false;
    ret->op = '=';
    if (one_of("=<>^~", rest->p[0])) {
        bool equal = rest->n > 1 && rest->p[1] == '=' && (rest->p[0] == '<' || rest->p[0] == '>');
        ret->op = equal ? (rest->p[0] == '<' ? 'l' : 'g') : (char)rest->p[0];
        *rest = trimmed((struct bytes){rest->p + 1 + equal, rest->n - 1 - equal});
    }
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && !one_of("=<>^", rest->p[n])) {
        n++;
    }
    ret->version = (struct bytes){rest->p, n};
    *rest = (struct bytes){rest->p + n, rest->n - n};
    return true;
}

static const char *comparison_fault(enum version_order order, const struct comparison *c) {
    struct semver v;
    if (order == VERSION_SEMVER) return semver_read(c->version, true, &v);
    return c->op == '^' || c->op == '~' ? "has '^' or '~', which only versions of packs have" : debian_fault(c->version);
}

/* Cuts the next alternative off. */
static bool next_alternative(struct bytes *rest, struct bytes *ret) {
    if (rest->p == NULL) return false;
    const uint8_t *bars = rest->n >= 2 ? memmem(rest->p, rest->n, "||", 2) : NULL;
    *ret = trimmed((struct bytes){rest->p, bars != NULL ? (size_t)(bars - rest->p) : rest->n});
    *rest = bars != NULL ? (struct bytes){bars + 2, (size_t)(rest->p + rest->n - bars - 2)} : (struct bytes){NULL, 0};
    return true;
}

const char *version_range_fault(enum version_order order, struct bytes range) {
    struct bytes rest = range, one;
    struct comparison c;
    if (range.n == 0 || range.n > VERSION_MAX) return range.n == 0 ? "is empty" : "has more than 256 bytes";
    while (next_alternative(&rest, &one)) {
        if (one.n == 0) return "has an empty alternative";
        if (bytes_is(one, "*")) continue;
        while (next_comparison(&one, &c)) {
            const char *fault = comparison_fault(order, &c);
            if (fault != NULL) return c.version.n == 0 ? "has a comparison without a version" : fault;
        }
    }
    return NULL;
}

static bool holds(enum version_order order, struct bytes version, const struct comparison *c) {
    struct semver v, from;
    int order_of = version_cmp(order, version, c->version);
    switch (c->op) {
    case '<':
        return order_of < 0;
    case 'l':
        return order_of <= 0;
    case '>':
        return order_of > 0;
    case 'g':
        return order_of >= 0;
    case '=':
        return order_of == 0;
    default:
        semver_read(version, false, &v);
        semver_read(c->version, true, &from);
        return order_of >= 0 && keeps(&v, &from, kept_of(c->op, &from));
    }
}

static bool in_alternative(enum version_order order, struct bytes version, struct bytes alternative) {
    struct semver v = {0}, from;
    struct comparison c;
    bool all = true, named = false;
    if (order == VERSION_SEMVER) {
        semver_read(version, false, &v);
    }
    if (bytes_is(alternative, "*")) return v.pre.n == 0;
    while (all && next_comparison(&alternative, &c)) {
        all = holds(order, version, &c);
        if (order == VERSION_SEMVER) {
            semver_read(c.version, true, &from);
            named = named || (from.pre.n > 0 && core_cmp(&v, &from) == 0);
        }
    }
    return all && (v.pre.n == 0 || named);
}

bool version_in(enum version_order order, struct bytes version, struct bytes range) {
    struct bytes rest = range.n > 0 ? range : bytes_of("*"), one;
    bool in = false;
    if (version_fault(order, version) != NULL || version_range_fault(order, rest) != NULL) return false;
    while (!in && next_alternative(&rest, &one)) {
        in = in_alternative(order, version, one);
    }
    return in;
}
