/* Blocks of sixteen bytes, for scanning text: vector registers where the machine has them, machine words elsewhere, from
 * the same source. A comparison gives a block whose bytes are all ones where it holds. */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t block __attribute__((vector_size(16)));

static inline block block_load(const uint8_t *p) {
    block v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* Loads fewer than 16 bytes (some of them twice) and pads the block with `fill`. It is assembled from words because
 * loading a block that was just written in parts is slow. */
static inline block block_short(const uint8_t *p, size_t n, uint8_t fill) {
    typedef uint64_t words __attribute__((vector_size(16)));
    const uint64_t filled = UINT64_C(0x0101010101010101) * fill;
    uint64_t first = filled, last = filled;
    uint32_t low, high;
    if (n >= 8) {
        memcpy(&first, p, 8);
        memcpy(&last, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        first = (uint64_t)high << 32 | low;
    } else if (n > 0) {
        first = filled << 24 | (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
    }
    return (block)(words){first, last};
}

/* Ors all bytes of a block into one. */
static inline unsigned block_sum(block v) {
    uint64_t words[2];
    memcpy(words, &v, sizeof(words));
    words[0] |= words[1];
    if (words[0] == 0) return 0;
    words[0] |= words[0] >> 32;
    words[0] |= words[0] >> 16;
    return (unsigned)(words[0] | words[0] >> 8) & 0xff;
}

static inline bool block_any(block v) {
    uint64_t words[2];
    memcpy(words, &v, sizeof(words));
    return (words[0] | words[1]) != 0;
}

#endif
