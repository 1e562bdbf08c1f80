/* The fields of a request and of an answer: which of them are passed on, and in which form. Pure.
 *
 * Not passed on: what is about one connection (RFC 9110, 7.6.1) and what a field "connection" names; the framing, which is made
 * anew; what would lead a client around the proxy. Everything else is, and none of it is looked at. */
#ifndef CAPTURE_PASS_FIELDS_H
#define CAPTURE_PASS_FIELDS_H

#include "base/http/read.h"

#define FIELDS_MAX (HTTPD_HEADERS_MAX + 4)

struct fields {
    struct buf text; /* the lines, each with a zero byte at its end */
    const char *lines[FIELDS_MAX];
    size_t n;
};

void fields_init(struct fields *fields);
void fields_done(struct fields *fields); /* wipes them: there are secrets among them */
/* The lines for the server. `token`: the field "authorization" was for us, and stays here. ERR_NOMEM, ERR_LIMIT. */
int fields_request(struct fields *fields, const struct httpd_head *head, bool token, struct err *err);
/* A field's value without the blanks around it; empty when there is none of this name. */
struct bytes fields_value(const struct httpd_head *head, const char *name);

/* The head of an answer while its lines arrive. */
struct fields_answer {
    struct buf lines;                         /* those that are passed on, each with its CR LF */
    struct buf connection;                    /* what its fields "connection" name */
    bool chunked, has_length, coded, refused; /* coded: compressed; refused: its location */
    char length[24], location[2048];
};
void fields_answer_init(struct fields_answer *answer);
void fields_answer_done(struct fields_answer *answer);
/* One line, without its end. ERR_LIMIT, ERR_NOMEM; ERR_INVALID: not a field. */
int fields_answer_put(struct fields_answer *answer, struct bytes line, struct err *err);
/* Appends the fields that are passed on, without length and location, once all lines are there, and without those named `without`
 * (NULL: none). */
int fields_answer_write(const struct fields_answer *answer, const char *without, struct buf *out, struct err *err);
/* The value of the first field of that name in lines, each with its CR LF; empty when there is none. */
struct bytes fields_line(struct bytes lines, const char *name);
/* Where a redirect leads when it stays at the server: a path; NULL: it leads elsewhere. `origin`: "http://host:port", in the form
 * of http_base; `place`: the same for `location` when that is absolute, else NULL. */
const char *fields_location(const char *location, const char *origin, const char *place);

#endif
