/* Strings end at the next quote: base64 has none, and in text they are escaped by a backslash. */
#include "export/verify/scan.h"

#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"

#define UINT_MAX_ (UINT64_C(1) << 53)
#define DIGITS    17
#define NEAR      ((size_t)4096) /* what most strings fit in */

static int corrupt(struct scan *s, const char *what, struct err *err) {
    return err_set(err, ERR_CORRUPT, "line %llu: %s", (unsigned long long)s->line, what);
}

void scan_init(struct scan *scan, struct reading *reading) {
    *scan = (struct scan){.reading = reading, .line = 1};
    buf_init(&scan->text, SIZE_MAX); /* each call has its own maximum */
}

void scan_done(struct scan *scan) {
    buf_done(&scan->text);
}

void scan_member(struct scan *scan) {
    scan->line = 1;
}

int scan_sees(struct scan *scan, const char *text, bool *ret, struct err *err) {
    struct bytes seen;
    int rc = reading_peek(scan->reading, strlen(text), &seen, err);
    if (rc == 0) {
        *ret = bytes_is(seen, text);
    }
    return rc;
}

int scan_literal(struct scan *scan, const char *text, struct err *err) {
    bool there = false;
    int rc = scan_sees(scan, text, &there, err);
    if (rc == 0 && !there) {
        rc = err_set(err, ERR_CORRUPT, "line %llu: it does not continue with '%s'", (unsigned long long)scan->line,
                     strcmp(text, "}\n") == 0 ? "}', line feed" : text);
    }
    if (rc == 0) {
        reading_skip(scan->reading, strlen(text));
    }
    return rc;
}

/* Appends everything before the next unescaped '"' to `text`; consumes the quote too. */
static int take_string(struct scan *s, size_t max, struct err *err) {
    bool escaped = false, ended = false;
    buf_clear(&s->text);
    while (!ended) {
        struct bytes piece;
        size_t n = 0;
        int rc = reading_peek(s->reading, READING_PEEK_MAX, &piece, err);
        if (rc != 0) return rc;
        if (piece.n == 0) return corrupt(s, "a string does not end", err);
        for (; n < piece.n && (escaped || piece.p[n] != '"'); n++) {
            escaped = !escaped && piece.p[n] == '\\';
        }
        ended = n < piece.n;
        if (n > max - s->text.n) return corrupt(s, "a string is too long", err);
        buf_put(&s->text, piece.p, n);
        reading_skip(s->reading, n + ended);
    }
    return buf_check(&s->text, "a string", err);
}

/* The text before the next '"', which the caller skips. Base64 has no backslash, so escapes need no care. Most texts are
 * whole in the reading's buffer and are borrowed from it. */
static int see_base64(struct scan *s, size_t max, struct bytes *ret, bool *ret_taken, struct err *err) {
    struct bytes piece;
    int rc = reading_peek(s->reading, NEAR, &piece, err);
    const uint8_t *end = rc != 0 || piece.n == 0 ? NULL : memchr(piece.p, '"', piece.n);
    *ret_taken = rc == 0 && end == NULL;
    if (*ret_taken) {
        rc = take_string(s, max, err);
        *ret = bytes_of_buf(&s->text);
    } else if (rc == 0) {
        *ret = (struct bytes){piece.p, (size_t)(end - piece.p)};
        rc = ret->n > max ? corrupt(s, "a string is too long", err) : 0;
    }
    return rc;
}

int scan_base64(struct scan *scan, struct buf *out, size_t max, struct err *err) {
    struct bytes text;
    bool taken;
    int rc = see_base64(scan, (max + 2) / 3 * 4, &text, &taken, err);
    if (rc != 0) return rc;
    buf_clear(out);
    rc = text_unbase64(out, text);
    if (rc == ERR_NOMEM) return err_set(err, rc, "out of memory");
    if (!taken) {
        reading_skip(scan->reading, text.n + 1);
    }
    return rc != 0 || out->n > max ? corrupt(scan, "not canonical base64, or too long", err) : 0;
}

int scan_hash(struct scan *scan, uint8_t ret[EVENT_HASH], struct err *err) {
    struct bytes text;
    bool taken;
    int rc = see_base64(scan, 44, &text, &taken, err);
    if (rc == 0) rc = merkle_hash_decode(text, ret);
    if (rc == 0 && !taken) {
        reading_skip(scan->reading, text.n + 1);
    }
    return rc == ERR_INVALID ? corrupt(scan, "not the base64 of 32 bytes", err) : rc;
}

int scan_hashes(struct scan *scan, struct merkle_proof *ret, struct err *err) {
    bool more = true;
    ret->n = 0;
    int rc = scan_literal(scan, "[", err);
    if (rc == 0) rc = scan_sees(scan, "\"", &more, err);
    while (rc == 0 && more) {
        if (ret->n == MERKLE_DEPTH_MAX) return corrupt(scan, "a proof of more than 64 hashes", err);
        rc = scan_literal(scan, "\"", err);
        if (rc == 0) rc = scan_hash(scan, ret->hash[ret->n], err);
        ret->n += rc == 0;
        if (rc == 0) rc = scan_sees(scan, ",", &more, err);
        if (rc == 0 && more) rc = scan_literal(scan, ",", err);
    }
    if (rc == 0) rc = scan_literal(scan, "]", err);
    return rc;
}

int scan_uint(struct scan *scan, uint64_t *ret, struct err *err) {
    struct bytes piece;
    size_t n = 0;
    int rc = reading_peek(scan->reading, DIGITS, &piece, err);
    if (rc != 0) return rc;
    while (n < piece.n && piece.p[n] >= '0' && piece.p[n] <= '9') {
        n++;
    }
    if (text_parse_u64((struct bytes){piece.p, n}, ret) != 0 || *ret > UINT_MAX_) {
        return corrupt(scan, "not a number from 0 to 2^53", err);
    }
    reading_skip(scan->reading, n);
    return 0;
}

int scan_string(struct scan *scan, struct buf *out, size_t max, struct err *err) {
    struct buf literal, mp, again;
    struct mp_item item;
    int rc = scan_literal(scan, "\"", err);
    if (rc == 0) rc = take_string(scan, 2 * max, err);
    if (rc != 0) return rc;
    buf_init(&literal, 2 * max + 2);
    buf_init(&mp, 2 * max + 16);
    buf_init(&again, 2 * max + 2);
    buf_put_u8(&literal, '"');
    buf_put_bytes(&literal, bytes_of_buf(&scan->text));
    buf_put_u8(&literal, '"');
    rc = buf_check(&literal, "a string", err);
    if (rc == 0) rc = json_to_mp(bytes_of_buf(&literal), &mp, NULL);
    if (rc == 0 && mp_scalar(bytes_of_buf(&mp), &item) == 0 && item.type == MP_STR && item.data.n <= max) {
        json_put_str(&again, item.data);
        buf_clear(out);
        buf_put_bytes(out, item.data);
        rc = buf_check(out, "a string", err);
    } else {
        rc = rc == ERR_NOMEM ? err_set(err, rc, "out of memory") : ERR_CORRUPT;
    }
    if (rc == ERR_CORRUPT || (rc == 0 && !bytes_eq(bytes_of_buf(&literal), bytes_of_buf(&again)))) {
        rc = corrupt(scan, "a string is not in its one form", err);
    }
    buf_done(&literal);
    buf_done(&mp);
    buf_done(&again);
    return rc;
}

int scan_line_end(struct scan *scan, struct err *err) {
    int rc = scan_literal(scan, "}\n", err);
    scan->line += rc == 0;
    return rc;
}
