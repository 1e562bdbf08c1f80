/* Byte by byte: each one is looked at once, and what may follow depends on a few bytes of state.
 *
 *   header:  [CR LF]* METHOD SP TARGET SP HTTP/d.d CR LF  (name ':' value CR LF)*  CR LF
 *   chunks:  (size [;extension] CR LF data CR LF)*  0 [;extension] CR LF  (trailer CR LF)*  CR LF */
#include "base/http/read.h"

#include <string.h>
#include <strings.h>

#define VERSION     "HTTP/1.1" /* its form */
#define SIZE_DIGITS 8          /* a chunk is smaller than 4 GiB */
#define EXTRA_MAX   4096

/* What may be in a line: all but control characters, and the tab. */
static bool is_text(uint8_t c) {
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

bool httpd_is_word(struct bytes text, const char *word) {
    return text.n == strlen(word) && strncasecmp((const char *)text.p, word, text.n) == 0;
}

struct bytes httpd_trimmed(struct bytes t) {
    while (t.n > 0 && (t.p[0] == ' ' || t.p[0] == '\t')) {
        t.p++;
        t.n--;
    }
    while (t.n > 0 && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t')) {
        t.n--;
    }
    return t;
}

bool httpd_is_token(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alphanumeric && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return false;
    }
    return text.n > 0;
}

/* ---- headers ------------------------------------------------------------------------------------------------------ */

static bool is_version(struct bytes v) {
    return v.n == sizeof(VERSION) - 1 && memcmp(v.p, VERSION, 5) == 0 && v.p[5] >= '0' && v.p[5] <= '9' && v.p[6] == '.' &&
           v.p[7] >= '0' && v.p[7] <= '9';
}

static bool split_request(struct bytes line, struct httpd_head *ret) {
    const uint8_t *first = memchr(line.p, ' ', line.n);
    const uint8_t *last = memrchr(line.p, ' ', line.n);
    if (first == NULL || first == last) return false;
    ret->method = (struct bytes){line.p, (size_t)(first - line.p)};
    ret->target = (struct bytes){first + 1, (size_t)(last - first - 1)};
    ret->version = (struct bytes){last + 1, (size_t)(line.p + line.n - last - 1)};
    for (size_t i = 0; i < ret->target.n; i++) {
        if (ret->target.p[i] <= ' ' || ret->target.p[i] >= 0x7f) return false;
    }
    return ret->target.n > 0 && httpd_is_token(ret->method) && is_version(ret->version);
}

int httpd_head_scan(struct httpd_scan *s, struct bytes in, size_t *ret_n, struct err *err) {
    struct httpd_head head;
    for (; s->seen < in.n; s->seen++) {
        uint8_t c = in.p[s->seen];
        bool after_cr = s->seen > s->line && in.p[s->seen - 1] == '\r';
        if (after_cr != (c == '\n')) {
            return err_set(err, ERR_INVALID, "a line of the header does not end in CR LF");
        }
        if (c != '\n') {
            if (c != '\r' && !is_text(c)) {
                return err_set(err, ERR_INVALID, "the header has a control character");
            }
            continue;
        }
        const struct bytes line = {in.p + s->line, s->seen - 1 - s->line};
        s->line = s->seen + 1;
        if (line.n == 0 && s->begun) {
            *ret_n = ++s->seen;
            return 0;
        }
        if (line.n == 0) {
            s->begin = s->line; /* RFC 9112, 2.2: before a request, empty lines are skipped */
        } else if (!s->begun && !split_request(line, &head)) {
            return err_set(err, ERR_INVALID, "the request line does not have the form METHOD TARGET " VERSION);
        } else {
            s->begun = true;
        }
    }
    return 1;
}

