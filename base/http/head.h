/* The head of an answer, line by line (RFC 9112): what the exchange needs of it, and what is refused.
 *
 * Refused is what two readers could understand differently: two lengths, a length that is no number, a line that does not
 * end in CR LF, a version that was not asked for, a second line of status. */
#ifndef BASE_HTTP_HEAD_H
#define BASE_HTTP_HEAD_H

#include "base/bytes.h"

#define HEAD_TYPE_MAX  96
#define HEAD_MAX_WORDS "the answer has more than 65536 bytes of headers"

/* All zero at the beginning of an exchange; interim answers and redirects are part of it. */
struct head {
    unsigned status;          /* 0: none */
    char type[HEAD_TYPE_MAX]; /* content type in lower case without parameters; "" when absent */
    uint64_t bytes;           /* of all lines */
    bool any_coding;          /* set by the caller: any content encoding will do */
    bool body;                /* set by the caller: content has come, so what is left is a trailer */
    bool inside;              /* after a line of status, before the empty line */
    bool has_length;
    uint64_t length;
    bool points_elsewhere; /* a redirect with a place */
};

/* Takes the next line with its end. ERR_LIMIT: too many bytes; ERR_INVALID: refused. */
int head_take(struct head *head, struct bytes line, struct err *err);

#endif
