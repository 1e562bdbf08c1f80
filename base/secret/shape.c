/* Validators of the secret scanner for secrets with a shape of their own.
 *
 * Each judges one anchor by a bounded number of bytes around it; only the end of an accepted hit is searched for without
 * a bound, and those bytes are never looked at again. So the time for a text is proportional to its length, whatever it
 * contains. */
#include <string.h>

#include "base/secret/check.h"

enum {
    JWT_HEADER_MAX = 512,
    PEM_BODY_WINDOW = 256,
    PART_MIN = 20,
    HASH_PARTS = 5, /* of a stored password */
    NEAR = 64       /* how far from a secret a word that explains it may be */
};

/* ---- literal and alphabet ---- */

static bool hit(struct secret_hit *ret, const struct secret_rule *rule, size_t at, size_t end) {
    ret->rule = rule->name;
    ret->at = at;
    ret->n = end - at;
    return true;
}

/* Whether the rule's literal surrounds the anchor and a secret can begin with it. */
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

/* Where an accepted secret ends: with the whole run, so that no tail of a longer key remains, and including what follows
 * a dot when that is long enough to be another part or another key. */
static size_t extend(struct secret_scan *s, size_t i, unsigned set) {
    for (;;) {
        i += secret_run(s, i, set | SET_TOKEN, SIZE_MAX);
        if (i >= s->hi || s->p[i] != '.' || secret_run(s, i + 1, SET_TOKEN | SET_DOT, PART_MIN) < PART_MIN) {
            return i;
        }
        i++;
    }
}

bool secret_check_prefix(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) return false;
    bool stripe = rule->literal[0] == 'k' && rule->literal[1] == '_';
    if (stripe) { /* the literal is the common part of sk_ and rk_ */
        if (start == s->lo || (s->p[start - 1] != 's' && s->p[start - 1] != 'r')) return false;
        start--;
    }
    size_t body = at - rule->back + rule->literal_n;
    size_t run = secret_run(s, body, rule->set, rule->max != 0 ? rule->max + 1u : SECRET_SAMPLE);
    run = rule->max == 0 && run == SECRET_SAMPLE && rule->min > run ? secret_run(s, body, rule->set, rule->min) : run;
    if (!secret_starts(s, start) || run < rule->min || (rule->max != 0 && run > rule->max) ||
        secret_entropy(s->p + body, run) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, start, rule->max != 0 ? body + run : extend(s, body + run, rule->set));
}

/* ---- vendors ---- */

bool secret_is_aws(struct secret_scan *s, size_t i) {
    const struct secret_rule *rule = &secret_rules[RULE_AWS_SECRET];
    size_t n = secret_run(s, i, SET_ALNUM | SET_PLUSSLASH, rule->max + 1u);
    bool part = (i > s->lo && (secret_class(s->p[i - 1]) & SET_TOKEN) != 0) ||
                (i + n < s->hi && (secret_class(s->p[i + n]) & SET_TOKEN) != 0);
    return n == rule->max && !part && !secret_is_hex(s->p + i, n) && secret_looks_random(s->p + i, n) &&
           secret_entropy(s->p + i, n) >= rule->entropy;
}

/* The end of an AWS secret that begins shortly after i, on the same line or the next; otherwise i. */
static size_t aws_secret_after(struct secret_scan *s, size_t i) {
    size_t stop = s->hi - i < NEAR ? s->hi : i + NEAR;
    for (size_t k = i; k < stop; k++) {
        unsigned class = secret_class(s->p[k]);
        if (secret_is_mask(s, k)) break;
        if ((class & (SET_ALNUM | SET_PLUSSLASH)) == 0) continue;
        if (secret_is_aws(s, k)) return k + secret_rules[RULE_AWS_SECRET].max;
        k += secret_run(s, k, SET_ALNUM | SET_PLUSSLASH, stop - k) - 1;
    }
    return i;
}

