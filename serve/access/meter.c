/* Rates by the generic cell rate algorithm (ITU-T I.371): a time for each holder, no timers. */
#include "serve/access/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *access_reason_word(size_t reason) {
    static const char *const words[ACCESS_REASONS] = {
#define REASON(name, word) [ACCESS_REFUSED_##name] = word,
#include "serve/access/reasons.def"
#undef REASON
    };
    return words[reason];
}

static struct meter_holder *holder_of(struct meter *m, const char *name) {
    for (size_t i = 0; i < m->n; i++) {
        if (strcmp(m->holders[i].name, name) == 0) return &m->holders[i];
    }
    struct meter_holder *more = m->n <= ACCESS_ALL_MAX ? realloc(m->holders, (m->n + 1) * sizeof(*more)) : NULL;
    if (more == NULL) return NULL;
    m->holders = more;
    m->holders[m->n] = (struct meter_holder){0};
    snprintf(m->holders[m->n].name, sizeof(m->holders[0].name), "%s", name);
    return &m->holders[m->n++];
}

bool meter_take(struct meter *m, const char *holder, bool dear, uint64_t now, unsigned *ret_wait_s) {
    struct meter_holder *h = holder_of(m, holder);
    uint64_t each = CLOCK_NS_PER_S / (dear ? METER_DEAR_RATE : METER_CHEAP_RATE);
    uint64_t room = each * (dear ? METER_DEAR_BURST : METER_CHEAP_RATE);
    *ret_wait_s = 1;
    if (h == NULL) return false;
    uint64_t *due = dear ? &h->dear_ns : &h->cheap_ns;
    uint64_t next = *due > now ? *due : now;
    if (next + each - now > room) {
        *ret_wait_s = (unsigned)((next + each - now - room + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S);
        return false;
    }
    *due = next + each;
    return true;
}

void meter_read(struct meter *m, const char *holder, uint64_t bytes, uint64_t now) {
    struct meter_holder *h = holder_of(m, holder);
    if (h == NULL) return;
    if (h->requests == 0) h->since = now;
    h->requests++;
    h->bytes += bytes;
}

void meter_refuse(struct meter *m, enum access_reason reason, const char *peer, uint64_t now) {
    struct meter_refused *r = &m->refused[reason];
    if (r->count++ == 0) r->since = now;
    for (size_t i = 0; i < r->n_peers; i++) {
        if (strcmp(r->peers[i], peer) == 0) return;
    }
    if (r->n_peers < METER_PEERS && peer[0] != '\0') {
        snprintf(r->peers[r->n_peers++], METER_PEER, "%s", peer);
    }
}

bool meter_next(struct meter *m, uint64_t now, bool all, struct meter_due *ret, struct meter_holder *room_holder,
                struct meter_refused *room_refused) {
    *ret = (struct meter_due){0};
    for (size_t i = 0; i < m->n; i++) {
        struct meter_holder *h = &m->holders[i];
        if (h->requests == 0 || (!all && now - h->since < METER_READ_NS)) continue;
        *room_holder = *h;
        h->requests = h->bytes = 0;
        ret->holder = room_holder;
        return true;
    }
    for (size_t i = 0; i < ACCESS_REASONS; i++) {
        struct meter_refused *r = &m->refused[i];
        if (r->count == 0 || (!all && now - r->since < METER_REFUSED_NS)) continue;
        *room_refused = *r;
        *r = (struct meter_refused){0};
        ret->refused = room_refused;
        ret->reason = access_reason_word(i);
        return true;
    }
    return false;
}

void meter_done(struct meter *m) {
    free(m->holders);
    *m = (struct meter){0};
}
