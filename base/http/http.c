/* The libcurl door.
 *
 *   http_open: dlopen, dlsym into a table --> http_fetch: one easy handle, set up anew for each exchange
 *                                              header callback: base/http/head.h, line by line
 *                                              write callback: counts bytes, gives them away or cuts lines
 *                                              between its steps: the stop flag and descriptor, the tick
 *
 * A callback that has seen enough sets `fault` and lets libcurl fail; so what we found ourselves is told apart from what
 * libcurl found.
 *
 * libcurl would reuse a connection on which bytes wait that nobody asked for, and take them for the next answer. So one
 * connection at most is kept, and before each exchange it is dropped if there is anything to read on it, or its end. */
#include "base/http/http.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/http/cut.h"
#include "base/http/head.h"
#include "base/text.h"

#define CURL_DISABLE_TYPECHECK /* its checks call the linked functions, which do not exist here */
#include <curl/curl.h>

#define BYTES_MAX      ((uint64_t)4 << 20)
#define LINE_MAX_BYTES ((size_t)1 << 20)
#define CONNECT_MS     3000
#define TOTAL_MS       30000
#define SLOW_S         10
#define AGENT_MAX      64
#define TICK_MS        100
#define DRAIN_MS       20
#define IDLE_S         2L       /* a connection that was idle for longer is not used for what cannot be repeated */
#define VERSION_MIN    0x075500 /* 7.85: protocols by name */

#define FUNCTIONS(X)                                                                                                       \
    X(curl_global_init)                                                                                                    \
    X(curl_global_cleanup)                                                                                                 \
    X(curl_version_info)                                                                                                   \
    X(curl_easy_init)                                                                                                      \
    X(curl_easy_cleanup)                                                                                                   \
    X(curl_easy_reset)                                                                                                     \
    X(curl_easy_setopt)                                                                                                    \
    X(curl_easy_getinfo)                                                                                                   \
    X(curl_easy_strerror)                                                                                                  \
    X(curl_multi_init)                                                                                                     \
    X(curl_multi_cleanup)                                                                                                  \
    X(curl_multi_add_handle)                                                                                               \
    X(curl_multi_remove_handle)                                                                                            \
    X(curl_multi_setopt)                                                                                                   \
    X(curl_multi_perform)                                                                                                  \
    X(curl_multi_poll)                                                                                                     \
    X(curl_multi_info_read)                                                                                                \
    X(curl_slist_append)                                                                                                   \
    X(curl_slist_free_all)                                                                                                 \
    X(curl_url)                                                                                                            \
    X(curl_url_cleanup)                                                                                                    \
    X(curl_url_set)                                                                                                        \
    X(curl_url_get)                                                                                                        \
    X(curl_url_strerror)                                                                                                   \
    X(curl_free)

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

struct http {
    void *library;
    struct functions f;
    bool global; /* curl_global_init was called */
    CURL *easy;
    CURLM *multi; /* drives it, and keeps its connection */
    int kept;     /* that connection's descriptor, libcurl's; below 0: none */
    char agent[AGENT_MAX];
};

/* One exchange while it runs. */
struct exchange {
    const struct http_request *request;
    struct http_answer *answer;
    uint64_t bytes_max;
    struct head head;
    struct http_cut cut;
    enum http_fault fault;
    int code;    /* of a callback */
    bool enough; /* so says a callback */
    uint64_t enough_ns;
    struct err why;
};

/* ---- loading ------------------------------------------------------------------------------------------------------ */

static int load_functions(struct http *http, struct err *err) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && http->library == NULL; i++) {
        http->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    }
    if (http->library == NULL) {
        int rc = file_check_descriptors(err);
        if (rc != 0) {
            err_prefix(err, "speaking HTTP needs libcurl, which cannot be loaded now");
            return rc;
        }
        return err_set(err, ERR_IO, "speaking HTTP needs libcurl, which is not installed (Debian package libcurl4)");
    }
