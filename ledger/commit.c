/* The flow of one durable commit.
 *
 *   take the process's lock · make sure older keys can be looked up · take the database's write lock · read the head, the
 *   current epoch's key, compare the copy of the head · clock gap, the batch, a rotation that is due · tail, checkpoint,
 * head · commit · then, no longer needed for durability: read back a rotation and wipe the old key, copy the head, build
 * key segments
 *
 * A batch that holds only duplicates and moves no cursor writes nothing at all. */
#include "ledger/commit.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/cursor.h"
#include "ledger/headfile.h"
#include "ledger/keyrun.h"

static bool has_keys(const struct ledger_batch *batch) {
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->entry[i].key_hash != 0) {
            return true;
        }
    }
    return false;
}

/* Older keys are looked up in derived segments; when those were deleted they are rebuilt here, before the write lock. */
static int ready_segments(struct ledger *ledger, const struct ledger_batch *batch, struct err *err) {
    struct db_txn *txn;
    struct head head;
    uint64_t covered;
    if (!has_keys(batch)) {
        return 0;
    }
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) {
        return rc;
    }
    rc = core_head_get(txn, &head, err);
    db_abort(txn);
    if (rc != 0 || head.keyed_from == 0) {
        return rc;
    }
    rc = segments_open(ledger, err);
    rc = rc != 0 ? rc : segments_covered(ledger, &covered, err);
    return rc != 0 || covered >= head.keyed_from ? rc : segments_build(ledger, err);
}

/* ---- beginning ---- */

static int load_keys(struct commit *c, const struct commit_request *request, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct core_epoch epoch;
    if (request->next != NULL || c->head.size == 0) {
        return 0; /* the caller has put the keys into the keyring */
    }
    int rc = core_epoch_get(c->txn, c->head.epoch, &epoch, err);
    return rc != 0 ? rc
                   : keyring_load(&ledger->keyring, ledger->config.keys,
                                  (struct bytes){ledger->passphrase, ledger->passphrase_len}, &ledger->log, c->head.epoch,
                                  &epoch.vkey, err);
}

static int check_head_copy(struct commit *c, struct err *err) {
    struct core_view view;
    if (c->ledger->head_checked) {
        return 0;
    }
    int rc = core_view_over(c->ledger, c->txn, &view, err);
    if (rc == 0) {
        rc = headfile_check(c->ledger->dir, &view, err);
        core_view_release(&view);
        c->ledger->head_checked = rc == 0;
    }
    return rc;
}

/* Key runs that derived segments cover durably are no longer needed here. */
static int drop_covered_runs(struct commit *c, struct err *err) {
    uint64_t covered;
    if (!segments_due(&c->head) || segments_open(c->ledger, NULL) != 0 ||
        segments_covered(c->ledger, &covered, NULL) != 0) {
        return 0; /* derived data is never needed to append */
    }
    while (c->head.keyed_from < covered && c->head.keyed_from + CORE_SEGMENT <= c->head.size) {
        for (uint64_t seq = c->head.keyed_from; seq < c->head.keyed_from + CORE_SEGMENT; seq += EVENT_GROUP) {
            int rc = db_del_u64(c->txn, T_KEYRUN, seq, err);
            if (rc != 0) {
                return rc;
            }
        }
        c->head.keyed_from += CORE_SEGMENT;
    }
    return 0;
}

static int begin(struct commit *c, const struct commit_request *request, struct err *err) {
    struct ledger *ledger = c->ledger;
    int rc = request->control ? db_begin_reserved(ledger->evidence, &c->txn, err)
                              : db_begin(ledger->evidence, true, &c->txn, err);
    rc = rc != 0 ? rc : core_head_get(c->txn, &c->head, err);
    if (rc != 0) {
        return rc;
    }
    c->old_size = c->head.size;
    c->now = clock_wall_ns();
    rc = load_keys(c, request, err);
    rc = rc != 0 ? rc : check_head_copy(c, err);
    return rc != 0 ? rc : drop_covered_runs(c, err);
}

/* ---- writing ---- */

static int write_own(struct commit *c, struct ledger_batch *batch, struct ledger_receipt *receipt, struct err *err) {
    size_t at;
    int rc = batch == NULL ? 0 : commit_batch(c, batch, receipt, &at, err);
    ledger_batch_free(batch);
    return rc;
}

