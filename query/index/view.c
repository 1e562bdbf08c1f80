/* Reading the index: snapshots of derived data and of the evidence, which its records are compared with. */
#include "query/index/view.h"

#include <stdlib.h>

#include "ledger/derived/derived.h"
#include "ledger/erase/erase.h"
#include "query/index/record.h"
#include "query/index/size.h"

/* *ret: NULL when there is none, or when it cannot be read, as *why says. */
static void view_derived(struct db *db, struct db_txn **ret, uint32_t *ret_events, struct err *why) {
    struct db_txn *txn = NULL;
    int rc = db_begin(db, false, &txn, why);
    if (rc == 0) rc = index_size_get(txn, ret_events, why);
    if (rc != 0 || *ret_events == 0) {
        db_abort(txn);
        txn = NULL;
    }
    *ret = txn;
}

/* Of the index in `db` (NULL: of none); when *why says that it cannot be read, it is none. */
static int view_open(struct ledger *ledger, struct db *db, struct index_view *ret, struct err *why, struct err *err) {
    struct db_txn *txn = NULL;
    uint32_t events = 0;
    *ret = (struct index_view){.ledger = ledger, .events = COLUMNS_EVENTS, .least = COLUMNS_EVENTS};
    if (db != NULL) {
        ret->generation = derived_generation(ledger);
        view_derived(db, &txn, &events, why);
    }
    if (txn == NULL) return why->code == ERR_NOMEM ? err_set(err, ERR_NOMEM, "%s", why->msg) : 0;
    ret->truth = calloc(1, sizeof(*ret->truth));
    int rc = ret->truth == NULL ? err_set(err, ERR_NOMEM, "out of memory") : core_view_begin(ledger, ret->truth, err);
    if (rc != 0) {
        db_abort(txn);
        free(ret->truth);
        ret->truth = NULL;
        return rc;
    }
    ret->derived = txn;
    ret->awake = true;
    ret->erasing = !erase_is_done(ret->truth->txn, ret->generation);
    ret->events = events;
    ret->least = index_least(events);
    index_view_rest(ret);
    return 0;
}

static bool wake(struct index_view *view) {
    if (!view->awake && view->derived != NULL && db_renew(view->derived, NULL) == 0 &&
        db_renew(view->truth->txn, NULL) == 0) {
        view->awake = true;
        view->erasing = !erase_is_done(view->truth->txn, view->generation);
    }
    return view->awake;
}

int index_view_open(struct ledger *ledger, struct index_view *ret, struct err *err) {
    struct db *db;
    struct err why = {0};
    int rc = derived_open(ledger, false, &db, &why);
    rc = view_open(ledger, rc == 0 ? db : NULL, ret, &why, err);
    if (rc == 0 && ret->erasing) {
        index_view_close(ret);
        return view_open(ledger, NULL, ret, &why, err);
    }
    return rc;
}

int index_view_over(struct ledger *ledger, struct db *db, struct index_view *ret, struct err *why, struct err *err) {
    int rc = view_open(ledger, db, ret, why, err);
    ret->builds = true;
    return rc;
}

void index_view_rest(struct index_view *view) {
    if (view->awake) {
        db_rest(view->derived);
        db_rest(view->truth->txn);
        vouched_rest(&view->vouched);
        view->awake = false;
    }
}

void index_view_close(struct index_view *view) {
    if (view->derived != NULL) {
        db_abort(view->derived);
        core_view_end(view->truth);
        free(view->truth);
    }
    vouched_done(&view->vouched);
    *view = (struct index_view){0};
}

bool index_view_get(struct index_view *view, uint64_t seq, struct columns_record *ret) {
    if (!wake(view) || (view->erasing && !view->builds)) return false;
    for (uint32_t n = view->events; n != 0; n = index_smaller(n)) {
        uint64_t first = seq - seq % n;
        if (view->proven ? index_record_vouched(view->ledger, view->derived, view->truth, first, n, &view->vouched, ret)
                         : index_record(view->derived, view->truth, first, n, ret)) {
            return true;
        }
    }
    return false;
}
