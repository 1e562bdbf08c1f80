/* Many texts in one block of memory: a text that needs no search of its own has no secret. */
#include "tests/base/secret_sample.h"

static size_t put_text(char *at, unsigned seed) {
    static const char *const plain[] = {"",     "a",       "latency_ms", "sha256:", "the quick brown fox",
                                        "ghp_", "-----BE", "eyJ",        "sk"};
    if (seed % 5 == 0) return sample_make(seed / 5 % sample_count(), seed, at);
    if (seed % 5 == 1) {
        sample_random(at, 64, SAMPLE_HEX, seed);
        return 64;
    }
    return (size_t)snprintf(at, SAMPLE_MAX, "%s", plain[seed % COUNT(plain)]);
}

static void what_the_prefilter_rules_out_holds_no_secret(void **state) {
    (void)state;
    static char whole[40 * (SAMPLE_MAX + 1)];
    struct bytes text[40];
    struct secret_hit hit;
    size_t hits = 0, held = 0;
    for (unsigned seed = 0; seed < 500; seed++) {
        struct secret_prefilter prefilter;
        size_t n = 0;
        for (unsigned i = 0; i < COUNT(text); i++) { /* a byte between them, as between strings in msgpack */
            whole[n++] = (char)(0xa0 + i);
            text[i] = (struct bytes){(uint8_t *)whole + n, put_text(whole + n, seed * 31 + i * (1 + seed % 4))};
            n += text[i].n;
        }
        secret_prefilter_begin(&prefilter, (struct bytes){(uint8_t *)whole, n});
        for (unsigned i = 0; i < COUNT(text); i++) {
            bool secret = secret_next(text[i], 0, &hit) == 0, empty = secret_prefilter_is_empty(&prefilter);
            bool may = secret_prefilter_may(&prefilter, text[i]);
            assert_true(!secret || (may && !empty));
            hits += secret;
            held += may;
        }
    }
    assert_true(hits > 1000 && held < 40 * 500 / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_prefilter_rules_out_holds_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