#define LOAD(name)                                                                                                         \
    {                                                                                                                      \
        void *symbol = dlsym(http->library, #name);                                                                        \
        if (symbol == NULL) {                                                                                              \
            return err_set(err, ERR_IO, "libcurl has no %s; version 7.85 or newer is needed", #name);                      \
        }                                                                                                                  \
        memcpy(&http->f.name, &symbol, sizeof(symbol));                                                                    \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    const curl_version_info_data *version = http->f.curl_version_info(CURLVERSION_NOW);
    if (version->version_num < VERSION_MIN) {
        return err_set(err, ERR_IO, "libcurl is version %s; 7.85 or newer is needed", version->version);
    }
    return 0;
}

/* Whether there is a new one; the old one's connection is closed. */
static bool renew_multi(struct http *http) {
    if (http->multi != NULL) http->f.curl_multi_cleanup(http->multi);
    http->kept = -1;
    http->multi = http->f.curl_multi_init();
    return http->multi != NULL && http->f.curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 1L) == CURLM_OK;
}

int http_open(const char *agent, struct http **ret, struct err *err) {
    struct http *http = calloc(1, sizeof(*http));
    if (http == NULL) return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    snprintf(http->agent, sizeof(http->agent), "%s", agent);
    int rc = load_functions(http, err);
    if (rc == 0) {
        http->global = http->f.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        http->easy = http->global ? http->f.curl_easy_init() : NULL;
        rc = http->easy != NULL && renew_multi(http) ? 0 : err_set(err, ERR_NOMEM, "HTTP: libcurl cannot be set up");
    }
    if (rc != 0) {
        http_close(http);
        return rc;
    }
    *ret = http;
    return 0;
}

void http_close(struct http *http) {
    if (http == NULL) return;
    if (http->easy != NULL) {
        http->f.curl_easy_cleanup(http->easy);
    }
    if (http->multi != NULL) {
        http->f.curl_multi_cleanup(http->multi);
    }
    if (http->global) {
        http->f.curl_global_cleanup();
    }
    if (http->library != NULL) {
        dlclose(http->library);
    }
    free(http);
}

/* ---- addresses ---------------------------------------------------------------------------------------------------- */

#define ADDRESS_EXPECTED "expected: http://HOST:PORT or https://HOST:PORT, without a user part, query or fragment"

static bool is_http(const char *url) {
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Whether the URL has a part that is not allowed. */
static bool has_part(const struct http *http, CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool there = http->f.curl_url_get(url, part, &text, 0) == CURLUE_OK;
    http->f.curl_free(text);
    return there;
}

static int put_part(const struct http *http, CURLU *url, CURLUPart part, struct buf *out) {
    char *text = NULL;
    if (http->f.curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return ERR_INVALID;
    for (const char *p = text; *p != '\0'; p++) {
        buf_put_u8(out, (uint8_t)(part != CURLUPART_PATH && *p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p));
    }
    http->f.curl_free(text);
    return 0;
}

static int put_base(const struct http *http, CURLU *url, struct buf *out) {
    int rc = put_part(http, url, CURLUPART_SCHEME, out);
    buf_put_str(out, "://");
    if (rc == 0) rc = put_part(http, url, CURLUPART_HOST, out);
    buf_put_str(out, ":");
    if (rc == 0) rc = put_part(http, url, CURLUPART_PORT, out);
    if (rc == 0) rc = put_part(http, url, CURLUPART_PATH, out);
    while (rc == 0 && out->n > 0 && out->p[out->n - 1] == '/') {
        out->n--;
    }
    return rc;
}

int http_base(struct http *http, const char *address, char ret[HTTP_URL_MAX], struct err *err) {
    struct buf out = {.max = HTTP_URL_MAX - 1};
    if (!is_http(address)) {
        return err_set(err, ERR_INVALID, "the address does not begin with http:// or https://; " ADDRESS_EXPECTED);
    }
    CURLU *url = http->f.curl_url();
    if (url == NULL) return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    int rc = 0;
    CURLUcode code = http->f.curl_url_set(url, CURLUPART_URL, address, 0);
    if (code != CURLUE_OK) {
        rc = err_set(err, ERR_INVALID, "invalid address (%s); " ADDRESS_EXPECTED, http->f.curl_url_strerror(code));
    } else if (has_part(http, url, CURLUPART_USER) || has_part(http, url, CURLUPART_PASSWORD)) {
        rc = err_set(err, ERR_INVALID, "the address has a user part; " ADDRESS_EXPECTED);
    } else if (has_part(http, url, CURLUPART_QUERY) || has_part(http, url, CURLUPART_FRAGMENT)) {
        rc = err_set(err, ERR_INVALID, "the address has a query or a fragment; " ADDRESS_EXPECTED);
    } else if ((rc = put_base(http, url, &out)) == 0 && out.fail == ERR_NOMEM) {
        rc = err_set(err, ERR_NOMEM, "HTTP: out of memory");
    } else if (rc != 0 || text_utf8_valid(out.p, out.n) != out.n || out.fail != 0) {
        rc = err_set(err, ERR_INVALID, "the address is too long or not text; " ADDRESS_EXPECTED);
    } else {
        memcpy(ret, out.p, out.n);
        ret[out.n] = '\0';
    }
    buf_done(&out);
    http->f.curl_url_cleanup(url);
    return rc;
}

/* ---- the answer ---------------------------------------------------------------------------------------------------- */

static size_t refuse(struct exchange *x, enum http_fault fault, const char *words) {
    x->fault = fault;
    err_set(&x->why, ERR_NET, "%s", words);
    return 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx) {
    struct exchange *x = ctx;
    const struct bytes line = {(const uint8_t *)p, size * n};
    bool was_inside = x->head.inside;
    int rc = head_take(&x->head, line, &x->why);
    if (rc != 0) x->fault = rc == ERR_LIMIT ? HTTP_LIMIT : HTTP_PROTOCOL;
    x->answer->status = x->head.status;
    snprintf(x->answer->type, sizeof(x->answer->type), "%s", x->head.type);
    bool of_head = was_inside || x->head.inside; /* or of a trailer */
    if (rc == 0 && of_head && x->request->pass != NULL && x->head.status >= 200) {
        x->code = x->request->pass->head(x->request->ctx, x->answer, (struct bytes){line.p, line.n - 2}, &x->why);
        return x->code == 0 ? line.n : 0;
    }
    return rc == 0 ? line.n : 0;
}

static size_t on_read(char *p, size_t size, size_t n, void *ctx) {
    struct exchange *x = ctx;
    size_t got = 0;
    x->code = x->request->pass->read(x->request->ctx, (uint8_t *)p, size * n, &got, &x->why);
    return x->code == 0 ? got : CURL_READFUNC_ABORT;
}

/* What a callback returned. Whether the exchange continues. */
static bool heed(struct exchange *x, int code) {
    x->enough = code == 1;
    x->enough_ns = x->enough ? clock_monotonic_ns() : 0;
    x->code = x->enough ? 0 : code;
    return code == 0 || (x->enough && x->request->drain);
}

static int on_line(void *ctx, struct bytes line, struct err *err) {
    struct exchange *x = ctx;
    (void)err;
    return heed(x, x->request->line(x->request->ctx, line, &x->why)) && !x->enough ? 0 : 1;
}

/* A result other than 0 of on_line is in x already. */
static size_t take_lines(struct exchange *x, struct bytes data) {
    struct err why = {0};
    int rc = http_cut_take(&x->cut, data, on_line, x, &why);
    if (rc == ERR_LIMIT) return refuse(x, HTTP_LIMIT, why.msg);
    if (rc == ERR_NOMEM) x->code = err_set(&x->why, ERR_NOMEM, "%s", why.msg);
    return rc == 0 || (rc == 1 && x->enough && x->request->drain) ? data.n : 0;
}

static size_t on_data(char *p, size_t size, size_t n, void *ctx) {
    struct exchange *x = ctx;
    const struct bytes data = {(const uint8_t *)p, size * n};
    if (x->enough) return data.n;
    x->answer->bytes += data.n;
    x->head.body = x->head.body || data.n > 0;
    if (x->answer->bytes > x->bytes_max) {
        return refuse(x, HTTP_LIMIT, "the answer exceeds the limit");
    }
    if (x->request->line != NULL) return data.n == 0 ? 0 : take_lines(x, data);
    if (x->request->data != NULL) {
        return heed(x, x->request->data(x->request->ctx, x->answer, data, &x->why)) ? data.n : 0;
    }
    if (buf_put_bytes(x->request->to, data) != 0) {
        if (x->request->to->fail == ERR_NOMEM) {
            x->code = err_set(&x->why, ERR_NOMEM, "HTTP: out of memory");
            return 0;
        }
        return refuse(x, HTTP_LIMIT, "the answer exceeds the limit");
    }
    return data.n;
}

/* ---- the exchange ------------------------------------------------------------------------------------------------- */

static enum http_fault fault_of(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return HTTP_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
        return HTTP_TLS;
    case CURLE_FILESIZE_EXCEEDED:
        return HTTP_LIMIT;
    case CURLE_TOO_MANY_REDIRECTS:
        return HTTP_REDIRECT;
    default:
        return HTTP_PROTOCOL;
    }
}

static uint64_t or_default(uint64_t value, uint64_t standard) {
    return value != 0 ? value : standard;
}

static bool set_limits(struct http *http, const struct http_limits *l, bool endless) {
    __typeof__(http->f.curl_easy_setopt) set = http->f.curl_easy_setopt;
    CURL *e = http->easy;
    if (endless) {
        return set(e, CURLOPT_CONNECTTIMEOUT_MS, (long)or_default(l->connect_ms, CONNECT_MS)) == CURLE_OK &&
               set(e, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK && set(e, CURLOPT_MAXAGE_CONN, IDLE_S) == CURLE_OK;
    }
    return set(e, CURLOPT_CONNECTTIMEOUT_MS, (long)or_default(l->connect_ms, CONNECT_MS)) == CURLE_OK &&
           set(e, CURLOPT_TIMEOUT_MS, (long)or_default(l->total_ms, TOTAL_MS)) == CURLE_OK &&
           set(e, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           set(e, CURLOPT_LOW_SPEED_TIME, (long)or_default(l->slow_s, SLOW_S)) == CURLE_OK &&
           set(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)or_default(l->bytes_max, BYTES_MAX)) == CURLE_OK &&
           set(e, CURLOPT_FOLLOWLOCATION, l->redirects > 0 ? 1L : 0L) == CURLE_OK &&
           set(e, CURLOPT_MAXREDIRS, (long)l->redirects) == CURLE_OK;
}

/* Sets the options: nothing from the environment, only HTTP, nothing decoded. */
static bool set_bounds(struct http *http, const char *url) {
    __typeof__(http->f.curl_easy_setopt) set = http->f.curl_easy_setopt;
    CURL *e = http->easy;
    bool secure = strncasecmp(url, "https:", 6) == 0;
    return set(e, CURLOPT_URL, url) == CURLE_OK && set(e, CURLOPT_USERAGENT, http->agent) == CURLE_OK &&
           set(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           set(e, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https") == CURLE_OK &&
           set(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK && set(e, CURLOPT_PROXY, "") == CURLE_OK &&
           set(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           set(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK && set(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           set(e, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK && set(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           set(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
}

/* What is passed on has its own method, and a body that comes piece by piece: by its length, or in chunks. */
static bool set_pass(struct http *http, struct exchange *x) {
    __typeof__(http->f.curl_easy_setopt) set = http->f.curl_easy_setopt;
    const struct http_pass *pass = x->request->pass;
    CURL *e = http->easy;
    if (strcmp(pass->method, "HEAD") == 0) return set(e, CURLOPT_NOBODY, 1L) == CURLE_OK;
    bool ok = !pass->has_body ||
              (set(e, CURLOPT_UPLOAD, 1L) == CURLE_OK && set(e, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
               set(e, CURLOPT_READDATA, x) == CURLE_OK &&
               set(e, CURLOPT_INFILESIZE_LARGE, pass->length == UINT64_MAX ? -1 : (curl_off_t)pass->length) == CURLE_OK);
    return ok && set(e, CURLOPT_CUSTOMREQUEST, pass->method) == CURLE_OK && set(e, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
}

/* What libcurl borrows while an exchange runs. */
struct lists {
    struct curl_slist *headers, *pins;
};

static bool set_request(struct http *http, struct exchange *x, const struct lists *lists, char *words) {
    __typeof__(http->f.curl_easy_setopt) set = http->f.curl_easy_setopt;
    CURL *e = http->easy;
    const struct http_request *r = x->request;
    bool ok = set(e, CURLOPT_ERRORBUFFER, words) == CURLE_OK && set(e, CURLOPT_HTTPHEADER, lists->headers) == CURLE_OK &&
              set(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK && set(e, CURLOPT_HEADERDATA, x) == CURLE_OK &&
              set(e, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK && set(e, CURLOPT_WRITEDATA, x) == CURLE_OK &&
              set(e, CURLOPT_FRESH_CONNECT, r->fresh ? 1L : 0L) == CURLE_OK &&
              (lists->pins == NULL || set(e, CURLOPT_RESOLVE, lists->pins) == CURLE_OK);
    if (r->pass != NULL) {
        ok = ok && set_pass(http, x);
    } else if (r->content_type != NULL) {
        ok = ok && set(e, CURLOPT_POST, 1L) == CURLE_OK &&
             set(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n) == CURLE_OK &&
             set(e, CURLOPT_POSTFIELDS, r->body.n > 0 ? (const char *)r->body.p : "") == CURLE_OK;
    }
    return ok;
}

static bool add_to(const struct http *http, struct curl_slist **list, const char *text) {
    struct curl_slist *more = http->f.curl_slist_append(*list, text);
    *list = more != NULL ? more : *list;
    return more != NULL;
}

/* The secret is in libcurl's copy alone, which lists_done wipes. */
static bool add_bearer(const struct http *http, struct bytes bearer, struct curl_slist **list) {
    struct buf text = {.max = HTTP_BEARER_MAX + 32};
    buf_put_str(&text, "Authorization: Bearer ");
    buf_put_bytes(&text, bearer);
    buf_put_u8(&text, 0);
    bool ok = text.fail == 0 && add_to(http, list, (const char *)text.p);
    if (text.p != NULL) {
        explicit_bzero(text.p, text.cap);
    }
    buf_done(&text);
    return ok;
}

static void lists_done(const struct http *http, struct lists *lists) {
    for (struct curl_slist *l = lists->headers; l != NULL; l = l->next) {
        explicit_bzero(l->data, strlen(l->data));
    }
    http->f.curl_slist_free_all(lists->headers);
    http->f.curl_slist_free_all(lists->pins);
}

/* An empty "Expect:" stops libcurl from waiting for an interim answer before it sends a body. */
static int lists_make(const struct http *http, const struct http_request *r, struct lists *ret, struct err *err) {
    char type[HTTP_TYPE_MAX + 16];
    bool ok = add_to(http, &ret->headers, "Expect:");
    if (ok && r->content_type != NULL) {
        snprintf(type, sizeof(type), "Content-Type: %.*s", HTTP_TYPE_MAX, r->content_type);
        ok = add_to(http, &ret->headers, type);
    }
    for (size_t i = 0; i < r->bearer.n; i++) {
        if (r->bearer.p[i] <= ' ' || r->bearer.p[i] >= 0x7f || r->bearer.n > HTTP_BEARER_MAX || r->limits.redirects > 0) {
            return err_set(err, ERR_INVALID, "a secret is sent without redirects, and is visible ASCII of at most %u bytes",
                           HTTP_BEARER_MAX);
        }
    }
    for (size_t i = 0; ok && r->pass != NULL && i < r->pass->n_fields; i++) {
        ok = add_to(http, &ret->headers, r->pass->fields[i]);
    }
    ok = ok && (r->bearer.n == 0 || add_bearer(http, r->bearer, &ret->headers));
    ok = ok && (r->pin == NULL || add_to(http, &ret->pins, r->pin));
    return ok ? 0 : err_set(err, ERR_NOMEM, "HTTP: out of memory");
}

/* Turns the outcome into an error; our own findings come first. */
static int judge(const struct http *http, struct exchange *x, CURLcode code, const char *words, struct err *err) {
    struct http_answer *answer = x->answer;
    if (x->code != 0) {
        answer->fault = HTTP_STOPPED;
        return err_set(err, x->code, "%s", x->why.msg);
    }
    if (x->fault != HTTP_NONE) {
        answer->fault = x->fault;
        return err_set(err, ERR_NET, "%s", x->why.msg);
    }
    if (x->enough) return 0;
    if (code == CURLE_OK && answer->status == 0) {
        answer->fault = HTTP_PROTOCOL;
        return err_set(err, ERR_NET, "the answer has no status");
    }
    if (code == CURLE_OK && x->head.points_elsewhere && x->request->pass == NULL) {
        answer->fault = HTTP_REDIRECT;
        return err_set(err, ERR_NET, "the answer has status %u and redirects elsewhere, which is not followed",
                       answer->status);
    }
    if (code == CURLE_OK) return 0;
    if (code == CURLE_OUT_OF_MEMORY) { /* so libcurl also ends on a line of headers without an end */
        answer->fault = answer->sent ? HTTP_LIMIT : HTTP_NONE;
        return err_set(err, answer->sent ? ERR_NET : ERR_NOMEM, answer->sent ? HEAD_MAX_WORDS : "HTTP: out of memory");
    }
    if (code == CURLE_URL_MALFORMAT || code == CURLE_LOGIN_DENIED || !is_http(x->request->url)) {
        return err_set(err, ERR_INVALID, "cannot request this URL; " ADDRESS_EXPECTED);
    }
    answer->fault = x->head.points_elsewhere ? HTTP_REDIRECT : fault_of(code);
    answer->cut =
        code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR;
    return err_set(err, ERR_NET, "%s", words[0] != '\0' ? words : http->f.curl_easy_strerror(code));
}

/* Whether somebody wants the exchange to end; x says who. */
static bool is_ended(struct exchange *x) {
    const struct http_request *r = x->request;
    struct pollfd stop = {.fd = r->stop_fd, .events = POLLIN};
    if (x->enough) return clock_monotonic_ns() - x->enough_ns >= DRAIN_MS * UINT64_C(1000000);
    if ((r->stop != NULL && *r->stop != 0) || (r->stop_fd > 0 && poll(&stop, 1, 0) > 0)) {
        refuse(x, HTTP_STOPPED, "stopped");
        return true;
    }
    return r->tick != NULL && !heed(x, r->tick(r->ctx, &x->why));
}

/* libcurl's own deadlines are among those that curl_multi_poll waits for. */
static CURLcode run(struct http *http, struct exchange *x) {
    const struct http_request *r = x->request;
    struct curl_waitfd stop = {.fd = r->stop_fd, .events = CURL_WAIT_POLLIN};
    int running = 1, left, wait_ms = r->tick != NULL || r->stop != NULL ? TICK_MS : 1000;
    CURLMcode m = http->f.curl_multi_add_handle(http->multi, http->easy);
    CURLcode code = m == CURLM_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    while (m == CURLM_OK && running > 0 && !is_ended(x)) {
        m = http->f.curl_multi_perform(http->multi, &running);
        if (m == CURLM_OK && running > 0) {
            m = http->f.curl_multi_poll(http->multi, &stop, r->stop_fd > 0 ? 1 : 0, x->enough ? DRAIN_MS : wait_ms, NULL);
        }
    }
    const CURLMsg *message = http->f.curl_multi_info_read(http->multi, &left);
    if (message != NULL) {
        code = message->data.result;
    } else if (m != CURLM_OK) {
        code = CURLE_OUT_OF_MEMORY;
    }
    return code;
}

static void look_back(struct http *http, struct http_answer *answer) {
    curl_socket_t kept;
    long sent = 0;
    curl_off_t retry_s = 0;
    char *address = NULL;
    if (http->f.curl_easy_getinfo(http->easy, CURLINFO_ACTIVESOCKET, &kept) == CURLE_OK) http->kept = kept;
    if (http->f.curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK) {
        answer->sent = sent > 0;
    }
    if (http->f.curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &retry_s) == CURLE_OK && retry_s > 0) {
        answer->retry_s = retry_s < UINT32_MAX ? (unsigned)retry_s : UINT32_MAX;
    }
    if (http->f.curl_easy_getinfo(http->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address != NULL) {
        snprintf(answer->address, sizeof(answer->address), "%s", address);
    }
}

/* An answer comes after its request: what is there before belongs to nothing that was asked. */
static bool drop_unasked(struct http *http) {
    struct pollfd kept = {.fd = http->kept, .events = POLLIN | POLLRDHUP};
    return http->kept < 0 || poll(&kept, 1, 0) == 0 || renew_multi(http);
}

int http_fetch(struct http *http, const struct http_request *request, struct http_answer *ret, struct err *err) {
    char words[CURL_ERROR_SIZE] = "";
    struct lists lists = {0};
    bool passes = request->pass != NULL;
    struct exchange x = {.request = request,
                         .answer = ret,
                         .head = {.any_coding = passes},
                         .bytes_max = passes ? UINT64_MAX : or_default(request->limits.bytes_max, BYTES_MAX)};
    memset(ret, 0, sizeof(*ret));
    int rc = lists_make(http, request, &lists, err);
    http_cut_init(&x.cut, (size_t)or_default(request->limits.line_max, LINE_MAX_BYTES));
    http->f.curl_easy_reset(http->easy);
    if (rc == 0 && !drop_unasked(http)) {
        rc = err_set(err, ERR_NOMEM, "HTTP: out of memory");
    }
    if (rc == 0 && (!set_bounds(http, request->url) || !set_limits(http, &request->limits, passes) ||
                    !set_request(http, &x, &lists, words))) {
        rc = err_set(err, ERR_IO, "libcurl refuses a required option; 7.85 or newer is needed");
    } else if (rc == 0) {
        uint64_t start = clock_boot_ns();
        CURLcode code = run(http, &x);
        if (code == CURLE_OK && x.fault == HTTP_NONE) http_cut_end(&x.cut, on_line, &x, NULL);
        ret->elapsed_ns = clock_boot_ns() - start;
        look_back(http, ret);
        rc = judge(http, &x, code, words, err);
        http->f.curl_multi_remove_handle(http->multi, http->easy);
    }
    /* The handle must not keep pointers to what dies with this call. */
    http->f.curl_easy_reset(http->easy);
    lists_done(http, &lists);
    http_cut_done(&x.cut);
    return rc;
}

const char *http_fault_name(enum http_fault fault) {
    static const char *const names[] = {
        [HTTP_NONE] = "none",         [HTTP_REFUSED] = "refused", [HTTP_TIMEOUT] = "timeout",   [HTTP_TLS] = "tls",
        [HTTP_PROTOCOL] = "protocol", [HTTP_LIMIT] = "limit",     [HTTP_REDIRECT] = "redirect", [HTTP_STOPPED] = "stopped",
    };
    return names[fault];
}
