/* Validators of the secret scanner for secrets that have a shape of their own, and the tools all validators are made of.
 *
 * Each judges one anchor by looking at a bounded number of bytes around it; only how far an accepted hit goes on is
 * measured without a bound, and those bytes are never looked at again. So a text costs time in proportion to its length,
 * whatever it holds. Entropy is counted in whole numbers, a logarithm being found bit by bit. */
#include "base/secret_check.h"

#include <string.h>

enum {
    ENTROPY_SAMPLE = 128, /* bytes of a candidate that are judged */
    JWT_HEADER_MAX = 512,
    PEM_BODY_WINDOW = 256,
    NEAR = 64 /* how far from a secret a word may stand that explains it */
};

/* ---- characters ---- */

unsigned secret_class(uint8_t c) {
    if (c >= 'a' && c <= 'z') {
        return c <= 'f' ? SET_AF : SET_GZ;
    }
    if (c >= 'A' && c <= 'Z') {
        return SET_UPPER;
    }
    if (c >= '0' && c <= '9') {
        return SET_DIGIT;
    }
    switch (c) {
    case '_':
        return SET_UNDER;
    case '-':
        return SET_DASH;
    case '+':
    case '/':
        return SET_PLUSSLASH;
    case '=':
        return SET_EQ;
    case '.':
        return SET_DOT;
    case '~':
        return SET_TILDE;
    case '%':
        return SET_PERCENT;
    default:
        return 0;
    }
}

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
    if (i == s->lo || (secret_class(p[i - 1]) & SET_ALNUM) == 0) {
        return true;
    }
    if (i - s->lo >= 2 && p[i - 2] == '\\' && secret_one_of(p[i - 1], "nrt")) {
        return true;
    }
    return i - s->lo >= 3 && p[i - 3] == '%' && (secret_class(p[i - 2]) & SET_DIGIT) != 0;
}

bool secret_equals(const uint8_t *p, size_t n, const char *lower) {
    if (n != strlen(lower)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (secret_lower(p[i]) != (uint8_t)lower[i]) {
            return false;
        }
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

/* ---- judging random looks ---- */

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
    n = n < ENTROPY_SAMPLE ? n : ENTROPY_SAMPLE;
    if (n == 0) {
        return 0;
    }
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
    n = n < ENTROPY_SAMPLE ? n : ENTROPY_SAMPLE;
    for (size_t i = 0; i < n; i++) {
        unsigned c = secret_class(p[i]);
        c = (c & SET_LOWER) != 0 ? SET_LOWER : c & (SET_UPPER | SET_DIGIT);
        if (c == 0) {
            continue;
        }
        bool word_start = last == SET_UPPER && c == SET_LOWER;
        changes += last != 0 && c != last && !word_start;
        letters++;
        last = c;
    }
    return changes * 4 >= letters && changes >= 2;
}

bool secret_is_hex(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint8_t c = secret_lower(p[i]);
        if ((secret_class(c) & SET_HEX) == 0) {
            return false;
        }
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
    if (n == 0 || secret_one_of(p[0], "<{*[(")) {
        return true;
    }
    if ((p[0] == '$' || p[0] == '%') && n > 1 &&
        (secret_one_of(p[1], "{(") || (secret_class(p[1]) & (SET_UPPER | SET_UNDER)) != 0)) {
        return true;
    }
    if (p[0] >= 0x80 && n >= 3 && p[0] == 0xe2 && p[1] == 0x80) {
        return true; /* a quote, an ellipsis, a bullet, a mask */
    }
    n = n < ENTROPY_SAMPLE ? n : ENTROPY_SAMPLE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (secret_contains(p, n, words[i])) {
            return true;
        }
    }
    return false;
}

/* ---- masks ---- */

size_t secret_mask_len(const struct secret_scan *s, size_t i) {
    static const char open[] = "‹secret:";
    size_t n = sizeof(open) - 1;
    if (s->hi - i < n || memcmp(s->p + i, open, n) != 0) {
        return 0;
    }
    size_t name = n;
    while (n < 64 && i + n < s->hi && (secret_class(s->p[i + n]) & (SET_BASE36 | SET_DASH)) != 0) {
        n++;
    }
    if (n == name || i + n >= s->hi || s->p[i + n] != ':') {
        return 0;
    }
    bool known = false;
    for (size_t r = 1; r < RULE_COUNT && !known; r++) {
        known = secret_equals(s->p + i + name, n - name, secret_rules[r].name);
    }
    size_t digits = ++n;
    while (n - digits < 20 && i + n < s->hi && (secret_class(s->p[i + n]) & SET_DIGIT) != 0) {
        n++;
    }
    if (!known || n == digits || s->hi - i - n < 3 || memcmp(s->p + i + n, "›", 3) != 0) {
        return 0;
    }
    return n + 3;
}

