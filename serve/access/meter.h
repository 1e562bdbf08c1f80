/* How much each holder may ask, and what is to be recorded of it: one record for each holder and hour, one for each reason of refusal and
 * minute, however many requests there are. */
#ifndef SERVE_ACCESS_METER_H
#define SERVE_ACCESS_METER_H

#include "base/bytes.h"
#include "base/clock.h"
#include "serve/access/tokens.h"

#define METER_READ_NS    (3600 * CLOCK_NS_PER_S)
#define METER_REFUSED_NS (60 * CLOCK_NS_PER_S)
#define METER_PEERS      10
#define METER_PEER       48

/* Answers that this process gives itself, and those that a command gives, cost differently. */
#define METER_CHEAP_RATE 20000 /* requests a second; as many at once */
#define METER_DEAR_RATE  20    /* the same of questions */
#define METER_DEAR_BURST 100

enum access_reason {
#define REASON(name, word) ACCESS_REFUSED_##name,
#include "serve/access/reasons.def"
#undef REASON
    ACCESS_REASONS
};
const char *access_reason_word(size_t reason);

struct meter_holder {
    char name[ACCESS_NAME_MAX + 1];
    uint64_t cheap_ns, dear_ns; /* when its next request would be due if it asked as often as it may */
    uint64_t requests, bytes, since;
};
struct meter_refused {
    uint64_t count, since;
    char peers[METER_PEERS][METER_PEER];
    size_t n_peers;
};
struct meter {
    struct meter_holder *holders; /* tokens, and "page": bounded by ACCESS_ALL_MAX */
    size_t n;
    struct meter_refused refused[ACCESS_REASONS];
};

/* May this holder ask now? False: after *ret_wait_s seconds. Times are of a clock that does not stop. ERR_NOMEM counts as no. */
bool meter_take(struct meter *meter, const char *holder, bool dear, uint64_t now, unsigned *ret_wait_s);
void meter_read(struct meter *meter, const char *holder, uint64_t bytes, uint64_t now);
void meter_refuse(struct meter *meter, enum access_reason reason, const char *peer, uint64_t now);
/* The next record that is due, or with `all` the next of any that has something; false: there is none. It begins anew with that. One of
 * the two is set, and borrowed until the next call; `now - since` is how long it lasted. */
struct meter_due {
    const struct meter_holder *holder;
    const struct meter_refused *refused;
    const char *reason;
};
bool meter_next(struct meter *meter, uint64_t now, bool all, struct meter_due *ret, struct meter_holder *room_holder,
                struct meter_refused *room_refused);
void meter_done(struct meter *meter); /* zeroed is fine */

#endif
