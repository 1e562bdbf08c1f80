/* The libcurl door.
 *
 *   http_open: dlopen, dlsym into a table --> http_fetch: one easy handle, set up anew for each exchange
 *                                              header callback: counts bytes, takes status and type
 *                                              write callback: counts bytes, gives them to the buffer or cuts lines
 *                                              progress callback: the stop flag
 *
 * A callback that has seen enough sets `fault` and lets libcurl fail; so what we found ourselves is told apart from what
 * libcurl found. */
#include "base/http/http.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define CURL_DISABLE_TYPECHECK /* its checks call the linked functions, which do not exist here */
#include <curl/curl.h>

#define HEADER_BYTES_MAX ((uint64_t)64 << 10)
#define BYTES_MAX        ((uint64_t)4 << 20)
#define LINE_MAX_BYTES   ((size_t)1 << 20)
#define CONNECT_MS       3000
#define TOTAL_MS         30000
#define SLOW_S           10
#define AGENT_MAX        64
#define VERSION_MIN      0x075500 /* 7.85: protocols by name */

#define FUNCTIONS(X)                                                                                                       \
    X(curl_global_init)                                                                                                    \
    X(curl_global_cleanup)                                                                                                 \
    X(curl_version_info)                                                                                                   \
    X(curl_easy_init)                                                                                                      \
    X(curl_easy_cleanup)                                                                                                   \
    X(curl_easy_reset)                                                                                                     \
    X(curl_easy_setopt)                                                                                                    \
    X(curl_easy_perform)                                                                                                   \
    X(curl_easy_strerror)                                                                                                  \
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
    char agent[AGENT_MAX];
};

