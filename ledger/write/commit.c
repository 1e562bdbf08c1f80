/* The flow of one durable commit and of the requests that share it.
 *
 *   make sure older keys can be looked up · take the database's write lock · read the head, the current epoch's
 *   key, compare the copy of the head and the place · ask the batch's guard · clock gap, a move, the batch, a rotation
 *   that is due · tail, checkpoint, head · commit · then, no longer needed for durability: read back a rotation and wipe
 *   the old key, copy the head, ask for key segments
 *
 * A commit never waits for derived data: hints of older keys are only read, and only if they are open already.
 *
 * A batch that holds only duplicates and moves no cursor writes nothing at all. */
#include "ledger/write/commit.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/core/cursor.h"
#include "ledger/core/headfile.h"
#include "ledger/core/place.h"
#include "ledger/dedup/keeper.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/dedup/keys_older.h"
#include "ledger/dedup/vouch.h"
#include "ledger/write/packer.h"

#define ENTER_TRIES 8

static bool has_keys(const struct commit_request *list) {
    for (; list != NULL; list = list->after) {
        for (size_t i = 0; i < list->batch->n; i++) {
            if ((list->batch->entry[i].key_hash | list->batch->entry[i].cause_hash) != 0) {
                return true;
            }
        }
    }
    return false;
}

/* Finds or builds the place where older keys are looked up, before the write lock is taken. */
static int ready_keys(struct ledger *ledger, const struct commit_request *list, struct err *err) {
    struct db_txn *txn;
    struct head head;
    if (!has_keys(list)) return 0;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = core_head_get(txn, &head, err);
    db_abort(txn);
    core_tell(ledger); /* that transaction may have moved to another generation */
    if (rc == 0) rc = vouch_load_locked(ledger, err);
    if (rc == 0) rc = keys_older_ready(ledger, &head, err);
    return rc;
}

/* ---- beginning ---- */

static int load_keys(struct commit *c, const struct commit_request *request, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct core_epoch epoch;
    if (request->next != NULL || c->head.size == 0) {
        return 0; /* the caller has put the keys into the keyring */
    }
    int rc = core_epoch_get(c->txn, c->head.epoch, &epoch, err);
    if (rc == 0)
        rc = keyring_load(&ledger->write.keyring, ledger->config.keys,
                          (struct bytes){ledger->passphrase, ledger->passphrase_len}, &ledger->log, c->head.epoch,
                          &epoch.vkey, err);
    struct place_standing standing;
    if (rc == ERR_NOTFOUND && place_judge(ledger, c->txn, &standing, NULL) == 0 && standing.place == LOG_PLACE_BACKUP) {
        return place_refuse(&standing, err); /* a backup never has keys: "no key" would mislead */
    }
    return rc;
}

static int check_head_copy(struct commit *c, struct err *err) {
    struct core_view view;
    if (c->ledger->write.head_checked) return 0;
    int rc = core_view_over(c->ledger, c->txn, &view, err);
    if (rc == 0) {
        rc = headfile_check(c->ledger->dir, &view, err);
        core_view_release(&view);
        c->ledger->write.head_checked = rc == 0;
    }
    return rc;
}

/* Drops the key runs that segments cover durably. Only for commits that write the head, which records where the runs
 * begin. */
static int drop_covered_runs(struct commit *c, struct err *err) {
    uint64_t covered = 0;
    struct db *db = c->ledger->segments;
    if (!segments_due(&c->head) || db == NULL || segments_covered(db, &covered, NULL) != 0) {
        return 0; /* they may wait */
    }
    while (c->head.keyed_from < covered && c->head.keyed_from + CORE_SEGMENT <= c->head.size) {
        for (uint64_t seq = c->head.keyed_from; seq < c->head.keyed_from + CORE_SEGMENT; seq += EVENT_GROUP) {
            int rc = db_del_u64(c->txn, T_KEYRUN, seq, err);
            if (rc != 0) return rc;
        }
        c->head.keyed_from += CORE_SEGMENT;
    }
    return 0;
}

static int begin(struct commit *c, const struct commit_request *request, struct err *err) {
    struct ledger *ledger = c->ledger;
    int rc = request->control ? db_begin_reserved(ledger->evidence, &c->txn, err)
                              : db_begin(ledger->evidence, true, &c->txn, err);
    if (rc == 0) rc = core_head_get(c->txn, &c->head, err);
    if (rc != 0) return rc;
    c->old_size = c->head.size;
    c->now = clock_wall_ns();
    c->boot = clock_boot_ns();
    rc = load_keys(c, request, err);
    if (rc == 0) rc = vouch_load_locked(ledger, err);
    if (rc == 0) rc = check_head_copy(c, err);
    if (rc == 0 && has_keys(request)) rc = commit_keys_begin(c, err);
    return rc;
}

