/* HTTP (RFC 9110): one request, one answer, with a limit on everything. The one door to libcurl.
 *
 * libcurl is loaded at the first http_open rather than linked: most runs of the program never speak to a server and
 * should not pay for it. A server is not trusted: bytes, header bytes, line lengths, time and speed are bounded,
 * redirects are followed only on request, content encodings are neither requested nor accepted. The environment has no
 * influence: no proxy variables, no .netrc, no cookies. Certificates are always checked. */
#ifndef BASE_HTTP_HTTP_H
#define BASE_HTTP_HTTP_H

#include <signal.h>

#include "base/bytes.h"

#define HTTP_URL_MAX    512
#define HTTP_TYPE_MAX   96
#define HTTP_BEARER_MAX 4096

/* One connection, kept alive where possible, and never used again once a server sent something that nobody asked for; one
 * thread at a time. */
struct http;

enum http_fault {
    HTTP_NONE,     /* a complete answer, whatever its status */
    HTTP_REFUSED,  /* no connection: nothing listens, no route, an unknown name */
    HTTP_TIMEOUT,  /* no connection or no complete answer in time, or too slow */
    HTTP_TLS,      /* no trusted secure connection */
    HTTP_PROTOCOL, /* not HTTP/1.1, of two lengths, cut short, or in an encoding that was not requested */
    HTTP_LIMIT,    /* too many bytes or header bytes, or too long a line */
    HTTP_REDIRECT, /* more redirects than allowed */
    HTTP_STOPPED   /* by the stop flag, the stop descriptor or a callback */
};

/* 0 selects the default. */
struct http_limits {
    uint64_t bytes_max;  /* of the answer's body; 4 MiB */
    size_t line_max;     /* of one line, when lines are asked for; 1 MiB */
    uint32_t connect_ms; /* 3 s */
    uint32_t total_ms;   /* of the whole exchange; 30 s */
    uint32_t slow_s;     /* ends after this long below 1 byte a second; 10 s */
    unsigned redirects;  /* how many are followed, and only to the same scheme or from http to https; 0 is 0 */
};

struct http_answer {
    enum http_fault fault;
    unsigned status;          /* 0: none */
    char type[HTTP_TYPE_MAX]; /* content type in lower case without parameters; "" when absent */
    uint64_t bytes;           /* of the body, as far as it was received */
    uint64_t elapsed_ns;
    bool sent;        /* a part of the request at least; otherwise it is safe to repeat */
    bool cut;         /* HTTP_PROTOCOL, because the answer broke off */
    unsigned retry_s; /* of Retry-After, seconds or a date; 0: it has none */
    char address[48]; /* that the connection led to; "": none */
};

/* What makes a request one that is passed on for somebody else: as it is, at its own pace, for as long as it takes.
 * libcurl frames it anew. Limits of time and size are not those of struct http_limits, but for connect_ms; the answer's
 * content encoding is whatever the server chose, and a redirect is an answer. */
struct http_pass {
    const char *method;
    const char *const *fields; /* lines "name: value" without control characters; "name;" when the value is empty */
    size_t n_fields;
    bool has_body;
    uint64_t length; /* of the body; UINT64_MAX: unknown, it is sent in chunks */
    /* The next bytes of the body, at most `max`; none: it has ended. May wait. A non-zero result ends the exchange and is returned.
     * The body cannot be had twice: the exchange fails where libcurl would send it again on another connection. */
    int (*read)(void *ctx, uint8_t *to, size_t max, size_t *ret_n, struct err *err);
    /* Each line of the answer's head, without its end: the status, the fields, an empty one. Interim answers and trailers are left
     * out. A non-zero result ends the exchange and is returned. */
    int (*head)(void *ctx, const struct http_answer *answer, struct bytes line, struct err *err);
};

struct http_request {
    const char *url;              /* http or https, without a user part */
    const struct http_pass *pass; /* NULL: a question of our own */
    /* With a content type the body is sent by POST; otherwise it is a GET. */
    const char *content_type;
    struct bytes body;
    struct http_limits limits;
    const volatile sig_atomic_t *stop; /* may be NULL; looked at once a second or more often */
    int stop_fd;                       /* readable: the exchange ends; 0 or less: none */
    /* A secret for "Authorization: Bearer"; visible ASCII, no redirects. It is in no message. */
    struct bytes bearer;
    /* "HOST:PORT:ADDRESS,ADDRESS": the only addresses that this name leads to; an IPv6 address in brackets. May be NULL */
    const char *pin;
    /* On a connection of its own: libcurl repeats a request by itself when a connection that it kept turns out dead. */
    bool fresh;
    /* When a callback has seen enough, what is left of the answer is read and dropped, for a moment at most, so that the connection
     * can be used again. */
    bool drain;
    /* Where the answer's body goes, whatever its status: appended to `to`, or passed to `line` line by line as it
     * arrives (without line ends; blank lines are skipped; the last one may lack its end), or passed to `data` as it
     * arrives, with what is known of the answer. A non-zero result ends the exchange and is returned, except that 1 says
     * that the answer is complete for the caller. Exactly one of the three is set. */
    struct buf *to;
    int (*line)(void *ctx, struct bytes line, struct err *err);
    int (*data)(void *ctx, const struct http_answer *answer, struct bytes data, struct err *err);
    /* May be NULL. Called ten times a second or more often; a non-zero result ends the exchange and is returned. */
    int (*tick)(void *ctx, struct err *err);
    void *ctx;
};

/* `agent` is the user agent, "ledger/1.2.3"; copied. ERR_IO when libcurl is not installed or too old; the message names
 * the package. */
int http_open(const char *agent, struct http **ret, struct err *err);
void http_close(struct http *http); /* NULL is fine */
/* Normalizes an address: scheme and host in lower case, the port always present, no trailing '/'. ERR_INVALID when it is
 * not http or https, or has a user part, a query or a fragment. */
int http_base(struct http *http, const char *address, char ret[HTTP_URL_MAX], struct err *err);
/* One exchange. 0 for a complete answer: check its status. ERR_NET otherwise, with *ret filled, where `fault` says what
 * went wrong. ERR_INVALID (the URL or the secret), ERR_NOMEM, and the code of a callback. The message does not contain the
 * URL. */
int http_fetch(struct http *http, const struct http_request *request, struct http_answer *ret, struct err *err);
/* "refused", "timeout", "tls", "protocol", "limit", "redirect", "stopped", "none"; static. */
const char *http_fault_name(enum http_fault fault);

#endif
