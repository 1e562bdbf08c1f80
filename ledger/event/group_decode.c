/* Decodes a bundle record into headers, payloads and leaves. Each header is rebuilt from its middle, the recomputed body
 * commitment and the leaf of the previous event, so that one pass gives the chain and every leaf; the stored four bytes of
 * each leaf then show where damage is. When the frame's checksum fails, as much of the content as possible is still
 * rebuilt, to name the first event that is not as it was written.
 *
 * Payloads are not copied: the content is unpacked into the group's payload buffer, and the views point into its last
 * part. */
#include <string.h>

#include "base/archive/zst.h"
#include "base/mp.h"
#include "ledger/event/group.h"
#include "ledger/event/group_format.h"

struct cursor {
    const uint8_t *p, *end;
};

struct meta {
    uint64_t time_delta, middle, code;
};

static bool get_uvarint(struct cursor *c, uint64_t *ret) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (c->p == c->end) return false;
        uint8_t b = *c->p++;
        if (shift == 63 && b > 1) return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *ret = v;
            return shift == 0 || b != 0; /* the shortest form only */
        }
    }
    return false;
}

static bool take(struct cursor *c, size_t n, const uint8_t **ret) {
    if (n > (size_t)(c->end - c->p)) return false;
    *ret = c->p;
    c->p += n;
    return true;
}

struct sections { /* where each event's stored parts begin in the plain content */
    struct meta meta[EVENT_GROUP];
    const uint8_t *bitmap;
    struct cursor middles, privates, bodies, salts, payloads;
    bool salted; /* the record has salts */
};

static bool has_private(const struct sections *s, size_t i) {
    return (s->bitmap[i / 8] >> (i % 8) & 1) != 0;
}

/* Splits the content into its sections. Lengths are checked before use; with `strict` they must fill the content
 * exactly. */
static bool split(struct bytes plain, bool salted, bool strict, struct sections *ret) {
    if (plain.n == 0) return false;
    struct cursor c = {plain.p, plain.p + plain.n};
    uint64_t middles = 0, privates = 0, bodies = 0, salts = 0, payloads = 0;
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        struct meta *m = &ret->meta[i];
        if (!get_uvarint(&c, &m->time_delta) || !get_uvarint(&c, &m->middle) || !get_uvarint(&c, &m->code) ||
            m->middle > EVENT_HEADER_MAX || m->code > GROUP_INLINE_MAX + 2) {
            return false;
        }
        middles += m->middle;
        bodies += m->code < 2 ? EVENT_HASH : 0;
        salts += salted && m->code != GROUP_ERASED ? EVENT_HASH : 0;
        payloads += m->code < 2 ? 0 : m->code - 2;
    }
    if (!take(&c, EVENT_GROUP / 8, &ret->bitmap)) return false;
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        privates += has_private(ret, i) ? EVENT_HASH : 0;
    }
    uint64_t left = (uint64_t)(c.end - c.p);
    uint64_t need = middles + privates + bodies + salts + payloads;
    if (need > left || (strict && need != left)) return false;
    ret->middles = (struct cursor){c.p, c.p + middles};
    ret->privates = (struct cursor){ret->middles.end, ret->middles.end + privates};
    ret->bodies = (struct cursor){ret->privates.end, ret->privates.end + bodies};
    ret->salts = (struct cursor){ret->bodies.end, ret->bodies.end + salts};
    ret->payloads = (struct cursor){ret->salts.end, ret->salts.end + payloads};
    ret->salted = salted;
    return true;
}

struct rebuild {
    uint64_t seq, time;
    uint8_t prev[EVENT_HASH];
};

static int rebuild_event(struct group *group, struct sections *s, size_t i, struct rebuild *state, struct err *err) {
    const struct meta *m = &s->meta[i];
    const uint8_t *middle, *payload = NULL, *body = NULL, *private_ = NULL, *own = NULL;
    uint8_t from_seed[EVENT_HASH], commit[EVENT_HASH], leaf[EVENT_HASH];
    bool salted = s->salted && m->code != GROUP_ERASED;
    size_t payload_n = m->code < 2 ? 0 : (size_t)m->code - 2;
    if (!take(&s->middles, (size_t)m->middle, &middle) ||
        (has_private(s, i) && !take(&s->privates, EVENT_HASH, &private_)) ||
        (m->code < 2 && !take(&s->bodies, EVENT_HASH, &body)) || (salted && !take(&s->salts, EVENT_HASH, &own)) ||
        !take(&s->payloads, payload_n, &payload) || m->time_delta > MP_INT_MAX - state->time) {
        return err_set(err, ERR_CORRUPT, "the bundle's lengths do not fit");
    }
    enum group_payload where = m->code < 2 ? (enum group_payload)m->code : GROUP_INLINE;
    if (body == NULL) {
        if (own == NULL) {
            event_salt(from_seed, group->seed, state->seq);
        }
        event_body_commit(commit, own != NULL ? own : from_seed, (struct bytes){payload, payload_n});
        body = commit;
    }
    state->time += m->time_delta;
    const struct event_header h = {
        .seq = state->seq, .time = state->time, .body = body, .private_ = private_, .prev = state->prev};
    size_t at = group->headers.n, middle_at;
    struct buf *out = &group->headers;
    if (event_header_wrap(out, &h, (struct bytes){middle, (size_t)m->middle}, &middle_at) != 0) {
        return buf_check(out, "a group's headers", err);
    }
    const struct group_facts facts = {.time = state->time,
                                      .middle_at = (uint16_t)middle_at,
                                      .middle_n = (uint16_t)m->middle,
                                      .has_private = private_ != NULL};
    event_leaf(leaf, (struct bytes){out->p + at, out->n - at});
    group_close(group, &facts, where, leaf);
    if (own != NULL || body == commit) {
        group_salt_put(group, own != NULL ? own : from_seed, own != NULL);
    }
    group->payload_at[group->n] = (size_t)(s->payloads.p - group->payloads.p);
    memcpy(state->prev, leaf, EVENT_HASH);
    state->seq++;
    return 0;
}