bool secret_check_aws(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const kinds[] = {"AKIA", "ASIA", "ABIA", "ACCA", "A3T"};
    const uint8_t *p = s->p + at;
    bool known = false;
    s->steps++;
    if (s->hi - at < 20) return false;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        known = known || memcmp(p, kinds[k], strlen(kinds[k])) == 0;
    }
    if (!known || !secret_starts(s, at) || secret_run(s, at, SET_UPPER | SET_DIGIT, 21) != 20 ||
        (at + 20 < s->hi && (secret_class(p[20]) & (SET_ALNUM | SET_UNDER)) != 0)) {
        return false;
    }
    for (size_t k = 4; k < 20; k++) {
        if (secret_one_of(p[k], "0189")) return false;
    }
    if (secret_entropy(p, 20) < rule->entropy || memcmp(p + 13, "EXAMPLE", 7) == 0) return false;
    return hit(ret, rule, at, aws_secret_after(s, at + 20));
}

bool secret_check_sk(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start) || !secret_starts(s, start)) return false;
    size_t body = start + rule->literal_n, n = secret_run(s, body, rule->set, SECRET_SAMPLE);
    if (n < rule->min) return false;
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
    /* The prefix alone identifies this vendor's keys; that of the others occurs inside many words. */
    bool plain = rule != anthropic && !secret_has_digit(p, n);
    if (n < rule->min || secret_entropy(p, n) < rule->entropy || plain || secret_is_placeholder(p, n) ||
        (rule->literal_n == 3 && !secret_looks_random(p, n))) {
        return false;
    }
    return hit(ret, rule, start, extend(s, body, rule->set));
}

/* Two long numbers and a word of at least 18 characters after "xoxb-": the standard form, whatever its characters. */
static bool is_slack_form(struct secret_scan *s, size_t i) {
    for (size_t part = 0; part < 2; part++) {
        size_t n = secret_run(s, i, SET_DIGIT, 20);
        if (n < 9 || n > 16 || i + n >= s->hi || s->p[i + n] != '-') return false;
        i += n + 1;
    }
    size_t n = secret_run(s, i, SET_ALNUM, SECRET_SAMPLE);
    return n >= 18 && secret_entropy(s->p + i, n) >= 150;
}

bool secret_check_slack(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    const uint8_t *p = s->p + at;
    s->steps++;
    if (s->hi - at < 25 || !secret_starts(s, at)) return false;
    bool app = memcmp(p, "xapp-", 5) == 0;
    bool token = memcmp(p, "xox", 3) == 0 && secret_one_of(p[3], "abcdeoprs") && (p[4] == '-' || p[4] == '.');
    size_t n = secret_run(s, at + 5, rule->set, SECRET_SAMPLE);
    bool random =
        secret_has_digit(p + 5, n) && secret_entropy(p + 5, n) >= rule->entropy && !secret_is_placeholder(p + 5, n);
    if ((!app && !token) || n < rule->min || (!random && !is_slack_form(s, at + 5))) return false;
    return hit(ret, rule, at, extend(s, at + 5, rule->set | SET_DOT));
}

