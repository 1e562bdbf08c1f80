/* Validators of the secret scanner for secrets that only their surroundings reveal: the value next to a telling name,
 * the password in a URL, a query's parameter, a header.
 *
 * A name is found by an anchor inside a telling word and widened to the whole identifier; then what follows it is parsed
 * as JSON, YAML, an assignment, an environment, a command line, XML or a list of name and value pairs. Whether the value
 * is a secret depends on how random it looks, because the names alone are in every manual. */
#include "base/secret/check.h"

#include <string.h>

#include "base/text.h"

enum {
    NAME_SIDE_MAX = 48, /* bytes of a name on each side of its anchor */
    LINE_BACK = 64,     /* bytes of a line before a name */
    GAP_MAX = 8,        /* blanks between name, sign and value */
    USERINFO_MAX = 512,
    NEAR_WINDOW = 64
};

static bool hit(struct secret_hit *ret, unsigned rule, size_t at, size_t end) {
    ret->rule = secret_rules[rule].name;
    ret->at = at;
    ret->n = end - at;
    return true;
}

static uint8_t byte_at(const struct secret_scan *s, size_t i) {
    return i < s->hi ? s->p[i] : '\0';
}

static bool is_quote(uint8_t c) {
    return c == '"' || c == '\'' || c == '`';
}

static size_t skip_blanks(struct secret_scan *s, size_t i) {
    size_t n = 0;
    while (n < GAP_MAX && (byte_at(s, i + n) == ' ' || byte_at(s, i + n) == '\t')) {
        n++;
    }
    s->steps += n + 1;
    return i + n;
}

/* ---- names ---- */

/* Widens the anchor's first n bytes to the identifier around them. */
static void name_around(struct secret_scan *s, size_t at, size_t n, size_t *ret_from, size_t *ret_to) {
    size_t from = at, to = at + n;
    while (from > s->lo && at - from < NAME_SIDE_MAX && (secret_class(s->p[from - 1]) & SECRET_NAME) != 0) {
        from--;
    }
    while (to < s->hi && to - at < NAME_SIDE_MAX && (secret_class(s->p[to]) & SECRET_NAME) != 0) {
        to++;
    }
    s->steps += to - from;
    while (to > at + n && (secret_class(s->p[to - 1]) & (SET_DOT | SET_DASH)) != 0) {
        to--;
    }
    while (from < at && (secret_class(s->p[from]) & (SET_DOT | SET_DASH)) != 0) {
        from++;
    }
    *ret_from = from;
    *ret_to = to;
}

/* ---- values ---- */

/* Where the word before i begins, or i when there is none; blanks and line ends may be between them. */
static size_t word_before(struct secret_scan *s, size_t i) {
    size_t k = i, stop = i - s->lo < LINE_BACK ? s->lo : i - LINE_BACK;
    while (k > stop && s->p[k - 1] <= ' ') {
        k--;
    }
    bool gap = k < i;
    while (gap && k > stop && s->p[k - 1] > ' ') {
        k--;
    }
    s->steps += i - k + 1;
    return gap ? k : i;
}

/* "login joe password …", as in a .netrc. */
static bool is_netrc(struct secret_scan *s, size_t from) {
    static const char *const words[] = {"login", "account", "machine"};
    size_t user = word_before(s, from), word = word_before(s, user);
    bool known = false;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]) && word < user; k++) {
        size_t n = strlen(words[k]);
        known = known || (user - word > n && secret_equals(s->p + word, n, words[k]) && s->p[word + n] <= ' ');
    }
    return known;
}

/* "smtp_password …", alone on its line: a file of settings. */
static bool is_setting(struct secret_scan *s, size_t from, size_t to, size_t i) {
    size_t k = from, n = 0;
    while (k > s->lo && secret_one_of(s->p[k - 1], " \t") && from - k < GAP_MAX) {
        k--;
    }
    while (n < SECRET_VALUE_WINDOW && i + n < s->hi && s->p[i + n] > ' ') {
        n++;
    }
    s->steps += n + (from - k) + 1;
    bool alone = i + n >= s->hi || secret_one_of(s->p[i + n], "\r\n");
    return n > 0 && alone && (k == s->lo || s->p[k - 1] == '\n') && memchr(s->p + from, '_', to - from) != NULL;
}