int httpd_head_split(const struct httpd_scan *scan, struct bytes in, struct httpd_head *ret, struct err *err) {
    struct bytes rest = {in.p + scan->begin, in.n - scan->begin};
    ret->n = 0;
    for (bool first = true;; first = false) {
        const uint8_t *end = memchr(rest.p, '\r', rest.n);
        const struct bytes line = {rest.p, (size_t)(end - rest.p)};
        const uint8_t *colon = memchr(line.p, ':', line.n);
        rest.n -= line.n + 2;
        rest.p += line.n + 2;
        if (line.n == 0) return 0;
        if (first) {
            (void)split_request(line, ret); /* checked while it was read */
            continue;
        }
        if (colon == NULL) return err_set(err, ERR_INVALID, "a line of the header has no colon");
        if (ret->n < HTTPD_HEADERS_MAX) {
            struct httpd_header *h = &ret->headers[ret->n];
            h->name = (struct bytes){line.p, (size_t)(colon - line.p)};
            h->value = (struct bytes){colon + 1, (size_t)(line.p + line.n - colon - 1)};
        }
        ret->n++;
    }
}

/* ---- chunks ------------------------------------------------------------------------------------------------------- */

static int hex_digit(uint8_t c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool step_size(struct httpd_chunks *k, uint8_t c) {
    int digit = hex_digit(c);
    if (digit >= 0) {
        k->left = k->left << 4 | (uint64_t)digit;
        return ++k->digits <= SIZE_DIGITS;
    }
    k->state = c == ';' ? HTTPD_CHUNK_EXTENSION : HTTPD_CHUNK_SIZE_LF;
    k->extra = 0;
    return k->digits > 0 && (c == ';' || c == '\r');
}

/* Reads a byte of framing. False: it is not allowed here. */
static bool step(struct httpd_chunks *k, uint8_t c) {
    switch (k->state) {
    case HTTPD_CHUNK_SIZE:
        return step_size(k, c);
    case HTTPD_CHUNK_EXTENSION:
    case HTTPD_CHUNK_TRAILER:
        if (c == '\r') {
            k->state = k->state == HTTPD_CHUNK_TRAILER ? HTTPD_CHUNK_TRAILER_LF : HTTPD_CHUNK_SIZE_LF;
            return true;
        }
        return is_text(c) && ++k->extra <= EXTRA_MAX;
    case HTTPD_CHUNK_SIZE_LF:
        k->state = k->left > 0 ? HTTPD_CHUNK_DATA : HTTPD_CHUNK_LINE;
        return c == '\n';
    case HTTPD_CHUNK_DATA_CR:
        k->state = HTTPD_CHUNK_DATA_LF;
        return c == '\r';
    case HTTPD_CHUNK_DATA_LF:
        k->state = HTTPD_CHUNK_SIZE;
        k->digits = 0;
        return c == '\n';
    case HTTPD_CHUNK_LINE:
        k->state = c == '\r' ? HTTPD_CHUNK_LAST_LF : HTTPD_CHUNK_TRAILER;
        return c == '\r' || (is_text(c) && ++k->extra <= EXTRA_MAX);
    case HTTPD_CHUNK_TRAILER_LF:
        k->state = HTTPD_CHUNK_LINE;
        return c == '\n';
    case HTTPD_CHUNK_LAST_LF:
        k->state = HTTPD_CHUNK_END;
        return c == '\n';
    default:
        return false;
    }
}

int httpd_chunks_take(struct httpd_chunks *k, struct bytes *in, struct bytes *ret_data, struct err *err) {
    while (k->state != HTTPD_CHUNK_END && in->n > 0) {
        if (k->state == HTTPD_CHUNK_DATA) {
            size_t n = in->n < k->left ? in->n : (size_t)k->left;
            *ret_data = (struct bytes){in->p, n};
            in->p += n;
            in->n -= n;
            k->left -= n;
            k->state = k->left > 0 ? HTTPD_CHUNK_DATA : HTTPD_CHUNK_DATA_CR;
            return 1;
        }
        if (!step(k, *in->p)) {
            return err_set(err, ERR_INVALID, "the body's chunks are malformed");
        }
        in->p++;
        in->n--;
    }
    return k->state == HTTPD_CHUNK_END ? 0 : 2;
}
