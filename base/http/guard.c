/* The rules in order, from the form of the message to its target; the first broken one decides. */
#include "base/http/guard.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "base/text.h"

#define COUNT(a)          (sizeof(a) / sizeof((a)[0]))
#define LENGTH_DIGITS_MAX 10
#define TARGET_MAX        8192
#define PROTOBUF          "application/x-protobuf"

/* Headers with a meaning here; each may appear once. */
enum which {
    AUTHORIZATION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    HOST,
    ORIGIN,
    FETCH_SITE,
    TRANSFER_ENCODING,
    UPGRADE,
    N_WHICH
};
static const char *const which_names[N_WHICH] = {
    [AUTHORIZATION] = "authorization",
    [CONTENT_ENCODING] = "content-encoding",
    [CONTENT_LENGTH] = "content-length",
    [CONTENT_TYPE] = "content-type",
    [EXPECT] = "expect",
    [HOST] = "host",
    [ORIGIN] = "origin",
    [FETCH_SITE] = "sec-fetch-site",
    [TRANSFER_ENCODING] = "transfer-encoding",
    [UPGRADE] = "upgrade",
};

struct found {
    bool there[N_WHICH];
    struct bytes value[N_WHICH];
};

static bool refuse(struct httpd_verdict *v, unsigned status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool refuse(struct httpd_verdict *v, unsigned status, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(v->message, sizeof(v->message), fmt, ap);
    va_end(ap);
    for (char *p = v->message; *p != '\0'; p++) {
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
    v->status = status;
    return false;
}

static bool is_field_value(struct bytes value) {
    for (size_t i = 0; i < value.n; i++) {
        if ((value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f) return false;
    }
    return true;
}

/* Whether the list has "close"; there may be several such headers. */
static bool has_close(struct bytes list) {
    while (list.n > 0) {
        const uint8_t *comma = memchr(list.p, ',', list.n);
        size_t n = comma != NULL ? (size_t)(comma - list.p) : list.n;
        if (httpd_is_word(httpd_trimmed((struct bytes){list.p, n}), "close")) return true;
        n += comma != NULL ? 1 : 0;
        list.p += n;
        list.n -= n;
    }
    return false;
}

/* ---- the form ----------------------------------------------------------------------------------------------------- */

static bool read_headers(const struct httpd_head *head, struct found *found, struct httpd_verdict *v) {
    memset(found, 0, sizeof(*found));
    if (head->n > HTTPD_HEADERS_MAX) {
        return refuse(v, 431, "more than %d header fields", HTTPD_HEADERS_MAX);
    }
    for (size_t i = 0; i < head->n; i++) {
        const struct httpd_header *h = &head->headers[i];
        if (!httpd_is_token(h->name)) return refuse(v, 400, "a header's name is not a token");
        if (!is_field_value(h->value)) {
            return refuse(v, 400, "a header's value has control characters");
        }
        v->closes = v->closes || (httpd_is_word(h->name, "connection") && has_close(h->value));
        for (int w = 0; w < N_WHICH; w++) {
            if (httpd_is_word(h->name, which_names[w])) {
                if (found->there[w]) {
                    return refuse(v, 400, "the header '%s' appears twice", which_names[w]);
                }
                found->there[w] = true;
                found->value[w] = httpd_trimmed(h->value);
            }
        }
    }
    return true;
}

static bool check_framing(const struct httpd_head *head, const struct found *found, struct httpd_verdict *v) {
    struct bytes length = found->value[CONTENT_LENGTH];
    bool old = bytes_is(head->version, "HTTP/1.0");
    if (!old && !bytes_is(head->version, "HTTP/1.1")) {
        return refuse(v, 505, "expected HTTP/1.0 or HTTP/1.1");
    }
    v->closes = v->closes || old;
    if (found->there[TRANSFER_ENCODING]) {
        if (found->there[CONTENT_LENGTH]) {
            return refuse(v, 400, "both 'content-length' and 'transfer-encoding' are present");
        }
        if (old || !httpd_is_word(found->value[TRANSFER_ENCODING], "chunked")) {
            return refuse(v, 400, "'transfer-encoding' must be 'chunked', and the version HTTP/1.1");
        }
    }
    if (found->there[CONTENT_LENGTH]) {
        bool digits = length.n > 0;
        for (size_t i = 0; i < length.n; i++) {
            digits = digits && length.p[i] >= '0' && length.p[i] <= '9';
        }
        if (!digits) return refuse(v, 400, "'content-length' is not a number");
        v->length = 0;
        for (size_t i = 0; i < length.n && i < LENGTH_DIGITS_MAX; i++) {
            v->length = 10 * v->length + (uint64_t)(length.p[i] - '0');
        }
        v->length = length.n > LENGTH_DIGITS_MAX ? UINT64_MAX : v->length;
        v->has_length = true;
    }
    if (found->there[EXPECT] && !httpd_is_word(found->value[EXPECT], "100-continue")) {
        return refuse(v, 417, "'expect' must be '100-continue'");
    }
    v->expects = found->there[EXPECT] && !old;
    v->has_body = found->there[TRANSFER_ENCODING] || v->has_length;
    return !found->there[UPGRADE] || refuse(v, 400, "protocol upgrades are not supported");
}

/* ---- the sender ---------------------------------------------------------------------------------------------------- */

/* "none" is a person: an address that was typed, a bookmark. */
static bool is_from_here(struct bytes fetch_site) {
    return bytes_is(fetch_site, "same-origin") || bytes_is(fetch_site, "none");
}

static bool check_sender(const struct httpd_policy *policy, const struct found *found, struct httpd_verdict *v) {
    struct bytes from = found->value[FETCH_SITE];
    bool ours = policy->n_hosts == 0;
    bool page = found->there[ORIGIN] || (found->there[FETCH_SITE] && !(policy->site && is_from_here(from)));
    if (!found->there[HOST]) return refuse(v, 400, "the header 'host' is missing");
    for (size_t i = 0; i < policy->n_hosts; i++) {
        ours = ours || httpd_is_word(found->value[HOST], policy->hosts[i]);
    }
    if (!ours) {
        return refuse(v, 403, "'host' is not an address of this server; expected: %s", policy->hosts[0]);
    }
    for (size_t i = 0; i < policy->n_origins && found->there[ORIGIN]; i++) {
        bool known = httpd_is_word(found->value[ORIGIN], policy->origins[i]);
        page = page && !(known && (!policy->site || !found->there[FETCH_SITE] || is_from_here(from)));
    }
    return !page || refuse(v, 403, "requests from web pages are not accepted");
}

static bool check_token(const struct httpd_policy *policy, const struct found *found, struct httpd_verdict *v) {
    static const char scheme[] = "bearer ";
    const size_t n = sizeof(scheme) - 1;
    struct bytes value = found->value[AUTHORIZATION];
    uint8_t given[HASH_LEN], wanted[HASH_LEN];
    if (policy->token.n == 0) return true;
    bool bearer = value.n > n && strncasecmp((const char *)value.p, scheme, n) == 0;
    struct bytes token = bearer ? httpd_trimmed((struct bytes){value.p + n, value.n - n}) : (struct bytes){0};
    hash_parts(given, &token, 1);
    hash_parts(wanted, &policy->token, 1);
    return (bearer && crypt_same(given, wanted, HASH_LEN)) ||
           refuse(v, 401, "the request lacks the token; expected: 'authorization: Bearer TOKEN'");
}

/* An escape of a letter, a digit or one of "-._~", which never needs one (RFC 3986, 2.3): servers take it for the character
 * itself, and so would not read the path that is judged here. NULL: there is none. */
static const char *find_needless_escape(const char *path) {
    for (const char *at = strchr(path, '%'); at != NULL; at = strchr(at + 1, '%')) {
        char digits[3] = "";
        if (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2])) continue;
        memcpy(digits, at + 1, 2);
        int c = (int)strtol(digits, NULL, 16);
        if (c < 0x80 && (isalnum(c) || (c != 0 && strchr("-._~", c) != NULL))) return at;
    }
    return NULL;
}

/* "/PATH" or "/PATH?QUERY", of the characters that targets have (RFC 9112, 3.2.1). */
static bool check_target(struct bytes t, struct httpd_verdict *v) {
    if (t.n == 0 || t.p[0] != '/') return refuse(v, 400, "the target must be a path; expected: /PATH");
    if (t.n > TARGET_MAX) return refuse(v, 414, "the path is too long; expected at most %d bytes", TARGET_MAX);
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] <= ' ' || t.p[i] >= 0x7f || t.p[i] == '#') {
            return refuse(v, 400, "the target has characters that must be escaped");
        }
    }
    return true;
}

