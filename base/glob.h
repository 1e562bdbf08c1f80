/* Shell patterns over texts of known length. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/bytes.h"

/* * matches any number of characters, including '/'; ? and a class [...] [!...] match one UTF-8 character; a backslash
 * quotes the next character. A '[' without its ']' is itself. Linear in the text for a pattern with one '*'. */
bool glob_match(struct bytes pattern, struct bytes text);
/* Whether it has a pattern character: * ? [ or a backslash. */
bool glob_is_pattern(struct bytes text);

/* Whether `pattern` matches every text that `other` matches. May be false where that holds (negated classes or non-ASCII
 * ones against others; more than GLOB_PAIR_MAX bytes), never true where it does not. A text without pattern characters
 * matches itself. Both functions take time proportional to the product of the lengths. */
#define GLOB_PAIR_MAX 4096
bool glob_covers(struct bytes pattern, struct bytes other);
/* Whether some text may match both. May be true where there is none (two classes, more than GLOB_PAIR_MAX bytes), never
 * false where there is one. */
bool glob_meets(struct bytes pattern, struct bytes other);

/* What follows a pattern's plain prefix: nothing, anything, or a part that needs matching. */
enum glob_rest { GLOB_NOTHING, GLOB_ANYTHING, GLOB_MORE };
/* Appends that plain prefix. */
void glob_prefix(struct bytes pattern, struct buf *out, enum glob_rest *ret_rest);

#endif
