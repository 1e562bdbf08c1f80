/* Seed phrases in the secret scanner: twelve to twenty-four words of BIP-39 in a row, which are a wallet's key.
 *
 * The anchors are a hundred groups of three letters that occur in a third of those words and seldom elsewhere; 993 of
 * 1,000 phrases of twelve words have at least one. From there the words on both sides are counted. Prose is ruled out
 * quickly: no word of the list has fewer than three letters. Words in alphabetical order are the list itself. */
#include <string.h>

#include "base/secret/check.h"

enum {
    LETTERS_MIN = 3,
    LETTERS_MAX = 8,
    WORDS_MIN = 12,
    WORDS_MAX = 64, /* counted on each side */
    KINDS_MIN = 9   /* different words among the first twelve */
};

static const char SEED[][LETTERS_MAX + 1] = {
#define WORD(text) text,
#include "base/secret/seed.def"
#undef WORD
};

static bool is_small(uint8_t c) {
    return c >= 'a' && c <= 'z';
}

static bool is_word(const uint8_t *p, size_t n) {
    size_t lo = 0, hi = sizeof(SEED) / sizeof(SEED[0]);
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        int order = strncmp(SEED[middle], (const char *)p, n);
        order = order == 0 && SEED[middle][n] != '\0' ? 1 : order;
        if (order == 0) return true;
        lo = order < 0 ? middle + 1 : lo;
        hi = order < 0 ? hi : middle;
    }
    return false;
}

/* The length of the word at i, 0 when it cannot be in the list. */
static size_t word_at(struct secret_scan *s, size_t i) {
    size_t n = 0;
    while (n <= LETTERS_MAX && i + n < s->hi && is_small(s->p[i + n])) {
        n++;
    }
    s->steps += n + 1;
    return n < LETTERS_MIN || n > LETTERS_MAX ? 0 : n;
}

static bool is_gap(uint8_t c) {
    return c == ' ' || c == '\n' || c == ',';
}

/* The beginning of the word before the gap that ends at i, or i. */
static size_t word_before(struct secret_scan *s, size_t i) {
    size_t k = i;
    for (size_t gap = 0; k > s->lo && gap < 2 && is_gap(s->p[k - 1]); gap++) {
        k--;
    }
    size_t end = k;
    while (k < i && k > s->lo && end - k <= LETTERS_MAX && is_small(s->p[k - 1])) {
        k--;
    }
    s->steps += i - k + 1;
    bool begins = k == s->lo || (secret_class(s->p[k - 1]) & SET_TOKEN) == 0 || secret_ends_escape(s, k);
    return end < i && end - k >= LETTERS_MIN && end - k <= LETTERS_MAX && begins ? k : i;
}

static size_t gap_after(const struct secret_scan *s, size_t i) {
    size_t n = 0;
    while (n < 2 && i + n < s->hi && is_gap(s->p[i + n])) {
        n++;
    }
    return n;
}

/* Counts words that may be in the list by their form, from i on and before it, as far as it matters. */
static bool has_neighbours(struct secret_scan *s, size_t from, size_t end) {
    size_t count = 1, before = from;
    for (size_t n, gap; count < WORDS_MIN && (gap = gap_after(s, end)) != 0 && (n = word_at(s, end + gap)) != 0; count++) {
        end += gap + n;
    }
    for (; count < WORDS_MIN && (before = word_before(s, from)) != from; count++) {
        from = before;
    }
    return count >= WORDS_MIN;
}

struct phrase {
    size_t from, end, count;
    size_t steps_back; /* words that precede their left neighbour in the list */
};

static int compare(const struct secret_scan *s, size_t a, size_t a_end, size_t b, size_t b_end) {
    size_t n = a_end - a < b_end - b ? a_end - a : b_end - b;
    int order = memcmp(s->p + a, s->p + b, n);
    return order != 0 ? order : (a_end - a > n) - (b_end - b > n);
}

static void widen(struct secret_scan *s, struct phrase *ph) {
    size_t word = ph->from, word_end = ph->end;
    for (size_t n, gap; ph->count < WORDS_MAX && (gap = gap_after(s, ph->end)) != 0; ph->count++) {
        size_t next = ph->end + gap;
        if ((n = word_at(s, next)) == 0 || !is_word(s->p + next, n) ||
            (next + n < s->hi && (secret_class(s->p[next + n]) & SET_TOKEN) != 0)) {
            break;
        }
        ph->steps_back += compare(s, word, word_end, next, next + n) >= 0;
        word = next;
        ph->end = word_end = next + n;
    }
    word = ph->from;
    word_end = word + word_at(s, word);
    for (size_t k; ph->count < 2 * WORDS_MAX && (k = word_before(s, ph->from)) != ph->from; ph->count++) {
        size_t n = word_at(s, k);
        if (!is_word(s->p + k, n)) break;
        ph->steps_back += compare(s, k, k + n, word, word_end) >= 0;
        ph->from = word = k;
        word_end = k + n;
    }
}

/* Twelve words of a phrase are nearly all different, unlike "test test test". */
static bool has_many_kinds(struct secret_scan *s, const struct phrase *ph) {
    size_t at[WORDS_MIN], end[WORDS_MIN], kinds = 0, i = ph->from;
    for (size_t k = 0; k < WORDS_MIN; k++) {
        size_t n = word_at(s, i);
        bool seen = false;
        for (size_t j = 0; j < kinds; j++) {
            seen = seen || compare(s, at[j], end[j], i, i + n) == 0;
        }
        if (!seen) {
            at[kinds] = i;
            end[kinds++] = i + n;
        }
        i += n + gap_after(s, i + n);
    }
    return kinds >= KINDS_MIN;
}

bool secret_check_seed(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t from = at, end = at + 3;
    if (at < s->seeded) return false;
    while (from > s->lo && at - from < LETTERS_MAX && is_small(s->p[from - 1])) {
        from--;
    }
    while (end < s->hi && end - from <= LETTERS_MAX && is_small(s->p[end])) {
        end++;
    }
    s->steps += end - from;
    bool begins = from == s->lo || (secret_class(s->p[from - 1]) & SET_TOKEN) == 0 || secret_ends_escape(s, from);
    if (end - from > LETTERS_MAX || !begins || !has_neighbours(s, from, end) || !is_word(s->p + from, end - from)) {
        return false;
    }
    struct phrase ph = {.from = from, .end = end, .count = 1};
    widen(s, &ph);
    if (ph.count < WORDS_MIN || ph.steps_back < 2 || !has_many_kinds(s, &ph)) {
        s->seeded = ph.end;
        return false;
    }
    *ret = (struct secret_hit){rule->name, ph.from, ph.end - ph.from};
    return true;
}
