/* What changed. A peer has two sides: it is in the network (0), and it is online (1).
 *
 *   in the network, new or with another stable part      peer.observed
 *   online, and was not                                  peer.observed, unless it is one already
 *   no longer online                                     peer.lost, offline or expired
 *   no longer in the network                             peer.lost, removed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/answer/member.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/tailscale/tailscale.h"

#define BODY_MAX ((size_t)64 << 10)
#define KEY_MAX  (KEYED_HASH_HEX + 16)

struct view {
    struct intake *run;
    const struct ingest_place *place;
    const char *id; /* of the network, or of saved statuses as such */
    const struct seen_now *told;
};

/* ---- events ------------------------------------------------------------------------------------------------------- */

struct draft {
    const char *kind, *word;
    uint64_t gen;
    struct bytes content;
    struct mp_map open, private_;
};

static void draft_init(struct draft *d, const char *kind, const char *peer, uint64_t gen, struct bytes content) {
    *d = (struct draft){.kind = kind, .word = strchr(kind, '.') + 1, .gen = gen, .content = content};
    mp_map_init(&d->open, BODY_MAX);
    mp_map_init(&d->private_, BODY_MAX);
    mp_map_text(&d->open, "peer", bytes_of(peer));
    mp_map_text(&d->open, "network", bytes_of("tailscale"));
}

static int draft_add(struct draft *d, const struct view *v, const char *peer, struct err *err) {
    struct buf body = {.max = BODY_MAX}, hidden = {.max = BODY_MAX};
    char key[KEY_MAX], hex[KEYED_HASH_HEX], subject[SEEN_NAME_MAX + 8];
    uint8_t gen[8], each[HASH_LEN];
    struct log_draft draft;
    be64_put(gen, d->gen);
    hash_parts(each, &d->content, 1);
    const struct bytes parts[] = {
        bytes_of(d->kind), bytes_of(v->id), {gen, sizeof(gen)}, {each, sizeof(each)}, bytes_of(peer)};
    keyed_hash_parts(hex, intake_secret(v->run), parts, 5);
    snprintf(key, sizeof(key), "%s:%s", d->word, hex);
    snprintf(subject, sizeof(subject), "peer/%s", peer);
    int rc = mp_map_write(&d->open, &body, err);
    if (rc == 0 && d->private_.n > 0) rc = mp_map_write(&d->private_, &hidden, err);
    if (rc == 0) {
        log_draft_init(&draft);
        draft.kind = bytes_of(d->kind);
        draft.subject = bytes_of(subject);
        draft.key = bytes_of(key);
        draft.grade = bytes_of("reported");
        draft.body = bytes_of_buf(&body);
        draft.private_ = bytes_of_buf(&hidden);
        rc = intake_add(v->run, &draft, v->place, INGEST_NO_TIME, err);
    }
    mp_map_done(&d->open);
    mp_map_done(&d->private_);
    buf_done(&body);
    buf_done(&hidden);
    return rc;
}

/* The stable part. */
static void put_stable(struct mp_map *open, struct mp_map *private_, const struct tailscale_peer *p) {
    uint8_t digest[HASH_LEN];
    mp_map_text(open, "os", p->os);
    mp_map_text(open, "version", p->version);
    mp_map_raw(open, "tags", p->tags);
    if (p->key_expires != MEMBER_NONE) mp_map_uint(open, "key_expires", p->key_expires);
    if (p->key.n > 0) {
        hash_parts(digest, &p->key, 1);
        mp_map_hash(open, "fingerprint", digest);
    }
    mp_map_raw(private_, "addresses", p->addresses);
    mp_map_text(private_, "hostname", p->hostname.n > 0 ? p->hostname : p->dns);
    mp_map_raw(private_, "health", p->health);
}

