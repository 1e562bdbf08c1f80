/* Tools of the secret scanner's validators: alphabets, randomness, placeholders, and masks.
 *
 * Entropy is computed in integers, the logarithm bit by bit. Randomness is judged by how often small letters, capitals
 * and digits alternate: words, names and camel case change class seldom, random characters about every second place. */
#include "base/secret/check.h"

#include <string.h>

/* ---- characters ---- */

const uint16_t secret_classes[256] = {
    ['a'] = SET_AF,        ['b'] = SET_AF,    ['c'] = SET_AF,    ['d'] = SET_AF,    ['e'] = SET_AF,
    ['f'] = SET_AF,        ['g'] = SET_GZ,    ['h'] = SET_GZ,    ['i'] = SET_GZ,    ['j'] = SET_GZ,
    ['k'] = SET_GZ,        ['l'] = SET_GZ,    ['m'] = SET_GZ,    ['n'] = SET_GZ,    ['o'] = SET_GZ,
    ['p'] = SET_GZ,        ['q'] = SET_GZ,    ['r'] = SET_GZ,    ['s'] = SET_GZ,    ['t'] = SET_GZ,
    ['u'] = SET_GZ,        ['v'] = SET_GZ,    ['w'] = SET_GZ,    ['x'] = SET_GZ,    ['y'] = SET_GZ,
    ['z'] = SET_GZ,        ['A'] = SET_UPPER, ['B'] = SET_UPPER, ['C'] = SET_UPPER, ['D'] = SET_UPPER,
    ['E'] = SET_UPPER,     ['F'] = SET_UPPER, ['G'] = SET_UPPER, ['H'] = SET_UPPER, ['I'] = SET_UPPER,
    ['J'] = SET_UPPER,     ['K'] = SET_UPPER, ['L'] = SET_UPPER, ['M'] = SET_UPPER, ['N'] = SET_UPPER,
    ['O'] = SET_UPPER,     ['P'] = SET_UPPER, ['Q'] = SET_UPPER, ['R'] = SET_UPPER, ['S'] = SET_UPPER,
    ['T'] = SET_UPPER,     ['U'] = SET_UPPER, ['V'] = SET_UPPER, ['W'] = SET_UPPER, ['X'] = SET_UPPER,
    ['Y'] = SET_UPPER,     ['Z'] = SET_UPPER, ['0'] = SET_DIGIT, ['1'] = SET_DIGIT, ['2'] = SET_DIGIT,
    ['3'] = SET_DIGIT,     ['4'] = SET_DIGIT, ['5'] = SET_DIGIT, ['6'] = SET_DIGIT, ['7'] = SET_DIGIT,
    ['8'] = SET_DIGIT,     ['9'] = SET_DIGIT, ['_'] = SET_UNDER, ['-'] = SET_DASH,  ['+'] = SET_PLUSSLASH,
    ['/'] = SET_PLUSSLASH, ['='] = SET_EQ,    ['.'] = SET_DOT,   ['~'] = SET_TILDE, ['%'] = SET_PERCENT,
};

uint8_t secret_lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool secret_one_of(uint8_t c, const char *set) {
    return c != '\0' && strchr(set, c) != NULL;
}

size_t secret_run(struct secret_scan *s, size_t i, unsigned set, size_t limit) {
    size_t n = 0;
    while (n < limit && i + n < s->hi && (secret_class(s->p[i + n]) & set) != 0) {
        n++;
    }
    s->steps += n + 1;
    return n;
}

bool secret_starts(const struct secret_scan *s, size_t i) {
    const uint8_t *p = s->p;
    if (i == s->lo || (secret_class(p[i - 1]) & SET_ALNUM) == 0) return true;
    return secret_ends_escape(s, i);
}

bool secret_equals(const uint8_t *p, size_t n, const char *lower) {
    if (n != strlen(lower)) return false;
    for (size_t i = 0; i < n; i++) {
        if (secret_lower(p[i]) != (uint8_t)lower[i]) return false;
    }
    return true;
}

bool secret_contains(const uint8_t *p, size_t n, const char *needle) {
    size_t m = strlen(needle);
    for (size_t i = 0; i + m <= n; i++) {
        if (secret_lower(p[i]) == (uint8_t)needle[0] && secret_equals(p + i, m, needle)) {
            return true;
        }
    }
    return false;
}

/* ---- randomness ---- */

/* log2 of 1..255 in 1/4096. */
static uint32_t log2_fixed(uint32_t x) {
    uint32_t whole = 31 - (uint32_t)__builtin_clz(x), log = whole << 12;
    uint64_t m = (uint64_t)x << (31 - whole); /* 1.0 to 2.0 in 1/2^31 */
    for (uint32_t bit = 1u << 11; bit != 0; bit >>= 1) {
        m = m * m >> 31;
        if (m >> 32 != 0) {
            m >>= 1;
            log |= bit;
        }
    }
    return log;
}

