/* Internals of the secret scanner, shared by the search (search.c), the validators (shape.c, context.c, option.c,
 * encoded.c, view.c, run.c, number.c, seed.c, piece.c, with the tools of check.c) and the names (name.c). Only these
 * files and their tests include it. */
#ifndef BASE_SECRET_CHECK_H
#define BASE_SECRET_CHECK_H

#include "base/secret/secret.h"

/* Character classes; a rule's alphabet is a sum of them. */
enum {
    SET_AF = 1,         /* a-f */
    SET_GZ = 2,         /* g-z */
    SET_UPPER = 4,      /* A-Z */
    SET_DIGIT = 8,      /* 0-9 */
    SET_UNDER = 16,     /* _ */
    SET_DASH = 32,      /* - */
    SET_PLUSSLASH = 64, /* + / */
    SET_EQ = 128,       /* = */
    SET_DOT = 256,      /* . */
    SET_TILDE = 512,    /* ~ */
    SET_PERCENT = 1024, /* % */
    SET_HEX = SET_AF | SET_DIGIT,
    SET_LOWER = SET_AF | SET_GZ,
    SET_ALPHA = SET_LOWER | SET_UPPER,
    SET_BASE36 = SET_LOWER | SET_DIGIT,
    SET_ALNUM = SET_ALPHA | SET_DIGIT,
    SET_TOKEN = SET_ALNUM | SET_UNDER | SET_DASH,
    SET_BASE64 = SET_ALNUM | SET_PLUSSLASH | SET_EQ,
    SET_ANY64 = SET_BASE64 | SET_UNDER | SET_DASH
};

/* A text being searched. Nothing before lo is looked at: text before the last hit, or before a mask, counts as another
 * text. */
struct secret_scan {
    const uint8_t *p;
    size_t lo, hi;
    size_t steps;   /* bytes looked at by validators, so that a test can bound the work */
    bool specific;  /* only rules that recognize a secret by its own shape */
    uint8_t depth;  /* how many times it was decoded from another text */
    size_t viewed;  /* escapes before this were decoded already and held nothing */
    size_t ran;     /* long runs and numbers before this were judged already */
    size_t seeded;  /* words before this were counted already and are not a wallet's key */
    size_t run_end; /* the newest long run continues to here at least */
};

struct secret_rule;
/* Judges the anchor at `at` (three bytes that are in the text). A hit is within lo..hi and does not begin before the
 * rule's literal. */
typedef bool secret_check_fn(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret);

struct secret_rule {
    const char *name;
    const char *literal; /* what the secret begins with, or a word's end after the anchor for words */
    uint8_t literal_n;
    uint8_t back;     /* the anchor's place in the literal */
    bool context;     /* known by what is beside it, not by its own shape */
    uint16_t set;     /* alphabet of what follows the literal */
    uint16_t min;     /* at least this many of them */
    uint16_t max;     /* at most this many; 0: no limit */
    uint16_t entropy; /* hundredths of a bit for each character, at least */
    secret_check_fn *check;
};

enum {
    RULE_NONE,
#define RULE(id, name, literal, back, context, set, min, max, entropy, check) RULE_##id,
#define ANCHOR(id, a, b, c)
#include "base/secret/rules.def"
#undef RULE
#undef ANCHOR
    RULE_COUNT
};
extern const struct secret_rule secret_rules[RULE_COUNT];

/* The next hit at or after lo, which advances past it. Returns 0, or 1 when there is none. */
int secret_scan_next(struct secret_scan *s, struct secret_hit *ret);
/* The first hit whose anchor is before `stop`. Returns 0, or 1 when there is none. */
int secret_scan_until(struct secret_scan *s, size_t stop, struct secret_hit *ret);
/* The length of a well-formed mask at i, 0 when there is none. */
size_t secret_mask_len(const struct secret_scan *s, size_t i);
/* Whether a mask begins at i. Lookahead stops there: what follows a mask is another text. */
static inline bool secret_is_mask(const struct secret_scan *s, size_t i) {
    return s->p[i] == 0xe2 && secret_mask_len(s, i) != 0;
}

/* ---- values next to names ---- */

enum { SECRET_VALUE_WINDOW = 256 }; /* bytes of a value that are judged */
#define SECRET_NAME (SET_TOKEN | SET_DOT)

struct secret_value {
    size_t at, n;  /* n is at most SECRET_VALUE_WINDOW */
    uint8_t quote; /* 0 when bare */
    bool query;    /* a URL's parameter, which a '#' ends */
    bool escaped;  /* the quote follows a backslash, as in JSON inside JSON */
    bool tight;    /* no blanks between name, sign and value */
    uint8_t sign;  /* what is between name and value: ':' '=' '>' ' ' ',', or 'i' for "is" */
};
/* What a name says about its value. */
enum secret_name {
    SECRET_NAME_NONE,
    SECRET_NAME_WEAK,  /* it may be a secret: "pass", "pwd", "sessionid" */
    SECRET_NAME_TOKEN, /* it is one, or a word of a text, or a kind of: "token", "auth", "secret", "api_key" */
    SECRET_NAME_PASSWORD
};
enum secret_name secret_name_of(struct bytes name);
/* Whether the value of the name in s->p[from..to) is a secret: not a placeholder, code, path, URL or prose. */
bool secret_is_value(struct secret_scan *s, size_t from, size_t to, const struct secret_value *v, enum secret_name kind);
/* Whether the parts between dots, dashes and slashes are words, or words with a short number: a name, a path, a version. */
bool secret_is_identifier(const uint8_t *p, size_t n);
/* Whether small letters and capitals alternate more often than in a name of many words. */
bool secret_has_mixed_case(const uint8_t *p, size_t n);

