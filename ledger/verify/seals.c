/* Judges checkpoints, epoch keys and handovers by what the events say.
 *
 * Epoch e seals the sizes from_size .. to_size. A rotation at seq r hands over at size r + 1, which both keys sign. After a
 * restore the old epoch key is unavailable: the old epoch ends at size r, the new one begins at r + 1, certified by the log
 * key. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include "ledger/signing/epoch.h"
#include "ledger/verify/verify.h"

#define CHECKPOINT_GAP_MAX (LOG_BATCH_EVENTS_MAX + 2 + EVENT_GROUP) /* no commit is larger */

/* ---- epochs ---- */

/* Begins an epoch and ends the previous one. */
static int epoch_push(struct verify *v, const struct verify_epoch *epoch, struct err *err) {
    int rc = array_room(&v->epoch, v->n_epochs + 1, &v->cap_epochs, sizeof(*v->epoch), err);
    if (rc != 0) return rc;
    if (v->n_epochs > 0) {
        v->epoch[v->n_epochs - 1].to_size = epoch->restored ? epoch->seq : epoch->seq + 1;
    }
    v->epoch[v->n_epochs++] = *epoch;
    return 0;
}

static int add_epoch(struct verify *v, uint64_t seq, const struct epoch_said *said, struct err *err) {
    struct verify_epoch e = {
        .from_size = seq + 1, .to_size = LOG_NO_SEQ, .seq = seq, .restored = said->restored, .vkey = said->key};
    for (size_t i = 0; i < v->n_epochs; i++) {
        if (epoch_same_key(&v->epoch[i].vkey, &e.vkey)) {
            verify_refuse(v, "F21", LOG_SEALS, seq, "epoch", "the new epoch key is the key of epoch %zu again", i);
        }
    }
    if (v->n_epochs > 0 && v->log_known && epoch_same_key(&v->log, &e.vkey)) {
        verify_refuse(v, "F21", LOG_SEALS, seq, "epoch", "the new epoch key is the log key");
    }
    memcpy(e.origin, v->origin, sizeof(e.origin));
    return epoch_push(v, &e, err);
}

int verify_epochs_cached(struct verify *v, uint64_t from, uint64_t end, struct err *err) {
    for (uint64_t i = v->n_epochs;; i++) {
        struct core_epoch e;
        struct err why = {0};
        int rc = core_epoch_get(v->txn, i, &e, &why);
        if (err_is_system(rc)) return err_set(err, rc, "%s", why.msg);
        if (rc != 0 || e.seq < from || e.seq >= end) return 0;
        if (e.seq == 0) {
            memcpy(v->genesis, v->ledger->genesis, EVENT_HASH);
            v->log = v->ledger->log;
            v->log_known = true;
        }
        struct verify_epoch mine = {
            .from_size = e.from_size, .to_size = LOG_NO_SEQ, .seq = e.seq, .restored = e.restored, .vkey = e.vkey};
        memcpy(mine.origin, e.origin, sizeof(mine.origin));
        memcpy(v->origin, e.origin, sizeof(v->origin));
        rc = epoch_push(v, &mine, err);
        if (rc != 0) return rc;
    }
}

/* The root of the tree before the event. False: it is not available; a system failure is kept. */
static bool root_before(struct verify *v, uint64_t seq, uint8_t ret[EVENT_HASH]) {
    struct merkle_edge edge = v->edge;
    struct err why = {0};
    int rc = edge.size != seq ? merkle_edge_load(&edge, seq, core_node, &v->view, &why) : 0;
    if (rc == 0) {
        merkle_edge_root(&edge, ret);
    }
    verify_hindered(v, rc, &why);
    return rc == 0;
}

