/* evals/check/measure.h: tables, and random texts against the plainest way to compute the same. */
#include <time.h>
#include <unistd.h>

#include "evals/check/measure.h"
#include "tests/evals/check_box.h"

static uint64_t random_state;

static uint64_t random_below(uint64_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 11) % n;
}

static int random_start(void **state) {
    (void)state;
    const char *given = getenv("LEDGER_TEST_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    random_state |= 1;
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)random_state);
    return 0;
}

/* ---- edit distance ---- */

static const struct {
    const char *a, *b;
    double edits, longer;
} distances[] = {
    {"", "", 0, 1},
    {"a", "", 1, 1},
    {"", "abc", 3, 3},
    {"kitten", "sitting", 3, 7},
    {"flaw", "lawn", 2, 4},
    {"abc", "abc", 0, 3},
    {"ab", "ba", 2, 2}, /* a swap is two */
    {"a", "\xc3\xa4", 1, 1},
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x81", 1, 1},
    {"x\xf0\x9f\x98\x80y", "xy", 1, 3},
    {"aaa", "aa", 1, 3},
    {"abcdef", "azced", 3, 6},
};

static void distances_are_counted_in_characters(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
        double there = -1, back = -1;
        assert_int_equal(measure_edit_distance(bytes_of(distances[i].a), bytes_of(distances[i].b), &there, NULL), 0);
        assert_int_equal(measure_edit_distance(bytes_of(distances[i].b), bytes_of(distances[i].a), &back, NULL), 0);
        if (there != distances[i].edits / distances[i].longer || back != there) fail_msg("row %zu: %g", i, there);
    }
}

#define PLAIN_MAX 40