/* What was prepared for the head of a moment ago may not suit the head that others have committed since. */
static int enter(struct commit *c, const struct commit_request *list, struct err *err) {
    int rc = 1;
    for (int left = ENTER_TRIES; rc == 1 && left > 0; left--) {
        db_abort(c->txn);
        c->txn = NULL;
        rc = ready_keys(c->ledger, list, err);
        if (rc == 0) rc = begin(c, list, err);
    }
    return rc == 1 ? err_set(err, ERR_BUSY, "older idempotency keys are being removed by others, try again") : rc;
}

/* ---- writing ---- */

/* *batch may be NULL; it is NULL afterwards. */
static int write_own(struct commit *c, struct log_batch **batch, struct log_receipt *receipt, struct err *err) {
    size_t at;
    int rc = *batch == NULL ? 0 : commit_batch(c, *batch, receipt, &at, err);
    log_batch_free(*batch);
    *batch = NULL;
    return rc;
}

static int put_cursors(struct commit *c, const struct commit_request *list, struct err *err) {
    int rc = 0;
    for (; list != NULL && rc == 0; list = list->after) {
        const struct batch_cursors *cursors = &list->batch->cursors;
        for (size_t i = 0; i < cursors->n && rc == 0; i++) {
            struct bytes name = bytes_of(cursors->list[i].name);
            buf_clear(&c->record);
            cursor_encode(&c->record, name, bytes_of_buf(&cursors->list[i].value));
            rc = buf_check(&c->record, "a cursor", err);
            if (rc == 0) rc = db_put(c->txn, T_CURSOR, name, bytes_of_buf(&c->record), DB_PUT, err);
        }
    }
    return rc;
}

/* 1 when the log has all events of the batch already. */
static int is_all_there(struct commit *c, const struct log_batch *batch, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < batch->n && rc == 0; i++) {
        uint64_t seq;
        uint8_t leaf[EVENT_HASH];
        const struct batch_entry *e = &batch->entry[i];
        rc = e->key_hash == 0 ? 1 : commit_find_duplicate(c, batch, e, &seq, leaf, err);
    }
    return rc < 0 ? rc : rc == 0 && batch->n > 0;
}

/* A guarded request has a commit to itself. The transaction has no new event yet, so the judge reads the whole log. */
static int judge(struct commit *c, struct commit_request *request, struct commit_request **ret_failed) {
    const struct log_batch *batch = request->batch;
    if (batch->judge == NULL) return 0;
    struct err *err = &request->err;
    int rc = is_all_there(c, batch, err);
    if (rc == 0) {
        rc = batch->judge(batch->judge_ctx, c->old_size, err);
        if (rc != 0 && err->msg[0] == '\0') {
            err_set(err, ERR_CONFLICT, "the batch's guard refuses it");
        }
        rc = rc > 0 ? ERR_CONFLICT : rc;
    } else if (rc > 0) {
        return 0;
    }
    if (rc != 0) {
        request->rc = rc;
        *ret_failed = request;
    }
    return rc;
}

/* The requests' own events. *ret_failed: the request that must not be part of this commit. One of several that meets a full
 * database is not the failed one. */
static int write_requests(struct commit *c, struct commit_request *list, struct commit_request **ret_failed,
                          struct err *err) {
    bool alone = list->after == NULL;
    for (; list != NULL; list = list->after) {
        size_t at = SIZE_MAX;
        list->rc = commit_batch(c, list->batch, list->receipts, &at, &list->err);
        if (list->rc == ERR_FULL && !alone) return err_set(err, ERR_FULL, "%s", list->err.msg);
        if (list->rc != 0) {
            list->at = at;
            *ret_failed = list;
            return list->rc;
        }
    }
    return 0;
}

/* What the requests of a commit ask for together. */
struct demands {
    size_t events;
    struct commit_request *rotate; /* the request for a rotation */
    bool cursors, restored;
};

static struct demands sum_demands(struct commit_request *list) {
    struct demands w = {0};
    for (; list != NULL; list = list->after) {
        w.events += list->batch->n;
        w.rotate = list->rotate ? list : w.rotate;
        w.cursors = w.cursors || list->batch->cursors.n > 0;
        w.restored = w.restored || list->next != NULL;
    }
    return w;
}

static int rotate_if_due(struct commit *c, struct commit_request *list, const struct demands *w, struct err *err) {
    struct log_batch *batch = NULL;
    struct log_receipt own;
    if (w->restored) {
        c->next = *list->next; /* such a request has a commit to itself */
        memset(list->next, 0, sizeof(*list->next));
        c->rotates = true;
        c->restored = true;
        return 0;
    }
    if (c->old_size == 0) return 0;
    const struct commit_request *r = w->rotate;
    int rc = commit_rotation(c, r != NULL, r == NULL ? NULL : r->actor, r == NULL ? NULL : r->reason, &batch, err);
    if (rc == 0) rc = write_own(c, &batch, &own, err);
    if (rc == 0 && r != NULL) {
        w->rotate->own = own;
    }
    return rc;
}

