/* xoshiro256** (D. Blackman, S. Vigna, Scrambled linear pseudorandom number generators, 2018), its state filled by splitmix64 of
 * the seed (G. Steele, D. Lea, C. Flood, OOPSLA 2014), as its authors recommend. Not for secrets. */
#ifndef EVALS_STAT_RANDOM_H
#define EVALS_STAT_RANDOM_H

#include <stdint.h>

struct stat_random {
    uint64_t state[4];
};
void stat_random_init(struct stat_random *random, uint64_t seed);

static inline uint64_t stat_random_turn(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static inline uint64_t stat_random_next(struct stat_random *random) {
    uint64_t *s = random->state, ret = stat_random_turn(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = stat_random_turn(s[3], 45);
    return ret;
}

#endif