/* After "the password is …": the place after "is ", or i. */
static size_t skip_verb(struct secret_scan *s, size_t i) {
    static const char *const verbs[] = {"is ", "was ", "ist ", "lautet ", "is: "};
    size_t left = s->hi - i;
    for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
        size_t n = strlen(verbs[k]);
        if (left > n && memcmp(s->p + i, verbs[k], n) == 0) return i + n;
    }
    return i;
}

/* Skips the sign between a name that ends at i and its value. False when there is none. */
static bool read_sign(struct secret_scan *s, size_t from, size_t to, struct secret_value *v) {
    bool quoted = false;
    size_t i = to;
    if (byte_at(s, i) == '\\' && is_quote(byte_at(s, i + 1))) {
        i += 2;
        quoted = true;
    } else if (is_quote(byte_at(s, i))) {
        i++;
        quoted = true;
    }
    i += byte_at(s, i) == ']';
    size_t gap = i;
    i = skip_blanks(s, i);
    uint8_t c = byte_at(s, i);
    v->sign = c;
    if (c == ':' || c == '=') {
        if (c == ':' && byte_at(s, i + 1) == ':') {
            return false; /* a scope: token::Kind */
        }
        i++;
        for (size_t k = 0; k < 2 && secret_one_of(byte_at(s, i), "=>"); k++) {
            i++;
        }
    } else if (c == '>' && from > s->lo && s->p[from - 1] == '<') {
        i++;
    } else if (c == ',' && quoted) {
        /* {"name": "API_KEY", "value": "…"} and ("api_key", "…") */
        i = skip_blanks(s, i + 1);
        if (is_quote(byte_at(s, i)) && s->hi - i > 7 && memcmp(s->p + i + 1, "value", 5) == 0 && s->p[i + 6] == s->p[i]) {
            i = skip_blanks(s, i + 7);
            if (byte_at(s, i) != ':') return false;
            i++;
        }
    } else if (i == gap || quoted) {
        return false;
    } else if (from >= s->lo + 2 && memcmp(s->p + from - 2, "--", 2) == 0) {
        v->sign = ' ';
    } else if (skip_verb(s, i) > i) {
        v->sign = 'i';
        i = skip_verb(s, i);
    } else if (is_netrc(s, from) || is_setting(s, from, to, i)) {
        v->sign = ' ';
    } else {
        return false;
    }
    v->at = skip_blanks(s, i);
    return true;
}

static bool ends_bare(const struct secret_scan *s, size_t i) {
    uint8_t c = s->p[i];
    return c <= ' ' || secret_one_of(c, "\"'`,;&()[]{}<>|\\") || secret_is_mask(s, i);
}

/* Whether the '&' at i begins another parameter (&name=, &name[), an entity (&quot;) or another command, or is the last
 * character; otherwise it is part of a password. */
static bool ends_at_and(struct secret_scan *s, const struct secret_value *v, size_t i) {
    static const char *const entities[] = {"amp", "quot", "apos", "lt", "gt", "nbsp"};
    if (v->query || i == v->at || i + 1 >= s->hi || ends_bare(s, i + 1)) return true;
    bool number = s->p[i + 1] == '#';
    size_t name = i + 1 + number, n = secret_run(s, name, SECRET_NAME | SET_PERCENT, NAME_SIDE_MAX);
    uint8_t c = byte_at(s, name + n);
    bool entity = number && c == ';';
    for (size_t k = 0; k < sizeof(entities) / sizeof(entities[0]) && c == ';'; k++) {
        entity = entity || secret_equals(s->p + name, n, entities[k]);
    }
    return entity || (n > 0 && secret_one_of(c, "=["));
}

