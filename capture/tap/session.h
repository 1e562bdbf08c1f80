/* What the messages between one client and one server say: lines in, events out. It knows neither processes nor connections nor the ledger, and
 * passes nothing on; whatever it is given, it goes on. */
#ifndef CAPTURE_TAP_SESSION_H
#define CAPTURE_TAP_SESSION_H

#include "base/rpc/line.h"
#include "capture/tap/event.h"
#include "capture/tap/names.h"
#include "capture/tap/side.h"
#include "capture/tap/tools.h"

/* Where a message came from, when it did not come over one connection of client and server. */
struct tap_within {
    uint64_t exchange; /* a request of HTTP and its answer; 0: none */
    bool apart;        /* no session holds exchanges together: an answer belongs to a request of its own exchange */
};

/* What was decided about a call before it was passed on. */
struct tap_verdict {
    enum { TAP_UNJUDGED, TAP_ALLOWED, TAP_REFUSED } is;
    const char *key;   /* allowed: of the event that records the call */
    const char *error; /* refused: the kind of it, a word */
    const char *words; /* refused: why */
    bool requested;    /* refused for want of a permission, which is recorded as requested */
    const char *group, *tier;
};

struct tap_session;
/* Borrows names and sink. NULL: no memory. */
struct tap_session *tap_session_new(const struct tap_names *names, const struct tap_sink *sink);
void tap_session_free(struct tap_session *session);
/* What the server was last seen to offer; taken over. `key`: of the event that says so; "": unknown. */
void tap_session_known(struct tap_session *session, struct tap_tools *tools, const char *key);
/* What is given from now on is of this exchange. */
void tap_session_within(struct tap_session *session, const struct tap_within *within);
/* The exchange ended, and answers to calls that came with it are not to be expected any more: they returned with this outcome and
 * this error, a word. */
int tap_session_broken(struct tap_session *session, uint64_t exchange, const char *outcome, const char *error, uint64_t at,
                       struct err *err);
/* One line of either side. It fails only if the sink does, or for want of memory. */
int tap_session_line(struct tap_session *session, enum tap_side side, const struct rpc_line *line, uint64_t at,
                     struct err *err);
/* One message of either side, opened from its MessagePack; `verdict` may be NULL. */
int tap_session_message(struct tap_session *session, enum tap_side side, struct bytes mp, const struct tap_verdict *verdict,
                        uint64_t at, struct err *err);
/* The end: how the server ended. `status` as of waitpid; -1: unknown. */
int tap_session_end(struct tap_session *session, int status, uint64_t at, struct err *err);

/* A call, for whoever records it before it is passed on: its fields are put into the draft, which is begun. */
struct tap_call {
    struct bytes id, tool, arguments, params; /* tool as the server names it; items and a word */
    const char *full;                         /* mcp__SERVER__TOOL */
    const char *group, *tier;                 /* may be NULL */
    struct bytes scope;                       /* what it reaches; empty: anything */
    struct bytes agent;                       /* may be empty */
};
void tap_call_draft(struct tap_draft *draft, const struct tap_names *names, const struct tap_call *call);

#endif