/* 0: there is something to commit; 1: there is not. */
static int write_all(struct commit *c, struct commit_request *list, struct commit_request **ret_failed, struct err *err) {
    struct log_batch *gap = NULL, *erased = NULL, *moved = NULL, *stored = NULL;
    struct log_receipt own;
    const struct demands w = sum_demands(list);
    int rc = commit_place(c, list, &moved, err);
    if (rc == 0 && list->erase != NULL) rc = commit_erase(c, list->erase, &erased, err);
    if (rc == 0 && list->store != NULL) rc = commit_store(c, list->store, &stored, err);
    if (rc == 0) rc = commit_group_begin(c, w.events + 4, err);
    if (rc == 0) rc = judge(c, list, ret_failed);
    if (rc == 0) rc = commit_clock_gap(c, &gap, err);
    bool had_gap = gap != NULL;
    if (rc == 0) rc = write_own(c, &gap, &own, err);
    if (rc == 0) rc = write_own(c, &moved, &list->own, err);
    if (rc == 0) rc = write_own(c, &stored, &own, err);
    if (rc == 0) rc = write_requests(c, list, ret_failed, err);
    if (rc == 0) rc = write_own(c, &erased, &list->own, err);
    if (rc != 0) {
        log_batch_free(moved);
        log_batch_free(stored);
        log_batch_free(erased);
        return rc;
    }
    bool nothing_new = c->head.size == c->old_size + (had_gap ? 1 : 0) && w.rotate == NULL;
    if (nothing_new && !w.cursors) return 1;
    if (nothing_new && !had_gap) return put_cursors(c, list, err);
    rc = drop_covered_runs(c, err);
    if (rc == 0) rc = rotate_if_due(c, list, &w, err);
    if (rc == 0) rc = commit_group_end(c, err);
    if (rc == 0) rc = put_cursors(c, list, err);
    if (rc == 0) rc = commit_seal(c, err);
    return rc;
}

/* ---- after the commit ---- */

/* Keys are wiped only if a fresh look at the database finds the epoch that replaces them; what this handle reads does not
 * count. */
static int check_epoch(struct ledger *ledger, uint64_t epoch, uint64_t size, const struct note_vkey *vkey,
                       struct err *err) {
    struct db_txn *txn;
    struct head head;
    struct core_epoch there;
    int rc = db_look(ledger->evidence, &txn, err);
    if (rc != 0) return rc;
    rc = core_head_get(txn, &head, err);
    if (rc == 0) rc = core_epoch_get(txn, epoch, &there, err);
    if (rc == 0 && (head.epoch < epoch || head.size < size || !note_vkey_eq(&there.vkey, vkey))) {
        rc = ERR_NOTFOUND;
    }
    db_abort(txn);
    return rc != ERR_NOTFOUND
               ? rc
               : err_set(err, ERR_IO, "epoch %llu is not in the database after its commit; both keys are kept",
                         (unsigned long long)epoch);
}

static int finish_rotation(struct commit *c, struct err *err) {
    struct ledger *ledger = c->ledger;
    int rc = check_epoch(ledger, c->head.epoch, c->head.size, &c->next.vkey, err);
    if (rc == 0) rc = keyring_advance(&ledger->write.keyring, ledger->config.keys, &c->next, err);
    return rc;
}

static int check_current(void *commit, struct err *err) {
    struct commit *c = commit;
    const struct keyring *ring = &c->ledger->write.keyring;
    return check_epoch(c->ledger, ring->number, c->head.size, &ring->epoch.vkey, err);
}

static const uint8_t *root_of(struct commit *c) {
    if (!c->sealed) { /* no event was written */
        merkle_edge_root(&c->head.edge, c->root);
    }
    return c->root;
}

/* Notes what the process knows about keys without reading: the keys it has written, and events it wrote without any. */
static void note_keys(struct commit *c) {
    struct ledger *ledger = c->ledger;
    uint64_t from, to;
    if (c->keyed || (ledger->write.keys != NULL && keys_range(ledger->write.keys, &from, &to) && to == c->old_size)) {
        keys_committed(ledger->write.keys, c->head.size, c->head.prev);
    }
    if (c->keyed || ledger->write.unkeyed_to != c->old_size) {
        ledger->write.unkeyed_from = c->keyed ? c->head.size : c->old_size;
    }
    ledger->write.unkeyed_to = c->head.size;
    ledger->runs_due = ledger->runs_due || (c->keyed && c->old_size / KEYPROOF_EVENTS != c->head.size / KEYPROOF_EVENTS);
}