/* Rebuilds as many events as possible; *ret_bad is the first event that cannot be rebuilt or whose leaf differs from the
 * stored one. */
static int rebuild_all(struct group *group, const uint8_t *prefixes, bool salted, bool strict, size_t *ret_bad,
                       struct err *err) {
    struct sections s;
    struct rebuild state = {.seq = group->index * EVENT_GROUP};
    memcpy(state.prev, group->prev, EVENT_HASH);
    if (!split(bytes_of_buf(&group->payloads), salted, strict, &s)) {
        return err_set(err, ERR_CORRUPT, "the bundle's content does not parse");
    }
    group->payload_at[0] = (size_t)(s.payloads.p - group->payloads.p);
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        int rc = rebuild_event(group, &s, i, &state, err);
        if (rc == 0 && memcmp(group->event[i].leaf, prefixes + i * GROUP_LEAF_PREFIX, GROUP_LEAF_PREFIX) != 0) {
            rc = err_set(err, ERR_TAMPERED, "event %llu is not what was written: its leaf differs",
                         (unsigned long long)(group->index * EVENT_GROUP + i));
        }
        if (rc != 0) {
            *ret_bad = i;
            return rc;
        }
    }
    return 0;
}

int group_decode(struct group *group, uint64_t index, struct bytes record, size_t *ret_bad, struct err *err) {
    static const uint8_t no_seed[EVENT_HASH];
    size_t bad = SIZE_MAX;
    int rc = 0;
    if (record.n < GROUP_FIXED) {
        rc = err_set(err, ERR_CORRUPT, "bundle record of %zu bytes is too short", record.n);
    } else if (record.p[0] != GROUP_RECORD_VERSION) {
        rc = err_set(err, ERR_VERSION, "bundle record version %u is not known, this program reads 1", record.p[0]);
    } else if (record.p[1] > GROUP_SALTED) {
        rc = err_set(err, ERR_VERSION, "bundle record has unknown flags 0x%02x", record.p[1]);
    } else if (record.p[1] == GROUP_SALTED && memcmp(record.p + 2, no_seed, EVENT_HASH) != 0) {
        rc = err_set(err, ERR_CORRUPT, "bundle record has salts and a seed");
    }
    if (rc != 0) {
        goto out;
    }
    const uint8_t *prefixes = record.p + 2 + 2 * EVENT_HASH;
    bool salted = record.p[1] == GROUP_SALTED;
    struct bytes frame = {record.p + GROUP_FIXED, record.n - GROUP_FIXED};
    group_reset(group, index, record.p + 2, record.p + 2 + EVENT_HASH);
    rc = zst_decompress(&group->payloads, frame, GROUP_PLAIN_MAX, err);
    if (rc == 0) {
        rc = rebuild_all(group, prefixes, salted, true, &bad, err);
    } else if (rc == ERR_CORRUPT && ret_bad != NULL) {
        /* Only to name the event; the output is not used. */
        buf_clear(&group->payloads);
        if (zst_salvage(&group->payloads, frame, GROUP_PLAIN_MAX) == 0) {
            rebuild_all(group, prefixes, salted, false, &bad, NULL);
        }
    }
    if (rc == 0) {
        group_views(group);
    }
out:
    if (rc != 0) {
        group->n = 0;
        if (ret_bad != NULL) {
            *ret_bad = bad;
        }
    }
    return rc;
}

size_t group_declared(struct bytes record) {
    if (record.n < GROUP_FIXED) return 0;
    uint64_t n = zst_declared((struct bytes){record.p + GROUP_FIXED, record.n - GROUP_FIXED});
    return n < GROUP_PLAIN_MAX ? (size_t)n : GROUP_PLAIN_MAX;
}

bool group_header(const struct group *group, size_t i, struct event_header *header) {
    const struct group_event *e = &group->event[i];
    const uint8_t *end = e->header.p + e->header.n;
    if (e->header.n > EVENT_HEADER_MAX ||
        !event_middle_decode((struct bytes){e->header.p + e->facts.middle_at, e->facts.middle_n}, header)) {
        return false;
    }
    header->seq = group->index * EVENT_GROUP + i;
    header->time = e->facts.time;
    header->prev = end - EVENT_HASH;
    header->private_ = e->facts.has_private ? header->prev - GROUP_COMMITMENT : NULL;
    header->body = header->prev - GROUP_COMMITMENT - (e->facts.has_private ? GROUP_COMMITMENT : 1);
    return true;
}

void group_tree(const struct group *group, uint8_t (*ret)[EVENT_HASH]) {
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        memcpy(ret[EVENT_GROUP + i], group->event[i].leaf, EVENT_HASH);
    }
    merkle_complete(ret, EVENT_GROUP);
}

void group_root(const struct group *group, uint8_t ret[EVENT_HASH]) {
    uint8_t node[2 * EVENT_GROUP][EVENT_HASH];
    group_tree(group, node);
    memcpy(ret, node[1], EVENT_HASH);
}