unsigned secret_entropy(const uint8_t *p, size_t n) {
    uint8_t count[256] = {0};
    n = n < SECRET_SAMPLE ? n : SECRET_SAMPLE;
    if (n == 0) return 0;
    for (size_t i = 0; i < n; i++) {
        count[p[i]]++;
    }
    uint64_t sum = 0; /* of c * log2(c) over the distinct bytes */
    for (size_t i = 0; i < n; i++) {
        uint32_t c = count[p[i]];
        if (c > 1) {
            sum += (uint64_t)c * log2_fixed(c);
            count[p[i]] = 0;
        }
    }
    uint64_t bits = log2_fixed((uint32_t)n) - sum / n;
    return (unsigned)(bits * 100 >> 12);
}

bool secret_looks_random(const uint8_t *p, size_t n) {
    size_t letters = 0, changes = 0;
    unsigned last = 0;
    n = n < SECRET_SAMPLE ? n : SECRET_SAMPLE;
    for (size_t i = 0; i < n; i++) {
        unsigned c = secret_class(p[i]);
        c = (c & SET_LOWER) != 0 ? SET_LOWER : c & (SET_UPPER | SET_DIGIT);
        if (c == 0) continue;
        bool word_start = last == SET_UPPER && c == SET_LOWER;
        changes += last != 0 && c != last && !word_start;
        letters++;
        last = c;
    }
    return changes * 4 >= letters && changes >= 2;
}

bool secret_has_digit(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (secret_class(p[i]) == SET_DIGIT) return true;
    }
    return false;
}

bool secret_is_hex(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint8_t c = secret_lower(p[i]);
        if ((secret_class(c) & SET_HEX) == 0) return false;
    }
    return n > 0;
}

bool secret_is_uuid(const uint8_t *p, size_t n) {
    return n == 36 && p[8] == '-' && p[13] == '-' && p[18] == '-' && p[23] == '-' && secret_is_hex(p, 8) &&
           secret_is_hex(p + 9, 4) && secret_is_hex(p + 14, 4) && secret_is_hex(p + 19, 4) && secret_is_hex(p + 24, 12);
}

bool secret_is_placeholder(const uint8_t *p, size_t n) {
    static const char *const words[] = {"example", "placeholder", "changeme", "change-me",  "change_me", "your-",
                                        "your_",   "yourapi",     "yourpass", "yoursecret", "xxxx",      "****",
                                        "....",    "redacted",    "masked",   "dummy"};
    if (n == 0 || secret_one_of(p[0], "<{*[(")) return true;
    if ((p[0] == '$' || p[0] == '%') && n > 1) { /* ${TOKEN}, $(pass x), $TOKEN_1, $token, %PATH%, %s */
        unsigned set = (secret_class(p[1]) & SET_UPPER) != 0 ? SET_UPPER | SET_DIGIT | SET_UNDER : SET_ALPHA | SET_UNDER;
        size_t k = 1;
        while (k < n && (secret_class(p[k]) & set) != 0) {
            k++;
        }
        if (secret_one_of(p[1], "{(") || (p[0] == '%' && secret_one_of(p[1], "svq")) || k == n ||
            (p[k] == '%' && k + 1 == n)) {
            return true;
        }
    }
    if (n >= 3 && p[0] == 0xe2 && p[1] == 0x80) {
        return true; /* a quote, an ellipsis, a bullet, a mask */
    }
    n = n < SECRET_SAMPLE ? n : SECRET_SAMPLE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (secret_contains(p, n, words[i])) return true;
    }
    return false;
}

/* ---- masks ---- */

size_t secret_mask_len(const struct secret_scan *s, size_t i) {
    static const char open[] = "‹secret:";
    size_t n = sizeof(open) - 1;
    if (s->hi - i < n || memcmp(s->p + i, open, n) != 0) return 0;
    size_t name = n;
    while (n < 64 && i + n < s->hi && (secret_class(s->p[i + n]) & (SET_BASE36 | SET_DASH)) != 0) {
        n++;
    }
    if (n == name || i + n >= s->hi || s->p[i + n] != ':') return 0;
    bool known = false;
    for (size_t r = 1; r < RULE_COUNT && !known; r++) {
        known = secret_equals(s->p + i + name, n - name, secret_rules[r].name);
    }
    size_t digits = ++n;
    while (n - digits < 20 && i + n < s->hi && (secret_class(s->p[i + n]) & SET_DIGIT) != 0) {
        n++;
    }
    if (!known || n == digits || s->hi - i - n < 3 || memcmp(s->p + i + n, "›", 3) != 0) return 0;
    return n + 3;
}

bool secret_check_mask(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    (void)s, (void)at, (void)rule, (void)ret;
    return false; /* the search itself skips masks */
}