static void stable_digest(const struct tailscale_peer *p, uint8_t ret[HASH_LEN]) {
    struct mp_map open, private_;
    struct buf all = {.max = 2 * BODY_MAX};
    mp_map_init(&open, BODY_MAX);
    mp_map_init(&private_, BODY_MAX);
    put_stable(&open, &private_, p);
    mp_map_write(&open, &all, NULL);
    mp_map_write(&private_, &all, NULL);
    const struct bytes parts[] = {bytes_of_buf(&all), p->dns};
    hash_parts(ret, parts, 2);
    mp_map_done(&open);
    mp_map_done(&private_);
    buf_done(&all);
}

static int add_observed(const struct view *v, const struct tailscale_peer *p, unsigned side, uint64_t gen,
                        struct err *err) {
    struct draft d;
    uint8_t digest[HASH_LEN + 1];
    stable_digest(p, digest);
    digest[HASH_LEN] = (uint8_t)side;
    draft_init(&d, "peer.observed", p->id, gen, (struct bytes){digest, sizeof(digest)});
    mp_map_bool(&d.open, "online", p->online);
    put_stable(&d.open, &d.private_, p);
    return draft_add(&d, v, p->id, err);
}

static int add_lost(const struct view *v, const char *peer, const char *reason, uint64_t seen_at, uint64_t gen,
                    struct err *err) {
    struct draft d;
    draft_init(&d, "peer.lost", peer, gen, bytes_of(reason));
    mp_map_text(&d.open, "reason", bytes_of(reason));
    if (seen_at != MEMBER_NONE) mp_map_uint(&d.open, "seen_at", seen_at);
    return draft_add(&d, v, peer, err);
}

/* ---- comparing ---------------------------------------------------------------------------------------------------- */

static int on_change(void *ctx, const struct seen_change *c, struct err *err) {
    struct view *v = ctx;
    const struct tailscale_peer *p = c->now != NULL ? c->now->what : NULL;
    if (c->side == 0 && c->on) {
        if (c->news) v->told = c->now;
        return add_observed(v, p, 0, c->gen, err);
    }
    if (c->side == 0) return add_lost(v, c->name, "removed", MEMBER_NONE, c->gen, err);
    if (c->on) return c->news && v->told != c->now ? add_observed(v, p, 1, c->gen, err) : 0;
    return p != NULL ? add_lost(v, c->name, p->expired ? "expired" : "offline", p->seen_at, c->gen, err) : 0;
}

/* Others are known only while it runs; their last state is then what is known of them. */
static size_t put_now(const struct tailscale_status *s, struct seen_now *now) {
    for (size_t i = 0; i < s->n; i++) {
        uint8_t digest[HASH_LEN];
        stable_digest(&s->peers[i], digest);
        now[i] = (struct seen_now){.name = bytes_of(s->peers[i].id),
                                   .what = &s->peers[i],
                                   .is = {SEEN_ON, s->peers[i].online ? SEEN_ON : SEEN_OFF}};
        memcpy(now[i].digest[0], digest, SEEN_DIGEST);
    }
    return s->n;
}

int tailscale_compare(struct intake *run, const struct ingest_place *place, const struct tailscale_status *s,
                      struct err *err) {
    struct view v = {.run = run, .place = place};
    const struct seen_events events = {&v, on_change, *place, "peer"};
    struct seen_now *now = calloc(s->n + 1, sizeof(*now));
    struct seen *seen = calloc(1, sizeof(*seen));
    int rc = now != NULL && seen != NULL ? 0 : err_set(err, ERR_NOMEM, "tailscale: out of memory");
    if (rc == 0) rc = seen_open(seen, run, "tailscale", err);
    if (rc == 0) {
        v.id = seen->id;
        rc = seen_compare(seen, now, put_now(s, now), s->running && !s->cut, &events, err);
    }
    if (seen != NULL) seen_close(seen);
    free(seen);
    free(now);
    return rc;
}

int tailscale_saved(struct intake *run, const struct ingest_place *place, const struct tailscale_status *s,
                    struct err *err) {
    struct view v = {.run = run, .place = place, .id = "saved"};
    int rc = 0;
    for (size_t i = 0; i < s->n && rc == 0 && !intake_stopped(run); i++) {
        rc = add_observed(&v, &s->peers[i], s->peers[i].online, 0, err);
    }
    return rc;
}