bool secret_check_mask(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    (void)s, (void)at, (void)rule, (void)ret;
    return false; /* the search steps over masks by itself */
}

/* ---- literal and alphabet ---- */

static bool hit(struct secret_hit *ret, const struct secret_rule *rule, size_t at, size_t end) {
    ret->rule = rule->name;
    ret->at = at;
    ret->n = end - at;
    return true;
}

/* The rule's literal stands around the anchor, and a secret can begin with it. */
static bool has_literal(struct secret_scan *s, size_t at, const struct secret_rule *rule, size_t *ret_start) {
    size_t start = at - rule->back;
    s->steps++;
    if (at - s->lo < rule->back || s->hi - start < rule->literal_n ||
        memcmp(s->p + start, rule->literal, rule->literal_n) != 0) {
        return false;
    }
    *ret_start = start;
    return true;
}

/* Where an accepted secret ends: with the whole run, so that no tail of a longer key stays behind. */
static size_t extend(struct secret_scan *s, size_t i, unsigned set) {
    return i + secret_run(s, i, set | SET_TOKEN, SIZE_MAX);
}

bool secret_check_prefix(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) {
        return false;
    }
    bool stripe = rule->literal[0] == 'k' && rule->literal[1] == '_';
    if (stripe) { /* the literal is the common part of sk_ and rk_ */
        if (start == s->lo || (s->p[start - 1] != 's' && s->p[start - 1] != 'r')) {
            return false;
        }
        start--;
    }
    size_t body = at - rule->back + rule->literal_n;
    size_t run = secret_run(s, body, rule->set, rule->max != 0 ? rule->max + 1u : ENTROPY_SAMPLE);
    run = rule->max == 0 && run == ENTROPY_SAMPLE && rule->min > run ? secret_run(s, body, rule->set, rule->min) : run;
    if (!secret_starts(s, start) || run < rule->min || (rule->max != 0 && run > rule->max) ||
        secret_entropy(s->p + body, run) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, start, rule->max != 0 ? body + run : extend(s, body + run, rule->set));
}

/* ---- makers ---- */

/* 40 characters of base64 that are no hex digest: the second half of an AWS key pair. */
static bool is_aws_secret(struct secret_scan *s, size_t i) {
    const struct secret_rule *rule = &secret_rules[RULE_AWS_SECRET];
    size_t n = secret_run(s, i, SET_ALNUM | SET_PLUSSLASH, rule->max + 1u);
    return n == rule->max && !secret_is_hex(s->p + i, n) && secret_looks_random(s->p + i, n) &&
           secret_entropy(s->p + i, n) >= rule->entropy;
}

/* The end of an AWS secret that begins within reach of i on the same line or the next, or i. */
static size_t aws_secret_after(struct secret_scan *s, size_t i) {
    size_t stop = s->hi - i < NEAR ? s->hi : i + NEAR;
    for (size_t k = i; k < stop; k++) {
        unsigned class = secret_class(s->p[k]);
        if (s->p[k] == 0xe2 && secret_mask_len(s, k) != 0) {
            break;
        }
        if ((class & (SET_ALNUM | SET_PLUSSLASH)) == 0) {
            continue;
        }
        if (is_aws_secret(s, k)) {
            return k + secret_rules[RULE_AWS_SECRET].max;
        }
        k += secret_run(s, k, SET_ALNUM | SET_PLUSSLASH, stop - k) - 1;
    }
    return i;
}

bool secret_check_aws(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const kinds[] = {"AKIA", "ASIA", "ABIA", "ACCA", "A3T"};
    const uint8_t *p = s->p + at;
    bool known = false;
    s->steps++;
    if (s->hi - at < 20) {
        return false;
    }
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        known = known || memcmp(p, kinds[k], strlen(kinds[k])) == 0;
    }
    if (!known || !secret_starts(s, at) || secret_run(s, at, SET_UPPER | SET_DIGIT, 21) != 20 ||
        (at + 20 < s->hi && (secret_class(p[20]) & (SET_ALNUM | SET_UNDER)) != 0)) {
        return false;
    }
    for (size_t k = 4; k < 20; k++) {
        if (secret_one_of(p[k], "0189")) {
            return false;
        }
    }
    if (secret_entropy(p, 20) < rule->entropy || memcmp(p + 13, "EXAMPLE", 7) == 0) {
        return false;
    }
    return hit(ret, rule, at, aws_secret_after(s, at + 20));
}

