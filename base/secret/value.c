/* Whether the value next to a telling name is a secret.
 *
 * The names are in every manual, form and program, so the name alone decides little. The notation decides more:
 * "password=correcthorse" without a blank is an assignment, "password: correcthorse" at the end of its line a setting,
 * "password = correcthorse" in a program a variable. Placeholders, calls, paths, addresses and words that describe a
 * password are never secrets. */
#include "base/secret/check.h"

#include <string.h>

enum { PASSWORD_MIN = 4, WORD_MIN = 8, TOKEN_MIN = 6, SENTENCE_MIN = 6 };

bool secret_is_identifier(const uint8_t *p, size_t n) {
    size_t letters = 0, digits = 0;
    for (size_t i = 0; i <= n; i++) {
        unsigned class = i < n ? secret_class(p[i]) : 0;
        if ((class & SET_ALPHA) != 0 && digits == 0) {
            letters++;
        } else if ((class & SET_DIGIT) != 0 && (digits < 2 || letters == 0)) {
            digits++;
        } else if (i == n || (class & (SET_UNDER | SET_DASH | SET_DOT)) != 0 || secret_one_of(p[i], "/:@")) {
            letters = digits = 0;
        } else {
            return false;
        }
    }
    return true;
}

bool secret_has_mixed_case(const uint8_t *p, size_t n) {
    size_t changes = 0, letters = 0;
    unsigned last = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned class = secret_class(p[i]) & SET_ALPHA;
        class = class != 0 && class != SET_UPPER ? SET_LOWER : class;
        changes += class != 0 && last != 0 && class != last;
        letters += class != 0;
        last = class;
    }
    return letters >= 10 && changes * 4 >= letters && changes >= 3;
}

/* Words that appear next to such names and are not secrets. */
static bool is_common(const uint8_t *p, size_t n) {
    static const char *const words[] = {
        "required",     "optional",    "none",       "null",          "nil",        "true",
        "false",        "yes",         "enabled",    "disabled",      "string",     "text",
        "hidden",       "invalid",     "incorrect",  "wrong",         "empty",      "missing",
        "unset",        "changed",     "unchanged",  "default",       "prompt",     "field",
        "input",        "type",        "value",      "values",        "password",   "passwords",
        "passwd",       "pass",        "secret",     "secrets",       "token",      "tokens",
        "user",         "username",    "undefined",  "void",          "bool",       "boolean",
        "integer",      "float",       "double",     "char",          "bytes",      "object",
        "array",        "list",        "dict",       "tuple",         "self",       "this",
        "same",         "reset",       "expired",    "expires",       "protected",  "masked",
        "encrypted",    "hashed",      "plain",      "plaintext",     "bcrypt",     "unknown",
        "never",        "always",      "auto",       "manual",        "inherit",    "keyring",
        "keychain",     "file",        "stdin",      "stdout",        "basic",      "bearer",
        "digest",       "oauth",       "public",     "private",       "important",  "length",
        "strength",     "policy",      "must",       "should",        "available",  "accepted",
        "rejected",     "failed",      "failure",    "successful",    "success",    "authentication",
        "manager",      "here",        "below",      "above",         "forgotten",  "managed",
        "external",     "internal",    "store",      "stored",        "vault",      "environment",
        "config",       "credentials", "credential", "authorization", "removed",    "added",
        "updated",      "created",     "deleted",    "rotated",       "revoked",    "valid",
        "verified",     "checked",     "visible",    "update",        "change",     "generate",
        "generated",    "random",      "anonymous",  "empty_string",  "not_set",    "mandatory",
        "necessary",    "needed",      "supported",  "unsupported",   "deprecated", "sensitive",
        "confidential", "exported",    "found"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (secret_equals(p, n, words[i])) return true;
    }
    return n < PASSWORD_MIN;
}

/* After a comma, an unquoted value is another argument of a call (default=None, type=str, settings.token), unless it
 * looks like a key: YAML writes lists this way. */