static int take_epoch(struct verify *v, const struct event_header *h, struct bytes body, struct err *err) {
    struct epoch_said said;
    struct epoch_fault wrong;
    uint8_t root[EVENT_HASH];
    struct epoch_place place = {.seq = h->seq, .number = v->n_epochs == 0 && h->seq > 0 ? LOG_NO_SEQ : v->n_epochs};
    if (v->n_epochs > 0) {
        place.first = v->epoch[0].origin;
        place.now = v->origin;
    }
    if (bytes_is(h->kind, "ledger.restored") && root_before(v, h->seq, root)) {
        place.root = root;
    }
    int rc = epoch_judge(h->kind, body, &place, &said, &wrong);
    if (rc != 0) {
        verify_refuse(v, wrong.rule, LOG_SEALS, h->seq, VERIFY_PLACE(v, h->seq), "%s", wrong.text);
    }
    if (rc < 0) return 0;
    if (h->seq == 0) {
        v->log = said.log;
        v->log_known = true;
    }
    v->n_restored += said.restored;
    v->last_restored = said.restored ? h->seq : v->last_restored;
    if (place.now != NULL || said.origin[0] != '\0') {
        memcpy(v->origin, said.origin, sizeof(v->origin));
    }
    return add_epoch(v, h->seq, &said, err);
}

bool verify_is_epoch_event(const struct event_header *h) {
    return epoch_is_kind(h->kind);
}

/* All events that name the ledger's secret must name the same one. */
static void take_secret(struct verify *v, uint64_t seq, struct bytes body) {
    struct bytes digest;
    if (!key_secret_named(body, &digest) || (v->keyed_by[0] != '\0' && bytes_is(digest, v->keyed_by))) {
        return;
    }
    if (v->keyed_by[0] == '\0' && digest.n > 0 && digest.n < sizeof(v->keyed_by)) {
        memcpy(v->keyed_by, digest.p, digest.n);
        v->keyed_by[digest.n] = '\0';
        v->keyed_by_seq = seq;
        return;
    }
    verify_refuse(v, "F25", LOG_INTEGRITY, seq, VERIFY_PLACE(v, seq),
                  "it names another secret of the ledger than event %llu", (unsigned long long)v->keyed_by_seq);
}

int verify_epoch_event(struct verify *v, const struct event_header *h, struct bytes body, struct err *err) {
    if (!verify_is_epoch_event(h)) return 0;
    take_secret(v, h->seq, body);
    if (bytes_is(h->kind, "ledger.created") && h->seq != 0) {
        verify_refuse(v, "F15", LOG_INTEGRITY, h->seq, VERIFY_PLACE(v, h->seq), "ledger.created is not the first event");
        return 0;
    }
    return take_epoch(v, h, body, err);
}

/* The epoch keys that seal `size`: one, or two at a handover. */
static size_t epochs_of(const struct verify *v, uint64_t size, const struct verify_epoch *ret[2]) {
    size_t n = 0;
    for (size_t i = v->n_epochs; i-- > 0 && n < 2;) {
        if (v->epoch[i].from_size <= size && size <= v->epoch[i].to_size) {
            ret[n++] = &v->epoch[i];
        }
        if (v->epoch[i].from_size < size) break;
    }
    return n;
}

/* ---- one note ---- */

void verify_judge_keys(struct bytes note, const struct verify_known *known, struct note *scratch,
                       struct verify_judged *ret) {
    ret->n = 0;
    if (note_decode(note, scratch, NULL) == 0) {
        for (; ret->n < known->n_keys; ret->n++) {
            ret->key[ret->n] = known->key[ret->n];
            ret->verdict[ret->n] = note_check_key(scratch, &known->key[ret->n], NULL);
        }
    }
}

/* Uses an earlier verdict on this key, if there is one. */
static enum note_verdict check_key(const struct note *note, const struct note_vkey *key,
                                   const struct verify_judged *judged) {
    for (size_t i = 0; judged != NULL && i < judged->n; i++) {
        if (note_vkey_eq(key, &judged->key[i])) return judged->verdict[i];
    }
    return note_check_key(note, key, NULL);
}

static void judge_key(struct verify *v, const struct note *note, const struct note_vkey *key,
                      const struct verify_judged *judged, const char *what, uint64_t size, const char *table) {
    switch (check_key(note, key, judged)) {
    case NOTE_GOOD:
        break;
    case NOTE_ABSENT:
        verify_refuse(v, key == &v->log ? "F29" : "F30", LOG_SEALS, size - 1, table,
                      "the checkpoint of size %llu lacks the signature of the %s", (unsigned long long)size, what);
        break;
    default:
        verify_refuse(v, "F12", LOG_SEALS, size - 1, table, "the signature of the %s on the checkpoint of size %llu is bad",
                      what, (unsigned long long)size);
    }
}

