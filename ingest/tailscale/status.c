/* From JSON to peers. A time of year 1 means that there is none. */
#include <stdlib.h>
#include <string.h>

#include "base/answer/member.h"
#include "base/array.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/tailscale/tailscale.h"

#define ID_MAX   64
#define TEXT_MAX 256
#define NO_BYTES ((struct bytes){NULL, 0})

static struct bytes short_text(struct bytes map, const char *name) {
    struct bytes text = member_text(map, name);
    return text.n <= TEXT_MAX ? text : NO_BYTES;
}

/* Letters, digits and a few more, so that it may be in a header. */
static bool is_id(struct bytes id) {
    bool fine = id.n > 0 && id.n <= ID_MAX;
    for (size_t i = 0; i < id.n && fine; i++) {
        uint8_t c = id.p[i];
        fine =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    }
    struct secret_hit hit;
    return fine && secret_next(id, 0, &hit) != 0;
}

/* A list of texts, as long as it is one; else nothing. */
static struct bytes texts(struct bytes map, const char *name) {
    struct mp_reader r;
    struct mp_item item;
    uint32_t n = 0;
    struct bytes raw = member_list(map, name, &r, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR) return NO_BYTES;
    }
    return n > 0 && n <= 64 && raw.n <= 8192 ? raw : NO_BYTES;
}

int tailscale_peer_read(struct bytes raw, struct tailscale_peer *ret, struct err *err) {
    struct tailscale_peer p = {0};
    struct bytes id = member_text(raw, "ID");
    if (!member_is(raw, MP_MAP)) return err_set(err, ERR_INVALID, "a peer is not an object");
    if (!is_id(id)) {
        return err_set(err, ERR_INVALID, "a peer has no 'ID' of at most %d letters, digits, '-', '_' and '.'", ID_MAX);
    }
    bytes_copy(p.id, id);
    p.key = short_text(raw, "PublicKey");
    p.os = member_word(raw, "OS");
    p.hostname = short_text(raw, "HostName");
    p.dns = short_text(raw, "DNSName");
    p.addresses = texts(raw, "TailscaleIPs");
    p.tags = member_words(raw, "Tags");
    p.key_expires = member_time(raw, "KeyExpiry");
    p.seen_at = member_time(raw, "LastSeen");
    p.online = member_flag(raw, "Online");
    p.expired = member_flag(raw, "Expired");
    *ret = p;
    return 0;
}

/* ---- the status --------------------------------------------------------------------------------------------------- */

struct reader {
    struct intake *run;
    const struct ingest_place *place;
    struct tailscale_status *status;
};

static int take(struct reader *r, struct bytes raw, const struct tailscale_peer *as, struct err *err) {
    struct tailscale_status *s = r->status;
    struct err why = {0};
    if (s->n == TAILSCALE_PEERS_MAX) {
        s->cut = true;
        return intake_reject(r->run, r->place, NULL, "the network has more than 2048 peers; the rest is ignored");
    }
    int rc = array_room(&s->peers, s->n + 1, &s->cap, sizeof(*s->peers), err);
    if (rc != 0) return rc;
    if (tailscale_peer_read(raw, &s->peers[s->n], &why) != 0) {
        s->cut = true;
        return intake_reject(r->run, r->place, NULL, why.msg);
    }
    if (as != NULL) {
        s->peers[s->n].self = true;
        s->peers[s->n].version = as->version;
        s->peers[s->n].health = as->health;
    }
    s->n++;
    return 0;
}

static int take_peers(struct reader *r, struct bytes peers, struct err *err) {
    struct mp_reader in;
    struct mp_item head;
    struct bytes raw;
    int rc = 0;
    if (!member_is(peers, MP_MAP)) return 0; /* null: it knows none */
    mp_reader_init(&in, peers);
    if (mp_next(&in, &head, err) != 0) return ERR_CORRUPT;
    for (uint32_t i = 0; i < head.count && rc == 0 && r->status->n < TAILSCALE_PEERS_MAX; i++) {
        rc = mp_skip(&in, 1, NULL, err);
        if (rc == 0) rc = mp_skip(&in, 1, &raw, err);
        if (rc == 0) rc = take(r, raw, NULL, err);
    }
    return rc;
}

int tailscale_status_read(struct bytes raw, struct intake *run, const struct ingest_place *place,
                          struct tailscale_status *ret, struct err *err) {
    struct reader r = {run, place, ret};
    struct bytes self = member_is(raw, MP_MAP) ? member_raw(raw, "Self") : NO_BYTES,
                 state = member_text(raw, "BackendState");
    memset(ret, 0, sizeof(*ret));
    if (state.n == 0 || !member_is(self, MP_MAP)) {
        return err_set(err, ERR_INVALID, "not a status of Tailscale; expected: the output of 'tailscale status --json'");
    }
    const struct tailscale_peer as = {.version = member_word(raw, "Version"), .health = texts(raw, "Health")};
    ret->running = bytes_is(state, "Running");
    int rc =
        member_text(self, "ID").n > 0 || ret->running ? take(&r, self, &as, err) : 0; /* one that never joined has none */
    if (rc == 0 && !ret->running && ret->n > 0) ret->peers[0].online = false;
    return rc == 0 ? take_peers(&r, member_raw(raw, "Peer"), err) : rc;
}

void tailscale_status_done(struct tailscale_status *s) {
    free(s->peers);
    memset(s, 0, sizeof(*s));
}
