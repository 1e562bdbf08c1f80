/* What a step reports, from connections to a socket that was made inside: lines, or a request of HTTP. */
#ifndef WORK_RUN_REPORT_H
#define WORK_RUN_REPORT_H

#include <poll.h>

#include "work/process.h"
#include "work/run/post.h"

enum { REPORT_CLIENTS = 8, REPORT_FDS = REPORT_CLIENTS + 1 };

struct report {
    work_line_fn *take;
    void *ctx;
    int listener; /* -1: none */
    struct {
        int fd;    /* -1: free */
        bool skip; /* the line is too long: until its end */
        bool begun, http;
        struct buf line;
        struct post post;
    } client[REPORT_CLIENTS];
    size_t next; /* client whose turn it is */
    uint64_t lines, dropped;
    uint64_t bytes; /* that were handed on */
};

void run_report_init(struct report *report, work_line_fn *take, void *ctx);
/* Takes `listener`. */
void run_report_listen(struct report *report, int listener);
void run_report_done(struct report *report);
/* Fills in REPORT_FDS entries of a poll. */
void run_report_poll(const struct report *report, struct pollfd *fds);
/* Reads a piece of each client that they say is ready; after a large document it returns, so that the caller can look at other
 * things first. A failure is one of `take`. */
int run_report_ready(struct report *report, const struct pollfd *fds, struct err *err);
/* The same for all clients, when the step has ended; *ret_more: call it again. */
int run_report_drain(struct report *report, bool *ret_more, struct err *err);
/* Counts the clients whose rest is not read. */
void run_report_drop(struct report *report);

#endif
