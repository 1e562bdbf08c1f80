/* Every event, in order: bytes, chain, payload, private fields, author, tree, and the records that hang on them. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/keyrun.h"
#include "ledger/private.h"
#include "ledger/verify.h"

/* ---- authors ---- */

static int note_author_key(struct verify *v, const struct event_header *h, const struct event_author *author,
                           struct err *err) {
    if (v->n_author_hashes + 2 > v->cap_author_hashes) {
        size_t cap = v->cap_author_hashes == 0 ? 256 : 2 * v->cap_author_hashes;
        uint64_t *grown = realloc(v->author_hash, cap * sizeof(*grown));
        if (grown == NULL) {
            return err_set(err, ERR_NOMEM, "out of memory for author keys");
        }
        v->author_hash = grown;
        v->cap_author_hashes = cap;
    }
    v->author_hash[v->n_author_hashes++] = keyrun_author_hash(author->name, author->id, h->key);
    v->author_hash[v->n_author_hashes++] = h->seq;
    return 0;
}

static int check_author(struct verify *v, const struct event_header *h, struct bytes body,
                        const struct event_author *author, struct err *err) {
    struct bytes sig = {author->sig, CRYPT_SIGNATURE_LEN};
    const struct note_vkey *key = trust_author_find(v->options->trust, author->name, author->id);
    v->n_authored++;
    if (key != NULL) {
        buf_clear(&v->scratch2);
        event_author_message(&v->scratch2, v->genesis, bytes_of(v->origin), h, body);
        int rc = buf_check(&v->scratch2, "an author's message", err);
        if (rc != 0) {
            return rc;
        }
        if (crypt_verify(sig.p, bytes_of_buf(&v->scratch2), key->public_key)) {
            v->n_author_good++;
        } else {
            verify_fault(v, LEDGER_AUTHORS, h->seq, VERIFY_PLACE(v, h->seq), "the signature of its author '%s' is bad",
                         key->name);
        }
    }
    if (h->key.n == 0) {
        verify_fault(v, LEDGER_AUTHORS, h->seq, VERIFY_PLACE(v, h->seq), "it is signed by an author and has no key");
        return 0;
    }
    return note_author_key(v, h, author, err);
}

static int compare_u64_pair(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : x[1] < y[1] ? -1 : x[1] > y[1];
}

static void check_author_keys(struct verify *v) {
    size_t n = v->n_author_hashes / 2;
    if (n < 2) {
        return;
    }
    qsort(v->author_hash, n, 2 * sizeof(uint64_t), compare_u64_pair);
    for (size_t i = 1; i < n; i++) {
        if (v->author_hash[2 * i] == v->author_hash[2 * (i - 1)]) {
            uint64_t before = v->author_hash[2 * i - 1], seq = v->author_hash[2 * i + 1];
            verify_fault(v, LEDGER_AUTHORS, seq, VERIFY_PLACE(v, seq), "its author's key was used before, by event %llu",
                         (unsigned long long)before);
        }
    }
}

/* ---- one event ---- */

static int check_payload(struct verify *v, const struct group_event *e, const struct event_header *h,
                         struct bytes *ret_body, struct event_author *ret_author, struct err *err) {
    uint8_t salt[EVENT_HASH], commit[EVENT_HASH];
    struct bytes payload = e->payload;
    struct err why = {0};
    if (e->where == GROUP_ERASED) {
        verify_fault(v, LEDGER_ERASURES, h->seq, VERIFY_PLACE(v, h->seq),
                     "its body is missing, and no ledger.erased event says so");
        return 1;
    }
    if (e->where == GROUP_EXTERNAL) {
        v->n_external++;
        buf_clear(&v->scratch);
        int rc = core_payload_get(v->txn, h->seq, &v->scratch, &why);
        if (rc == ERR_NOMEM || rc == ERR_IO) {
            return err_set(err, rc, "%s", why.msg);
        }
        payload = bytes_of_buf(&v->scratch);
        event_salt(salt, v->group->seed, h->seq);
        event_body_commit(commit, salt, payload);
        if (rc != 0 || memcmp(commit, h->body, EVENT_HASH) != 0) {
            verify_fault(v, LEDGER_INTEGRITY, h->seq, "payload", "%s",
                         rc != 0 ? why.msg : "its payload differs from its commitment");
            return 1;
        }
    }
    if (event_payload_decode(payload, ret_body, ret_author, &why) != 0) {
        verify_fault(v, LEDGER_INTEGRITY, h->seq, VERIFY_PLACE(v, h->seq), "%s", why.msg);
        return 1;
    }
    return 0;
}