/* Reports keys of this ledger that seal outside their range. */
static void judge_others(struct verify *v, const struct note *note, const struct verify_judged *judged, uint64_t size,
                         const char *table) {
    for (size_t i = 0; i < v->n_epochs; i++) {
        const struct verify_epoch *e = &v->epoch[i];
        if ((size < e->from_size || size > e->to_size) && check_key(note, &e->vkey, judged) != NOTE_ABSENT) {
            verify_refuse(v, "F31", LOG_SEALS, size - 1, table,
                          "the checkpoint of size %llu is signed by epoch key %zu, which seals other sizes",
                          (unsigned long long)size, i);
        }
    }
}

/* Judges one note over the tree of this size and root. `table` goes into findings. */
static void judge_note(struct verify *v, struct bytes bytes, const struct verify_judged *judged, uint64_t size,
                       const uint8_t root[EVENT_HASH], const char *table) {
    const struct verify_epoch *epochs[2];
    struct checkpoint point;
    struct err why = {0};
    struct note *note = malloc(sizeof(*note));
    int rc = note == NULL ? err_set(&why, ERR_NOMEM, "out of memory for a checkpoint") : note_decode(bytes, note, &why);
    if (rc == 0) rc = checkpoint_decode(note->text, &point, &why);
    if (rc != 0) {
        if (!verify_hindered(v, rc, &why)) {
            verify_refuse(v, "F10", LOG_SEALS, size - 1, table, "the checkpoint of size %llu does not parse: %s",
                          (unsigned long long)size, why.msg);
        }
        free(note);
        return;
    }
    size_t n = epochs_of(v, size, epochs);
    const char *origin = n == 0 ? v->origin : epochs[0]->origin;
    if (!bytes_is(point.origin, origin) || point.size != size) {
        verify_refuse(v, "F28", LOG_SEALS, size - 1, table, "the checkpoint at size %llu is of '%.*s', size %llu",
                      (unsigned long long)size, (int)point.origin.n, (const char *)point.origin.p,
                      (unsigned long long)point.size);
    } else if (memcmp(point.root, root, EVENT_HASH) != 0) {
        verify_refuse(v, "F28", LOG_INTEGRITY, size - 1, table,
                      "the tree of size %llu does not have the root that was sealed", (unsigned long long)size);
    }
    if (v->log_known) {
        judge_key(v, note, &v->log, judged, "log key", size, table);
    }
    for (size_t i = 0; i < n; i++) {
        judge_key(v, note, &epochs[i]->vkey, judged,
                  i == 0 && n == 2 ? "new epoch key"
                  : n == 2         ? "old epoch key"
                                   : "epoch key",
                  size, table);
    }
    if (n == 0) {
        verify_fault(v, LOG_SEALS, size - 1, table, "no epoch key seals size %llu", (unsigned long long)size);
    }
    judge_others(v, note, judged, size, table);
    free(note);
}

/* ---- kept checkpoints, in step with the events ---- */

