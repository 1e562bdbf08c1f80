/* The secret scanner: finds credentials in text, so that they are masked before anything is written. One prefix search over
 * the text, then hand-written validators; no regular expressions, no allocation.
 *
 * What is in a text wrapped in base64, or with letters written as %67 or \u0067, is found when it has a shape of its
 * own (and, for base64, begins as one of the commonest secrets does). */
#ifndef BASE_SECRET_SECRET_H
#define BASE_SECRET_SECRET_H

#include "base/bytes.h"

struct secret_hit {
    const char *rule; /* static: "github-pat", "aws-key-id", ... */
    size_t at, n;     /* which bytes are secret */
};

/* The first hit at or after byte `from`; what is before is not looked at, so continue from the end of a hit (at + n).
 * Masks of secret_mask are no hits. Returns 0 with *ret, or 1 when there is none. The text is decoded UTF-8. All calls over
 * a text together cost time in proportion to its length. */
int secret_next(struct bytes text, size_t from, struct secret_hit *ret);
/* There is a hit in it. */
bool secret_is_in(struct bytes text);
/* For texts that lie in one piece of memory, as the strings of a document do: it is searched once for what secrets begin
 * with, and most texts need no look of their own. */
struct secret_sieve {
    struct bytes whole;
    size_t at; /* of the next such place; whole.n: there is none */
};
void secret_sieve_begin(struct secret_sieve *sieve, struct bytes whole);
/* Whether `text`, a part of the whole after those that were asked about before, may hold a secret. False: secret_next
 * finds none. */
bool secret_sieve_may(struct secret_sieve *sieve, struct bytes text);
/* No text after the last one may. */
bool secret_sieve_is_empty(const struct secret_sieve *sieve);
/* Appends text with each hit replaced by "‹secret:RULE:LEN›"; returns how many were masked (0: out is an exact copy).
 * Check out->fail for memory. */
size_t secret_mask(struct buf *out, struct bytes text);
/* What a message may show of a text from outside: secrets masked, what a terminal must not see escaped, cut to fit. Returns
 * ret; empty when memory is short. */
#define SECRET_SHOW_LEN 97
const char *secret_show(char ret[SECRET_SHOW_LEN], struct bytes text);
#define SECRET_SHOWN(text) secret_show((char[SECRET_SHOW_LEN]){0}, (text))
/* A value that is secret by its field name alone (password, api_key, authorization, x-api-key, ...), whatever it looks
 * like; case-insensitive, '-' and '_' alike. */
bool secret_field_name(struct bytes name);
/* The text under a name is secret as a whole: by the name, unless it is a placeholder ("****", "${DB_PASSWORD}"); under a
 * name that may mean something else ("pass", "pwd") if it looks like a password. */
bool secret_field_value(struct bytes name, struct bytes value);
/* A number under this name is a password. */
bool secret_field_number(struct bytes name);
/* False: none of the three is ever true of this name. */
bool secret_field_says(struct bytes name);

/* Texts of a list, one after the other: arguments of a program (["tool","--api-key","…"]), a header and its value. */
#define SECRET_LIST_LEN 160
struct secret_list {
    size_t n;
    bool telling; /* the last one may name a secret */
    uint8_t text[SECRET_LIST_LEN];
};
void secret_list_begin(struct secret_list *list);
/* The next text. True with *ret: a part of it is secret by those before. Texts without a name or an option before them cost
 * little. */
bool secret_list_next(struct secret_list *list, struct bytes text, struct secret_hit *ret);
/* Two texts side by side hold a secret together: true, with how many bytes at the end of the first and at the beginning of
 * the second. */
bool secret_seam(struct bytes first, struct bytes second, size_t *ret_end, size_t *ret_begin);

/* Parts of a text that are secret by what stands around it. */
enum { SECRET_PARTS_MAX = 3 };
struct secret_parts {
    size_t n;
    struct secret_hit part[SECRET_PARTS_MAX];
};
void secret_parts_add(struct secret_parts *parts, const char *rule, size_t at, size_t n);
/* As secret_mask, and these parts too. */
size_t secret_mask_parts(struct buf *out, struct bytes text, const struct secret_parts *parts);

#endif
