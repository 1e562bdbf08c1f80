/* The tap for a server of MCP that is reached over HTTP: `ledger tap mcp --listen ADDRESS --upstream URL`.
 *
 *   clients --HTTP/1.1--> one thread a connection --libcurl--> the one server
 *                             |
 *                             `--> messages of a session --queue--> a recorder for each session --> the ledger
 *
 * Without a judge every byte passes untouched and at once, and recording never makes an exchange fail or wait. */
#ifndef CAPTURE_STREAMABLE_STREAMABLE_H
#define CAPTURE_STREAMABLE_STREAMABLE_H

#include "capture/pass/serve.h"
#include "capture/tap/judge.h"
#include "capture/tap/record.h"

struct streamable_options {
    struct serve_options serve;               /* its upstream: the server's endpoint, "http://127.0.0.1:3001/mcp" */
    const struct tap_names *names;            /* of every session, but for the run */
    struct ledger *ledger;                    /* NULL: nothing is recorded */
    struct tap_judge *judge;                  /* NULL: nothing is judged */
    uint64_t pause_ns;                        /* as struct tap_record_options */
    uint64_t end_ns;                          /* for the ledger at the end */
    void (*say)(void *ctx, const char *text); /* as struct tap_record_options */
};

struct streamable_result {
    uint64_t requests, others; /* for the endpoint; for other paths */
    uint64_t sessions, refused;
    struct tap_lost lost;
};

/* As serve_all. */
int streamable_run(const struct streamable_options *options, struct streamable_result *ret, struct err *err);

#endif
