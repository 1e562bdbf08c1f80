/* The derived environment: whatever can be rebuilt from the events. Several builders share it, each with a table of its
 * own: the segments of older idempotency keys (segments.h), the index that queries use (the query room). It may be deleted
 * at any time. */
#ifndef LEDGER_DERIVED_DERIVED_H
#define LEDGER_DERIVED_DERIVED_H

#include "ledger/core/core.h"
#include "ledger/dedup/hints.h"

enum derived_table {
    DERIVED_STATE = HINTS_STATE, /* those of hints.h */
    DERIVED_KEYSEG = HINTS_KEYSEG,
    DERIVED_VOUCHER = HINTS_VOUCHER,
    DERIVED_COLUMN, /* be64 first seq: values of indexed fields (query/columns/format.h) */
    DERIVED_ROW,    /* rows of projections (projections/store/store.h) */
    DERIVED_PROVEN, /* sha256: nodes of the trees of proven rows (projections/rows/hash_tree.h) */
    DERIVED_TABLES
};

#define DERIVED_PARKED_MAX 4

/* A ledger's own. Nobody else looks into it. */
struct derived {
    pthread_mutex_t lock;                  /* held while it is opened, for as long as that takes: no append waits for it */
    struct db *db;                         /* NULL until first needed */
    struct db *parked[DERIVED_PARKED_MAX]; /* those that were found damaged while in use */
    size_t n_parked;
    struct db **retired; /* those of generations that were superseded */
    size_t n_retired;
};
/* For who opens a ledger: it has none open, and follows the evidence's generations from here on. */
int derived_new(struct ledger *ledger, struct err *err);
/* For log_close. */
void derived_close(struct ledger *ledger);
/* The generation of the evidence that it is beside. */
static inline uint64_t derived_generation(const struct ledger *ledger) {
    return ledger->follower.generation;
}

/* The environment, opened when it is first asked for; kept open until the ledger is closed. With `create` it is made when
 * it is absent, and made anew when it is unreadable; without, those are ERR_NOTFOUND and ERR_CORRUPT. One that an older
 * program made gains the tables that it lacks. Without `create` it is opened for reading where nothing can be written. May
 * wait for other processes: any thread but one that appends. */
int derived_open(struct ledger *ledger, bool create, struct db **ret, struct err *err);
/* For who checks it: the same without `create`, but nothing is made or mended, and no writer is waited for. One that was
 * never finished (its file is empty, or a table is missing) is ERR_NOTFOUND, with words. */
int derived_look(struct ledger *ledger, struct db **ret, struct err *err);
/* For writing what was read from the evidence when that had this generation (db_generation). ERR_BUSY when it has moved on
 * since: what was read may have been erased, and must not come back. */
int derived_open_of(struct ledger *ledger, uint64_t generation, struct db **ret, struct err *err);
/* Runs `work`, and runs it again, from its beginning, when it fails because derived data began anew with another generation
 * of the evidence meanwhile: ERR_NOTFOUND and ERR_BUSY of the above and of transactions. A bounded number of times; then
 * ERR_BUSY. Other failures, and these without such a change, are the caller's. */
int derived_work(struct ledger *ledger, int (*work)(void *ctx, struct err *err), void *ctx, struct err *err);
/* It turned out to be damaged: its files are removed and made anew. Who still reads the old ones may go on. The same. */
int derived_renew(struct ledger *ledger, struct err *err);
/* Where it is: derived data of a generation of the evidence is beside it, and goes with it. */
int derived_path(struct ledger *ledger, char ret[FILE_PATH_MAX], struct err *err);
/* When the evidence has moved on to another generation, so does derived data, which begins anew: what was erased is in
 * the old one. Who has that in use meets ERR_NOTFOUND at his next transaction (derived_work looks again). Any thread: does
 * nothing while another one opens derived data, which does it then. */
void derived_follow(struct ledger *ledger);
/* Those who append look up older idempotency keys in this one from now on, unless it was replaced meanwhile. */
void derived_publish(struct ledger *ledger, struct db *db);

/* A new one of the same form, for data that is thrown away soon; the caller closes it with db_close. */
int derived_scratch(const struct ledger *ledger, struct db **ret, struct err *err);

#endif
