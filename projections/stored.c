/* A row that is taken from storage is decoded once on the way: a fold that met one which is none would seem to have failed
 * because of the event. */
#include "projections/stored.h"

#include <stdlib.h>
#include <string.h>

static int check_row(struct stored *stored, size_t table, struct bytes bytes, struct err *err) {
    if (stored->row == NULL) {
        stored->row = calloc(1, sizeof(*stored->row));
        if (stored->row == NULL) {
            return err_set(err, ERR_NOMEM, "out of memory");
        }
        row_init(stored->row, &stored->projection->tables[table]);
    }
    stored->row->table = &stored->projection->tables[table];
    return row_decode(stored->row, bytes, NULL, 0, err);
}

int stored_get(void *ctx, size_t table, struct bytes key, struct buf *out, struct err *err) {
    struct stored *stored = ctx;
    struct bytes bytes;
    const struct rows_entry *entry = stored->above != NULL ? rows_changed(stored->above, table, key) : NULL;
    if (entry != NULL && entry->bytes.n > 0) {
        return buf_put_bytes(out, entry->bytes) != 0 ? buf_check(out, "a row", err) : 0;
    }
    if (entry != NULL || stored->txn == NULL) {
        return ERR_NOTFOUND;
    }
    int rc = store_row(stored->txn, stored->slot, table, key, stored->bound, &bytes, err);
    if (rc == ERR_NOTFOUND) {
        return rc;
    }
    rc = rc != 0 ? rc : check_row(stored, table, bytes, err);
    stored->spoiled = stored->spoiled || rc == ERR_CORRUPT;
    if (rc == 0 && buf_put_bytes(out, bytes) != 0) {
        rc = buf_check(out, "a row", err);
    }
    return rc;
}

void stored_done(struct stored *stored) {
    if (stored->row != NULL) {
        row_done(stored->row);
        free(stored->row);
        stored->row = NULL;
    }
}

int stored_judge(const struct store_generation *generation, const struct projection *projection, uint64_t segment,
                 struct replay *replay, enum stored_use *ret, struct err *err) {
    bool same = true;
    *ret = STORED_NOT;
    if (!generation->there || generation->segment != segment) {
        return 0;
    }
    int rc = replay_same(replay, generation->position, generation->leaf, &same, err);
    if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) { /* the log is damaged there, which says nothing about what was folded */
        same = true;
        rc = 0;
    }
    if (rc == 0 && same) {
        *ret = store_generation_fits(generation, projection) ? STORED_GOOD : STORED_STALE;
    }
    return rc;
}

const struct state_tuning *stored_tuning(const struct state_options *options) {
    static const struct state_tuning usual = {.segment = STATE_SEGMENT,
                                              .lag_max = STATE_LAG_MAX,
                                              .chunk_bytes = (size_t)12 << 20,
                                              .chunk_rows = 9216,
                                              .aside_min = 4096,
                                              .overlay_bytes = (size_t)48 << 20};
    return options->tuning != NULL ? options->tuning : &usual;
}