static bool is_expression(const struct secret_value *v, const uint8_t *p) {
    size_t digits = 0;
    while (digits < v->n && secret_class(p[digits]) == SET_DIGIT) {
        digits++;
    }
    return v->sign == ',' && v->quote == 0 && digits < v->n &&
           (!secret_has_digit(p, v->n) || secret_is_identifier(p, v->n) || memchr(p, '=', v->n) != NULL ||
            !secret_looks_random(p, v->n));
}

/* What follows a telling option in a list of arguments, as in ["--password", "..."]: nearly everything but another
 * option, a path, prose, or a word that describes a password. */
static bool is_argument(const uint8_t *p, size_t n) {
    const struct bytes name = {p, n};
    if (n < 4 || secret_one_of(p[0], "-/.~") || memchr(p, ' ', n) != NULL || memmem(p, n, "://", 3) != NULL) {
        return false;
    }
    /* the name of a variable: "db_password_2" */
    if (memchr(p, '_', n) != NULL && secret_is_identifier(p, n) && secret_field_name(name)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if ((secret_class(p[i]) & (SET_ALPHA | SET_UNDER | SET_DASH)) == 0) return true;
    }
    return n >= 8 && !secret_field_name(name);
}

struct look {
    size_t digits, letters, others;
    bool blank; /* of several words */
    bool link;  /* an address */
    bool sole;  /* nothing follows it on its line, or in its quotes */
    bool code;  /* it is an argument or a part of an expression */
    bool firm;  /* written as only values are */
};

static void look_at(const struct secret_scan *s, const struct secret_value *v, struct look *l) {
    const uint8_t *p = s->p + v->at;
    size_t i = v->at + v->n;
    for (size_t k = 0; k < v->n; k++) {
        unsigned class = secret_class(p[k]);
        l->digits += class == SET_DIGIT;
        l->letters += (class & SET_ALPHA) != 0;
        l->others += p[k] > ' ' && (class & (SECRET_NAME | SET_PLUSSLASH)) == 0 && !secret_one_of(p[k], ":?*");
        l->blank = l->blank || p[k] == ' ';
        l->link = l->link || (p[k] == ':' && v->n - k > 2 && p[k + 1] == '/' && p[k + 2] == '/');
    }
    uint8_t c = i < s->hi ? s->p[i] : '\n';
    l->code = v->quote == 0 && (secret_one_of(c, "()[") || (c == ',' && v->sign != '>'));
    while (v->quote == 0 && i < s->hi && secret_one_of(s->p[i], " \t\r")) {
        i++;
    }
    l->sole = v->quote != 0 || i >= s->hi || secret_one_of(s->p[i], "\n;&}]<|\"'`\\\xe2\x1b");
    l->firm = !l->code && (v->quote != 0 || v->sign == ' ' || v->sign == '>' || (v->sign == '=' && v->tight) ||
                           (v->sign == ':' && l->sole) || (v->sign == '=' && l->sole && !v->tight && l->digits > 0));
}

static bool is_digest_name(const uint8_t *p, size_t n) {
    return n > 7 && (memcmp(p, "sha256:", 7) == 0 || memcmp(p, "sha512-", 7) == 0 || memcmp(p, "sha256-", 7) == 0);
}

/* A value without a letter: a number, or a number with signs. */
static bool is_number_secret(const struct secret_value *v, const struct look *l, bool password) {
    bool assigned = password && (v->quote != 0 || secret_one_of(v->sign, "=:>"));
    size_t least = v->tight || v->quote != 0 ? 4 : 6;
    return assigned && l->digits + l->others >= least && (v->quote != 0 || l->digits == v->n) && (l->sole || v->tight);
}

static bool is_word_secret(const uint8_t *p, const struct secret_value *v, const struct look *l, enum secret_name kind) {
    bool one_word = l->letters == v->n;
    if (v->n >= 12 && secret_has_mixed_case(p, v->n) && l->firm) return true;
    if (!l->firm || v->sign == ',' || is_common(p, v->n) ||
        (l->others == 0 && secret_field_name((struct bytes){p, v->n}))) {
        return false;
    }
    if (kind == SECRET_NAME_PASSWORD) {
        return one_word || l->others > 0 || ((v->tight || v->quote != 0) && memchr(p, '.', v->n) == NULL);
    }
    if (kind == SECRET_NAME_WEAK) {
        return v->tight && l->sole && (one_word ? v->n >= WORD_MIN : l->others > 0);
    }
    return v->sign == '=' && v->tight && one_word && v->n >= WORD_MIN && v->quote == 0;
}

