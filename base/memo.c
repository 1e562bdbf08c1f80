/* Each text has one slot, by its length, beginning and end; the newest one stays. */
#include "base/memo.h"

#include <string.h>

static uint64_t load_8(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static size_t place_of(struct bytes text) {
    uint64_t sum = text.n;
    if (text.n >= sizeof(sum)) {
        uint64_t end = load_8(text.p + text.n - sizeof(end));
        sum += load_8(text.p) + (end << 9 | end >> 55);
    } else {
        for (size_t i = 0; i < text.n; i++) {
            sum = sum << 7 ^ text.p[i];
        }
    }
    return (size_t)(sum * UINT64_C(0x9e3779b97f4a7c15) >> 40) % MEMO_PLACES;
}

bool memo_ask(struct memo *memo, struct bytes text, memo_fn *ask) {
    if (memo == NULL || text.n == 0 || text.n > MEMO_TEXT_MAX) return ask(text);
    size_t i = place_of(text);
    if (memo->place[i].n == text.n && memcmp(memo->place[i].p, text.p, text.n) == 0) return false;
    if (ask(text)) return true;
    memo->place[i].n = (uint8_t)text.n;
    memcpy(memo->place[i].p, text.p, text.n);
    return false;
}
