/* Decoding happens once, behind the split: a decoded slash or ampersand separates nothing. */
#include "base/http/target.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

#define ROOM_MAX ((size_t)2 << 20)

static int digit_of(uint8_t c) {
    return c >= '0' && c <= '9' ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Appends the decoded text and a NUL; what is borrowed of `room` has offsets until all is there. */
static int decode(struct bytes text, bool form, struct buf *room, struct bytes *ret, struct err *err) {
    size_t begin = room->n;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? digit_of(text.p[i + 1]) : -1, low = high >= 0 ? digit_of(text.p[i + 2]) : -1;
            if (low < 0) return err_set(err, ERR_INVALID, "'%%' must be followed by two hexadecimal digits");
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        if (c == 0x7f || (c < ' ' && !(form && (c == '\t' || c == '\n' || c == '\r')))) {
            return err_set(err, ERR_INVALID, "a control character (byte %u) is not accepted", c);
        }
        buf_put_u8(room, c);
    }
    size_t n = room->n - begin;
    buf_put_u8(room, 0);
    int rc = buf_check(room, "the request's target", err);
    if (rc != 0) return rc;
    if (text_utf8_valid(room->p + begin, n) != n) return err_set(err, ERR_INVALID, "the text is not UTF-8");
    ret->n = n;
    return 0;
}

static int split_path(struct bytes path, struct httpd_target *t, struct err *err) {
    int rc = decode(path, false, &t->room, &t->path, err);
    for (size_t at = 1; rc == 0 && at < path.n && path.n > 1;) {
        const uint8_t *slash = memchr(path.p + at, '/', path.n - at);
        size_t end = slash != NULL ? (size_t)(slash - path.p) : path.n;
        struct bytes *segment = &t->segments[t->n_segments];
        if (end == at || end + 1 == path.n) return err_set(err, ERR_INVALID, "the path has an empty segment");
        if (t->n_segments == HTTPD_SEGMENTS_MAX) return err_set(err, ERR_INVALID, "the path has too many segments");
        size_t begin = t->room.n;
        rc = decode((struct bytes){path.p + at, end - at}, false, &t->room, segment, err);
        if (rc == 0 &&
            (strcmp((const char *)t->room.p + begin, ".") == 0 || strcmp((const char *)t->room.p + begin, "..") == 0)) {
            return err_set(err, ERR_INVALID, "the path has a segment of dots");
        }
        t->n_segments++;
        at = end + 1;
    }
    return rc;
}

static int split_params(struct bytes query, struct httpd_target *t, struct err *err) {
    int rc = 0;
    while (rc == 0 && query.n > 0) {
        const uint8_t *amp = memchr(query.p, '&', query.n);
        size_t n = amp != NULL ? (size_t)(amp - query.p) : query.n;
        const uint8_t *equals = n > 0 ? memchr(query.p, '=', n) : NULL;
        size_t name_n = equals != NULL ? (size_t)(equals - query.p) : n;
        if (n > 0) {
            struct httpd_param *param = &t->params[t->n_params];
            if (t->n_params == HTTPD_PARAMS_MAX) {
                return err_set(err, ERR_INVALID, "more than %d parameters", HTTPD_PARAMS_MAX);
            }
            rc = decode((struct bytes){query.p, name_n}, true, &t->room, &param->name, err);
            struct bytes value = equals != NULL ? (struct bytes){equals + 1, n - name_n - 1} : (struct bytes){0};
            if (rc == 0) rc = decode(value, true, &t->room, &param->value, err);
            t->n_params++;
        }
        n += amp != NULL ? 1 : 0;
        query.p += n;
        query.n -= n;
    }
    return rc;
}

/* Texts follow one another in the room, each with its NUL, in the order in which they were decoded. */
static void point(struct httpd_target *t) {
    const uint8_t *p = t->room.p;
    t->path.p = p;
    p += t->path.n + 1;
    for (size_t i = 0; i < t->n_segments; i++) {
        t->segments[i].p = p;
        p += t->segments[i].n + 1;
    }
    for (size_t i = 0; i < t->n_params; i++) {
        t->params[i].name.p = p;
        p += t->params[i].name.n + 1;
        t->params[i].value.p = p;
        p += t->params[i].value.n + 1;
    }
}

int httpd_target_split(struct bytes target, struct httpd_target *ret, struct err *err) {
    const uint8_t *query = bytes_find(target, '?');
    size_t n = query != NULL ? (size_t)(query - target.p) : target.n;
    memset(ret, 0, sizeof(*ret));
    buf_init(&ret->room, ROOM_MAX);
    int rc = n == 0 || target.p[0] != '/' ? err_set(err, ERR_INVALID, "the target must be a path; expected: /PATH") : 0;
    if (rc == 0) rc = split_path((struct bytes){target.p, n}, ret, err);
    if (rc == 0 && query != NULL) rc = split_params((struct bytes){query + 1, target.n - n - 1}, ret, err);
    if (rc == 0) {
        point(ret);
    } else {
        httpd_target_done(ret);
    }
    return rc;
}

int httpd_target_form(struct bytes body, struct httpd_target *t, struct err *err) {
    int rc = split_params(body, t, err);
    if (rc == 0) {
        point(t);
    } else {
        httpd_target_done(t);
    }
    return rc;
}

struct bytes httpd_target_param(const struct httpd_target *t, const char *name) {
    for (size_t i = 0; i < t->n_params; i++) {
        if (bytes_is(t->params[i].name, name)) return t->params[i].value;
    }
    return (struct bytes){0};
}

void httpd_target_done(struct httpd_target *t) {
    buf_done(&t->room);
    *t = (struct httpd_target){0};
}
