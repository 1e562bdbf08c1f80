/* What is recorded of one exchange, while its bytes pass by: of the request which model, of the answer its facts. */
#ifndef CAPTURE_PROXY_WATCH_H
#define CAPTURE_PROXY_WATCH_H

#include <stdatomic.h>

#include "base/hash.h"
#include "base/http/read.h"
#include "capture/proxy/facts.h"
#include "capture/proxy/members.h"
#include "capture/proxy/names.h"
#include "capture/proxy/recorder.h"
#include "work/model/frame.h"

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

enum watch_end {
    WATCH_COMPLETE,
    WATCH_CLIENT, /* the client went away, or did not read */
    WATCH_CUT,    /* the server's answer broke off */
    WATCH_FAILED, /* there was no answer: unreachable, not HTTP, refused by the proxy */
    WATCH_STOPPED /* the proxy ends */
};

struct watch {
    struct watch_shared *shared;
    bool on, called, has_cause; /* it is recorded; its first event was made, and has a place in the queue */
    bool stream, over;          /* a stream was requested; there is too much to read */
    unsigned models, streams;   /* how many members of the request may be its model, and say whether it wants a stream */
    const char *operation, *runtime;
    char model[FACTS_NAME_MAX], call[17], run[RECORDER_KEY_MAX], parent[17];
    uint64_t at, began, first, body_n;
    size_t held;
    struct members members;
    struct hash *prompt, *output;
    struct buf prompt_text, parameters;
    uint32_t parameters_n;
    struct facts facts;
    struct model_frames frames;
    bool parses, output_any;
    unsigned status;
};

/* The head of a request is there. Paths that are not a model's call are counted, and `on` is false. */
void proxy_watch_begin(struct watch *w, struct watch_shared *shared, const struct httpd_head *head);
void proxy_watch_request(struct watch *w, struct bytes piece);
/* The request has gone out, as far as it is needed: it becomes an event. */
void proxy_watch_called(struct watch *w);
void proxy_watch_answer(struct watch *w, unsigned status, const char *type, bool coded);
void proxy_watch_data(struct watch *w, struct bytes piece);
/* How it ended, with words for WATCH_FAILED and others ("": none); frees everything. */
void proxy_watch_end(struct watch *w, enum watch_end end, const char *error, const char *words);

#endif
