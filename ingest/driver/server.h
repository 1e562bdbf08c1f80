/* Questions to a server over HTTP: bounded, digested into the input at hand, and its first fault remembered.
 *
 * A fault of the server is not an error of the question: what went wrong becomes an event when it is news, and the run's
 * error at the end. */
#ifndef INGEST_DRIVER_SERVER_H
#define INGEST_DRIVER_SERVER_H

#include "base/http/http.h"
#include "ingest/driver/intake.h"

#define SERVER_DETAIL_MAX 512

struct server {
    struct intake *run;
    struct http *http;
    char base[HTTP_URL_MAX]; /* the normalized address */
    uint8_t *token;          /* secret memory; NULL: none */
    size_t token_n;
    /* The first fault; error "" when there was none. */
    char error[16], detail[SERVER_DETAIL_MAX];
    unsigned http_status;
    unsigned newest_status; /* of the newest answer; 0: none came */
};

/* Reads the file of the option `token_file`, if there is one. server_close after a failure too. ERR_INVALID: no address, or
 * the file is not a private one. */
int server_open(struct server *server, struct intake *run, const char *url, struct err *err);
void server_close(struct server *server); /* a zeroed one is fine */

struct server_question {
    const char *path;
    struct bytes body; /* JSON, sent by POST; empty: GET */
    size_t bytes_max;  /* of the answer */
    uint32_t total_ms; /* 0: HTTP's default. The option `patience_ms` replaces it */
    bool quiet;        /* no answer is no fault */
};
/* Asks. *ret_there: an answer came, whatever its status (newest_status); its body is in `text`, which is cleared first. 0, or an
 * error that is not the server's. */
int server_ask(struct server *server, const struct server_question *question, struct buf *text, bool *ret_there,
               struct err *err);
/* Remembers a fault; the first one counts. */
void server_fault(struct server *server, const char *path, const char *error, unsigned http_status, const char *words);
/* ERR_NET with the fault, for the end of a run. */
int server_fail(const struct server *server, struct err *err);

#endif
