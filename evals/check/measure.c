/* Edit distance and token F1.
 *
 * The distance is computed row by row over the shorter text's characters: memory of one row, time of the product of both
 * lengths, which is limited. What both texts begin and end with changes nothing and is left out first. */
#include "evals/check/measure.h"

#include <inttypes.h>
#include <stdlib.h>

struct characters {
    uint32_t *p; /* owned */
    size_t n;
};

struct words {
    struct buf text;
    struct bytes *p; /* owned; sorted; borrowed from text */
    size_t n;
};

/* ---- edit distance -------------------------------------------------------------------------------------------------- */

static int decode(struct bytes text, struct characters *ret, struct err *err) {
    static const uint8_t first[] = {0x7f, 0, 0x1f, 0x0f, 0x07};
    ret->n = 0;
    ret->p = malloc((text.n + 1) * sizeof(*ret->p));
    if (ret->p == NULL) return err_set(err, ERR_NOMEM, "edit distance: out of memory");
    for (size_t i = 0; i < text.n;) {
        uint8_t c = text.p[i];
        size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        uint32_t character = n == 1 ? c : c & first[n];
        for (size_t k = 1; k < n && i + k < text.n; k++) {
            character = character << 6 | (text.p[i + k] & 0x3f);
        }
        ret->p[ret->n++] = character;
        i += n;
    }
    return 0;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t distance(const uint32_t *a, size_t a_n, const uint32_t *b, size_t b_n, size_t *row) {
    for (size_t k = 0; k <= b_n; k++) {
        row[k] = k;
    }
    for (size_t i = 0; i < a_n; i++) {
        size_t above_left = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < b_n; k++) {
            size_t above = row[k + 1];
            row[k + 1] = least(above_left + (a[i] != b[k]), least(above, row[k]) + 1);
            above_left = above;
        }
    }
    return row[b_n];
}

static int compare(const struct characters *a, const struct characters *b, double *ret, struct err *err) {
    const struct characters *longer = a->n >= b->n ? a : b, *shorter = a->n >= b->n ? b : a;
    size_t begin = 0, end = 0;
    while (begin < shorter->n && longer->p[begin] == shorter->p[begin]) {
        begin++;
    }
    while (end < shorter->n - begin && longer->p[longer->n - 1 - end] == shorter->p[shorter->n - 1 - end]) {
        end++;
    }
    uint64_t rows = longer->n - begin - end, columns = shorter->n - begin - end;
    if (columns > 0 && rows > MEASURE_CELLS_MAX / columns) {
        return err_set(err, ERR_LIMIT,
                       "the texts are too long to compare: %" PRIu64 " and %" PRIu64
                       " characters that differ in place; their product may be at most %" PRIu64,
                       rows, columns, MEASURE_CELLS_MAX);
    }
    size_t *row = malloc((columns + 1) * sizeof(*row));
    if (row == NULL) return err_set(err, ERR_NOMEM, "edit distance: out of memory");
    size_t edits = distance(longer->p + begin, rows, shorter->p + begin, columns, row);
    *ret = longer->n == 0 ? 0 : (double)edits / (double)longer->n;
    free(row);
    return 0;
}

int measure_edit_distance(struct bytes a, struct bytes b, double *ret, struct err *err) {
    struct characters of_a = {0}, of_b = {0};
    int rc = decode(a, &of_a, err);
    if (rc == 0) rc = decode(b, &of_b, err);
    if (rc == 0) rc = compare(&of_a, &of_b, ret, err);
    free(of_a.p);
    free(of_b.p);
    return rc;
}

/* ---- token F1 ------------------------------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_punctuation(uint8_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static int by_bytes(const void *a, const void *b) {
    return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static int split(struct bytes text, struct words *ret, struct err *err) {
    ret->text.max = MEASURE_WORDS_MAX;
    if (text.n > MEASURE_WORDS_MAX) {
        return err_set(err, ERR_LIMIT, "a text has %zu bytes; words are counted in at most %zu", text.n, MEASURE_WORDS_MAX);
    }
    uint8_t *to = buf_room(&ret->text, text.n + 1);
    ret->p = malloc((text.n / 2 + 1) * sizeof(*ret->p));
    if (to == NULL || ret->p == NULL) return err_set(err, ERR_NOMEM, "token F1: out of memory");
    for (size_t i = 0; i < text.n;) {
        const uint8_t *word = to;
        for (; i < text.n && !is_blank(text.p[i]); i++) {
            uint8_t c = text.p[i];
            if (!is_punctuation(c)) *to++ = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
        }
        struct bytes found = {word, (size_t)(to - word)};
        if (found.n > 0 && !bytes_is(found, "a") && !bytes_is(found, "an") && !bytes_is(found, "the")) {
            ret->p[ret->n++] = found;
        }
        while (i < text.n && is_blank(text.p[i])) {
            i++;
        }
    }
    if (ret->n > 1) qsort(ret->p, ret->n, sizeof(*ret->p), by_bytes);
    return 0;
}

static double f1(const struct words *a, const struct words *b) {
    size_t same = 0, i = 0, k = 0;
    if (a->n == 0 || b->n == 0) return a->n == b->n ? 1 : 0;
    while (i < a->n && k < b->n) {
        int order = bytes_cmp(a->p[i], b->p[k]);
        same += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return 2 * (double)same / (double)(a->n + b->n);
}

int measure_token_f1(struct bytes a, struct bytes b, double *ret, struct err *err) {
    struct words of_a = {0}, of_b = {0};
    int rc = split(a, &of_a, err);
    if (rc == 0) rc = split(b, &of_b, err);
    if (rc == 0) *ret = f1(&of_a, &of_b);
    free(of_a.p);
    free(of_b.p);
    buf_done(&of_a.text);
    buf_done(&of_b.text);
    return rc;
}