/* ---- encoded text ---- */

/* A decoded text: base64 and hex, letters written as %67, \u0067 or &#103; are decoded, and what a terminal or a reader
 * does not show (colours, zero-width characters) is left out. */
enum {
    SECRET_VIEW_MAX = 2816, /* bytes */
    SECRET_DEPTH_MAX = 3    /* of an encoding in an encoding */
};
struct secret_view {
    size_t n;
    size_t base;                        /* its place in the text */
    bool cut;                           /* the text continues where it ends */
    bool coded;                         /* decoded in groups: bytes of one group have the same place */
    uint16_t from[SECRET_VIEW_MAX + 1]; /* offset from base of each byte's source; one more for the end */
    uint8_t p[SECRET_VIEW_MAX];
};
/* The first hit in a view that begins at byte `least` or later, mapped back to bytes of the text. `changed`: only if
 * something was decoded or left out in it or shortly before it, because otherwise the text itself shows it. *ret_open
 * says whether it reaches the end of a view that was cut. */
bool secret_view_find(struct secret_scan *s, const struct secret_view *view, size_t least, bool changed,
                      struct secret_hit *ret, bool *ret_open);
/* The length of the escape, colour sequence or invisible character at i, 0 when there is none. *ret: the byte it
 * represents, or -1 for none. */
size_t secret_read_escape(const struct secret_scan *s, size_t i, int *ret);
/* Whether an escape or a colour sequence ends before i, so that a word can begin at i. */
bool secret_ends_escape(const struct secret_scan *s, size_t i);

/* ---- without anchors: long runs of letters and digits, numbers ---- */

/* The first place at or after i where one may be, or `stop`; a coarse check only. */
size_t secret_odd_next(const struct secret_scan *s, size_t i, size_t stop);
/* Judges such a place. */
bool secret_odd_check(struct secret_scan *s, size_t at, struct secret_hit *ret);
bool secret_run_check(struct secret_scan *s, size_t at, struct secret_hit *ret);
bool secret_number_check(struct secret_scan *s, size_t at, struct secret_hit *ret);

/* ---- secrets in pieces ---- */

/* n characters that look like part of a random key, rather than a word, a number, a digest or an identifier. */
bool secret_is_piece(const uint8_t *p, size_t n);
/* Where a hit ends that continues after a blank, a line end or a colour, as a folded key does; `end` when it does not. */
size_t secret_piece_end(struct secret_scan *s, size_t end);
/* Whether the rule holds once a gap in what follows the anchor is removed. */
bool secret_piece_check(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret);

/* ---- tools for validators ---- */

enum { SECRET_SAMPLE = 128 }; /* bytes of a candidate that are judged */

/* The number of bytes from i on that are in the set, at most `limit`. */
size_t secret_run(struct secret_scan *s, size_t i, unsigned set, size_t limit);
/* Whether a secret can begin at i: it follows neither a letter nor a digit, or follows an escape (\n, %3D). */
bool secret_starts(const struct secret_scan *s, size_t i);
/* Shannon entropy in hundredths of a bit per byte, over at most the first SECRET_SAMPLE bytes. */
unsigned secret_entropy(const uint8_t *p, size_t n);
/* Whether small letters, capitals and digits alternate as often as in random text, and more often than in names and
 * words. */
bool secret_looks_random(const uint8_t *p, size_t n);
bool secret_has_digit(const uint8_t *p, size_t n);
bool secret_is_hex(const uint8_t *p, size_t n);
bool secret_is_uuid(const uint8_t *p, size_t n);
/* Whether it is a placeholder: "<token>", "${TOKEN}", "****", "your-key-here", an existing mask. */
bool secret_is_placeholder(const uint8_t *p, size_t n);
/* needle is lower case. */
bool secret_contains(const uint8_t *p, size_t n, const char *needle);
bool secret_equals(const uint8_t *p, size_t n, const char *lower);
/* Whether 40 characters of base64 at i, not a hex digest, follow: the second half of an AWS key pair. */
bool secret_is_aws(struct secret_scan *s, size_t i);
uint8_t secret_lower(uint8_t c);
bool secret_one_of(uint8_t c, const char *set);
extern const uint16_t secret_classes[256]; /* SET_*, by character */
static inline unsigned secret_class(uint8_t c) {
    return secret_classes[c];
}
/* The value of a base64 character, in either alphabet; -1 for other characters. */
static inline int secret_sextet(uint8_t c) {
    unsigned class = secret_class(c);
    if ((class & SET_UPPER) != 0) return c - 'A';
    if ((class & SET_LOWER) != 0) return c - 'a' + 26;
    if ((class & SET_DIGIT) != 0) return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

secret_check_fn secret_check_mask, secret_check_prefix, secret_check_aws, secret_check_sk, secret_check_slack,
    secret_check_hook, secret_check_terraform, secret_check_pem, secret_check_jwt, secret_check_azure,
    secret_check_telegram, secret_check_1password, secret_check_skey, secret_check_url, secret_check_query,
    secret_check_word, secret_check_weak_word, secret_check_bearer, secret_check_base64, secret_check_escape,
    secret_check_option, secret_check_passin, secret_check_hash, secret_check_putty, secret_check_discord_hook,
    secret_check_iban, secret_check_seed;

#endif
