/* Names as readers that match them without case see them: ASCII without case, and the two characters beyond ASCII that fold into it,
 * U+017F as 's' and U+212A as 'k', as Go's encoding/json has it. */
#ifndef BASE_NAME_FOLD_H
#define BASE_NAME_FOLD_H

#include "base/bytes.h"

/* The next character of a name, folded; *at, which is less than name.n, moves on. */
uint8_t fold_next(struct bytes name, size_t *at);
bool fold_same(struct bytes a, struct bytes b);
/* The same for names that are the same. */
uint64_t fold_hash(struct bytes name);

#endif
