/* Values of a canonical map by name. A value of another type counts as absent; null counts as absent too. */
#ifndef BASE_ANSWER_MEMBER_H
#define BASE_ANSWER_MEMBER_H

#include "base/mp.h"

#define MEMBER_WORD_MAX 200        /* of a text that may be in an open field */
#define MEMBER_NONE     UINT64_MAX /* an absent number */

/* One JSON value of at most so many bytes and values, appended as a canonical item: a parsed text takes many times its bytes.
 * ERR_INVALID, ERR_LIMIT. */
int member_parse(struct bytes text, size_t bytes_max, size_t values_max, struct buf *out, struct err *err);

struct bytes member_raw(struct bytes map, const char *name);   /* empty: absent or null */
struct bytes member_text(struct bytes map, const char *name);  /* any text */
struct bytes member_word(struct bytes map, const char *name);  /* short, no control characters, no path */
uint64_t member_number(struct bytes map, const char *name);    /* also as decimal text; MEMBER_NONE */
uint64_t member_time(struct bytes map, const char *name);      /* RFC 3339; MEMBER_NONE */
bool member_flag(struct bytes map, const char *name);          /* present and true */
struct bytes member_words(struct bytes map, const char *name); /* a non-empty array of words, else empty */
struct bytes member_map(struct bytes map, const char *name);   /* any object */
bool member_is(struct bytes raw, enum mp_type type);           /* empty: it is nothing */
struct bytes member_array(struct bytes map, const char *name); /* any array */
/* The same, with a reader inside and its length, which is untouched when there is none. */
struct bytes member_list(struct bytes map, const char *name, struct mp_reader *ret_inside, uint32_t *ret_count);
bool member_is_word(struct bytes text);

#endif