static bool is_mixed_secret(const uint8_t *p, const struct secret_value *v, const struct look *l, enum secret_name kind,
                            bool loose) {
    bool identifier = secret_is_identifier(p, v->n), password = kind == SECRET_NAME_PASSWORD;
    unsigned entropy = secret_entropy(p, v->n);
    if (!password && (secret_is_hex(p, v->n) || secret_is_uuid(p, v->n))) {
        return l->firm && v->tight && v->n < 16 ? v->n >= WORD_MIN && entropy >= 225 : v->n >= 16 && entropy >= 300;
    }
    if (identifier && (v->sign == ',' || memchr(p, '.', v->n) != NULL || secret_contains(p, v->n, "password"))) {
        return false;
    }
    if (l->firm && password) return !identifier || v->tight || v->quote != 0 || l->sole;
    if (l->firm && kind == SECRET_NAME_WEAK) {
        return v->n >= TOKEN_MIN && (!identifier || (v->tight && l->sole)) && !secret_is_uuid(p, v->n);
    }
    if (l->firm && !identifier && (v->n >= WORD_MIN || (v->tight && v->n >= TOKEN_MIN))) {
        return entropy >= (v->n < 12 ? 225 : 275);
    }
    if (l->firm && v->n >= TOKEN_MIN && l->sole && (v->tight || loose)) {
        return secret_one_of(v->sign, "=: ") && v->quote == 0;
    }
    return !identifier && v->n >= WORD_MIN && entropy >= (password ? 275 : 325) &&
           (l->others > 0 || secret_looks_random(p, v->n));
}

/* After "the password is …": a word that would not continue a sentence. */
static bool is_sentence_secret(const uint8_t *p, size_t n) {
    n -= n > 0 && secret_one_of(p[n - 1], ".!?:");
    for (size_t i = 0; i < n; i++) {
        if (p[i] >= 0x80) return false;
    }
    bool word = secret_is_identifier(p, n) && !secret_has_mixed_case(p, n);
    return n >= SENTENCE_MIN && !word && !is_common(p, n) &&
           (secret_has_digit(p, n) ? secret_entropy(p, n) >= 225 : secret_has_mixed_case(p, n));
}

/* Words of labels, messages and descriptions that a phrase chosen as a password does not have. */
static bool is_plain_word(const uint8_t *p, size_t n) {
    static const char *const words[] = {
        "a",    "an",       "the",      "of",         "for",      "to",      "in",     "is",    "not",   "no",
        "your", "you",      "my",       "at",         "on",       "and",     "or",     "with",  "new",   "old",
        "set",  "use",      "from",     "enter",      "repeat",   "confirm", "please", "login", "wrong", "too",
        "api",  "key",      "keys",     "account",    "database", "be",      "was",    "are",   "if",    "this",
        "that", "kennwort", "passwort", "passphrase", "passcode", "bad",     "show",   "hide",  "reset", "forgot"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (secret_equals(p, n, words[i])) return true;
    }
    return n >= PASSWORD_MIN && is_common(p, n);
}

/* A password of several words is in closed quotes, after an environment variable's name or an option. Elsewhere such
 * words describe a password. */
static bool is_phrase_secret(const struct secret_scan *s, const uint8_t *name, size_t name_n,
                             const struct secret_value *v) {
    const uint8_t *p = s->p + v->at;
    bool place = v->sign == ' ' || (v->sign == '=' && v->tight);
    for (size_t i = 0; i < name_n && v->sign == '='; i++) {
        place = place && (secret_class(name[i]) & (SET_LOWER | SET_DOT)) == 0;
    }
    if (!place || v->quote == 0 || v->at + v->n >= s->hi || s->p[v->at + v->n] != v->quote || v->n < WORD_MIN) {
        return false;
    }
    for (size_t i = 0, n; i <= v->n; i += n + 1) {
        const uint8_t *end = memchr(p + i, ' ', v->n - i);
        n = end != NULL ? (size_t)(end - p) - i : v->n - i;
        bool word = n > 0 && p[i + n - 1] != ':' && !is_plain_word(p + i, n);
        for (size_t k = i; k < i + n; k++) {
            word = word && !secret_one_of(p[k], "$(){}[]<>`\\%=|;/");
        }
        if (!word) return false;
    }
    return true;
}