bool secret_check_hook(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const kinds[] = {"services/", "workflows/", "triggers/"};
    size_t start;
    if (!has_literal(s, at, rule, &start)) return false;
    size_t i = start + rule->literal_n;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        size_t n = strlen(kinds[k]);
        if (s->hi - i > n && memcmp(s->p + i, kinds[k], n) == 0) {
            i += n;
            n = secret_run(s, i, rule->set, SECRET_SAMPLE);
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
    if (!has_literal(s, at, rule, &start) || start - s->lo < 14) return false;
    size_t user = start - 14, body = start + rule->literal_n, n = secret_run(s, body, rule->set, SECRET_SAMPLE);
    if (secret_run(s, user, SET_ALNUM, 15) != 14 || !secret_starts(s, user) || n < rule->min ||
        secret_entropy(s->p + body, n) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, user, extend(s, body, rule->set));
}

bool secret_check_azure(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    if (at - s->lo < 3 || !secret_starts(s, at - 3)) return false;
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
    if (secret_class(p[at]) != SET_DIGIT || p[at + 1] != ':' || p[at + 2] != 'A') return false;
    size_t n = secret_run(s, at + 2, rule->set, rule->max + 1u), start = at;
    while (start > s->lo && at - start < 16 && secret_class(p[start - 1]) == SET_DIGIT) {
        start--;
    }
    size_t digits = at + 1 - start;
    if (n != rule->max || digits < 5 || digits > 16 || secret_entropy(p + at + 2, n) < rule->entropy) {
        return false;
    }
    size_t from = start - s->lo < NEAR ? s->lo : start - NEAR, end = at + 2 + n, to = end;
    while (to < s->hi && to - end < NEAR && !secret_is_mask(s, to)) {
        to++;
    }
    s->steps += to - from;
    bool near = secret_contains(p + from, start - from, "bot") || secret_contains(p + from, start - from, "telegr") ||
                secret_contains(p + end, to - end, "telegr");
    bool shape = digits >= 8 && digits <= 10 && p[at + 3] == 'A' && secret_looks_random(p + at + 2, n);
    return (near || shape) && hit(ret, rule, start, end);
}

bool secret_check_1password(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const uint8_t groups[] = {6, 11, 5, 5, 5};
    size_t start;
    if (!has_literal(s, at, rule, &start) || !secret_starts(s, start)) return false;
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

/* discord.com/api/webhooks/NUMBER/TOKEN */
bool secret_check_discord_hook(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) return false;
    size_t i = start + rule->literal_n, digits = secret_run(s, i, SET_DIGIT, 24);
    i += digits + 1;
    if (digits < 15 || i >= s->hi || s->p[i - 1] != '/') return false;
    size_t n = secret_run(s, i, rule->set, SECRET_SAMPLE);
    return n >= rule->min && secret_entropy(s->p + i, n) >= rule->entropy && hit(ret, rule, i, extend(s, i, rule->set));
}

/* ---- structured secrets ---- */

/* $6$salt$hash, $apr1$salt$hash, $2y$10$hash, $argon2id$…$hash: forms of stored passwords. */
bool secret_check_hash(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const kinds[] = {"1",  "5",  "6",  "y",  "gy",      "7",       "apr1",     "sha1",
                                        "2a", "2b", "2x", "2y", "argon2i", "argon2d", "argon2id", "scrypt"};
    size_t n = secret_run(s, at + 1, SET_ALNUM, 12), i = at + 1 + n, last = 0;
    bool known = false;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        known = known || (strlen(kinds[k]) == n && memcmp(s->p + at + 1, kinds[k], n) == 0);
    }
    for (size_t part = 0; known && part < HASH_PARTS && i < s->hi && s->p[i] == '$'; part++) {
        i++;
        last = secret_run(s, i, rule->set, SECRET_SAMPLE);
        i += last;
        for (size_t k = 0; k < HASH_PARTS && i < s->hi && s->p[i] == ','; k++) { /* m=65536,t=3,p=4 */
            i += 1 + secret_run(s, i + 1, rule->set, 16);
        }
    }
    return last >= rule->min && secret_entropy(s->p + i - last, last) >= rule->entropy && hit(ret, rule, at, i);
}

/* The place after a line end or a blank, literal or written as \n. */
static size_t skip_line(const struct secret_scan *s, size_t i) {
    while (i < s->hi &&
           (secret_one_of(s->p[i], " \r\n") || (s->p[i] == '\\' && i + 1 < s->hi && secret_one_of(s->p[i + 1], "rn")))) {
        i += s->p[i] == '\\' ? 2 : 1;
    }
    return i;
}

