/* Inside the catalog: texts that were recently found good, so that the same text in the same field need not be judged
 * again. Programs write the same names, models and sentences over and over.
 *
 * Each field of the catalog has one place, which some fields share, and the newest text takes it. Bytes are compared, so
 * the answer never depends on a hash. The owner of the memory may clear it at any time. */
#ifndef LEDGER_KINDS_MEMO_H
#define LEDGER_KINDS_MEMO_H

#include <string.h>

#include "ledger/kinds/index.h"

#define KIND_MEMO_PLACES   256
#define KIND_MEMO_TEXT_MAX 188

struct kind_memo_text {
    uint16_t field; /* kind_slot.id; 0: free */
    uint16_t n;
    uint8_t p[KIND_MEMO_TEXT_MAX];
};

struct kind_memo {
    struct kind_memo_text text[KIND_MEMO_PLACES];
};

/* Compares n bytes, the end first, because texts that differ mostly differ there. */
static inline bool kind_memo_same(const uint8_t *a, const uint8_t *b, size_t n) {
    uint64_t x, y;
    if (n < sizeof(x)) {
        for (; n > 0 && a[n - 1] == b[n - 1]; n--) {
        }
        return n == 0;
    }
    n -= sizeof(x);
    memcpy(&x, a + n, sizeof(x));
    memcpy(&y, b + n, sizeof(y));
    return x == y && memcmp(a, b, n) == 0;
}

/* Whether this exact text was found good as a value of the field in a body. */
static inline bool kind_memo_has(const struct kind_memo *memo, const struct kind_slot *slot, struct bytes text) {
    const struct kind_memo_text *t = &memo->text[slot->id % KIND_MEMO_PLACES];
    return t->field == slot->id && t->n == text.n && kind_memo_same(t->p, text.p, text.n);
}

static inline void kind_memo_put(struct kind_memo *memo, const struct kind_slot *slot, struct bytes text) {
    struct kind_memo_text *t = &memo->text[slot->id % KIND_MEMO_PLACES];
    if (text.n > 0 && text.n <= KIND_MEMO_TEXT_MAX) {
        t->field = slot->id;
        t->n = (uint16_t)text.n;
        memcpy(t->p, text.p, text.n);
    }
}

#endif