/* The end of a value, bare or quoted, at most `limit` bytes on. */
static size_t value_end(struct secret_scan *s, const struct secret_value *v, size_t limit) {
    size_t n = 0;
    for (; n < limit && v->at + n < s->hi; n++) {
        uint8_t c = s->p[v->at + n];
        if (v->quote == 0) {
            bool ends = c == '&' ? ends_at_and(s, v, v->at + n) : ends_bare(s, v->at + n);
            if (ends || (v->query && c == '#')) break;
        } else if (c == v->quote || c < ' ' || (v->escaped && c == '\\') || secret_is_mask(s, v->at + n)) {
            break;
        } else if (c == '\\' && byte_at(s, v->at + n + 1) < 0x80) {
            n++;
        }
    }
    s->steps += n + 1;
    n = n < limit ? n : limit;
    return v->at + n < s->hi ? v->at + n : s->hi;
}

static bool read_value(struct secret_scan *s, size_t from, size_t to, struct secret_value *v) {
    if (!read_sign(s, from, to, v)) return false;
    /* A type in between: password: str = "…" */
    if (v->sign == ':') {
        size_t n = secret_run(s, v->at, SECRET_NAME, 32), i = skip_blanks(s, v->at + n);
        if (n > 0 && i > v->at + n && byte_at(s, i) == '=' && byte_at(s, i + 1) == ' ') {
            v->at = skip_blanks(s, i + 1);
        }
    }
    /* A prefix of the string: b'…', f"…" */
    v->at += secret_one_of(byte_at(s, v->at), "bfruBFRU@") && is_quote(byte_at(s, v->at + 1));
    v->escaped = byte_at(s, v->at) == '\\' && is_quote(byte_at(s, v->at + 1));
    v->at += v->escaped;
    v->quote = is_quote(byte_at(s, v->at)) ? s->p[v->at] : 0;
    v->at += v->quote != 0;
    v->tight = v->at - to <= 1 + 2u * (v->quote != 0);
    v->query = from > s->lo && secret_one_of(s->p[from - 1], "?&");
    v->n = value_end(s, v, SECRET_VALUE_WINDOW) - v->at;
    /* A quote that is not closed on its line ended another string. */
    bool open = v->quote != 0 && v->n < SECRET_VALUE_WINDOW && v->at + v->n < s->hi && s->p[v->at + v->n] < ' ';
    return v->at < s->hi && v->n > 0 && !open;
}

/* ---- high entropy near a telling name ---- */

static bool is_exempt_blob(struct secret_scan *s, size_t at, const uint8_t *p, size_t n) {
    size_t marks = 0, steps_up = 0;
    for (size_t i = 0; i < n; i++) {
        marks += (secret_class(p[i]) & (SET_UNDER | SET_DASH | SET_PLUSSLASH)) != 0;
        steps_up += i > 0 && p[i] == p[i - 1] + 1;
    }
    s->steps += n;
    bool mangled = p[0] == '_' && p[1] == 'Z'; /* a C++ symbol */
    /* A signed note's key: name+hex+base64. */
    bool note = at > s->lo && s->p[at - 1] == '+';
    note = note || (n > 10 && p[8] == '+' && secret_is_hex(p, 8));
    return secret_is_hex(p, n) || secret_is_uuid(p, n) || marks * 10 > n || steps_up * 3 > n || note || mangled ||
           secret_contains(p, n < 8 ? n : 8, "sha");
}