/* PuTTY's "Private-Lines: 1" and what follows it. The literal is its end, which no "Public-Lines" shares. */
bool secret_check_putty(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) return false;
    size_t i = start + rule->literal_n;
    i += secret_run(s, i, SET_DIGIT, 4);
    size_t from = skip_line(s, i), end = from;
    for (size_t n, next = from; next < s->hi && (n = secret_run(s, next, rule->set, SIZE_MAX)) >= rule->min;
         next = skip_line(s, end)) {
        end = next + n;
    }
    return end > from && hit(ret, rule, from, end);
}

bool secret_check_jwt(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start) || !secret_starts(s, start)) return false;
    size_t n = secret_run(s, start, rule->set, JWT_HEADER_MAX), claims = start + n + 1;
    if (n < rule->min || claims + 2 >= s->hi || s->p[claims - 1] != '.') return false;
    /* Claims begin with {" or {space; an encrypted token has a key there instead, and its header begins with {"alg" or
     * {"enc". */
    bool plain = memcmp(s->p + claims, "ey", 2) == 0;
    bool sealed = memcmp(s->p + start, "eyJhbGci", 8) == 0 || memcmp(s->p + start, "eyJlbmMi", 8) == 0;
    size_t m = secret_run(s, claims, rule->set, SECRET_SAMPLE);
    if ((!plain && !sealed) || m < rule->min || secret_entropy(s->p + claims, m) < rule->entropy) {
        return false;
    }
    return hit(ret, rule, start, extend(s, claims, rule->set | SET_DOT));
}

bool secret_check_skey(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start;
    if (!has_literal(s, at, rule, &start)) return false;
    /* name+hex8(key id)+base64(type
     *
     * seed): any name; the key after it is the secret. */
    size_t i = start + rule->literal_n, stop = s->hi - i < 256 ? s->hi : i + 256;
    while (i < stop && s->p[i] != '+' && s->p[i] > ' ' && !secret_is_mask(s, i)) {
        i++;
    }
    s->steps += i - start;
    if (i >= stop || s->p[i] != '+' || secret_run(s, i + 1, SET_HEX, 9) != 8 || i + 9 >= s->hi || s->p[i + 9] != '+') {
        return false;
    }
    size_t n = secret_run(s, i + 10, rule->set & ~(unsigned)SET_EQ, SIZE_MAX), end = i + 10 + n;
    return n >= rule->min && hit(ret, rule, start, end + secret_run(s, end, SET_EQ, 2));
}

/* "-----END … KEY-----" or "… BLOCK-----" from i on: the place after it, or the end of the text. */
static size_t pem_end(struct secret_scan *s, size_t i) {
    static const char end[] = "-----END ";
    for (;;) {
        const uint8_t *found = i < s->hi ? memmem(s->p + i, s->hi - i, end, sizeof(end) - 1) : NULL;
        if (found == NULL) return s->hi;
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
    if (!has_literal(s, at, rule, &start)) return false;
    size_t i = start + rule->literal_n, n = 0;
    while (n < 48 && i + n < s->hi && ((secret_class(s->p[i + n]) & (SET_UPPER | SET_DIGIT)) != 0 || s->p[i + n] == ' ')) {
        n++;
    }
    s->steps += n;
    if (!secret_contains(s->p + i, n, "private key") || s->hi - i - n < 5 || memcmp(s->p + i + n, "-----", 5) != 0) {
        return false;
    }
    /* Prose mentions such headers too: part of a key must follow. */
    size_t body = i + n + 5, stop = s->hi - body < PEM_BODY_WINDOW ? s->hi : body + PEM_BODY_WINDOW;
    for (size_t k = body; k < stop && !secret_is_mask(s, k); k++) {
        if (s->p[k] == '-' && k + 1 < stop && s->p[k + 1] == '-') {
            break; /* the end line */
        }
        size_t run = secret_run(s, k, rule->set, rule->min);
        if (run >= rule->min) return hit(ret, rule, start, pem_end(s, body));
        k += run != 0 ? run - 1 : 0;
    }
    return false;
}