/* One exchange while it runs. */
struct exchange {
    const struct http_request *request;
    struct http_answer *answer;
    uint64_t bytes_max, header_bytes;
    struct buf rest; /* an unfinished line */
    enum http_fault fault;
    int code; /* of the line callback */
    struct err why;
    bool points_elsewhere;
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

int http_open(const char *agent, struct http **ret, struct err *err) {
    struct http *http = calloc(1, sizeof(*http));
    if (http == NULL) return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    snprintf(http->agent, sizeof(http->agent), "%s", agent);
    int rc = load_functions(http, err);
    if (rc == 0) {
        http->global = http->f.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        http->easy = http->global ? http->f.curl_easy_init() : NULL;
        rc = http->easy != NULL ? 0 : err_set(err, ERR_NOMEM, "HTTP: libcurl cannot be set up");
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
    } else if (put_base(http, url, &out) != 0 || text_utf8_valid(out.p, out.n) != out.n || out.fail != 0) {
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

/* The value of a header line when it has this name. */
static bool header_is(struct bytes line, const char *name, struct bytes *ret) {
    size_t n = strlen(name);
    if (line.n <= n || strncasecmp((const char *)line.p, name, n) != 0 || line.p[n] != ':') {
        return false;
    }
    struct bytes v = {line.p + n + 1, line.n - n - 1};
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
        v = (struct bytes){v.p + 1, v.n - 1};
    }
    while (v.n > 0 && (v.p[v.n - 1] == '\r' || v.p[v.n - 1] == '\n' || v.p[v.n - 1] == ' ')) {
        v.n--;
    }
    *ret = v;
    return true;
}

static void take_type(struct http_answer *answer, struct bytes value) {
    size_t n = 0;
    while (n < value.n && n < HTTP_TYPE_MAX - 1 && value.p[n] > ' ' && value.p[n] < 0x7f && value.p[n] != ';') {
        uint8_t c = value.p[n];
        answer->type[n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    answer->type[n] = '\0';
}

/* "HTTP/1.1 200 OK": every answer begins with one, including interim ones and redirects. */
static void take_status(struct exchange *x, struct bytes line) {
    const uint8_t *blank = memchr(line.p, ' ', line.n);
    unsigned status = 0;
    for (const uint8_t *p = blank; p != NULL && ++p < line.p + line.n && *p >= '0' && *p <= '9' && status < 1000;) {
        status = status * 10 + (unsigned)(*p - '0');
    }
    x->answer->status = status;
    x->answer->type[0] = '\0';
    x->points_elsewhere = false;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx) {
    struct exchange *x = ctx;
    const struct bytes line = {(const uint8_t *)p, size * n};
    struct bytes value;
    x->header_bytes += line.n;
    if (x->header_bytes > HEADER_BYTES_MAX) {
        return refuse(x, HTTP_LIMIT, "the answer has more than 65536 bytes of headers");
    }
    if (bytes_has_prefix(line, "HTTP/")) {
        take_status(x, line);
    } else if (header_is(line, "content-type", &value)) {
        take_type(x->answer, value);
    } else if (header_is(line, "location", &value)) {
        x->points_elsewhere = x->answer->status >= 300 && x->answer->status < 400;
    } else if (header_is(line, "content-encoding", &value) && value.n > 0 && !bytes_is(value, "identity")) {
        return refuse(x, HTTP_PROTOCOL, "the answer is in a content encoding, and none was asked for");
    }
    return line.n;
}

static int give_line(struct exchange *x, struct bytes line) {
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    if (line.n == 0) return 0;
    x->code = x->request->line(x->request->ctx, line, &x->why);
    return x->code;
}

/* Cuts received data into lines. */
static size_t take_lines(struct exchange *x, struct bytes data) {
    size_t all = data.n;
    while (data.n > 0) {
        const uint8_t *end = memchr(data.p, '\n', data.n);
        size_t n = end != NULL ? (size_t)(end - data.p) : data.n;
        if (buf_put(&x->rest, data.p, n) != 0) {
            if (x->rest.fail == ERR_NOMEM) {
                x->code = err_set(&x->why, ERR_NOMEM, "HTTP: out of memory");
                return 0;
            }
            return refuse(x, HTTP_LIMIT, "a line of the answer exceeds the limit");
        }
        if (end == NULL) break;
        if (give_line(x, bytes_of_buf(&x->rest)) != 0) return 0;
        buf_clear(&x->rest);
        data = (struct bytes){end + 1, data.n - n - 1};
    }
    return all;
}

static size_t on_data(char *p, size_t size, size_t n, void *ctx) {
    struct exchange *x = ctx;
    const struct bytes data = {(const uint8_t *)p, size * n};
    x->answer->bytes += data.n;
    if (x->answer->bytes > x->bytes_max) {
        return refuse(x, HTTP_LIMIT, "the answer exceeds the limit");
    }
    if (x->request->line != NULL) return data.n == 0 ? 0 : take_lines(x, data);
    if (buf_put_bytes(x->request->to, data) != 0) {
        if (x->request->to->fail == ERR_NOMEM) {
            x->code = err_set(&x->why, ERR_NOMEM, "HTTP: out of memory");
            return 0;
        }
        return refuse(x, HTTP_LIMIT, "the answer exceeds the limit");
    }
    return data.n;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct exchange *x = ctx;
    (void)a, (void)b, (void)c, (void)d;
    return x->request->stop != NULL && *x->request->stop != 0;
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
    case CURLE_ABORTED_BY_CALLBACK:
        return HTTP_STOPPED;
    default:
        return HTTP_PROTOCOL;
    }
}

static uint64_t or_default(uint64_t value, uint64_t standard) {
    return value != 0 ? value : standard;
}

static bool set_limits(struct http *http, const struct http_limits *l) {
    __typeof__(http->f.curl_easy_setopt) set = http->f.curl_easy_setopt;
    CURL *e = http->easy;
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

static bool set_request(struct http *http, struct exchange *x, struct curl_slist *headers, char *words) {
    __typeof__(http->f.curl_easy_setopt) set = http->f.curl_easy_setopt;
    CURL *e = http->easy;
    const struct http_request *r = x->request;
    bool ok = set(e, CURLOPT_ERRORBUFFER, words) == CURLE_OK && set(e, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
              set(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK && set(e, CURLOPT_HEADERDATA, x) == CURLE_OK &&
              set(e, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK && set(e, CURLOPT_WRITEDATA, x) == CURLE_OK &&
              set(e, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK && set(e, CURLOPT_XFERINFODATA, x) == CURLE_OK &&
              set(e, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
    if (r->content_type != NULL) {
        ok = ok && set(e, CURLOPT_POST, 1L) == CURLE_OK &&
             set(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n) == CURLE_OK &&
             set(e, CURLOPT_POSTFIELDS, r->body.n > 0 ? (const char *)r->body.p : "") == CURLE_OK;
    }
    return ok;
}

/* An empty "Expect:" stops libcurl from waiting for an interim answer before it sends a body. */
static int make_headers(const struct http *http, const char *content_type, struct curl_slist **ret, struct err *err) {
    char type[HTTP_TYPE_MAX + 16];
    struct curl_slist *list = http->f.curl_slist_append(NULL, "Expect:"), *more = list;
    if (list != NULL && content_type != NULL) {
        snprintf(type, sizeof(type), "Content-Type: %.*s", HTTP_TYPE_MAX, content_type);
        more = http->f.curl_slist_append(list, type);
    }
    if (more == NULL) {
        http->f.curl_slist_free_all(list);
        return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    }
    *ret = more;
    return 0;
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
    if (code == CURLE_OK && answer->status == 0) {
        answer->fault = HTTP_PROTOCOL;
        return err_set(err, ERR_NET, "the answer has no status");
    }
    if (code == CURLE_OK && x->points_elsewhere) {
        answer->fault = HTTP_REDIRECT;
        return err_set(err, ERR_NET, "the answer has status %u and redirects elsewhere, which is not followed",
                       answer->status);
    }
    if (code == CURLE_OK) return 0;
    if (code == CURLE_OUT_OF_MEMORY) return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    if (code == CURLE_URL_MALFORMAT || code == CURLE_LOGIN_DENIED || !is_http(x->request->url)) {
        return err_set(err, ERR_INVALID, "cannot request this URL; " ADDRESS_EXPECTED);
    }
    answer->fault = x->points_elsewhere ? HTTP_REDIRECT : fault_of(code);
    return err_set(err, ERR_NET, "%s", words[0] != '\0' ? words : http->f.curl_easy_strerror(code));
}

int http_fetch(struct http *http, const struct http_request *request, struct http_answer *ret, struct err *err) {
    char words[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    struct exchange x = {.request = request, .answer = ret, .bytes_max = or_default(request->limits.bytes_max, BYTES_MAX)};
    memset(ret, 0, sizeof(*ret));
    int rc = make_headers(http, request->content_type, &headers, err);
    if (rc != 0) return rc;
    buf_init(&x.rest, (size_t)or_default(request->limits.line_max, LINE_MAX_BYTES));
    http->f.curl_easy_reset(http->easy);
    if (!set_bounds(http, request->url) || !set_limits(http, &request->limits) || !set_request(http, &x, headers, words)) {
        rc = err_set(err, ERR_IO, "libcurl refuses a required option; 7.85 or newer is needed");
    } else {
        uint64_t start = clock_boot_ns();
        CURLcode code = http->f.curl_easy_perform(http->easy);
        if (code == CURLE_OK && x.rest.n > 0) {
            give_line(&x, bytes_of_buf(&x.rest));
        }
        ret->elapsed_ns = clock_boot_ns() - start;
        rc = judge(http, &x, code, words, err);
    }
    /* The handle must not keep pointers to what dies with this call. */
    http->f.curl_easy_reset(http->easy);
    http->f.curl_slist_free_all(headers);
    buf_done(&x.rest);
    return rc;
}

const char *http_fault_name(enum http_fault fault) {
    static const char *const names[] = {
        [HTTP_NONE] = "none",         [HTTP_REFUSED] = "refused", [HTTP_TIMEOUT] = "timeout",   [HTTP_TLS] = "tls",
        [HTTP_PROTOCOL] = "protocol", [HTTP_LIMIT] = "limit",     [HTTP_REDIRECT] = "redirect", [HTTP_STOPPED] = "stopped",
    };
    return names[fault];
}
