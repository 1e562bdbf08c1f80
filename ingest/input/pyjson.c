/* One scan over the text that skips strings, counts values, and stops at words and numbers that JSON does not allow.
 * Invalid JSON may pass the scan; the parser refuses it afterwards. */
#include "ingest/input/pyjson.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define INT64_DIGITS 19

struct scan {
    struct bytes text;
    size_t at;     /* scanned so far */
    size_t values; /* upper bound of the values so far */
};

static bool is_word_byte(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* The end of a string that begins at `at` with its quote. */
static size_t string_end(struct bytes text, size_t at) {
    for (size_t i = at + 1; i < text.n; i++) {
        if (text.p[i] == '\\') {
            i++;
        } else if (text.p[i] == '"') {
            return i + 1;
        }
    }
    return text.n;
}

static bool word_at(struct bytes text, size_t at, const char *word, size_t *ret_n) {
    size_t n = strlen(word);
    if (text.n - at < n || memcmp(text.p + at, word, n) != 0 || (text.n - at > n && is_word_byte(text.p[at + n]))) {
        return false;
    }
    *ret_n = n;
    return true;
}

/* A number from `at` on: its length, and whether it is an integer beyond 64 bits. */
static size_t number_at(struct bytes text, size_t at, bool *ret_long) {
    static const char max[] = "9223372036854775807", min[] = "9223372036854775808";
    size_t i = at;
    bool negative = text.p[i] == '-';
    i += negative;
    size_t digits = i;
    while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9') {
        i++;
    }
    size_t n = i - digits;
    bool integer = i == text.n || (text.p[i] != '.' && text.p[i] != 'e' && text.p[i] != 'E');
    *ret_long = integer && (n > INT64_DIGITS ||
                            (n == INT64_DIGITS && memcmp(text.p + digits, negative ? min : max, INT64_DIGITS) > 0));
    while (i < text.n && (is_word_byte(text.p[i]) || text.p[i] == '.' || text.p[i] == '+' || text.p[i] == '-')) {
        i++;
    }
    return i - at;
}

static size_t digits_end(struct bytes t, size_t i) {
    while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9') {
        i++;
    }
    return i;
}

/* A real number in JSON's grammar that may exceed a 64-bit float: the digits before its point and its exponent add up to
 * more than such a float has. */
static bool may_overflow(struct bytes t) {
    size_t begin = t.n > 0 && t.p[0] == '-', i = digits_end(t, begin), power = i - begin, exponent = 0;
    if (i == begin || (t.p[begin] == '0' && i > begin + 1)) return false;
    if (i < t.n && t.p[i] == '.') {
        size_t fraction = ++i;
        i = digits_end(t, i);
        if (i == fraction) return false;
    }
    if (i < t.n && (t.p[i] == 'e' || t.p[i] == 'E')) {
        i++;
        bool negative = i < t.n && t.p[i] == '-';
        i += i < t.n && (t.p[i] == '-' || t.p[i] == '+');
        size_t first = i;
        i = digits_end(t, i);
        if (i == first) return false;
        for (size_t k = first; k < i && exponent <= DBL_MAX_10_EXP; k++) {
            exponent = exponent * 10 + (size_t)(t.p[k] - '0');
        }
        exponent = negative ? 0 : exponent;
    }
    return i == t.n && power + exponent > DBL_MAX_10_EXP;
}

/* The parser refuses a number in JSON's grammar only for its size. */
static bool is_overflow(struct bytes number) {
    struct buf unused;
    if (!may_overflow(number)) return false;
    buf_init(&unused, number.n + PYJSON_VALUE_BYTES);
    bool over = json_to_mp(number, &unused, NULL) == ERR_INVALID;
    buf_done(&unused);
    return over;
}

/* The next word or number that JSON does not allow; false when there is none. */
static bool next_foreign(struct scan *s, struct bytes *ret) {
    struct bytes t = s->text;
    while (s->at < t.n) {
        uint8_t c = t.p[s->at];
        size_t n = 1;
        bool foreign = false;
        if (c == '"') {
            n = string_end(t, s->at) - s->at;
        } else if (c == ',' || c == ':' || c == '[' || c == '{') {
            s->values++;
        } else if (c == 'N') {
            foreign = word_at(t, s->at, "NaN", &n);
        } else if (c == 'I') {
            foreign = word_at(t, s->at, "Infinity", &n);
        } else if (c == '-' && word_at(t, s->at, "-Infinity", &n)) {
            foreign = true;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            n = number_at(t, s->at, &foreign);
            foreign = foreign || is_overflow((struct bytes){t.p + s->at, n});
        } else if (is_word_byte(c)) {
            while (s->at + n < t.n && is_word_byte(t.p[s->at + n])) {
                n++;
            }
        }
        *ret = (struct bytes){t.p + s->at, n};
        s->at += n;
        if (foreign) return true;
    }
    return false;
}

int pyjson_to_mp(struct bytes text, size_t max, struct buf *scratch, struct buf *out, struct err *err) {
    struct scan s = {.text = text};
    struct bytes foreign;
    size_t copied = 0;
    buf_clear(scratch);
    while (next_foreign(&s, &foreign)) {
        size_t at = (size_t)(foreign.p - text.p);
        buf_put(scratch, text.p + copied, at - copied);
        buf_put_u8(scratch, '"');
        buf_put_bytes(scratch, foreign);
        buf_put_u8(scratch, '"');
        copied = at + foreign.n;
    }
    if (text.n * 3 + s.values * PYJSON_VALUE_BYTES > max) {
        return err_set(err, ERR_LIMIT, "%zu bytes of JSON with some %zu values take more than %zu MiB when they are parsed",
                       text.n, s.values + 1, max >> 20);
    }
    if (copied > 0) {
        buf_put(scratch, text.p + copied, text.n - copied);
        int rc = buf_check(scratch, "JSON text", err);
        if (rc != 0) return rc;
        text = bytes_of_buf(scratch);
    }
    return json_to_mp(text, out, err);
}

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool pyjson_top_number(struct bytes text, const char *name, struct bytes *ret) {
    size_t length = strlen(name), depth = 0;
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] != '"') {
            depth += text.p[i] == '{' || text.p[i] == '[';
            depth -= depth > 0 && (text.p[i] == '}' || text.p[i] == ']');
            i++;
            continue;
        }
        size_t key = i + 1;
        i = string_end(text, i);
        if (depth != 1 || i - key != length + 1 || memcmp(text.p + key, name, length) != 0) {
            continue;
        }
        while (i < text.n && is_blank(text.p[i])) {
            i++;
        }
        if (i == text.n || text.p[i] != ':') continue;
        for (i++; i < text.n && is_blank(text.p[i]); i++) {
        }
        if (i == text.n || !(text.p[i] == '-' || (text.p[i] >= '0' && text.p[i] <= '9'))) {
            return false;
        }
        bool too_long;
        *ret = (struct bytes){text.p + i, number_at(text, i, &too_long)};
        return true;
    }
    return false;
}
