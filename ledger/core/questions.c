/* The small questions about a ledger: its name, its head, what is stored under a name. */
#include <string.h>

#include "ledger/core/core.h"
#include "ledger/core/cursor.h"

int log_head(struct ledger *ledger, struct log_head *ret, struct err *err) {
    struct core_view view;
    int rc = core_view_begin(ledger, &view, err);
    if (rc == 0) {
        ret->size = view.head.size;
        ret->time = view.head.time;
        merkle_edge_root(&view.head.edge, ret->root);
        core_view_end(&view);
    }
    return rc;
}

const char *log_origin(const struct ledger *ledger) {
    return ledger->origin;
}

const char *log_dir(const struct ledger *ledger) {
    return ledger->dir;
}

void log_genesis(const struct ledger *ledger, uint8_t ret_leaf[LOG_HASH]) {
    memcpy(ret_leaf, ledger->genesis, EVENT_HASH);
}

const char *log_vkey(const struct ledger *ledger) {
    return ledger->log_text;
}

int log_key_files(struct ledger *ledger, log_key_file_fn *found, void *ctx, struct err *err) {
    struct core_view view;
    int rc = core_view_begin(ledger, &view, err);
    if (rc != 0) return rc;
    uint64_t epoch = view.head.epoch;
    core_view_end(&view); /* `found` may take its time */
    return keyring_files(ledger->config.keys, epoch, found, ctx, err);
}

int log_checkpoint(struct ledger *ledger, struct buf *out, struct err *err) {
    struct db_txn *txn;
    struct bytes note;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = core_checkpoint_get(txn, &note, err);
    if (rc == 0 && buf_put_bytes(out, note) != 0) rc = buf_check(out, "the checkpoint", err);
    db_abort(txn);
    return rc;
}

int log_cursor_get(struct ledger *ledger, const char *name, struct buf *out, struct err *err) {
    struct db_txn *txn;
    struct bytes record, value;
    int rc = cursor_name_check(name, err);
    if (rc == 0) rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = db_get(txn, T_CURSOR, bytes_of(name), &record, err);
    if (rc == ERR_NOTFOUND) {
        err_set(err, ERR_NOTFOUND, "there is no cursor '%s'", name);
    }
    if (rc == 0) rc = cursor_decode(bytes_of(name), record, &value, err);
    if (rc == 0 && buf_put_bytes(out, value) != 0) rc = buf_check(out, "a cursor", err);
    db_abort(txn);
    return rc;
}

#define EPOCH_CURRENT UINT64_MAX

static int read_epoch(struct db_txn *txn, uint64_t epoch, struct log_epoch *ret, struct err *err) {
    struct core_epoch e, next;
    struct head head;
    int rc = core_head_get(txn, &head, err);
    epoch = rc == 0 && epoch == EPOCH_CURRENT ? head.epoch : epoch;
    if (rc == 0) rc = core_epoch_get(txn, epoch, &e, err);
    if (rc != 0) return rc;
    ret->epoch = epoch;
    ret->from_size = e.from_size;
    ret->to_size = LOG_NO_SEQ;
    note_vkey_encode(ret->vkey, &e.vkey);
    if (epoch < head.epoch && core_epoch_get(txn, epoch + 1, &next, err) == 0) {
        /* a restored ledger's old epoch ends before the event that says so, a rotation's after it */
        ret->to_size = next.restored ? next.from_size - 1 : next.from_size;
    }
    return 0;
}

int log_epoch_at(struct ledger *ledger, uint64_t epoch, struct log_epoch *ret, struct err *err) {
    struct db_txn *txn;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc == 0) {
        rc = read_epoch(txn, epoch, ret, err);
        db_abort(txn);
    }
    return rc;
}

int log_epoch_current(struct ledger *ledger, struct log_epoch *ret, struct err *err) {
    return log_epoch_at(ledger, EPOCH_CURRENT, ret, err);
}