bool secret_is_value(struct secret_scan *s, size_t from, size_t to, const struct secret_value *v, enum secret_name kind) {
    const uint8_t *p = s->p + v->at, *name = s->p + from;
    struct look l = {0};
    s->steps += v->n;
    if (secret_is_placeholder(p, v->n) || is_expression(v, p)) return false;
    if (v->sign == ',' && from >= s->lo + 2 && memcmp(name - 2, "--", 2) == 0) {
        return is_argument(p, v->n);
    }
    look_at(s, v, &l);
    bool call = v->quote == 0 && v->at + v->n < s->hi && secret_one_of(s->p[v->at + v->n], v->sign == '>' ? "([{" : "([{<");
    bool at_host = v->sign == '>' && p[0] == '@'; /* https://<user>:<password>@host */
    bool rest = secret_one_of(p[0], "),;]}");     /* what remains after a closing quote */
    if (l.blank && !l.link && kind == SECRET_NAME_PASSWORD) {
        return is_phrase_secret(s, name, to - from, v);
    }
    if (l.blank || l.link || call || at_host || rest || v->n < PASSWORD_MIN || is_digest_name(p, v->n) ||
        (secret_one_of(p[0], "/.~") && secret_is_identifier(p + 1, v->n - 1))) {
        return false;
    }
    if (v->sign == 'i') return is_sentence_secret(p, v->n);
    if (kind == SECRET_NAME_WEAK && memchr(p, '=', v->n) != NULL) {
        return false; /* another assignment */
    }
    if (l.letters == 0) return is_number_secret(v, &l, kind == SECRET_NAME_PASSWORD);
    if (l.digits == 0) return is_word_secret(p, v, &l, kind);
    bool loose = secret_contains(name, to - from, "key") || secret_contains(name, to - from, "secret");
    return is_mixed_secret(p, v, &l, kind, loose);
}

/* ---- fields ------------------------------------------------------------------------------------------------------- */

/* Only stars, dots or the like, or the name of a variable. */
static bool is_blank(struct bytes text) {
    static const char *const words[] = {"null",   "none",      "redacted", "[redacted]", "<redacted>",
                                        "(none)", "undefined", "true",     "false"};
    size_t same = 0;
    while (same < text.n && text.p[same] == text.p[0]) {
        same++;
    }
    if (text.n == 0 || (same == text.n && text.n > 1 && (secret_one_of(text.p[0], "*.-_#?xX")))) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (secret_equals(text.p, text.n, words[i])) return true;
    }
    size_t n = 2;
    if (text.n < 4 || text.p[0] != '$' || text.p[1] != '{' || text.p[text.n - 1] != '}') {
        return false;
    }
    while (n < text.n - 1 && (secret_class(text.p[n]) & (SET_ALNUM | SET_UNDER)) != 0) {
        n++;
    }
    return n == text.n - 1;
}

bool secret_field_value(struct bytes name, struct bytes value) {
    enum secret_name kind = secret_name_of(name);
    if (kind == SECRET_NAME_NONE || is_blank(value)) return false;
    if (kind != SECRET_NAME_WEAK) return true;
    struct secret_scan s = {.p = value.p, .hi = value.n};
    struct secret_value v = {.n = value.n < SECRET_VALUE_WINDOW ? value.n : SECRET_VALUE_WINDOW, .quote = '"', .sign = ':'};
    v.tight = true;
    return secret_is_value(&s, 0, 0, &v, kind);
}

bool secret_field_number(struct bytes name) {
    return secret_name_of(name) == SECRET_NAME_PASSWORD && secret_lower(name.p[name.n - 1]) != 's';
}

bool secret_field_says(struct bytes name) {
    return secret_name_of(name) != SECRET_NAME_NONE;
}
