/* A server of MCP as a child, its standard input and output passed through. Its standard error is the tap's own. */
#ifndef CAPTURE_TAP_STDIO_H
#define CAPTURE_TAP_STDIO_H

#include "capture/tap/judge.h"
#include "capture/tap/record.h"

struct tap_stdio {
    char *const *argv;         /* the server; found along PATH */
    int in, out;               /* the client's descriptors; they are replaced by /dev/null when an end is over */
    struct tap_record *record; /* NULL: nothing is recorded */
    struct tap_judge *judge;   /* NULL: every byte passes untouched */
    struct tap_link *link;     /* with a judge: of this conversation */
};
/* Runs until the server has ended and what it wrote has passed. Signals INT, TERM and HUP are passed on; they, CHLD and PIPE are
 * handled here from the call on, to the end of the process. *ret_status: as of waitpid. ERR_NOTFOUND: there is no such program;
 * ERR_IO: it cannot be started. *ret_busy: a thread still waits for the client, and uses `record`, `judge` and `link`: do not free them. */
int tap_stdio_run(const struct tap_stdio *tap, int *ret_status, bool *ret_busy, struct err *err);

#endif
