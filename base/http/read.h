/* The framing of HTTP/1.1 (RFC 9112), read once and strictly: where a header ends, its lines, the chunks of a body. The
 * same parse decides what is judged (base/http/guard.h) and what is received, so no second reader can see something
 * else.
 *
 * Refused at the first offending byte: a line that ends in anything but CR LF, a control character (including NUL), a
 * request line of another form. Only tabs, visible ASCII and bytes from 0x80 on remain in a header. */
#ifndef BASE_HTTP_READ_H
#define BASE_HTTP_READ_H

#include "base/bytes.h"

#define HTTPD_HEADERS_MAX 64

struct httpd_header {
    struct bytes name, value; /* as received, including blanks around the value */
};

struct httpd_head {
    struct bytes method, target, version;
    struct httpd_header headers[HTTPD_HEADERS_MAX];
    size_t n; /* may be larger than the array: then there were more */
};

/* Progress through a header; all zero at its beginning. */
struct httpd_scan {
    size_t begin, line, seen; /* of the request line, after empty ones; of the current line; bytes read */
    bool begun;
};

/* Scans what has arrived of a header since the last call: `in` holds all of it, from its first byte. 0: it is complete,
 * *ret_n bytes with the empty line; 1: more is needed; ERR_INVALID: it is not HTTP. All calls together are linear. */
int httpd_head_scan(struct httpd_scan *scan, struct bytes in, size_t *ret_n, struct err *err);
/* Splits a complete header into lines, which borrow from it. ERR_INVALID: a line without a colon. */
int httpd_head_split(const struct httpd_scan *scan, struct bytes in, struct httpd_head *ret, struct err *err);
/* A token of RFC 9110, as methods and header names are. */
bool httpd_is_token(struct bytes text);
/* Whether it is this word, in upper or lower case. */
bool httpd_is_word(struct bytes text, const char *word);
/* Without blanks and tabs at both ends. */
struct bytes httpd_trimmed(struct bytes text);

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

/* Takes the next part of a chunked body from the front of *in. 1: *ret_data is content, not empty, borrowed from *in; 0:
 * the body has ended, and what is left in *in follows it; 2: *in is used up and more is needed; ERR_INVALID: malformed
 * chunks. Extensions and trailers are skipped. */
int httpd_chunks_take(struct httpd_chunks *chunks, struct bytes *in, struct bytes *ret_data, struct err *err);

#endif
