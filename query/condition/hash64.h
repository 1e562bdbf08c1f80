/* A fast 64-bit hash for tables, postings and checksums of derived data. It does not resist chosen input: every hit is
 * confirmed. */
#ifndef QUERY_CONDITION_HASH64_H
#define QUERY_CONDITION_HASH64_H

#include <string.h>

#include "base/bytes.h"

__extension__ typedef unsigned __int128 hash64_wide;

static inline uint64_t hash64_mix(uint64_t a, uint64_t b) {
    hash64_wide product = (hash64_wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Multiplies 16 bytes at a time, the last ones overlapping (the scheme of wyhash and rapidhash); long input in three lanes,
 * because each multiplication waits for the previous one. */
static inline uint64_t hash64(struct bytes b) {
    static const uint64_t k0 = UINT64_C(0x2d358dccaa6c78a5), k1 = UINT64_C(0x8bb84b93962eacc9),
                          k2 = UINT64_C(0x4b33a62ed433d4a3);
    uint64_t h = hash64_mix(b.n ^ k0, k1), x[6] = {0};
    const uint8_t *p = b.p;
    size_t n = b.n;
    if (n > 48) {
        uint64_t second = h, third = h;
        for (; n > 48; n -= 48, p += 48) {
            memcpy(x, p, 48);
            h = hash64_mix(x[0] ^ k1, x[1] ^ h);
            second = hash64_mix(x[2] ^ k2, x[3] ^ second);
            third = hash64_mix(x[4] ^ k0, x[5] ^ third);
        }
        h ^= second ^ third;
    }
    for (; n > 16; n -= 16, p += 16) {
        memcpy(x, p, 16);
        h = hash64_mix(x[0] ^ k1, x[1] ^ h);
    }
    x[0] = x[1] = 0;
    if (b.n >= 16) {
        memcpy(x, p + n - 16, 16);
    } else if (n >= 8) {
        memcpy(x, p, 8);
        memcpy(x + 1, p + n - 8, 8);
    } else if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + n - 4, 4);
        x[0] = first;
        x[1] = last;
    } else if (n > 0) {
        x[0] = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
    }
    return hash64_mix(k2 ^ b.n, hash64_mix(x[0] ^ k1, x[1] ^ h));
}

#endif