static int check_private(struct verify *v, const struct event_header *h, struct err *err) {
    struct bytes record, map;
    struct err why = {0};
    if (h->private_ == NULL) {
        return 0;
    }
    v->n_private++;
    int rc = db_get_u64(v->txn, T_PRIVATE, h->seq, &record, &why);
    if (rc == ERR_NOTFOUND) {
        verify_fault(v, LEDGER_INTEGRITY, h->seq, "private", "its private fields are missing");
        return 0;
    }
    rc = rc != 0 ? rc : private_decode(record, h->private_, &v->scratch2, &map, &why);
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return err_set(err, rc, "%s", why.msg);
    }
    if (rc != 0) {
        verify_fault(v, LEDGER_INTEGRITY, h->seq, "private", "%s", why.msg);
    }
    return 0;
}

static void check_order(struct verify *v, const struct event_header *h, uint64_t seq) {
    const char *place = VERIFY_PLACE(v, seq);
    if (h->seq != seq) {
        verify_fault(v, LEDGER_INTEGRITY, seq, place, "its header says seq %llu", (unsigned long long)h->seq);
    }
    if (v->prev_known && memcmp(h->prev, v->prev, EVENT_HASH) != 0) {
        verify_fault(v, LEDGER_INTEGRITY, seq, place, "its prev is not the leaf of the event before");
    }
    if (h->time < v->time) {
        verify_fault(v, LEDGER_INTEGRITY, seq, place, "its time is before the event before");
    }
    if (h->has_cause && h->cause >= seq) {
        verify_fault(v, LEDGER_INTEGRITY, seq, place, "its cause is no earlier event");
    }
    if (seq == 0 && !bytes_is(h->kind, "ledger.created")) {
        verify_fault(v, LEDGER_INTEGRITY, 0, place, "the first event is not ledger.created");
    }
    v->time = h->time;
}

static void check_tiles(struct verify *v, uint64_t seq, unsigned levels, uint8_t (*done)[MERKLE_HASH]) {
    for (unsigned level = 8; level <= levels; level += 8) {
        uint8_t key[8];
        struct bytes record;
        uint64_t index = seq >> level;
        be64_put(key, index / 256);
        key[0] = (uint8_t)(level / 8);
        size_t at = (size_t)(index % 256) * MERKLE_HASH;
        int rc = db_get(v->txn, T_TILE, (struct bytes){key, sizeof(key)}, &record, NULL);
        if (rc != 0 || record.n < at + MERKLE_HASH || memcmp(record.p + at, done[level], MERKLE_HASH) != 0) {
            verify_fault(v, LEDGER_INTEGRITY, seq, "tile",
                         "hash %llu of tile level %u is not the root of events %llu..%llu", (unsigned long long)index,
                         level / 8, (unsigned long long)(index << level), (unsigned long long)seq);
        }
        v->n_tiles += index % 256 == 0 ? 1 : 0;
    }
}

static int check_event(struct verify *v, const struct group_event *e, uint64_t seq, struct err *err) {
    struct event_header h;
    struct event_author author = {0};
    struct bytes body;
    struct err why = {0};
    uint8_t done[MERKLE_DEPTH_MAX][MERKLE_HASH];
    int rc = event_header_decode(e->header, &h, &why);
    if (rc != 0) {
        verify_fault(v, LEDGER_INTEGRITY, seq, VERIFY_PLACE(v, seq), "%s", why.msg);
    } else {
        check_order(v, &h, seq);
        if (seq == 0) {
            memcpy(v->genesis, e->leaf, EVENT_HASH);
        }
        rc = check_payload(v, e, &h, &body, &author, err);
        if (rc == 0) {
            rc = verify_epoch_event(v, &h, body, err);
            rc = rc != 0 || author.name.n == 0 ? rc : check_author(v, &h, body, &author, err);
        }
        rc = rc < 0 ? rc : check_private(v, &h, err);
        if (bytes_is(h.kind, "ledger.gap")) {
            v->first_gap = v->n_gaps == 0 ? seq : v->first_gap;
            v->n_gaps++;
        }
        v->n_erased_events += bytes_is(h.kind, "ledger.erased") ? 1 : 0;
    }
    if (rc < 0 && (rc == ERR_NOMEM || rc == ERR_IO)) {
        return rc;
    }
    unsigned levels = merkle_edge_push(&v->edge, e->leaf, done);
    check_tiles(v, seq, levels, done);
    memcpy(v->prev, e->leaf, EVENT_HASH);
    v->prev_known = true;
    return verify_checkpoint_here(v, err);
}

