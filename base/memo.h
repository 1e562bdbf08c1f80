/* Remembers texts for which a question was answered with no, so that recurring texts (field names, header strings) are
 * asked about once. Bytes are compared, so the answer never depends on a hash. Zeroed is empty. */
#ifndef BASE_MEMO_H
#define BASE_MEMO_H

#include "base/bytes.h"

#define MEMO_PLACES   512
#define MEMO_TEXT_MAX 127 /* longer ones are not remembered */

struct memo {
    struct {
        uint8_t n; /* 0: empty */
        uint8_t p[MEMO_TEXT_MAX];
    } place[MEMO_PLACES];
};

/* What `ask` answers for the text. `ask` depends on the text alone and is the same function for one memo. A NULL memo
 * remembers nothing. */
typedef bool memo_fn(struct bytes text);
bool memo_ask(struct memo *memo, struct bytes text, memo_fn *ask);

#endif