bool secret_check_sk(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start) || !secret_starts(s, start)) {
        return false;
    }
    size_t body = start + rule->literal_n, n = secret_run(s, body, rule->set, ENTROPY_SAMPLE);
    if (n < rule->min) {
        return false;
    }
    const struct secret_rule *anthropic = &secret_rules[RULE_ANTHROPIC], *openai = &secret_rules[RULE_OPENAI];
    const uint8_t *p = s->p + body;
    if (memcmp(p, "ant-", 4) == 0) {
        rule = anthropic;
        n -= 4;
        p += 4;
    } else if (memcmp(p, "proj-", 5) == 0 || memcmp(p, "svcacct-", 8) == 0 || memcmp(p, "admin-", 6) == 0 ||
               secret_contains(p, n, "t3blbkfj")) {
        rule = openai;
    }
    if (n < rule->min || secret_entropy(p, n) < rule->entropy || !secret_looks_random(p, n) ||
        secret_is_placeholder(p, n)) {
        return false;
    }
    return hit(ret, rule, start, extend(s, body, rule->set));
}

bool secret_check_slack(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    const uint8_t *p = s->p + at;
    s->steps++;
    if (s->hi - at < 25 || !secret_starts(s, at)) {
        return false;
    }
    bool app = memcmp(p, "xapp-", 5) == 0;
    bool token = memcmp(p, "xox", 3) == 0 && secret_one_of(p[3], "abcdeoprs") && (p[4] == '-' || p[4] == '.');
    size_t n = secret_run(s, at + 5, rule->set, ENTROPY_SAMPLE);
    if ((!app && !token) || n < rule->min || !secret_looks_random(p + 5, n) || secret_entropy(p + 5, n) < rule->entropy ||
        secret_is_placeholder(p + 5, n)) {
        return false;
    }
    return hit(ret, rule, at, extend(s, at + 5, rule->set | SET_DOT));
}

bool secret_check_hook(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const kinds[] = {"services/", "workflows/", "triggers/"};
    size_t start;
    if (!has_literal(s, at, rule, &start)) {
        return false;
    }
    size_t i = start + rule->literal_n;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        size_t n = strlen(kinds[k]);
        if (s->hi - i > n && memcmp(s->p + i, kinds[k], n) == 0) {
            i += n;
            n = secret_run(s, i, rule->set, ENTROPY_SAMPLE);
            if (n >= rule->min && secret_entropy(s->p + i, n) >= rule->entropy && !secret_is_placeholder(s->p + i, n)) {
                return hit(ret, rule, i, extend(s, i, rule->set));
            }
            break;
        }
    }
    return false;
}

bool secret_check_terraform(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start) || start - s->lo < 14) {
        return false;
    }
    size_t user = start - 14, body = start + rule->literal_n, n = secret_run(s, body, rule->set, ENTROPY_SAMPLE);
    if (secret_run(s, user, SET_ALNUM, 15) != 14 || !secret_starts(s, user) || n < rule->min ||
        secret_entropy(s->p + body, n) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, user, extend(s, body, rule->set));
}

bool secret_check_azure(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    if (at - s->lo < 3 || !secret_starts(s, at - 3)) {
        return false;
    }
    size_t n = secret_run(s, at + 3, rule->set, rule->max + 1u);
    if (secret_class(s->p[at]) != SET_DIGIT || memcmp(s->p + at + 1, "Q~", 2) != 0 || n < rule->min || n > rule->max ||
        secret_run(s, at - 3, SET_ALNUM | SET_UNDER | SET_DOT | SET_TILDE, 3) != 3 ||
        secret_entropy(s->p + at + 3, n) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, at - 3, at + 3 + n);
}

bool secret_check_telegram(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    const uint8_t *p = s->p;
    if (secret_class(p[at]) != SET_DIGIT || p[at + 1] != ':' || p[at + 2] != 'A') {
        return false;
    }
    size_t n = secret_run(s, at + 2, rule->set, rule->max + 1u), start = at;
    while (start > s->lo && at - start < 16 && secret_class(p[start - 1]) == SET_DIGIT) {
        start--;
    }
    size_t digits = at + 1 - start;
    if (n != rule->max || digits < 5 || digits > 16 || secret_entropy(p + at + 2, n) < rule->entropy) {
        return false;
    }
    size_t from = start - s->lo < NEAR ? s->lo : start - NEAR, to = s->hi - at - 2 - n < NEAR ? s->hi : at + 2 + n + NEAR;
    s->steps += to - from;
    bool near = secret_contains(p + from, start - from, "bot") || secret_contains(p + from, start - from, "telegr") ||
                secret_contains(p + at + 2 + n, to - at - 2 - n, "telegr");
    bool shape = digits >= 8 && digits <= 10 && p[at + 3] == 'A' && secret_looks_random(p + at + 2, n);
    return (near || shape) && hit(ret, rule, start, at + 2 + n);
}

