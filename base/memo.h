/* Texts of which a question was answered with no, so that what comes again and again is asked once: names of fields, header
 * strings. Bytes are compared, so the answer never depends on a hash. Zeroed is empty. */
#ifndef BASE_MEMO_H
#define BASE_MEMO_H

#include "base/bytes.h"

#define MEMO_PLACES   512
#define MEMO_TEXT_MAX 127 /* longer ones are asked about each time */

struct memo {
    struct {
        uint8_t n; /* 0: nothing */
        uint8_t p[MEMO_TEXT_MAX];
    } place[MEMO_PLACES];
};

/* What `ask` answers for the text: it looks at nothing else, and is the same function for one memo. NULL: nothing is
 * remembered. */
typedef bool memo_fn(struct bytes text);
bool memo_ask(struct memo *memo, struct bytes text, memo_fn *ask);

#endif
