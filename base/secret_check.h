/* Inside of the secret scanner: what the search (secret.c), the validators (secret_shape.c, secret_context.c,
 * secret_option.c, secret_encoded.c with the tools of secret_check.c) and the names (secret_name.c) share. Nobody else
 * includes this but their tests. */
#ifndef BASE_SECRET_CHECK_H
#define BASE_SECRET_CHECK_H

#include "base/secret.h"

/* Kinds of characters; a rule's alphabet is a sum of them. */
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

/* A text under search. Nothing before lo is looked at: the text before the last hit, or before a mask, is another one. */
struct secret_scan {
    const uint8_t *p;
    size_t lo, hi;
    size_t steps;     /* bytes looked at by validators, so that a test can bound the work */
    bool specific;    /* only rules that know a secret by its own shape */
    size_t unescaped; /* escapes before it were read already and held nothing */
};

struct secret_rule;
/* Judges the anchor at `at` (three bytes that stand in the text). A hit lies in lo..hi and not before the rule's literal.
 */
typedef bool secret_check_fn(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret);

struct secret_rule {
    const char *name;
    const char *literal; /* what the secret begins with, or a word's end after the anchor for words */
    uint8_t literal_n;
    uint8_t back;     /* the anchor's place in the literal */
    bool context;     /* known by what stands beside it, not by its own shape */
    uint16_t set;     /* alphabet of what follows the literal */
    uint16_t min;     /* so many of them at least */
    uint16_t max;     /* and not one more than this; 0: open */
    uint16_t entropy; /* hundredths of a bit for each character, at least */
    secret_check_fn *check;
};

enum {
    RULE_NONE,
#define RULE(id, name, literal, back, context, set, min, max, entropy, check) RULE_##id,
#define ANCHOR(id, a, b, c)
#include "base/secret_rules.def"
#undef RULE
#undef ANCHOR
    RULE_COUNT
};
extern const struct secret_rule secret_rules[RULE_COUNT];

/* The next hit at or after lo, which moves behind it. Returns 0, or 1 when there is none. */
int secret_scan_next(struct secret_scan *s, struct secret_hit *ret);
/* The first hit whose anchor stands before `stop`. Returns 0, or 1 when there is none. */
int secret_scan_until(struct secret_scan *s, size_t stop, struct secret_hit *ret);
/* The length of a well-formed mask at i, 0 when there is none. */
size_t secret_mask_len(const struct secret_scan *s, size_t i);
/* A mask begins at i. What looks ahead stops there: behind a mask is another text. */
static inline bool secret_is_mask(const struct secret_scan *s, size_t i) {
    return s->p[i] == 0xe2 && secret_mask_len(s, i) != 0;
}

/* ---- tools for validators ---- */

enum { SECRET_SAMPLE = 128 }; /* bytes of a candidate that are judged at most */

/* Bytes from i on that are in the set, at most `limit`. */
size_t secret_run(struct secret_scan *s, size_t i, unsigned set, size_t limit);
/* A secret can begin at i: what stands before is no letter or digit, or is an escape (\n, %3D). */
bool secret_starts(const struct secret_scan *s, size_t i);
/* Shannon entropy in hundredths of a bit for each byte, of at most the first SECRET_SAMPLE bytes. */
unsigned secret_entropy(const uint8_t *p, size_t n);
/* Changes between small, capital and digit as often as random characters do and names and words do not. */
bool secret_looks_random(const uint8_t *p, size_t n);
bool secret_has_digit(const uint8_t *p, size_t n);
bool secret_is_hex(const uint8_t *p, size_t n);
bool secret_is_uuid(const uint8_t *p, size_t n);
/* Something that stands where a secret would: "<token>", "${TOKEN}", "****", "your-key-here", an existing mask. */
bool secret_is_placeholder(const uint8_t *p, size_t n);
/* needle is lower case. */
bool secret_contains(const uint8_t *p, size_t n, const char *needle);
bool secret_equals(const uint8_t *p, size_t n, const char *lower);
/* 40 characters of base64 at i that are no hex digest: the second half of an AWS key pair. */
bool secret_is_aws(struct secret_scan *s, size_t i);
uint8_t secret_lower(uint8_t c);
bool secret_one_of(uint8_t c, const char *set);
unsigned secret_class(uint8_t c);

secret_check_fn secret_check_mask, secret_check_prefix, secret_check_aws, secret_check_sk, secret_check_slack,
    secret_check_hook, secret_check_terraform, secret_check_pem, secret_check_jwt, secret_check_azure,
    secret_check_telegram, secret_check_1password, secret_check_skey, secret_check_url, secret_check_query,
    secret_check_word, secret_check_bearer, secret_check_base64, secret_check_escape, secret_check_option;

#endif