static int put_cursor(struct commit *c, const struct ledger_batch *batch, struct err *err) {
    if (!batch->has_cursor) {
        return 0;
    }
    buf_clear(&c->record);
    cursor_encode(&c->record, bytes_of(batch->cursor_name), bytes_of_buf(&batch->cursor));
    int rc = buf_check(&c->record, "a cursor", err);
    return rc != 0 ? rc : db_put(c->txn, T_CURSOR, bytes_of(batch->cursor_name), bytes_of_buf(&c->record), DB_PUT, err);
}

static int write_all(struct commit *c, const struct commit_request *request, struct ledger_receipt *receipts,
                     struct ledger_receipt *rotation, size_t *ret_at, struct err *err) {
    struct ledger_batch *gap = NULL, *rotate = NULL;
    struct ledger_receipt own;
    int rc = has_keys(request->batch) ? commit_keys_begin(c, err) : 0;
    rc = rc != 0 ? rc : commit_group_begin(c, request->batch->n + 2, err);
    rc = rc != 0 ? rc : commit_clock_gap(c, &gap, err);
    bool had_gap = gap != NULL;
    rc = rc != 0 ? rc : write_own(c, gap, &own, err);
    rc = rc != 0 ? rc : commit_batch(c, request->batch, receipts, ret_at, err);
    if (rc != 0) {
        return rc;
    }
    bool nothing_new = c->head.size == c->old_size + (had_gap ? 1 : 0) && !request->rotate;
    if (nothing_new && !request->batch->has_cursor) {
        return 1;
    }
    if (nothing_new && !had_gap) {
        return put_cursor(c, request->batch, err);
    }
    *ret_at = SIZE_MAX;
    if (request->next != NULL) {
        c->next = *request->next;
        memset(request->next, 0, sizeof(*request->next));
        c->rotates = true;
        c->restored = true;
    } else if (c->old_size > 0) {
        rc = commit_rotation(c, request->rotate, request->actor, request->reason, &rotate, err);
        rc = rc != 0 ? rc : write_own(c, rotate, rotation, err);
    }
    rc = rc != 0 ? rc : commit_group_end(c, err);
    rc = rc != 0 ? rc : put_cursor(c, request->batch, err);
    return rc != 0 ? rc : commit_seal(c, err);
}

/* ---- after the commit ---- */

/* The old key is wiped only when the commit that replaces it can be read back. */
static int finish_rotation(struct commit *c, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct db_txn *txn;
    struct head head;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) {
        return rc;
    }
    rc = core_head_get(txn, &head, err);
    db_abort(txn);
    if (rc == 0 && head.epoch < c->head.epoch) {
        return err_set(err, ERR_IO, "the rotation is not in the database after its commit; both keys are kept");
    }
    return rc != 0 ? rc : keyring_advance(&ledger->keyring, ledger->config.keys, &c->next, err);
}

static int after(struct commit *c, const struct commit_request *request, struct err *err) {
    struct ledger *ledger = c->ledger;
    struct headfile copy = {.size = c->head.size};
    int rc = 0;
    if (c->keyed) {
        keys_committed(ledger->keys, c->head.size);
    }
    memcpy(copy.origin, ledger->origin, sizeof(copy.origin));
    merkle_edge_root(&c->head.edge, copy.root);
    headfile_write(ledger->dir, &copy, NULL); /* it may lag */
    if (c->rotates && request->next == NULL) {
        rc = finish_rotation(c, err);
    } else if (ledger->keyring.sweep) {
        keyring_sweep(&ledger->keyring, ledger->config.keys, NULL);
    }
    if (c->old_size / CORE_SEGMENT != c->head.size / CORE_SEGMENT) {
        segments_build(ledger, NULL); /* later commits try again */
    }
    return rc;
}

static void give_head(const struct commit *c, struct ledger_head *ret) {
    if (ret != NULL) {
        ret->size = c->head.size;
        ret->time = c->head.time;
        merkle_edge_root(&c->head.edge, ret->root);
    }
}

static void done(struct commit *c) {
    segments_view_close(c->segments);
    signer_done(&c->next);
    buf_done(&c->header);
    buf_done(&c->keyrun);
    buf_done(&c->record);
}

