/* Secrets in pieces: a key that was folded into lines, interrupted by a blank or a colour, or cut in two.
 *
 * A piece is recognized because it looks like nothing but random characters. So a hit continues over one gap with each
 * such piece after it, and a beginning that is too short for its rule is judged again as if the gap were not there. */
#include <string.h>

#include "base/secret/check.h"

enum {
    PIECE_MIN = 6,
    PIECE_MAX = 128, /* bytes of a piece that are judged */
    BEGIN_MIN = 8,   /* bytes before a gap, from the anchor on */
    BEFORE = 16,
    ROOM = 400
};

#define SET_PIECE (SET_TOKEN | SET_PLUSSLASH | SET_EQ | SET_DOT | SET_TILDE | SET_PERCENT)

bool secret_is_piece(const uint8_t *p, size_t n) {
    static const uint8_t digests[] = {32, 40, 56, 64, 96, 128};
    size_t letters = 0;
    n = n < SECRET_SAMPLE ? n : SECRET_SAMPLE;
    for (size_t i = 0; i < n; i++) {
        letters += (secret_class(p[i]) & SET_ALPHA) != 0;
    }
    if (n < PIECE_MIN || letters == 0 || secret_is_uuid(p, n)) return false;
    if (secret_is_hex(p, n)) {
        return n >= 10 && secret_has_digit(p, n) && memchr(digests, (int)n, sizeof(digests)) == NULL;
    }
    if (!secret_has_digit(p, n)) return secret_has_mixed_case(p, n);
    return secret_entropy(p, n) >= (n < 12 ? 225 : 275) && (secret_looks_random(p, n) || secret_has_mixed_case(p, n));
}

/* The length of one gap at i: blanks or a line end, colours and invisible characters. 0 when there is none. */
static size_t gap_len(const struct secret_scan *s, size_t i) {
    size_t from = i, blanks = 0;
    int c;
    for (size_t units = 0, n; units < 4 && i < s->hi; units++, i += n) {
        n = secret_read_escape(s, i, &c);
        if (n != 0 && c >= 0 && c != '\n' && c != '\r' && c != ' ') return 0;
        if (n == 0) {
            n = secret_one_of(s->p[i], " \n\r\t");
            blanks += n;
            if (s->p[i] == '\\' && i + 1 < s->hi && secret_one_of(s->p[i + 1], "nr")) {
                n = 2;
            }
        }
        if (n == 0 || blanks > 2) break;
    }
    return i - from;
}

/* The length of the piece at i. */
static size_t piece_at(struct secret_scan *s, size_t i) {
    size_t n = secret_run(s, i, SET_PIECE, PIECE_MAX), judged = n;
    while (judged > 0 && secret_one_of(s->p[i + judged - 1], ".=")) {
        judged--;
    }
    return n > 0 && secret_is_piece(s->p + i, judged) ? n : 0;
}

/* Whether another secret begins there. */
static bool is_another(struct secret_scan *s, size_t i, size_t n) {
    struct secret_scan other = {.p = s->p + i, .hi = s->hi - i, .specific = true};
    struct secret_hit hit;
    bool found = secret_scan_until(&other, n, &hit) == 0;
    s->steps += other.steps;
    return found;
}

size_t secret_piece_end(struct secret_scan *s, size_t end) {
    if (end == s->lo || end >= s->hi || (secret_class(s->p[end - 1]) & SET_PIECE) == 0) return end;
    for (;;) {
        size_t gap = gap_len(s, end), n = gap == 0 || end + gap >= s->hi ? 0 : piece_at(s, end + gap);
        if (n == 0 || is_another(s, end + gap, n)) return end;
        end += gap + n;
        if (n == PIECE_MAX) {
            end += secret_run(s, end, SET_PIECE, SIZE_MAX);
        }
    }
}

/* The number of characters up to a blank or a quote. */
static size_t solid_run(struct secret_scan *s, size_t i) {
    size_t n = 0;
    while (n < PIECE_MAX && i + n < s->hi && s->p[i + n] > ' ' && s->p[i + n] < 0x7f &&
           !secret_one_of(s->p[i + n], "\"'`")) {
        n++;
    }
    s->steps += n + 1;
    return n;
}

bool secret_piece_check(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    uint8_t text[BEFORE + ROOM];
    size_t from = at - s->lo < BEFORE ? s->lo : at - BEFORE, end = at + solid_run(s, at), gaps = 0;
    size_t gap = end - at < BEGIN_MIN || end >= s->hi ? 0 : gap_len(s, end), first_gap = gap;
    if (gap == 0 || end + gap >= s->hi || piece_at(s, end + gap) == 0) return false;
    size_t first = end - from, n = first;
    memcpy(text, s->p + from, first);
    for (; gap > 0 && end + gap < s->hi && piece_at(s, end + gap) != 0; gaps++) {
        size_t m = solid_run(s, end + gap);
        if (n + m > sizeof(text)) break;
        memcpy(text + n, s->p + end + gap, m);
        n += m;
        end += gap + m;
        gap = end < s->hi ? gap_len(s, end) : 0;
    }
    struct secret_scan whole = {.p = text, .hi = n};
    struct secret_hit hit;
    bool found = gaps > 0 && rule->check(&whole, at - from, rule, &hit) && hit.at < first && hit.at + hit.n > first;
    s->steps += whole.steps + n;
    if (found) {
        size_t to = gaps == 1 ? from + hit.at + hit.n + first_gap : end;
        *ret = (struct secret_hit){hit.rule, from + hit.at, to - from - hit.at};
    }
    return found;
}
