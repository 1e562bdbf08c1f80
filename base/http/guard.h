/* What an HTTP request must look like before any of its body is read (RFC 9110, RFC 9112), and who may send it.
 *
 * Refused is what two readers could understand differently (two lengths, a length with chunks, a folded line), and
 * everything that a web page in a browser can send to a local port: a Host that is not ours (DNS rebinding), an Origin,
 * any of the browser's Sec-Fetch-Site. A policy may name origins that are accepted, and a token without which nobody is. */
#ifndef BASE_HTTP_GUARD_H
#define BASE_HTTP_GUARD_H

#include "base/http/read.h"

/* One path that accepts requests. In a site's, "{name}" stands for one segment that is not empty. */
struct httpd_route {
    const char *method, *path;
    const char *type; /* the one content type, "application/json"; parameters may follow it. NULL: requests have no body */
    const char *type_hint; /* appended to the message that refuses another type; may be NULL */
    bool protobuf;         /* also application/x-protobuf */
};

struct httpd_policy {
    const struct httpd_route *routes;
    size_t n_routes;
    const char *const
        *hosts; /* accepted values of Host, in lower case; none: any, as on a socket that no web page reaches */
    size_t n_hosts;
    uint64_t body_max; /* bytes */
    /* Requests are passed on: any method but CONNECT and TRACE, any path without tricks, any content, or none. */
    bool passes;
    /* Pages and an API: methods without a body too, HEAD where GET is, queries behind paths, and requests of this site's own pages (whose
     * origins are below) or that a person typed. A page of another site cannot even link to it. */
    bool site;
    const char *const *origins; /* accepted values of Origin; usually none */
    size_t n_origins;
    struct bytes token; /* that "Authorization: Bearer" must have, compared in constant time; empty: none */
    /* What a client of gRPC should do instead, "set X=http"; NULL: nothing is said. At most HTTPD_INSTEAD_MAX bytes of
     * visible ASCII and blanks, without '%'. */
    const char *instead_of_grpc;
};
#define HTTPD_INSTEAD_MAX 96

enum httpd_coding { HTTPD_IDENTITY, HTTPD_GZIP, HTTPD_ZSTD };
enum httpd_form { HTTPD_JSON, HTTPD_PROTOBUF }; /* of a body: of a request, and of its answer */

struct httpd_verdict {
    unsigned status;      /* 0: accepted */
    size_t route;         /* index, when accepted */
    enum httpd_form form; /* by its content type, refused or not; a type that is not known gets JSON */
    enum httpd_coding coding;
    bool has_body;   /* always, unless the policy passes or is a site's */
    bool has_length; /* otherwise the body is chunked */
    uint64_t length;
    bool expects;      /* an interim answer before the body is sent */
    bool closes;       /* this is the connection's last request */
    const char *allow; /* for 405: the methods; else NULL */
    char message[256]; /* why not; of the request it quotes only visible ASCII */
};

void httpd_judge(const struct httpd_policy *policy, const struct httpd_head *head, struct httpd_verdict *ret);

#endif
