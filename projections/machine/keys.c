/* Keys: the epochs of the ledger, which key sealed which of its sizes.
 *
 *   event at seq r                 the epoch before     the new epoch
 *   ledger.created (r = 0)                              seals sizes 1 and on
 *   ledger.key_rotated             up to size r + 1     from size r + 1: that one has the signatures of both
 *   ledger.restored                up to size r         from size r + 1: nobody had the old key any more
 *
 * See docs/format.md, part 8. Epochs are numbered without gaps; one that does not follow the previous epoch, or that exists
 * already, is a violation. An event without a number was not written by this program and begins no epoch. */
#include <stdio.h>

#include "projections/fold/fold.h"

#define EPOCH_TEXT 24 /* six digits, more if needed */

enum {
    EPOCH,
    STATE,
    VKEY,
    LOG_VKEY,
    FROM_SIZE,
    TO_SIZE,
    ORIGIN,
    ORIGIN_BEFORE,
    REASON,
    RESTORED,
    NEWEST,
    BY,
    BEGAN_AT,
    BEGAN_SEQ,
    BASE
};

static const struct state_column columns[] = {
    [EPOCH] = {"epoch", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its number, with leading zeros"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "current or ended"},
    [VKEY] = {"vkey", CELL_TEXT, 0, "verifier key of the epoch key"},
    [LOG_VKEY] = {"log_vkey", CELL_TEXT, 0, "verifier key of the log key"},
    [FROM_SIZE] = {"from_size", CELL_INT, COLUMN_MAIN, "the first tree size that it seals"},
    [TO_SIZE] = {"to_size", CELL_INT, COLUMN_MAIN, "the last tree size; null while it is current"},
    [ORIGIN] = {"origin", CELL_TEXT, COLUMN_MAIN, "the log's name on its checkpoints"},
    [ORIGIN_BEFORE] = {"origin_before", CELL_TEXT, 0, "the log's name before a restore"},
    [REASON] = {"reason", CELL_TEXT, COLUMN_MAIN, "why it was started"},
    [RESTORED] = {"restored", CELL_BOOL, 0, "it began with a restore from a backup"},
    [NEWEST] = {"newest", CELL_BOOL, 0, "someone vouched that the backup had the newest head"},
    [BY] = {"by", CELL_TEXT, 0, "who began it"},
    [BEGAN_AT] = {"began_at", CELL_INT, COLUMN_TIME, "when it began"},
    [BEGAN_SEQ] = {"began_seq", CELL_INT, COLUMN_SEQ, "the event that began it"},
    FOLD_COLUMNS,
};

static int epoch_row(struct fold *fold, int64_t epoch, bool make, struct row **ret, struct err *err) {
    char text[EPOCH_TEXT];
    struct bytes key;
    snprintf(text, sizeof(text), "%06lld", (long long)epoch);
    key = bytes_of(text);
    return make ? fold_row(fold, 0, &key, 1, ret, err) : fold_find(fold, 0, &key, 1, ret, err);
}

/* Ends the previous epoch; false: there is none. */
static int end_before(struct fold *fold, struct row *row, int64_t epoch, int64_t last, struct err *err) {
    struct row *before = NULL;
    int rc = epoch > 0 ? epoch_row(fold, epoch - 1, false, &before, err) : 0;
    if (rc != 0 || epoch <= 0) return rc;
    if (before == NULL) {
        fold_violation(fold, row, BASE, "epoch %lld began, and no epoch %lld is known", (long long)epoch,
                       (long long)epoch - 1);
        return 0;
    }
    fold_state(fold, before, BASE, STATE, "ended");
    row_cite(before, BASE + FOLD_EVIDENCE, (uint64_t)row_int(before, BEGAN_SEQ));
    row_set_int(before, TO_SIZE, last);
    row_set_text(row, ORIGIN, row_text(before, ORIGIN));
    row_set_text(row, LOG_VKEY, row_text(before, LOG_VKEY));
    return 0;
}

static int fold_keys(struct fold *fold, struct err *err) {
    struct bytes step = fold_step(fold);
    bool created = bytes_is(step, "created"), restored = bytes_is(step, "restored");
    int64_t epoch = 0, seq = (int64_t)fold_event(fold)->seq;
    struct row *row;
    if (!created && (!fold_int(fold, "epoch", &epoch) || epoch < 0)) return 0;
    int rc = epoch_row(fold, epoch, true, &row, err);
    if (rc != 0) return rc;
    if (!row->absent) {
        fold_violation(fold, row, BASE, "epoch %lld began a second time", (long long)epoch);
        return 0;
    }
    fold_state(fold, row, BASE, STATE, "current");
    row_set_int(row, FROM_SIZE, seq + 1);
    row_set_int(row, BEGAN_AT, (int64_t)fold_at(fold));
    row_set_int(row, BEGAN_SEQ, seq);
    row_set_bool(row, RESTORED, restored);
    row_set_text(row, BY, fold_event(fold)->actor);
    rc = end_before(fold, row, epoch, restored ? seq : seq + 1, err);
    fold_copy(fold, row, VKEY, created || restored ? "epoch_vkey" : "vkey");
    fold_copy(fold, row, LOG_VKEY, "log_vkey");
    fold_copy(fold, row, ORIGIN, "origin");
    fold_copy(fold, row, ORIGIN_BEFORE, "origin_before");
    fold_copy(fold, row, REASON, "reason");
    fold_copy(fold, row, NEWEST, "newest");
    return rc;
}

static const struct state_table tables[] = {
    {"epochs", "epoch", "A row is an epoch: a key that seals the ledger from one size to another.", columns, BASE + FOLD_N,
     NULL},
};
static const char *const kinds[] = {"ledger.created", "ledger.key_rotated", "ledger.restored", NULL};

const struct projection projection_keys = {"keys", 1, tables, 1, kinds, fold_keys};