/* The events are stored and sealed; no failure here undoes that. Only a requested rotation reports that the old key could
 * not be wiped yet; every later commit tries again. */
static int after(struct commit *c, bool asked, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct headfile copy = {.size = c->head.size};
    int rc = 0;
    commit_group_keep(c);
    note_keys(c);
    memcpy(copy.origin, ledger->origin, sizeof(copy.origin));
    memcpy(copy.root, root_of(c), EVENT_HASH);
    headfile_write_at(ledger->dir, &ledger->write.head_fd, &copy, NULL); /* it may lag */
    if (c->rotates && !c->restored) {
        struct err reason = {0};
        rc = finish_rotation(c, &reason);
        rc = rc == 0 || !asked ? 0
                               : err_set(err, ERR_IO, "the key is replaced, but the old one is not wiped: %s", reason.msg);
    } else if (ledger->write.keyring.sweep) {
        keyring_sweep(&ledger->write.keyring, ledger->config.keys, check_current, c, NULL);
    }
    for (uint64_t s = c->old_size / CORE_SEGMENT; s != c->head.size / CORE_SEGMENT; s++) {
        keyproof_hand_over(ledger, (s + 1) * CORE_SEGMENT);
        keeper_ask(ledger);
    }
    if (ledger->watch != NULL) {
        ledger->watch->committed(ledger->watch, c->old_size, c->head.size);
    }
    return rc;
}

static void give_head(struct commit *c, struct commit_request *list) {
    struct log_head head = {.size = c->head.size, .time = c->head.time};
    memcpy(head.root, root_of(c), EVENT_HASH);
    for (; list != NULL; list = list->after) {
        list->head = head;
    }
}

static void done(struct commit *c) {
    packer_clear(c->ledger->write.packer);
    db_abort(c->txn);
    segments_view_close(c->segments);
    signer_done(&c->next);
    buf_done(&c->header);
    buf_done(&c->record);
}

/* The transaction has nothing new: the head is the one already committed. */
static int only_duplicates(struct commit *c, struct err *err) {
    db_abort(c->txn);
    c->txn = NULL;
    int rc = db_begin(c->ledger->evidence, false, &c->txn, err);
    if (rc == 0) rc = core_head_get(c->txn, &c->head, err);
    return rc;
}

static int run_once(struct ledger *ledger, struct commit_request *list, struct commit_request **ret_failed,
                    struct err *err) {
    struct commit c = {.ledger = ledger};
    buf_init(&c.header, 2 * EVENT_HEADER_MAX);
    buf_init(&c.record, EVENT_PAYLOAD_MAX + EVENT_PRIVATE_MAX + 65536);
    core_tell(ledger);
    int rc = enter(&c, list, err);
    if (rc == 0) rc = write_all(&c, list, ret_failed, err);
    if (rc == 0) {
        struct db_txn *txn = c.txn;
        c.txn = NULL; /* the commit frees it */
        rc = db_commit(txn, err);
        if (rc == 0) rc = after(&c, list->rotate, err);
    } else if (rc == 1) {
        rc = only_duplicates(&c, err);
    }
    if (rc == 0) {
        give_head(&c, list);
    } else {
        ledger->write.lookup_valid = false;
        if (ledger->write.keys != NULL) {
            keys_forget(ledger->write.keys);
        }
    }
    done(&c);
    return rc;
}

/* Cuts a list of two or more in the middle; the first half stays. */
static struct commit_request *cut(struct commit_request *list) {
    struct commit_request *end = list->after;
    while (end->after != NULL && end->after->after != NULL) {
        list = list->after;
        end = end->after->after;
    }
    struct commit_request *rest = list->after;
    list->after = NULL;
    return rest;
}

/* A request that cannot be written (a condition that does not hold, a cause that does not exist) fails alone: the others
 * are written again without it. A list that does not fit (nothing of it is stored then) is retried in halves, so that a
 * large request does not keep out small ones. Any other failure applies to all requests. */
void commit_list(struct ledger *ledger, struct commit_request *list) {
    bool again = false; /* a retry after key segments turned out not to be vouched for */
    while (list != NULL) {
        struct commit_request *failed = NULL;
        struct err err = {0};
        int rc = run_once(ledger, list, &failed, &err);
        if (rc != 0 && ledger->keys_doubted && !again) {
            again = true;
            continue;
        }
        if (failed == NULL && rc == ERR_FULL && list->after != NULL) {
            struct commit_request *rest = cut(list);
            commit_list(ledger, list);
            list = rest;
            continue;
        }
        if (failed == NULL) {
            for (struct commit_request *r = list; r != NULL; r = r->after) {
                r->rc = rc;
                r->err = err;
            }
            return;
        }
        struct commit_request **p = &list;
        while (*p != failed) {
            p = &(*p)->after;
        }
        *p = failed->after;
    }
}
