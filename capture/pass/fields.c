/* Names are compared without regard to case. */
#include "capture/pass/fields.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX ((size_t)64 << 10)

static const char *const hop_by_hop[] = {"connection",
                                         "keep-alive",
                                         "proxy-authenticate",
                                         "proxy-authorization",
                                         "proxy-connection",
                                         "te",
                                         "trailer",
                                         "transfer-encoding",
                                         "upgrade",
                                         NULL};
/* Made anew, or not wanted: only an answer that is not compressed can be read. */
static const char *const of_requests[] = {"host", "content-length", "expect", "accept-encoding", NULL};
static const char *const of_answers[] = {"content-length", "location", "alt-svc", NULL};

static bool is_one_of(struct bytes name, const char *const *words) {
    for (; *words != NULL; words++) {
        if (httpd_is_word(name, *words)) return true;
    }
    return false;
}

/* Whether a list of words, separated by commas, has this one. */
static bool list_has(struct bytes list, struct bytes word) {
    while (list.n > 0) {
        const uint8_t *comma = memchr(list.p, ',', list.n);
        size_t n = comma != NULL ? (size_t)(comma - list.p) : list.n;
        struct bytes one = httpd_trimmed((struct bytes){list.p, n});
        if (one.n == word.n && strncasecmp((const char *)one.p, (const char *)word.p, one.n) == 0) return true;
        n += comma != NULL ? 1 : 0;
        list = (struct bytes){list.p + n, list.n - n};
    }
    return false;
}

struct bytes fields_value(const struct httpd_head *head, const char *name) {
    for (size_t i = 0; i < head->n && i < HTTPD_HEADERS_MAX; i++) {
        if (httpd_is_word(head->headers[i].name, name)) return httpd_trimmed(head->headers[i].value);
    }
    return (struct bytes){NULL, 0};
}

void fields_init(struct fields *fields) {
    memset(fields, 0, sizeof(*fields));
    buf_init(&fields->text, TEXT_MAX);
}

void fields_done(struct fields *fields) {
    if (fields->text.p != NULL) {
        explicit_bzero(fields->text.p, fields->text.cap);
    }
    buf_done(&fields->text);
}

static bool is_named(const struct httpd_head *head, struct bytes name) {
    for (size_t i = 0; i < head->n && i < HTTPD_HEADERS_MAX; i++) {
        const struct httpd_header *h = &head->headers[i];
        if (httpd_is_word(h->name, "connection") && list_has(h->value, name)) return true;
    }
    return false;
}

int fields_request(struct fields *fields, const struct httpd_head *head, bool token, struct err *err) {
    static const char identity[] = "Accept-Encoding: identity", no_agent[] = "User-Agent:", no_accept[] = "Accept:";
    size_t at[FIELDS_MAX], n = 0;
    for (size_t i = 0; i < head->n && i < HTTPD_HEADERS_MAX; i++) {
        struct bytes name = head->headers[i].name, value = httpd_trimmed(head->headers[i].value);
        if (is_one_of(name, hop_by_hop) || is_one_of(name, of_requests) || is_named(head, name) ||
            (token && httpd_is_word(name, "authorization"))) {
            continue;
        }
        at[n++] = fields->text.n;
        buf_put_bytes(&fields->text, name);
        buf_put_str(&fields->text, value.n > 0 ? ": " : ";");
        buf_put_bytes(&fields->text, value);
        buf_put_u8(&fields->text, 0);
    }
    for (size_t i = 0; i < n && fields->text.fail == 0; i++) {
        fields->lines[fields->n++] = (const char *)fields->text.p + at[i];
    }
    fields->lines[fields->n++] = identity;
    /* libcurl would add its own. */
    if (fields_value(head, "user-agent").n == 0) fields->lines[fields->n++] = no_agent;
    if (fields_value(head, "accept").n == 0) fields->lines[fields->n++] = no_accept;
    return buf_check(&fields->text, "the request's fields", err);
}

void fields_answer_init(struct fields_answer *answer) {
    memset(answer, 0, sizeof(*answer));
    buf_init(&answer->lines, TEXT_MAX);
    buf_init(&answer->connection, 4096);
}