/* Both texts as letters of their own; each is written as one, two, three or four bytes. */
static size_t random_letters(uint8_t *letters, struct buf *text) {
    static const char *const shapes[] = {"a", "b", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    size_t n = random_below(PLAIN_MAX);
    for (size_t i = 0; i < n; i++) {
        letters[i] = (uint8_t)random_below(5);
        buf_put_str(text, shapes[letters[i]]);
    }
    return n;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void distances_agree_with_the_whole_matrix(void **state) {
    (void)state;
    for (int round = 0; round < 500; round++) {
        uint8_t a[PLAIN_MAX], b[PLAIN_MAX];
        size_t d[PLAIN_MAX + 1][PLAIN_MAX + 1];
        struct buf of_a = {.max = 1000}, of_b = {.max = 1000};
        double got = -1;
        size_t n = random_letters(a, &of_a), m = random_letters(b, &of_b);
        for (size_t i = 0; i <= n; i++) {
            for (size_t k = 0; k <= m; k++) {
                d[i][k] = i == 0 || k == 0
                              ? i + k
                              : least(least(d[i - 1][k] + 1, d[i][k - 1] + 1), d[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
            }
        }
        size_t longer = n > m ? n : m;
        assert_int_equal(measure_edit_distance(bytes_of_buf(&of_a), bytes_of_buf(&of_b), &got, NULL), 0);
        assert_true(got == (longer == 0 ? 0 : (double)d[n][m] / (double)longer));
        buf_done(&of_a);
        buf_done(&of_b);
    }
}

static void texts_that_are_too_long_are_an_error_both_ways(void **state) {
    (void)state;
    size_t n = 20000;
    char *a = malloc(n + 1), *b = malloc(n + 1);
    assert_non_null(a);
    assert_non_null(b);
    memset(a, 'a', n);
    memset(b, 'b', n);
    a[n] = '\0';
    b[n] = '\0';
    struct suite_check check = check_of(SUITE_EDIT_DISTANCE, a);
    check.at_most = 0.5;
    for (int not = 0; not < 2; not ++) {
        check.not = not ;
        struct check_outcome outcome = outcome_of(&check, bytes_of(b));
        assert_int_equal(outcome.end, CHECK_ERROR);
        assert_string_equal(outcome.why,
                            "the texts are too long to compare: 20000 and 20000 characters that differ in place; their "
                            "product may be at most 134217728");
    }
    check.not = false;
    memcpy(b, a, n); /* what they share is not counted */
    b[n / 2] = 'b';
    assert_int_equal(end_of(&check, b), CHECK_MET);
    free(a);
    free(b);
}

static void a_distance_is_met_up_to_its_limit(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_EDIT_DISTANCE, " abcd ");
    check.trim = true;
    check.at_most = 0.25;
    struct check_outcome outcome = outcome_of(&check, bytes_of("abcx\n"));
    assert_int_equal(outcome.end, CHECK_MET);
    assert_true(outcome.measure == 0.25);
    outcome = outcome_of(&check, bytes_of("abyx"));
    assert_int_equal(outcome.end, CHECK_UNMET);
    assert_string_equal(outcome.why, "the edit distance is 0.5");
    check.not = true;
    assert_int_equal(end_of(&check, "abyx"), CHECK_MET);
}

/* ---- token F1 ---- */

static const struct {
    const char *a, *b;
    double f1;
} words[] = {
    {"", "", 1},
    {"the", "a an", 1}, /* no words on either side */
    {"the", "x", 0},
    {"cat", "", 0},
    {"The Cat!", "cat", 1},
    {"the cat sat", "cat sat down", 2.0 * 2 / 5},
    {"a b b c", "b c c", 2.0 * 2 / 6}, /* a multiset; "a" is no word */
    {"don't", "dont", 1},
    {"a-b", "ab", 1},
    {"a-b", "b", 0},
    {"snake_case", "snakecase", 1},
    {"x\ty\nz\v\f\r w", "w x y z", 1},
    {"\xc3\x84pfel", "\xc3\xa4pfel", 0}, /* ASCII's letters only */
    {"theory", "ory", 0},
    {"an apple", "apple", 1},
    {"42%", "42", 1},
    {"...", "", 1},
};

static void words_are_counted_as_stated(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        double there = -1, back = -1, want = words[i].f1;
        assert_int_equal(measure_token_f1(bytes_of(words[i].a), bytes_of(words[i].b), &there, NULL), 0);
        assert_int_equal(measure_token_f1(bytes_of(words[i].b), bytes_of(words[i].a), &back, NULL), 0);
        if (there != want || back != there) fail_msg("row %zu: %g, expected %g", i, there, want);
    }
}

/* Words are numbers here, so that counting them needs no text. */
static void f1_agrees_with_counting_each_word(void **state) {
    (void)state;
    static const char *const spelled[] = {"red", "Green", "b.lue", "the", "\xc3\xa4", "An", "--", "red!"};
    static const int meant[] = {0, 1, 2, -1, 3, -1, -1, 0};
    for (int round = 0; round < 500; round++) {
        int counts[2][4] = {{0}};
        double n[2] = {0}, same = 0, got = -1;
        struct buf text[2] = {{.max = 1000}, {.max = 1000}};
        for (int side = 0; side < 2; side++) {
            for (uint64_t k = random_below(12); k > 0; k--) {
                uint64_t w = random_below(8);
                buf_put_str(&text[side], spelled[w]);
                buf_put_str(&text[side], random_below(2) ? " " : "\n\t");
                if (meant[w] >= 0) counts[side][meant[w]]++;
                n[side] += meant[w] >= 0;
            }
        }
        for (int w = 0; w < 4; w++) {
            same += counts[0][w] < counts[1][w] ? counts[0][w] : counts[1][w];
        }
        double want = n[0] == 0 || n[1] == 0 ? (n[0] == n[1]) : 2 * same / (n[0] + n[1]);
        assert_int_equal(measure_token_f1(bytes_of_buf(&text[0]), bytes_of_buf(&text[1]), &got, NULL), 0);
        assert_true(got == want);
        buf_done(&text[0]);
        buf_done(&text[1]);
    }
}

static void f1_is_met_from_its_limit_on(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_TOKEN_F1, "red green");
    check.at_least = 0.5;
    assert_int_equal(end_of(&check, "red blue"), CHECK_MET);
    assert_int_equal(end_of(&check, "red blue blue"), CHECK_UNMET);
    check.not = true;
    assert_int_equal(end_of(&check, "red blue blue"), CHECK_MET);
    struct buf much = {.max = MEASURE_WORDS_MAX + 1};
    memset(buf_room(&much, MEASURE_WORDS_MAX + 1), 'x', MEASURE_WORDS_MAX + 1);
    much.n = MEASURE_WORDS_MAX + 1;
    assert_int_equal(outcome_of(&check, bytes_of_buf(&much)).end, CHECK_ERROR);
    buf_done(&much);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_counted_in_characters),
        cmocka_unit_test(distances_agree_with_the_whole_matrix),
        cmocka_unit_test(texts_that_are_too_long_are_an_error_both_ways),
        cmocka_unit_test(a_distance_is_met_up_to_its_limit),
        cmocka_unit_test(words_are_counted_as_stated),
        cmocka_unit_test(f1_agrees_with_counting_each_word),
        cmocka_unit_test(f1_is_met_from_its_limit_on),
    };
    return cmocka_run_group_tests(tests, random_start, NULL);
}
