/* Shell patterns over texts that know their length. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/bytes.h"

/* * takes any number of characters, '/' among them; ? and a class [...] [!...] one character of UTF-8; a backslash takes
 * the next character as it is. A '[' without its ']' is itself. Linear in the text for a pattern with one '*'. */
bool glob_match(struct bytes pattern, struct bytes text);
/* It has a character that makes it a pattern: * ? [ or a backslash. */
bool glob_is_pattern(struct bytes text);

/* Every text that `other` takes, `pattern` takes too. May say false where that is so (a negated class, or one beyond ASCII,
 * against others; more than GLOB_PAIR_MAX bytes), never true where it is not. A text without pattern characters takes
 * itself. The time of both goes with the product of their lengths. */
#define GLOB_PAIR_MAX 4096
bool glob_covers(struct bytes pattern, struct bytes other);
/* There may be a text that both take. May say true where there is none (two classes, more than GLOB_PAIR_MAX bytes), never
 * false where there is one. */
bool glob_meets(struct bytes pattern, struct bytes other);

/* What follows the plain text that a pattern begins with: nothing, anything, or more that the pattern decides. */
enum glob_rest { GLOB_NOTHING, GLOB_ANYTHING, GLOB_MORE };
/* Appends that plain text. */
void glob_prefix(struct bytes pattern, struct buf *out, enum glob_rest *ret_rest);

#endif
