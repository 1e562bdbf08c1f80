/* The framing of HTTP/1.1 (RFC 9112), read once and strictly: where a header ends, what its lines are, what the chunks of a
 * body hold. The same bytes decide what is judged (base/http/guard.h) and what is received, so there is no second reader
 * who could take them differently.
 *
 * Refused at the byte that shows it: a line that ends in anything but CR LF, a control character (NUL among them), a
 * request line of another form. Only tabs, visible ASCII and bytes from 0x80 on are left in a header. */
#ifndef BASE_HTTP_READ_H
#define BASE_HTTP_READ_H

#include "base/bytes.h"

#define HTTPD_HEADERS_MAX 64

struct httpd_header {
    struct bytes name, value; /* as they came; blanks around the value are part of it */
};

struct httpd_head {
    struct bytes method, target, version;
    struct httpd_header headers[HTTPD_HEADERS_MAX];
    size_t n; /* may be larger: then there were more */
};

/* How far a header has been looked at; all zero at its beginning. */
struct httpd_scan {
    size_t begin, line, seen; /* the request line, after empty ones; the line that is read; what has been read */
    bool begun;
};

/* Looks at what has come of a header since the last call: `in` holds all of it, from its first byte. 0: it is whole,
 * *ret_n bytes with the empty line; 1: more is needed; ERR_INVALID: it is not HTTP. Linear in all calls together. */
int httpd_head_scan(struct httpd_scan *scan, struct bytes in, size_t *ret_n, struct err *err);
/* The lines of a header that is whole; they borrow from it. ERR_INVALID: a line without a colon. */
int httpd_head_split(const struct httpd_scan *scan, struct bytes in, struct httpd_head *ret, struct err *err);
/* A token of RFC 9110: methods and names of headers. */
bool httpd_is_token(struct bytes text);

enum httpd_chunk_state {
    HTTPD_CHUNK_SIZE,
    HTTPD_CHUNK_EXTENSION,
    HTTPD_CHUNK_SIZE_LF,
    HTTPD_CHUNK_DATA,
    HTTPD_CHUNK_DATA_CR,
    HTTPD_CHUNK_DATA_LF,
    HTTPD_CHUNK_LINE, /* of the trailer, at its beginning */
    HTTPD_CHUNK_TRAILER,
    HTTPD_CHUNK_TRAILER_LF,
    HTTPD_CHUNK_LAST_LF,
    HTTPD_CHUNK_END
};

/* All zero at the beginning of a body. */
struct httpd_chunks {
    enum httpd_chunk_state state;
    uint64_t left;   /* of the chunk */
    unsigned digits; /* of its size */
    size_t extra;    /* bytes of its extensions, and of the trailer */
};

/* Takes the next part of a chunked body from the front of *in. 1: *ret_data is what it holds of the content, not empty,
 * borrowed from *in; 0: the body has ended, what is left in *in follows it; 2: *in is used up and more is needed;
 * ERR_INVALID: these are no chunks. Extensions and trailers are passed over. */
int httpd_chunks_take(struct httpd_chunks *chunks, struct bytes *in, struct bytes *ret_data, struct err *err);

#endif