static bool find_blob_near(struct secret_scan *s, size_t from, size_t to, struct secret_hit *ret) {
    const struct secret_rule *rule = &secret_rules[RULE_ENTROPY];
    size_t stop = s->hi - to < NEAR_WINDOW ? s->hi : to + NEAR_WINDOW;
    for (size_t i = to, n = 0; i < stop; i += n != 0 ? n : 1) {
        uint8_t c = s->p[i];
        if ((c < ' ' && c != '\t') || c == 0xe2) {
            return false; /* another line; a mask; the dash of a signature */
        }
        n = secret_run(s, i, rule->set, SECRET_VALUE_WINDOW / 2);
        if (n >= rule->min && !is_exempt_blob(s, i, s->p + i, n) && secret_looks_random(s->p + i, n) &&
            secret_entropy(s->p + i, n) >= rule->entropy) {
            struct bytes name = {s->p + from, to - from};
            return secret_field_name(name) && hit(ret, RULE_ENTROPY, i, i + n + secret_run(s, i + n, rule->set, SIZE_MAX));
        }
    }
    return false;
}

/* ---- headers ---- */

static size_t line_end(struct secret_scan *s, size_t i, uint8_t quote, bool escaped, size_t limit) {
    size_t n = 0;
    for (; n < limit && i + n < s->hi; n++) {
        uint8_t c = s->p[i + n];
        if (c == '\n' || c == '\r' || (quote != 0 && c == quote) || (escaped && c == '\\') || secret_is_mask(s, i + n)) {
            break;
        }
    }
    s->steps += n + 1;
    return i + n;
}

/* The quote around a whole header, as in -H "Authorization: …". */
static uint8_t quote_before(const struct secret_scan *s, size_t from) {
    return from > s->lo && is_quote(s->p[from - 1]) ? s->p[from - 1] : 0;
}

static bool check_authorization(struct secret_scan *s, size_t from, struct secret_value *v, struct secret_hit *ret) {
    static const char *const schemes[] = {"basic",     "bearer", "token",   "digest", "negotiate",
                                          "ntlm",      "apikey", "api-key", "hmac",   "aws4-hmac-sha256",
                                          "sharedkey", "hawk",   "key"};
    uint8_t quote = v->quote != 0 ? v->quote : quote_before(s, from);
    size_t n = secret_run(s, v->at, SET_TOKEN, 20), i = v->at + n;
    bool known = false;
    for (size_t k = 0; k < sizeof(schemes) / sizeof(schemes[0]) && byte_at(s, i) == ' '; k++) {
        known = known || secret_equals(s->p + v->at, n, schemes[k]);
    }
    if (!known) return false;
    bool params = n > 6 || secret_equals(s->p + v->at, n, "digest") || secret_equals(s->p + v->at, n, "hawk");
    i = skip_blanks(s, i);
    struct secret_value credential = {.at = i, .quote = 0};
    size_t end = value_end(s, &credential, SECRET_VALUE_WINDOW);
    bool mixed = false;
    for (size_t k = i; k < end; k++) {
        mixed = mixed || (secret_class(s->p[k]) & (SET_LOWER | SET_DASH | SET_UNDER)) == 0;
    }
    s->steps += end - i;
    if (end - i < 6 || !mixed || secret_is_placeholder(s->p + i, end - i)) return false;
    end = params ? line_end(s, i, quote, v->escaped, SIZE_MAX) : value_end(s, &credential, SIZE_MAX);
    return hit(ret, RULE_HEADER, i, end);
}

static bool check_cookie(struct secret_scan *s, size_t from, struct secret_value *v, struct secret_hit *ret) {
    uint8_t quote = v->quote != 0 ? v->quote : quote_before(s, from);
    size_t n = secret_run(s, v->at, SET_TOKEN | SET_DOT | SET_PERCENT, 128), i = v->at + n;
    size_t blanks = skip_blanks(s, i + 1) - i - 1;
    if (v->sign != ':' || n == 0 || byte_at(s, i) != '=' || blanks != 0) return false;
    struct secret_value first = {.at = i + 1, .quote = 0};
    size_t m = value_end(s, &first, SECRET_VALUE_WINDOW) - first.at;
    if (m < 4 || secret_is_placeholder(s->p + i + 1, m)) return false;
    return hit(ret, RULE_HEADER, v->at, line_end(s, v->at, quote, v->escaped, SIZE_MAX));
}

