/* Brings the trees up to the newest event: changes are folded onto the attested rows, stored as new nodes beside the old
 * ones, and named by an event. After a crash in between, the older head still has all its nodes, and the next run begins
 * there.
 *
 *   view of attested rows ── nodes, head without event ── commit (derived) ── event ── commit (evidence) ── its seq */
#include "projections/attest/advance.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/derived/derived.h"
#include "ledger/write/batch.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

#define ROWS_AT_ONCE 4096 /* when a tree is built from nothing */
#define REPLACED_MAX ((size_t)256 << 20)

struct advance {
    struct ledger *ledger;
    struct state_view *view;
    struct db_txn *txn;
    bool afresh; /* the trees do not build on the newest stored ones */
    struct attested_head head;
    struct buf replaced;
};

/* ---- one tree ---- */

struct rows_taken {
    struct buf bytes; /* keys and values, one after another */
    struct hash_tree_change change[ROWS_AT_ONCE];
    size_t size[ROWS_AT_ONCE][2];
    size_t n;
};

static int put_taken(struct advance *a, const char *name, struct rows_taken *taken, uint8_t root[HASH_LEN],
                     struct err *err) {
    const uint8_t *at = taken->bytes.p;
    for (size_t i = 0; i < taken->n; i++) {
        taken->change[i].key = (struct bytes){at, taken->size[i][0]};
        taken->change[i].value = (struct bytes){at + taken->size[i][0], taken->size[i][1]};
        at += taken->size[i][0] + taken->size[i][1];
    }
    struct buf replaced; /* nobody knows these nodes */
    buf_init(&replaced, REPLACED_MAX);
    int rc = hash_tree_update(a->txn, name, root, taken->change, taken->n, root, &replaced, err);
    if (rc == 0) rc = hash_tree_remove(a->txn, bytes_of_buf(&replaced), err);
    buf_done(&replaced);
    taken->n = 0;
    buf_clear(&taken->bytes);
    return rc;
}

