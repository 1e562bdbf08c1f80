/* Requests that wait for their answers, of both sides. A new one replaces the oldest when there are too many. */
#ifndef CAPTURE_TAP_PENDING_H
#define CAPTURE_TAP_PENDING_H

#include "base/rpc/message.h"
#include "capture/tap/event.h"
#include "capture/tap/side.h"

#define TAP_PENDING_MAX 1024 /* requests without an answer; a new one replaces the oldest */

enum waits_for { FREE, TOOL, QUESTION, MODEL, CANCELLED, OTHER };

struct pending {
    enum waits_for is;
    enum tap_side side; /* who asked */
    uint8_t id[RPC_ID_LEN];
    char word[RPC_WORD_MAX + 3]; /* the id in words */
    char tool[RPC_WORD_MAX + 1];
    char key[TAP_KEY_LEN]; /* of the event that records the request */
    uint64_t at, exchange; /* when; with which exchange, 0: none */
    uint64_t order;        /* the oldest has the least */
};

struct pendings {
    struct pending *items;
    size_t used;
    uint64_t n; /* so far */
};

/* -1: no memory. */
int pendings_init(struct pendings *all);
void pendings_done(struct pendings *all);
/* NULL: there is none. `channel`: of the ids of this side. */
struct pending *pendings_find(const struct pendings *all, enum tap_side asked, struct bytes id, uint64_t channel);
/* An empty one with this id. One that waits already is replaced. */
struct pending *pendings_put(struct pendings *all, enum tap_side side, enum waits_for is, struct bytes id,
                             uint64_t channel);
/* The next that waits for the result of a tool, and came with this exchange, after *at, which begins with 0. NULL: none. */
struct pending *pendings_of(const struct pendings *all, uint64_t exchange, size_t *at);

#endif