static int run_locked(struct ledger *ledger, const struct commit_request *request, struct ledger_receipt *receipts,
                      struct ledger_receipt *rotation, struct ledger_head *ret_head, size_t *ret_at, struct err *err) {
    struct commit c = {.ledger = ledger};
    buf_init(&c.header, 2 * EVENT_HEADER_MAX);
    buf_init(&c.keyrun, 65536);
    buf_init(&c.record, GROUP_PLAIN_MAX + 65536);
    size_t at = SIZE_MAX;
    int rc = ready_segments(ledger, request->batch, err);
    rc = rc != 0 ? rc : begin(&c, request, err);
    rc = rc != 0 ? rc : write_all(&c, request, receipts, rotation, &at, err);
    if (rc == 0) {
        rc = db_commit(c.txn, err);
        c.txn = NULL;
        rc = rc != 0 ? rc : after(&c, request, err);
        if (rc == 0) {
            give_head(&c, ret_head);
        }
    } else if (rc == 1) { /* only duplicates */
        db_abort(c.txn);
        c.txn = NULL;
        struct db_txn *txn = NULL;
        rc = db_begin(ledger->evidence, false, &txn, err);
        rc = rc != 0 ? rc : core_head_get(txn, &c.head, err);
        db_abort(txn);
        give_head(&c, ret_head);
    }
    if (rc != 0) {
        db_abort(c.txn);
        ledger->lookup_valid = false;
        if (ledger->keys != NULL) {
            keys_forget(ledger->keys);
        }
        if (ret_at != NULL) {
            *ret_at = at;
        }
    }
    done(&c);
    return rc;
}

int commit_run(struct ledger *ledger, const struct commit_request *request, struct ledger_receipt *receipts,
               struct ledger_receipt *ret_rotation, struct ledger_head *ret_head, size_t *ret_at, struct err *err) {
    struct ledger_receipt rotation;
    if (ledger->read_only) {
        return err_set(err, ERR_INVALID, "the ledger was opened for reading only");
    }
    pthread_mutex_lock(&ledger->writing);
    int rc = run_locked(ledger, request, receipts, ret_rotation == NULL ? &rotation : ret_rotation, ret_head, ret_at, err);
    pthread_mutex_unlock(&ledger->writing);
    return rc;
}

/* ---- the public calls ---- */

int ledger_batch_commit(struct ledger_batch *batch, struct ledger_receipt *receipts, struct ledger_head *ret_head,
                        size_t *ret_at, struct err *err) {
    struct commit_request request = {.batch = batch, .control = batch->control};
    struct ledger_receipt *mine = receipts;
    if (batch->n == 0 && !batch->has_cursor) {
        return ret_head == NULL ? 0 : ledger_head(batch->ledger, ret_head, err);
    }
    if (mine == NULL && (mine = calloc(batch->n + 1, sizeof(*mine))) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = commit_run(batch->ledger, &request, mine, NULL, ret_head, ret_at, err);
    if (rc == 0) {
        ledger_batch_clear(batch);
    }
    if (mine != receipts) {
        free(mine);
    }
    return rc;
}

int ledger_append(struct ledger *ledger, const struct ledger_draft *draft, struct ledger_receipt *ret,
                  struct ledger_head *ret_head, struct err *err) {
    struct ledger_batch *batch;
    struct ledger_receipt receipt;
    int rc = ledger_batch_new(ledger, &batch, err);
    if (rc != 0) {
        return rc;
    }
    rc = ledger_batch_add(batch, draft, err);
    rc = rc != 0 ? rc : ledger_batch_commit(batch, &receipt, ret_head, NULL, err);
    if (rc == 0 && ret != NULL) {
        *ret = receipt;
    }
    ledger_batch_free(batch);
    return rc;
}

int ledger_key_rotate(struct ledger *ledger, const char *actor, const char *reason, struct ledger_receipt *ret,
                      struct err *err) {
    struct ledger_batch *none;
    struct ledger_receipt rotation;
    int rc = ledger_batch_new(ledger, &none, err);
    if (rc != 0) {
        return rc;
    }
    struct commit_request request = {.batch = none, .rotate = true, .actor = actor, .reason = reason, .control = true};
    rc = commit_run(ledger, &request, NULL, &rotation, NULL, NULL, err);
    ledger_batch_free(none);
    if (rc == 0 && ret != NULL) {
        *ret = rotation;
    }
    return rc;
}