/* All rows of a table of the view. */
static int put_table(struct advance *a, size_t table, struct rows_taken *taken, const char *name, uint8_t root[HASH_LEN],
                     struct err *err) {
    struct state_rows *rows;
    struct bytes key, bytes;
    int rc = state_rows_open(a->view, table, NULL, 0, &rows, err);
    if (rc != 0) return rc;
    while ((rc = view_rows_raw(rows, &key, &bytes, err)) == 0) {
        buf_put_u8(&taken->bytes, (uint8_t)a->view->table[table].number);
        buf_put_bytes(&taken->bytes, key);
        buf_put_bytes(&taken->bytes, bytes);
        taken->size[taken->n][0] = key.n + 1;
        taken->size[taken->n++][1] = bytes.n;
        rc = buf_check(&taken->bytes, "rows", err);
        if (rc == 0 && taken->n >= ROWS_AT_ONCE) rc = put_taken(a, name, taken, root, err);
        if (rc != 0) break;
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int put_all(struct advance *a, size_t projection, uint8_t root[HASH_LEN], struct err *err) {
    const char *name = a->view->projection[projection].projection->name;
    struct rows_taken *taken = calloc(1, sizeof(*taken));
    if (taken == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    buf_init(&taken->bytes, REPLACED_MAX);
    memset(root, 0, HASH_LEN);
    int rc = 0;
    for (size_t t = 0; t < a->view->n_tables && rc == 0; t++) {
        rc = a->view->table[t].projection == projection ? put_table(a, t, taken, name, root, err) : 0;
    }
    if (rc == 0 && taken->n != 0) rc = put_taken(a, name, taken, root, err);
    buf_done(&taken->bytes);
    free(taken);
    return rc;
}

/* The changes folded since the stored tree, applied to it. */
static int put_changed(struct advance *a, const struct view_projection *p, uint8_t root[HASH_LEN], struct err *err) {
    const struct rows_entry **entry = NULL;
    struct hash_tree_change *change = NULL;
    struct buf keys = {.max = REPLACED_MAX};
    size_t n = 0, at = 0;
    int rc = p->overlay != NULL ? rows_sorted(p->overlay, SIZE_MAX, &entry, &n, err) : 0;
    for (size_t i = 0; i < n; i++) {
        buf_put_u8(&keys, (uint8_t)entry[i]->table);
        buf_put_bytes(&keys, entry[i]->key);
    }
    if (rc == 0) rc = buf_check(&keys, "keys", err);
    if (rc == 0 && n > 0 && (change = calloc(n, sizeof(*change))) == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        change[i] = (struct hash_tree_change){{keys.p + at, entry[i]->key.n + 1}, entry[i]->bytes};
        at += entry[i]->key.n + 1;
    }
    if (rc == 0) rc = hash_tree_update(a->txn, p->projection->name, root, change, n, root, &a->replaced, err);
    free(change);
    free(entry);
    buf_done(&keys);
    return rc;
}

/* ---- all of them ---- */

/* A projection that stopped at an event is left out: whoever asks for it folds it from the first event. */
static int put_trees(struct advance *a, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < a->view->n && rc == 0; i++) {
        struct view_projection *p = &a->view->projection[i];
        struct attested_part *part = &a->head.part[a->head.n];
        if (p->part.failed_seq != LOG_NO_SEQ || p->part.position != a->view->at) continue;
        const uint8_t *root = a->afresh ? NULL : attested_root(&a->view->attested, p->projection);
        part->projection = p->projection;
        if (root == NULL || p->base.tree == NULL) {
            rc = put_all(a, i, part->root, err);
        } else {
            memcpy(part->root, root, HASH_LEN);
            rc = put_changed(a, p, part->root, err);
        }
        a->head.n++;
    }
    return rc;
}

static int remove_replaced(struct advance *a, struct err *err) {
    struct bytes record;
    struct buf copy = {.max = REPLACED_MAX};
    int rc = db_get(a->txn, DERIVED_STATE, bytes_of(ATTESTED_REPLACED), &record, err);
    if (rc != 0) return rc == ERR_NOTFOUND ? 0 : rc;
    buf_put_bytes(&copy, record);
    rc = buf_check(&copy, "a list of nodes", err);
    if (rc == 0) rc = hash_tree_remove(a->txn, bytes_of_buf(&copy), err);
    buf_done(&copy);
    return rc;
}

static bool same_head(const struct attested_head *a, const struct attested_head *b) {
    bool same = a->position == b->position && a->seq == b->seq && a->n == b->n;
    for (size_t i = 0; i < a->n && same; i++) {
        same = a->part[i].projection == b->part[i].projection && memcmp(a->part[i].root, b->part[i].root, HASH_LEN) == 0;
    }
    return same;
}

static bool can_advance(const struct view_projection *p) {
    return p->part.failed_seq == LOG_NO_SEQ && p->base.tree != NULL;
}

/* Every stored tree is updated: none falls behind. */
static bool all_can_advance(const struct state_view *view) {
    bool all = view->scratch_txn == NULL && view->attested.stored == view->attested.n;
    for (size_t i = 0; i < view->n && all; i++) {
        all = attested_root(&view->attested, view->projection[i].projection) == NULL || can_advance(&view->projection[i]);
    }
    return all;
}

/* ERR_CONFLICT: another process has advanced them meanwhile. */
static int store(struct advance *a, struct attested_heads *heads, struct err *err) {
    int rc = attested_heads_get(a->txn, a->view->list, heads, err);
    bool newest = heads->n > 0 && a->view->has_attested && same_head(&heads->head[0], &a->view->attested);
    if (rc == 0 && heads->n > 0 && !newest && a->view->attested_newest) return ERR_CONFLICT;
    a->afresh = !newest || !all_can_advance(a->view);
    if (rc == 0) rc = a->afresh ? attested_drop(a->txn, err) : remove_replaced(a, err);
    if (rc == 0) rc = put_trees(a, err);
    if (rc != 0) return rc;
    heads->n = a->afresh ? 1 : 2;
    heads->head[1] = heads->head[0];
    heads->head[0] = a->head;
    rc = db_put(a->txn, DERIVED_STATE, bytes_of(ATTESTED_REPLACED), bytes_of_buf(&a->replaced), DB_PUT, err);
    if (rc == 0) rc = attested_heads_put(a->txn, heads, err);
    return rc;
}

/* ---- the event ---- */

static int append_event(struct advance *a, struct err *err) {
    struct log_batch *batch = NULL;
    struct log_draft draft;
    struct log_receipt receipt;
    struct buf body = {.max = 65536}, subject = {.max = 512};
    buf_printf(&subject, "ledger/%s", log_origin(a->ledger));
    int rc = attested_body(&a->head, &body, err);
    log_draft_init(&draft);
    draft.kind = bytes_of(ATTESTED_KIND);
    draft.subject = bytes_of_buf(&subject);
    draft.actor = bytes_of("service:ledger");
    draft.source = bytes_of("ledger");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = buf_check(&subject, "a subject", err);
    if (rc == 0) rc = log_batch_new(a->ledger, &batch, err);
    if (rc == 0) rc = batch_add_control(batch, &draft, err);
    if (rc == 0) rc = log_batch_commit(batch, &receipt, NULL, NULL, err);
    log_batch_free(batch);
    buf_done(&subject);
    buf_done(&body);
    if (rc == 0) {
        a->head.seq = receipt.seq;
    }
    return rc;
}

/* Stores the seq of its event in the head. */
static int put_seq(struct advance *a, struct db *db, struct attested_heads *heads, struct err *err) {
    struct attested_head before = a->head;
    before.seq = LOG_NO_SEQ;
    int rc = db_begin(db, true, &a->txn, err);
    if (rc != 0) return rc;
    rc = attested_heads_get(a->txn, a->view->list, heads, err);
    if (rc == 0 && heads->n > 0 && same_head(&heads->head[0], &before)) {
        heads->head[0].seq = a->head.seq;
        rc = attested_heads_put(a->txn, heads, err);
        return rc != 0 ? (db_abort(a->txn), rc) : db_commit(a->txn, err);
    }
    db_abort(a->txn);
    return rc;
}

/* ---- advancing ---- */

static int advance(struct advance *a, uint64_t generation, struct err *err) {
    struct attested_heads *heads = calloc(1, sizeof(*heads));
    struct db *db;
    if (heads == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    a->head = (struct attested_head){.position = a->view->at, .seq = LOG_NO_SEQ};
    int rc = derived_open_of(a->ledger, generation, &db, err);
    if (rc == 0) rc = db_begin(db, true, &a->txn, err);
    if (rc == 0) {
        rc = store(a, heads, err);
        if (rc == 0) {
            rc = db_commit(a->txn, err);
        } else {
            db_abort(a->txn);
        }
    }
    if (rc == 0) rc = append_event(a, err);
    if (rc == 0) rc = put_seq(a, db, heads, err);
    free(heads);
    return rc == ERR_CONFLICT ? 0 : rc;
}

/* Judged by what is stored, which may be wrong: then more is folded than necessary, or the advance is in vain. */
static bool is_near(struct ledger *ledger, const struct projection *const *list, uint64_t lag) {
    struct attested_heads *heads = calloc(1, sizeof(*heads));
    struct log_head head;
    struct db *db;
    struct db_txn *txn = NULL;
    uint64_t position = 0;
    bool known = heads != NULL && log_head(ledger, &head, NULL) == 0;
    if (known && derived_open(ledger, false, &db, NULL) == 0 && db_begin(db, false, &txn, NULL) == 0 &&
        attested_heads_get(txn, list, heads, NULL) == 0 && heads->n > 0 && heads->head[0].seq != LOG_NO_SEQ) {
        position = heads->head[0].position;
    }
    db_abort(txn);
    free(heads);
    return known && position <= head.size && head.size - position < lag;
}

static int advance_from(struct ledger *ledger, struct state_options *options, enum state_base base, uint64_t lag,
                        struct err *err) {
    struct advance a = {.ledger = ledger};
    uint64_t generation = db_generation(ledger->evidence);
    options->base = base;
    options->at = LOG_NO_SEQ;
    int rc = state_open(ledger, options, &a.view, err);
    if (rc != 0) return rc;
    if (!a.view->has_attested || a.view->at - a.view->attested.position >= lag) {
        buf_init(&a.replaced, REPLACED_MAX);
        rc = advance(&a, generation, err);
        buf_done(&a.replaced);
    }
    state_close(a.view);
    return rc;
}

struct wish {
    struct ledger *ledger;
    const struct state_options *options;
    uint64_t lag;
};

static int try_advance(void *ctx, struct err *err) {
    const struct wish *w = ctx;
    struct state_options mine = *w->options;
    struct err why = {0};
    int rc = advance_from(w->ledger, &mine, STATE_ATTESTED, w->lag, &why);
    if (rc != ERR_CORRUPT) return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
    attested_forget(w->ledger); /* nodes are missing or were changed */
    return advance_from(w->ledger, &mine, STATE_EVENTS, w->lag, err);
}

int attested_advance(struct ledger *ledger, const struct state_options *options, uint64_t lag, struct err *err) {
    struct wish wish = {.ledger = ledger, .options = options, .lag = lag};
    if (is_near(ledger, state_list_of(options), lag)) return 0;
    return derived_work(ledger, try_advance, &wish, err);
}