bool secret_check_bearer(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t start = at - rule->back;
    s->steps++;
    if (at - s->lo < rule->back || s->hi - start < 8u || !secret_equals(s->p + start, rule->literal_n, rule->literal) ||
        !secret_starts(s, start)) {
        return false;
    }
    size_t i = start + rule->literal_n;
    if (s->p[i] != ' ') return false;
    i = skip_blanks(s, i);
    size_t n = secret_run(s, i, rule->set, SECRET_VALUE_WINDOW / 2);
    if (n < rule->min || !secret_looks_random(s->p + i, n) || secret_entropy(s->p + i, n) < rule->entropy ||
        secret_is_placeholder(s->p + i, n)) {
        return false;
    }
    return hit(ret, RULE_HEADER, i, i + secret_run(s, i, rule->set, SIZE_MAX));
}

/* ---- telling words ---- */

/* AWS_SECRET_ACCESS_KEY and similar names: 40 characters of base64 on this line. */
static bool find_aws_secret(struct secret_scan *s, size_t from, size_t to, struct secret_hit *ret) {
    const struct secret_rule *rule = &secret_rules[RULE_AWS_SECRET];
    size_t before = from - s->lo < 24 ? s->lo : from - 24;
    if (!secret_contains(s->p + before, to - before, "aws") || !secret_contains(s->p + before, to - before, "secret")) {
        return false;
    }
    s->steps += to - before;
    size_t stop = s->hi - to < NEAR_WINDOW ? s->hi : to + NEAR_WINDOW;
    for (size_t i = to, n = 0; i < stop && s->p[i] != '\n' && s->p[i] != 0xe2; i += n != 0 ? n : 1) {
        n = secret_run(s, i, SET_ALNUM | SET_PLUSSLASH, rule->max + 1u);
        if (secret_is_aws(s, i)) return hit(ret, RULE_AWS_SECRET, i, i + n);
    }
    return false;
}

bool secret_check_word(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t tail = at + 3, n = rule->literal_n;
    s->steps++;
    if (s->hi - tail < n || !secret_equals(s->p + tail, n, rule->literal)) return false;
    /* "tokens", "authors", "secretary": the word continues. */
    uint8_t next = byte_at(s, tail + n);
    bool small = (secret_class(s->p[tail - 1]) & SET_LOWER) != 0, plural = rule->max != 0 && secret_lower(next) == 's';
    if (n != 0 && !plural && (secret_class(next) & (small ? SET_LOWER : SET_UPPER)) != 0) {
        return false;
    }
    size_t from, to;
    name_around(s, at, 3, &from, &to);
    struct secret_value v = {0};
    if (!read_value(s, from, to, &v)) {
        return find_aws_secret(s, from, to, ret) || find_blob_near(s, from, to, ret);
    }
    struct bytes name = {s->p + from, to - from};
    bool auth = secret_equals(name.p + (name.n >= 4 ? name.n - 4 : 0), name.n >= 4 ? 4 : 0, "auth");
    enum secret_name kind = auth ? SECRET_NAME_TOKEN : secret_name_of(name);
    if (kind <= SECRET_NAME_WEAK) return false;
    if (find_aws_secret(s, from, to, ret)) return true;
    if ((rule == &secret_rules[RULE_WORD_COOKIE] && check_cookie(s, from, &v, ret)) ||
        (rule == &secret_rules[RULE_WORD_AUTHORIZATION] && check_authorization(s, from, &v, ret))) {
        return true;
    }
    if (!secret_is_value(s, from, to, &v, kind)) return false;
    bool header = secret_equals(name.p, name.n, "x-api-key") || secret_equals(name.p, name.n, "api-key") ||
                  secret_equals(name.p, name.n, "x-goog-api-key");
    return hit(ret, v.query ? RULE_QUERY : header ? RULE_HEADER : RULE_KEYWORD, v.at, value_end(s, &v, SIZE_MAX));
}