bool secret_check_1password(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const uint8_t groups[] = {6, 11, 5, 5, 5};
    size_t start;
    if (!has_literal(s, at, rule, &start) || !secret_starts(s, start)) {
        return false;
    }
    size_t i = start + rule->literal_n;
    for (size_t g = 0; g < sizeof(groups); g++) {
        size_t n = secret_run(s, i, SET_UPPER | SET_DIGIT, 12);
        /* The second group of old keys is split in two: 6-5 instead of 11. */
        if (g == 1 && n == 6 && i + n < s->hi && s->p[i + n] == '-') {
            i += n + 1;
            n = secret_run(s, i, SET_UPPER | SET_DIGIT, 12) == 5 ? 11 : 0;
            i -= n == 11 ? 6 : 0;
        }
        if (n != groups[g] || (g + 1 < sizeof(groups) && (i + n >= s->hi || s->p[i + n] != '-'))) {
            return false;
        }
        i += n + (g + 1 < sizeof(groups));
    }
    return secret_entropy(s->p + start, i - start) >= rule->entropy && hit(ret, rule, start, i);
}

/* ---- structured secrets ---- */

bool secret_check_jwt(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start) || !secret_starts(s, start)) {
        return false;
    }
    size_t n = secret_run(s, start, rule->set, JWT_HEADER_MAX), claims = start + n + 1;
    if (n < rule->min || claims + 2 >= s->hi || s->p[claims - 1] != '.') {
        return false;
    }
    /* Claims begin with {" or {space; an encrypted token has a key there, and its header begins with {"alg" or {"enc". */
    bool plain = memcmp(s->p + claims, "ey", 2) == 0;
    bool sealed = memcmp(s->p + start, "eyJhbGci", 8) == 0 || memcmp(s->p + start, "eyJlbmMi", 8) == 0;
    size_t m = secret_run(s, claims, rule->set, ENTROPY_SAMPLE);
    if ((!plain && !sealed) || m < rule->min || secret_entropy(s->p + claims, m) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, start, extend(s, claims, rule->set | SET_DOT));
}

bool secret_check_skey(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) {
        return false;
    }
    /* name+hex8(key id)+base64(type || seed): the name is free, the key behind it is what is secret. */
    size_t i = start + rule->literal_n, stop = s->hi - i < 256 ? s->hi : i + 256;
    for (; i < stop && s->p[i] != '+' && s->p[i] > ' '; i++) {
    }
    s->steps += i - start;
    if (i >= stop || s->p[i] != '+' || secret_run(s, i + 1, SET_HEX, 9) != 8 || i + 9 >= s->hi || s->p[i + 9] != '+') {
        return false;
    }
    size_t n = secret_run(s, i + 10, rule->set, ENTROPY_SAMPLE);
    return n >= rule->min && hit(ret, rule, start, extend(s, i + 10 + n, rule->set));
}

/* "-----END … KEY-----" or "… BLOCK-----" from i on: the place behind it, or the end of the text. */
static size_t pem_end(struct secret_scan *s, size_t i) {
    static const char end[] = "-----END ";
    for (;;) {
        const uint8_t *found = i < s->hi ? memmem(s->p + i, s->hi - i, end, sizeof(end) - 1) : NULL;
        if (found == NULL) {
            return s->hi;
        }
        i = (size_t)(found - s->p) + sizeof(end) - 1;
        size_t n = 0;
        while (n < 48 && i + n < s->hi &&
               ((secret_class(s->p[i + n]) & (SET_UPPER | SET_DIGIT)) != 0 || s->p[i + n] == ' ')) {
            n++;
        }
        if (n >= 3 && secret_contains(s->p + i, n, "key") && s->hi - i - n >= 5 && memcmp(s->p + i + n, "-----", 5) == 0) {
            return i + n + 5;
        }
    }
}

bool secret_check_pem(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) {
        return false;
    }
    size_t i = start + rule->literal_n, n = 0;
    while (n < 48 && i + n < s->hi && ((secret_class(s->p[i + n]) & (SET_UPPER | SET_DIGIT)) != 0 || s->p[i + n] == ' ')) {
        n++;
    }
    s->steps += n;
    if (!secret_contains(s->p + i, n, "private key") || s->hi - i - n < 5 || memcmp(s->p + i + n, "-----", 5) != 0) {
        return false;
    }
    /* Prose speaks of such headers too: some of a key must follow. */
    size_t body = i + n + 5, stop = s->hi - body < PEM_BODY_WINDOW ? s->hi : body + PEM_BODY_WINDOW;
    for (size_t k = body; k < stop; k++) {
        size_t run = secret_run(s, k, rule->set, rule->min);
        if (run >= rule->min) {
            return hit(ret, rule, start, pem_end(s, body));
        }
        k += run;
    }
    return false;
}