int verify_checkpoint_seek(struct verify *v, uint64_t size, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    uint8_t be[8];
    int rc = db_cursor_open(v->txn, T_CHECKPOINT, &cursor, err);
    if (rc != 0) return rc;
    be64_put(be, size);
    rc = db_cursor_seek(cursor, (struct bytes){be, sizeof(be)}, &key, &value, err);
    v->next_checkpoint = rc == 0 && key.n == 8 ? be64_get(key.p) : LOG_NO_SEQ;
    if (rc == 0 && key.n != 8) {
        v->checkpoints_end = true;
        verify_fault(v, LOG_SEALS, LOG_NO_SEQ, "checkpoint", "a record has a key of %zu bytes", key.n);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

static void check_kept_gap(struct verify *v, uint64_t size) {
    if (size - v->last_kept > CHECKPOINT_GAP_MAX) {
        verify_fault(v, LOG_SEALS, size - 1, "checkpoint", "no checkpoint is kept between size %llu and %llu",
                     (unsigned long long)v->last_kept, (unsigned long long)size);
    }
    v->last_kept = size;
}

static void judge_kept(struct verify *v, const struct merkle_edge *edge, struct bytes record,
                       const struct verify_judged *judged, bool handover) {
    uint8_t root[EVENT_HASH];
    uint64_t size = edge->size;
    v->n_checkpoints++;
    unsigned flags = record.n < 1 ? 0 : record.p[0];
    if (flags == 0 || (flags & ~(unsigned)(CORE_KEEP_BOUNDARY | CORE_KEEP_HANDOVER | CORE_KEEP_COSIGNED)) != 0 ||
        ((flags & CORE_KEEP_HANDOVER) != 0) != handover) {
        verify_fault(v, LOG_SEALS, size - 1, "checkpoint", "the record of size %llu gives a wrong reason for being kept",
                     (unsigned long long)size);
    }
    merkle_edge_root(edge, root);
    judge_note(v, record.n < 1 ? record : (struct bytes){record.p + 1, record.n - 1}, judged, size, root, "checkpoint");
    check_kept_gap(v, size);
}

void verify_checkpoint_at(struct verify *v, const struct merkle_edge *edge, struct bytes record,
                          const struct verify_judged *judged) {
    judge_kept(v, edge, record, judged, false);
}

int verify_checkpoint_here(struct verify *v, struct err *err) {
    struct bytes record;
    uint64_t size = v->edge.size;
    bool handover = v->n_epochs > 1 && v->epoch[v->n_epochs - 1].from_size == size;
    if (size != v->next_checkpoint) {
        if (handover) {
            verify_fault(v, LOG_SEALS, size - 1, "checkpoint", "the handover at size %llu has no checkpoint",
                         (unsigned long long)size);
        }
        return 0;
    }
    int rc = db_get_u64(v->txn, T_CHECKPOINT, size, &record, err);
    if (rc != 0) return rc == ERR_NOTFOUND ? 0 : rc;
    judge_kept(v, &v->edge, record, NULL, handover);
    return verify_checkpoint_seek(v, size + 1, err);
}

/* ---- the end ---- */

static void check_epoch_record(struct verify *v, size_t i) {
    struct core_epoch e;
    struct err why = {0};
    const struct verify_epoch *want = &v->epoch[i];
    int rc = core_epoch_get(v->txn, i, &e, &why);
    if (verify_hindered(v, rc, &why)) return;
    if (rc != 0 || e.from_size != want->from_size || e.seq != want->seq || e.restored != want->restored ||
        !note_vkey_eq(&e.vkey, &want->vkey) || strcmp(e.origin, want->origin) != 0) {
        verify_fault(v, LOG_INTEGRITY, want->seq, "epoch", "the record of epoch %zu is not what its event says", i);
    }
}

static int check_epochs(struct verify *v, struct err *err) {
    uint64_t count;
    int rc = db_count(v->txn, T_EPOCH, &count, err);
    if (rc != 0) return rc;
    if (count != v->view.head.epoch + 1) { /* of the snapshot that was counted: others may have rotated keys since */
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "epoch", "%llu records for %llu epoch keys", (unsigned long long)count,
                     (unsigned long long)v->view.head.epoch + 1);
    }
    for (size_t i = 0; i < v->n_epochs; i++) {
        check_epoch_record(v, i);
    }
    if (v->n_epochs > 0) {
        const struct verify_epoch *last = &v->epoch[v->n_epochs - 1];
        if (v->head.epoch != v->n_epochs - 1 || v->head.epoch_from != last->from_size) {
            verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "meta",
                         "the head record names epoch %llu from size %llu, the "
                         "events say %zu from %llu",
                         (unsigned long long)v->head.epoch, (unsigned long long)v->head.epoch_from, v->n_epochs - 1,
                         (unsigned long long)last->from_size);
        }
    }
    return 0;
}

/* The commit that began the newest group, or the ledger, must have kept its checkpoint. */
static void check_last_kept(struct verify *v) {
    uint64_t due = v->head.size / EVENT_GROUP * EVENT_GROUP;
    if (v->last_kept < due || v->last_kept == 0) {
        verify_fault(v, LOG_SEALS, due == 0 ? 0 : due - 1, "checkpoint", "no checkpoint is kept of size %llu or above",
                     (unsigned long long)(due == 0 ? 1 : due));
    }
}

int verify_seals_end(struct verify *v, struct err *err) {
    uint8_t root[EVENT_HASH];
    if (v->edge.size != v->head.size) {
        return 0; /* the events could not be read to the end: reported already */
    }
    merkle_edge_root(&v->edge, root);
    judge_note(v, bytes_of_buf(&v->newest), NULL, v->head.size, root, "meta");
    v->newest_judged = true;
    check_last_kept(v);
    return check_epochs(v, err);
}