/* "pwd", "pass", "pw", "psk" before a sign, "sessionid" and similar: names that are found by their end. */
bool secret_check_weak_word(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t from, to;
    struct secret_value v = {0};
    s->steps++;
    name_around(s, at, (secret_class(s->p[at + 2]) & SECRET_NAME) != 0 ? 3 : 2, &from, &to);
    enum secret_name kind = secret_name_of((struct bytes){s->p + from, to - from});
    if (kind == SECRET_NAME_NONE || !read_value(s, from, to, &v) || v.sign == ',' || v.sign == 'i' ||
        !secret_is_value(s, from, to, &v, kind)) {
        return false;
    }
    /* so short a name appears by chance in compressed data or images */
    if (text_utf8_valid(s->p + v.at, v.n) < v.n || text_has_control((struct bytes){s->p + v.at, v.n})) {
        return false;
    }
    return hit(ret, v.query ? RULE_QUERY : (unsigned)(rule - secret_rules), v.at, value_end(s, &v, SIZE_MAX));
}

/* ---- URLs ---- */

bool secret_check_url(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const words[] = {"password", "passwd", "pass", "pwd", "token", "secret"};
    if (at == s->lo || (secret_class(s->p[at - 1]) & SET_ALNUM) == 0) return false;
    size_t user = at + 3, colon = 0, end = 0, i = user;
    size_t stop = s->hi - user < USERINFO_MAX ? s->hi : user + USERINFO_MAX;
    for (; i < stop; i++) {
        uint8_t c = s->p[i];
        if (c <= ' ' || secret_one_of(c, "/?#\"'`<>\\|(){},") || secret_is_mask(s, i)) break;
        colon = colon == 0 && end == 0 && c == ':' ? i : colon;
        end = c == '@' ? i : end;
    }
    s->steps += i - at;
    if (colon == 0 && end != 0) { /* a token in place of a user's name */
        size_t n = end - user;
        const uint8_t *p = s->p + user;
        return n >= rule->min && !secret_is_identifier(p, n) && secret_looks_random(p, n) &&
               secret_entropy(p, n) >= rule->entropy && !secret_is_placeholder(p, n) && hit(ret, RULE_URL, user, end);
    }
    if (colon == 0 || end < colon) return false;
    const uint8_t *pass = s->p + colon + 1;
    size_t n = end - colon - 1, un = colon - user;
    /* A token as the user name, whatever the password is. */
    if (un >= rule->min && secret_looks_random(s->p + user, un) && secret_entropy(s->p + user, un) >= rule->entropy) {
        return hit(ret, RULE_URL, user, end);
    }
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (secret_equals(pass, n, words[k])) return false;
    }
    return n >= 3 && !secret_is_placeholder(pass, n) && hit(ret, RULE_URL, colon + 1, end);
}

bool secret_check_query(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const names[] = {"key",
                                        "sig",
                                        "signature",
                                        "x-amz-signature",
                                        "x-amz-security-token",
                                        "x-goog-signature",
                                        "x-goog-credential",
                                        "x-amz-credential"};
    (void)rule;
    size_t from = at + 1, n = secret_run(s, from, SET_TOKEN, 32), i = from + n;
    bool known = false;
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        known = known || secret_equals(s->p + from, n, names[k]);
    }
    if (!known || !secret_one_of(s->p[at], "?&") || byte_at(s, i) != '=') return false;
    struct secret_value v = {.at = i + 1, .query = true};
    size_t m = value_end(s, &v, SECRET_VALUE_WINDOW) - v.at;
    const uint8_t *p = s->p + v.at;
    if (m < 8 || secret_is_placeholder(p, m) || !secret_looks_random(p, m) || secret_is_identifier(p, m) ||
        secret_entropy(p, m) < 275) {
        return false;
    }
    return hit(ret, RULE_QUERY, v.at, value_end(s, &v, SIZE_MAX));
}
