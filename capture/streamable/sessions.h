/* Conversations: one for each session of the protocol, and one for all requests that belong to none. Each is a run, with a recorder of
 * its own, and, where calls are judged, a link to the judge.
 *
 * A session is known by its id, of which a digest is kept: whoever has the id can speak in the session. There are so many at once, and
 * one more ends the one that was not used for longest: its run. Should that speak again, it is another run. */
#ifndef CAPTURE_STREAMABLE_SESSIONS_H
#define CAPTURE_STREAMABLE_SESSIONS_H

#include "capture/tap/judge.h"
#include "capture/tap/record.h"

#define SESSIONS_MAX 64

struct sessions_options {
    const struct tap_names *names; /* of all, but for the run; borrowed */
    struct ledger *ledger;         /* NULL: nothing is recorded */
    struct tap_judge *judge;       /* NULL: nothing is judged */
    uint64_t pause_ns;             /* as tap_record_options */
    void (*say)(void *ctx, const char *text);
    void *ctx;
};

struct session {
    struct tap_names names;
    struct tap_record *record; /* NULL: nothing is recorded */
    struct tap_link *link;     /* NULL: nothing is judged */
    /* Of the table. */
    uint8_t id[HASH_LEN];
    bool common, over;
    unsigned users;
    uint64_t used;
};

struct sessions;
struct sessions *sessions_new(const struct sessions_options *options);
/* Ends all of them; nobody may use one any more. Waits at most `wait_ns` for the ledger. *ret: what could not be recorded; *ret_n: how
 * many sessions there were. */
void sessions_free(struct sessions *sessions, uint64_t wait_ns, struct tap_lost *ret, uint64_t *ret_n);
/* The one with this id; new, if it is not known. An empty id: that of all requests without one. Given back with sessions_put. NULL: no
 * memory, or every one is in use. */
struct session *sessions_get(struct sessions *sessions, struct bytes id);
void sessions_put(struct sessions *sessions, struct session *session);
/* The session has ended; its run does when nobody uses it any more. */
void sessions_over(struct sessions *sessions, struct session *session);

#endif
