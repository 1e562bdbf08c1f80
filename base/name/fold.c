/* Byte by byte; only two characters of several bytes fold at all. */
#include "base/name/fold.h"

enum { LONG_S_1 = 0xC5, LONG_S_2 = 0xBF, KELVIN_1 = 0xE2, KELVIN_2 = 0x84, KELVIN_3 = 0xAA };

uint8_t fold_next(struct bytes name, size_t *at) {
    const uint8_t *p = name.p + *at;
    size_t left = name.n - *at;
    if (left >= 2 && p[0] == LONG_S_1 && p[1] == LONG_S_2) {
        *at += 2;
        return 's';
    }
    if (left >= 3 && p[0] == KELVIN_1 && p[1] == KELVIN_2 && p[2] == KELVIN_3) {
        *at += 3;
        return 'k';
    }
    *at += 1;
    return p[0] >= 'A' && p[0] <= 'Z' ? (uint8_t)(p[0] + ('a' - 'A')) : p[0];
}

bool fold_same(struct bytes x, struct bytes y) {
    size_t a = 0, b = 0;
    while (a < x.n && b < y.n) {
        if (fold_next(x, &a) != fold_next(y, &b)) return false;
    }
    return a == x.n && b == y.n;
}

uint64_t fold_hash(struct bytes name) {
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t at = 0; at < name.n;) {
        hash = (hash ^ fold_next(name, &at)) * UINT64_C(1099511628211);
    }
    return hash;
}
