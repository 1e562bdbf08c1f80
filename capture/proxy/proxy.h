/* The proxy for model servers: `ledger tap model`.
 *
 *   a client --HTTP/1.1--> one thread a connection --libcurl--> the one upstream
 *                              |
 *                              `--> what was asked and answered --queue--> the ledger
 *
 * It passes every request and every byte of its answer, streams event by event. It decides nothing about the traffic and
 * changes nothing of it but the framing; decision 119 has the reasons. Recording never makes an exchange fail or wait. */
#ifndef CAPTURE_PROXY_PROXY_H
#define CAPTURE_PROXY_PROXY_H

#include "capture/pass/serve.h"
#include "ledger/log.h"

struct proxy_options {
    struct serve_options serve;
    const char *actor;   /* NULL: "service:proxy" */
    const char *run;     /* NULL: each call is a run of its own, or its trace */
    const char *runtime; /* NULL: by the path */
    bool content;        /* prompts and answers are private fields */
};

struct proxy_result {
    uint64_t calls, others; /* requests for a model; other ones that were passed */
    uint64_t refused;       /* not passed */
    uint64_t written, lost; /* events */
};

/* As serve_all. ERR_INVALID: an option is wrong, or a file; ERR_IO. */
int proxy_run(struct ledger *ledger, const struct proxy_options *options, struct proxy_result *ret, struct err *err);

#endif
