/* The secret scanner: finds credentials in text, so that they are masked before anything is written. One search for
 * prefixes over the text, then hand-written validators; no regular expressions, no allocation.
 *
 * A secret inside base64, or with letters written as %67 or \u0067, is found when it has a shape of its own (and, for
 * base64, begins as one of the most common secrets does). */
#ifndef BASE_SECRET_SECRET_H
#define BASE_SECRET_SECRET_H

#include "base/bytes.h"

struct secret_hit {
    const char *rule; /* static: "github-pat", "aws-key-id", ... */
    size_t at, n;     /* which bytes are secret */
};

/* The first hit at or after byte `from`; earlier bytes are not looked at, so continue from the end of a hit (at + n).
 * Masks of secret_mask are not hits. Returns 0 with *ret, or 1 when there is none. The text is decoded UTF-8. All calls
 * over a text together take time proportional to its length. */
int secret_next(struct bytes text, size_t from, struct secret_hit *ret);
/* Whether there is a hit in it. */
bool secret_is_in(struct bytes text);
/* For texts in one piece of memory, such as the strings of a document: it is searched once for what secrets begin with,
 * and most texts then need no search of their own. */
struct secret_prefilter {
    struct bytes whole;
    size_t at; /* the next such place; whole.n: none */
};
void secret_prefilter_begin(struct secret_prefilter *prefilter, struct bytes whole);
/* Whether `text`, a part of the whole after those asked about before, may hold a secret. False: secret_next finds none. */
bool secret_prefilter_may(struct secret_prefilter *prefilter, struct bytes text);
/* Whether no text after the last one may. */
bool secret_prefilter_is_empty(const struct secret_prefilter *prefilter);
/* Appends text with each hit replaced by "‹secret:RULE:LEN›"; returns how many were masked (0: out is an exact copy).
 * Check out->fail for memory. */
size_t secret_mask(struct buf *out, struct bytes text);
/* A message of ours, which may quote what is from outside, with its secrets masked; in their place words that say so if it is too
 * long then. */
void secret_mask_message(char ret[ERR_MSG_MAX], const char *message);
/* What a message may show of a text from outside: secrets masked, characters unsafe for a terminal escaped, cut to fit.
 * Returns ret; empty when out of memory. */
#define SECRET_SHOW_LEN 97
const char *secret_show(char ret[SECRET_SHOW_LEN], struct bytes text);
#define SECRET_SHOWN(text) secret_show((char[SECRET_SHOW_LEN]){0}, (text))
/* Whether a field name alone makes its value secret (password, api_key, authorization, x-api-key, ...), whatever it
 * looks like; case-insensitive, '-' and '_' alike. */
bool secret_field_name(struct bytes name);
/* Whether the whole text under a name is secret: by the name, unless it is a placeholder ("****", "${DB_PASSWORD}");
 * under an ambiguous name ("pass", "pwd") if it looks like a password. */
bool secret_field_value(struct bytes name, struct bytes value);
/* Whether a number under this name is a password. */
bool secret_field_number(struct bytes name);
/* False: none of the three is ever true for this name. */
bool secret_field_says(struct bytes name);

/* Consecutive texts of a list: arguments of a program (["tool","--api-key","…"]), a header and its value. */
#define SECRET_LIST_LEN 160
struct secret_list {
    size_t n;
    bool telling; /* the last one may name a secret */
    uint8_t text[SECRET_LIST_LEN];
};
void secret_list_begin(struct secret_list *list);
/* The next text. True with *ret: a part of it is secret because of those before. Cheap for texts that follow neither a
 * name nor an option. */
bool secret_list_next(struct secret_list *list, struct bytes text, struct secret_hit *ret);
/* Whether two adjacent texts hold a secret together: true, with the number of its bytes at the end of the first and at
 * the beginning of the second. */
bool secret_seam(struct bytes first, struct bytes second, size_t *ret_end, size_t *ret_begin);

/* Parts of a text that are secret because of their surroundings. */
enum { SECRET_PARTS_MAX = 3 };
struct secret_parts {
    size_t n;
    struct secret_hit part[SECRET_PARTS_MAX];
};
void secret_parts_add(struct secret_parts *parts, const char *rule, size_t at, size_t n);
/* As secret_mask, also masking these parts. */
size_t secret_mask_parts(struct buf *out, struct bytes text, const struct secret_parts *parts);

#endif
