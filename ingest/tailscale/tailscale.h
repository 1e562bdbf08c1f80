/* The source "tailscale": the output of `tailscale status --json`:
 *
 *   {Version, BackendState, AuthURL, Self {...}, Health [...], CurrentTailnet {Name, ...}, Peer {"nodekey:...": {...}} | null}
 *   {ID, PublicKey, HostName, DNSName, OS, TailscaleIPs [], Tags [], Online, Expired, KeyExpiry, LastSeen, ...}
 *
 * AuthURL lets whoever has it join a machine: nothing of the output is kept but what is read here. docs/ingest.md describes the
 * events. */
#ifndef INGEST_TAILSCALE_TAILSCALE_H
#define INGEST_TAILSCALE_TAILSCALE_H

#include "base/hash.h"
#include "base/mp_map.h"
#include "ingest/driver/intake.h"
#include "ingest/driver/seen.h"

#define TAILSCALE_DOC_MAX    ((size_t)8 << 20)
#define TAILSCALE_VALUES_MAX ((size_t)200000)
#define TAILSCALE_MP_MAX     (3 * TAILSCALE_DOC_MAX)
#define TAILSCALE_PEERS_MAX  2048

/* Views borrow from the status; empty: absent. */
struct tailscale_peer {
    char id[SEEN_NAME_MAX + 1]; /* fit for headers */
    struct bytes key, os, hostname, dns, version;
    struct bytes addresses, tags, health; /* canonical lists of texts */
    uint64_t key_expires, seen_at;        /* ns, or MEMBER_NONE */
    bool online, expired, self;
};

struct tailscale_status {
    bool running; /* otherwise it knows of no peer, and their absence proves nothing */
    bool cut;     /* a peer could not be read */
    size_t n, cap;
    struct tailscale_peer *peers;
};

/* Reads a status, a canonical item. Peers without an id are rejected alone, at `place`. ERR_INVALID: it is none; ERR_NOMEM,
 * INTAKE_STOP. tailscale_status_done in any case. */
int tailscale_status_read(struct bytes raw, struct intake *run, const struct ingest_place *place,
                          struct tailscale_status *ret, struct err *err);
void tailscale_status_done(struct tailscale_status *status);
/* One peer. ERR_INVALID. */
int tailscale_peer_read(struct bytes raw, struct tailscale_peer *ret, struct err *err);

/* Adds the events of what differs from the last look. Another tailnet than then is other peers. */
int tailscale_compare(struct intake *run, const struct ingest_place *place, const struct tailscale_status *status,
                      struct err *err);
/* Adds an event for each peer of a saved status, by itself. */
int tailscale_saved(struct intake *run, const struct ingest_place *place, const struct tailscale_status *status,
                    struct err *err);

int tailscale_read(struct intake *run, struct err *err);

#endif
