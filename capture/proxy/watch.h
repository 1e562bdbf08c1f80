/* The handler of exchanges with a server of models: what is recorded of one, while its bytes pass by: of the request which model, of the answer its facts. */
#ifndef CAPTURE_PROXY_WATCH_H
#define CAPTURE_PROXY_WATCH_H

#include "capture/pass/pass.h"
#include "capture/proxy/names.h"
#include "capture/proxy/recorder.h"

#define WATCH_TEXT_MAX ((size_t)128 << 10) /* of a prompt, and of an answer, that are kept for an event */

/* What all exchanges have in common. */
struct watch_shared {
    struct recorder *recorder;
    struct names *names;
    const char *endpoint, *runtime, *run; /* runtime, run: NULL: by the path; each call is a run */
    bool content, egress;
    atomic_llong left;                  /* bytes that may still be kept, of all exchanges together */
    atomic_uint_fast64_t calls, others; /* recorded calls; requests of other paths */
};
void proxy_watch_shared_init(struct watch_shared *shared);

/* Paths that are not a model's call are counted, and pass unseen. `ret` borrows the shared part. */
void proxy_watch_handler(struct watch_shared *shared, struct pass_handler *ret);

#endif
