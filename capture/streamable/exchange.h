/* One request of a client of MCP and its answer: what both handlers need to know of it. */
#ifndef CAPTURE_STREAMABLE_EXCHANGE_H
#define CAPTURE_STREAMABLE_EXCHANGE_H

#include "capture/pass/held.h"
#include "capture/pass/pass.h"
#include "capture/streamable/sessions.h"
#include "capture/streamable/sse.h"
#include "capture/tap/strict.h"

/* What all exchanges have in common. */
struct streamable_shared {
    struct sessions *sessions;
    const char *path; /* the endpoint's, "/mcp" */
    bool judges;
    struct tap_judge *judge;
    atomic_llong left; /* bytes that copies may take, of all exchanges together */
    atomic_uint_fast64_t exchanges, others;
};

#define EXCHANGE_MESSAGE_MAX ((size_t)16 << 20) /* bytes of a message, or batch, of which a copy is recorded */

struct exchange {
    struct streamable_shared *shared;
    bool on;                 /* it is about messages: a request for the endpoint */
    bool posts, ends;        /* POST; DELETE */
    bool named;              /* it says which session it belongs to */
    bool initializes;        /* it begins a session, of which only the answer says the name */
    struct session *session; /* NULL: none can be had */
    struct tap_within within;
    struct held sent, answer; /* the request's text, while it is needed; the answer's, when that is no stream */
    uint64_t sent_lost, answer_lost;
    unsigned status;
    bool streams, is_json, coded;
    struct sse sse;
    /* Where it is judged. */
    struct tap_strict strict;
    struct buf go, back;      /* messages that go on; answers of our own; separated by commas */
    size_t n_go, n_back, ids; /* ids: of the answers that have one */
    size_t called;            /* calls that were let pass */
    bool batch;
    char method[80], tool[160];
    struct buf request, reply;     /* as they go on */
    const struct sse_event *event; /* that is being judged */
    struct buf *out;
};

/* The head of a request. False: it is not about messages, and passes (or not) as `ret` says. */
bool exchange_begin(struct exchange *x, struct streamable_shared *shared, const struct httpd_head *head,
                    struct pass_plan *ret);
/* Of its session; NULL: it has none, or nothing is recorded. */
struct tap_record *exchange_record(const struct exchange *x);
/* Whether the text is a request 'initialize'. */
bool exchange_is_initialize(struct bytes text);
/* The head of the answer: now it is known which session the request began, and whether one has ended. */
void exchange_answered(struct exchange *x, const struct pass_answer *answer);
/* Calls without an answer, as far as none can be expected; frees everything. */
void exchange_end(struct exchange *x, enum pass_end end, const char *error);

#endif