/* ---- groups ---- */

static int put_pair(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct buf *out = ctx;
    (void)err;
    buf_put_u8(out, (uint8_t)(seq % EVENT_GROUP));
    return buf_put_be64(out, hash);
}

/* The group's key run, while it stands in evidence. */
static int check_key_run(struct verify *v, struct err *err) {
    struct bytes record = {NULL, 0};
    uint64_t first = v->group->index * EVENT_GROUP;
    if (v->group->n < EVENT_GROUP) {
        return 0;
    }
    buf_clear(&v->keyrun);
    int rc = first < v->head.keyed_from ? 0 : keyrun_of_group(v->txn, v->group, put_pair, &v->keyrun, NULL);
    if (rc != 0) {
        return rc == ERR_NOMEM ? err_set(err, rc, "out of memory") : 0; /* a damaged payload: said already */
    }
    rc = db_get_u64(v->txn, T_KEYRUN, first, &record, err);
    if (rc != 0 && rc != ERR_NOTFOUND) {
        return rc;
    }
    /* a snapshot taken later may have moved older runs to derived data already */
    bool moved = rc == ERR_NOTFOUND && first < v->view.head.keyed_from;
    v->n_keyruns += rc == 0 ? 1 : 0;
    if (!moved && !bytes_eq(record, bytes_of_buf(&v->keyrun))) {
        verify_fault(v, LEDGER_INTEGRITY, first, "keyrun", "the keys of events %llu..%llu are not those of the events",
                     (unsigned long long)first, (unsigned long long)(first + EVENT_GROUP - 1));
    }
    return 0;
}

/* Goes on behind a group that cannot be read, with its hash from the tile above. */
static int skip_group(struct verify *v, uint64_t index, struct err *err) {
    struct err why = {0};
    v->prev_known = false;
    v->gaps_in_reading = true;
    int rc = verify_epochs_cached(v, index * EVENT_GROUP, (index + 1) * EVENT_GROUP, err);
    if (rc != 0) {
        return rc;
    }
    if ((index + 1) * EVENT_GROUP > v->head.size) {
        return 1; /* the tail has nothing above it */
    }
    rc = merkle_edge_load(&v->edge, (index + 1) * EVENT_GROUP, core_node, &v->view, &why);
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return err_set(err, rc, "%s", why.msg);
    }
    if (rc != 0) {
        verify_fault(v, LEDGER_INTEGRITY, index * EVENT_GROUP, "tile", "%s", why.msg);
        return 1;
    }
    while (v->next_checkpoint <= v->edge.size && v->next_checkpoint != LEDGER_NO_SEQ) {
        v->n_checkpoints++; /* those inside cannot be judged */
        v->last_kept = v->next_checkpoint;
        rc = verify_checkpoint_seek(v, v->next_checkpoint + 1, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int check_group(struct verify *v, uint64_t index, struct err *err) {
    struct err why = {0};
    size_t bad = SIZE_MAX;
    int rc = core_group_load(v->txn, &v->view.head, index, v->group, &bad, &why);
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return err_set(err, rc, "%s", why.msg);
    }
    if (rc != 0) {
        uint64_t seq = index * EVENT_GROUP + (bad == SIZE_MAX ? 0 : bad);
        verify_fault(v, LEDGER_INTEGRITY, seq, VERIFY_PLACE(v, seq), "%s", why.msg);
        return skip_group(v, index, err);
    }
    for (size_t i = 0; i < v->group->n && index * EVENT_GROUP + i < v->head.size; i++) {
        rc = check_event(v, &v->group->event[i], index * EVENT_GROUP + i, err);
        if (rc < 0) {
            return rc;
        }
    }
    return check_key_run(v, err);
}

int verify_events(struct verify *v, struct err *err) {
    uint64_t groups = (v->head.size + EVENT_GROUP - 1) / EVENT_GROUP;
    int rc = verify_checkpoint_seek(v, v->from + 1, err);
    for (uint64_t g = v->from / EVENT_GROUP; g < groups && rc == 0; g++) {
        rc = verify_renew(v, err);
        rc = rc != 0 ? rc : check_group(v, g, err);
        if (v->options->progress != NULL && (g % 64 == 63 || g + 1 == groups)) {
            v->options->progress(v->options->progress_ctx,
                                 (g + 1) * EVENT_GROUP < v->head.size ? (g + 1) * EVENT_GROUP : v->head.size, v->head.size);
        }
    }
    check_author_keys(v);
    return rc < 0 ? rc : 0;
}
