/* The target of a request, taken apart: its path's segments and its query's parameters, percent-decoded (RFC 3986, and for
 * parameters application/x-www-form-urlencoded, as forms send it). */
#ifndef BASE_HTTP_TARGET_H
#define BASE_HTTP_TARGET_H

#include "base/bytes.h"

#define HTTPD_SEGMENTS_MAX 8
#define HTTPD_PARAMS_MAX   32

struct httpd_param {
    struct bytes name,
        value; /* NUL-terminated, though n does not count it; UTF-8 without control characters but tab and line feed */
};

struct httpd_target {
    struct bytes path; /* whole, decoded */
    struct bytes segments[HTTPD_SEGMENTS_MAX];
    size_t n_segments;
    struct httpd_param params[HTTPD_PARAMS_MAX];
    size_t n_params;
    struct buf room; /* what they borrow */
};

/* Takes "/PATH?QUERY" apart. ERR_INVALID names what is wrong: an escape that is none, NUL or another control character, what is not
 * UTF-8, an empty segment, one of "." or "..", too many segments or parameters. */
int httpd_target_split(struct bytes target, struct httpd_target *ret, struct err *err);
/* Appends the parameters of a form's body to those of the target. */
int httpd_target_form(struct bytes body, struct httpd_target *target, struct err *err);
/* The value of the first parameter of this name; an absent one is {NULL, 0}. */
struct bytes httpd_target_param(const struct httpd_target *target, const char *name);
void httpd_target_done(struct httpd_target *target); /* a zeroed one is fine */

#endif