/* Of a path that is passed on: nothing that another reader could take for another path, another host or another request. */
static bool check_passed(const struct httpd_head *head, struct httpd_verdict *v) {
    static const char *const tricks[] = {"//", "\\", "#", "/../", "/./", "%00", "%2e", "%2f", "%5c"};
    struct bytes t = head->target;
    char path[TARGET_MAX + 2];
    if (!httpd_is_token(head->method) || bytes_is(head->method, "CONNECT") || bytes_is(head->method, "TRACE")) {
        return refuse(v, 405, "this method is not passed on");
    }
    if (!check_target(t, v)) return false;
    const uint8_t *query = memchr(t.p, '?', t.n);
    size_t n = query != NULL ? (size_t)(query - t.p) : t.n;
    snprintf(path, sizeof(path), "%.*s/", (int)n, (const char *)t.p);
    for (size_t i = 0; i < COUNT(tricks); i++) {
        const char *at = strcasestr(path, tricks[i]);
        if (at != NULL && at + strlen(tricks[i]) <= path + n + (tricks[i][1] == '.' ? 1 : 0)) {
            return refuse(v, 400, "the path has '%s', which is not passed on", tricks[i]);
        }
    }
    const char *escape = find_needless_escape(path);
    return escape == NULL || refuse(v, 400, "the path has '%.3s', which needs no escape and is not passed on", escape);
}