void fields_answer_done(struct fields_answer *answer) {
    buf_done(&answer->lines);
    buf_done(&answer->connection);
}

int fields_answer_put(struct fields_answer *answer, struct bytes line, struct err *err) {
    const uint8_t *colon = line.n > 0 ? memchr(line.p, ':', line.n) : NULL;
    struct bytes name = {line.p, colon != NULL ? (size_t)(colon - line.p) : 0};
    if (!httpd_is_token(name)) return err_set(err, ERR_INVALID, "a line of the answer's header is not a field");
    struct bytes value = httpd_trimmed((struct bytes){colon + 1, line.n - name.n - 1});
    for (size_t i = 0; i < value.n; i++) {
        if ((value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f) {
            return err_set(err, ERR_INVALID, "a field of the answer's header has control characters");
        }
    }
    if (httpd_is_word(name, "transfer-encoding")) {
        if (!httpd_is_word(value, "chunked")) {
            return err_set(err, ERR_INVALID, "the answer's Transfer-Encoding is not 'chunked'");
        }
        answer->chunked = true;
    } else if (httpd_is_word(name, "content-length")) {
        answer->has_length = true;
        snprintf(answer->length, sizeof(answer->length), "%.*s", (int)value.n, (const char *)value.p);
    } else if (httpd_is_word(name, "content-encoding")) {
        answer->coded = !httpd_is_word(value, "identity");
    } else if (httpd_is_word(name, "location")) {
        answer->refused = answer->location[0] != '\0' || value.n == 0 || value.n >= sizeof(answer->location);
        snprintf(answer->location, sizeof(answer->location), "%.*s", (int)value.n, (const char *)value.p);
    } else if (httpd_is_word(name, "connection")) {
        buf_put_bytes(&answer->connection, value);
        buf_put_u8(&answer->connection, ',');
    }
    if (!is_one_of(name, hop_by_hop) && !is_one_of(name, of_answers)) {
        buf_put_bytes(&answer->lines, line);
        buf_put_str(&answer->lines, "\r\n");
    }
    return buf_check(&answer->lines, "the answer's header", err);
}

int fields_answer_write(const struct fields_answer *answer, const char *without, struct buf *out, struct err *err) {
    struct bytes left = bytes_of_buf(&answer->lines), named = bytes_of_buf(&answer->connection);
    while (left.n > 0) {
        const uint8_t *end = memchr(left.p, '\n', left.n), *colon = memchr(left.p, ':', left.n);
        size_t n = (size_t)(end - left.p) + 1;
        struct bytes name = {left.p, (size_t)(colon - left.p)};
        if (!list_has(named, name) && (without == NULL || !httpd_is_word(name, without))) {
            buf_put(out, left.p, n);
        }
        left = (struct bytes){left.p + n, left.n - n};
    }
    return buf_check(out, "the answer's header", err);
}

struct bytes fields_line(struct bytes lines, const char *name) {
    while (lines.n > 0) {
        const uint8_t *end = memchr(lines.p, '\n', lines.n), *colon = memchr(lines.p, ':', lines.n);
        if (end == NULL || colon == NULL || colon > end) break;
        if (httpd_is_word((struct bytes){lines.p, (size_t)(colon - lines.p)}, name)) {
            size_t n = (size_t)(end - colon) - 1;
            n -= n > 0 && colon[n] == '\r' ? 1 : 0;
            return httpd_trimmed((struct bytes){colon + 1, n});
        }
        lines = (struct bytes){end + 1, lines.n - (size_t)(end - lines.p) - 1};
    }
    return (struct bytes){NULL, 0};
}

const char *fields_location(const char *location, const char *origin, const char *place) {
    if (strchr(location, '\\') != NULL) return NULL;
    if (strncasecmp(location, "http://", 7) == 0 || strncasecmp(location, "https://", 8) == 0) {
        if (place == NULL || strcmp(place, origin) != 0) return NULL;
        const char *path = strpbrk(strstr(location, "://") + 3, "/?#");
        return path == NULL ? "/" : path[0] == '/' && path[1] != '/' ? path : NULL;
    }
    size_t scheme = strcspn(location, ":/?#");
    return location[scheme] == ':' || strncmp(location, "//", 2) == 0 ? NULL : location;
}
