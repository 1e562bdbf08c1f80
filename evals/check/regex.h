/* Regular expressions, by PCRE2, for patterns and texts that nobody trusts: what matching may cost is limited by numbers that do
 * not depend on the machine's speed, so the same pattern and text give the same answer everywhere.
 *
 * Patterns are UTF-8; \d, \w, \s and [:classes:] are of ASCII; LF ends a line; \C is refused. */
#ifndef EVALS_CHECK_REGEX_H
#define EVALS_CHECK_REGEX_H

#include "base/bytes.h"

#define REGEX_PATTERN_MAX 8192                 /* bytes */
#define REGEX_TEXT_MAX    ((size_t)4 << 20)    /* bytes */
#define REGEX_WORK_MAX    ((uint64_t)20000000) /* items tried and characters passed over, for one check */
#define REGEX_MATCH_MAX   5000000              /* PCRE2's match limit */
#define REGEX_DEPTH_MAX   250000               /* PCRE2's limit on nested backtracking */
#define REGEX_HEAP_MAX    65536                /* KiB */

struct regex;

/* ERR_INVALID: it does not compile; the message names the byte. ERR_IO: libpcre2-8 is missing. */
int regex_compile(struct bytes pattern, bool ignore_case, struct regex **ret, struct err *err);
void regex_free(struct regex *regex); /* NULL is fine */
/* Whether it is found somewhere. `work` is what may be spent, at first REGEX_WORK_MAX; what was spent is taken from it.
 * ERR_LIMIT: it cannot be told within a limit, which the message names. ERR_INVALID: the text is not valid UTF-8. */
int regex_find(const struct regex *regex, struct bytes text, uint64_t *work, bool *ret, struct err *err);

#endif