/* ---- the target ------------------------------------------------------------------------------------------------- */

/* Whether the path is of this form, segment by segment. */
static bool has_form(struct bytes path, const char *form) {
    size_t at = 0;
    while (*form != '\0' && at < path.n) {
        if (*form == '{') {
            size_t begin = at;
            while (at < path.n && path.p[at] != '/') {
                at++;
            }
            if (at == begin) return false;
            form = strchr(form, '}') + 1;
        } else if ((uint8_t)*form++ != path.p[at++]) {
            return false;
        }
    }
    return *form == '\0' && at == path.n;
}

static bool is_method(const struct httpd_policy *policy, struct bytes method, const char *wanted) {
    return bytes_is(method, wanted) || (policy->site && strcmp(wanted, "GET") == 0 && bytes_is(method, "HEAD"));
}

/* The methods of a path, by those that it has. */
static const char *methods_of(const struct httpd_policy *policy, bool get, bool post, bool other, const char *method) {
    if (!policy->site || other) return method;
    return get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST";
}

static bool find_route(const struct httpd_policy *policy, const struct httpd_head *head, struct httpd_verdict *v) {
    const struct httpd_route *there = NULL;
    const uint8_t *query = policy->site ? bytes_find(head->target, '?') : NULL;
    struct bytes path = {head->target.p, query != NULL ? (size_t)(query - head->target.p) : head->target.n};
    bool get = false, post = false, other = false;
    for (size_t i = 0; i < policy->n_routes; i++) {
        const struct httpd_route *r = &policy->routes[i];
        if (policy->site ? has_form(path, r->path) : bytes_is(path, r->path)) {
            there = r;
            get = get || strcmp(r->method, "GET") == 0;
            post = post || strcmp(r->method, "POST") == 0;
            other = other || (strcmp(r->method, "GET") != 0 && strcmp(r->method, "POST") != 0);
            if (is_method(policy, head->method, r->method)) {
                v->route = i;
                return true;
            }
        }
    }
    if (there != NULL) {
        v->allow = methods_of(policy, get, post, other, there->method);
        return refuse(v, 405, "the method must be %s", v->allow);
    }
    if (policy->site) return refuse(v, 404, "there is nothing at this path");
    char paths[160] = "";
    for (size_t i = 0, n = 0; i < policy->n_routes && n < sizeof(paths); i++) {
        n += (size_t)snprintf(paths + n, sizeof(paths) - n, "%s%s", i > 0 ? ", " : "", policy->routes[i].path);
    }
    return refuse(v, 404, "unknown path; expected: %s", paths);
}

static bool check_no_body(struct httpd_verdict *v) {
    if (v->has_body && (!v->has_length || v->length > 0)) return refuse(v, 400, "this request must not have a body");
    v->has_body = false;
    return true;
}

static bool check_length(const struct httpd_policy *policy, struct httpd_verdict *v) {
    return !v->has_length || v->length <= policy->body_max ||
           refuse(v, 413, "the body is too large; expected at most %llu bytes", (unsigned long long)policy->body_max);
}

/* The content type without its parameters. */
static struct bytes type_of(const struct found *found) {
    struct bytes type = found->value[CONTENT_TYPE];
    const uint8_t *parameters = bytes_find(type, ';');
    return parameters != NULL ? httpd_trimmed((struct bytes){type.p, (size_t)(parameters - type.p)}) : type;
}

static bool check_type(const struct httpd_policy *policy, const struct found *found, struct httpd_verdict *v) {
    const struct httpd_route *route = &policy->routes[v->route];
    struct bytes type = type_of(found);
    if (httpd_is_word(type, route->type) || (route->protobuf && v->form == HTTPD_PROTOBUF)) return true;
    return refuse(v, 415, "content type '%.*s' is not supported; expected: %s%s%s", type.n < 64 ? (int)type.n : 64,
                  type.n > 0 ? (const char *)type.p : "", route->type, route->protobuf ? ", " PROTOBUF : "",
                  route->type_hint != NULL ? route->type_hint : "");
}

/* gRPC needs HTTP/2; where a proxy made HTTP/1.1 of it, this says what helps. */
static bool check_grpc(const struct httpd_policy *policy, const struct found *found, struct httpd_verdict *v) {
    struct bytes type = type_of(found);
    if (policy->instead_of_grpc == NULL || !bytes_has_prefix(type, "application/grpc")) return true;
    return refuse(v, 415, "gRPC is not served: %s", policy->instead_of_grpc);
}

static bool check_content(const struct httpd_policy *policy, const struct found *found, struct httpd_verdict *v) {
    struct bytes coding = found->value[CONTENT_ENCODING];
    if (!check_type(policy, found, v)) return false;
    if (found->there[CONTENT_ENCODING] && httpd_is_word(coding, "gzip")) {
        v->coding = HTTPD_GZIP;
    } else if (found->there[CONTENT_ENCODING] && httpd_is_word(coding, "zstd")) {
        v->coding = HTTPD_ZSTD;
    } else if (found->there[CONTENT_ENCODING] && !httpd_is_word(coding, "identity")) {
        return refuse(v, 415, "this content encoding is not supported; expected: gzip, zstd, identity");
    }
    if (!v->has_length && !found->there[TRANSFER_ENCODING]) {
        return refuse(v, 411, "the body's length is missing");
    }
    return check_length(policy, v);
}

void httpd_judge(const struct httpd_policy *policy, const struct httpd_head *head, struct httpd_verdict *ret) {
    struct found found;
    memset(ret, 0, sizeof(*ret));
    if (!read_headers(head, &found, ret)) return;
    ret->form = httpd_is_word(type_of(&found), PROTOBUF) ? HTTPD_PROTOBUF : HTTPD_JSON;
    if (!check_framing(head, &found, ret) || !check_sender(policy, &found, ret) || !check_token(policy, &found, ret))
        return;
    if (policy->site) {
        (void)(check_target(head->target, ret) && find_route(policy, head, ret) &&
               (policy->routes[ret->route].type == NULL ? check_no_body(ret) : check_content(policy, &found, ret)));
    } else if (policy->passes) {
        (void)(check_passed(head, ret) && check_length(policy, ret));
    } else {
        (void)(check_grpc(policy, &found, ret) && find_route(policy, head, ret) && check_content(policy, &found, ret));
    }
}
