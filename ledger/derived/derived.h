/* The derived environment: everything that can be rebuilt from the events. Several builders share it, each with a table of
 * its own: the segments of older idempotency keys (segments.h), the index that queries use (the query room). It may be
 * deleted at any time. */
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

/* One per ledger; only derived.c uses its fields. */
struct derived {
    pthread_mutex_t lock;                  /* held while it is opened, however long that takes: no append waits for it */
    struct db *db;                         /* NULL until first needed */
    struct db *parked[DERIVED_PARKED_MAX]; /* those found damaged while in use */
    size_t n_parked;
    struct db **retired; /* those of generations that were superseded */
    size_t n_retired;
};
/* For opening a ledger: nothing is open yet, and it follows the evidence's generations from here on. */
int derived_new(struct ledger *ledger, struct err *err);
/* For log_close. */
void derived_close(struct ledger *ledger);
/* The generation of the evidence that it belongs to. */
static inline uint64_t derived_generation(const struct ledger *ledger) {
    return ledger->follower.generation;
}

/* The environment, opened on first use and kept open until the ledger is closed. With `create` it is made when absent, and
 * made anew when unreadable; without, those are ERR_NOTFOUND and ERR_CORRUPT. One that an older program made gains the
 * tables that it lacks. Without `create` it is opened for reading where nothing can be written. May wait for other
 * processes: for any thread except one that appends. ERR_BUSY with `create`: it is left alone (log.h). */
int derived_open(struct ledger *ledger, bool create, struct db **ret, struct err *err);
/* For checking it: the same without `create`, but nothing is made or repaired, and it never waits for a writer. An
 * environment that was never finished (its file is empty, or a table is missing) is ERR_NOTFOUND, with a message. */
int derived_look(struct ledger *ledger, struct db **ret, struct err *err);
/* For writing what was read from the evidence at this generation (db_generation). ERR_BUSY when it has moved on since: what
 * was read may have been erased, and must not come back. */
int derived_open_of(struct ledger *ledger, uint64_t generation, struct db **ret, struct err *err);
/* Runs `work`, and runs it again from its beginning when it fails because derived data started afresh with another
 * generation of the evidence meanwhile: ERR_NOTFOUND and ERR_BUSY of the above and of transactions. A bounded number of
 * times; then ERR_BUSY. Other failures, and these without such a change, are returned. */
int derived_work(struct ledger *ledger, int (*work)(void *ctx, struct err *err), void *ctx, struct err *err);
/* Replaces an environment that turned out to be damaged: its files are removed and made anew. Readers of the old ones may
 * continue. For the same threads as derived_open. */
int derived_renew(struct ledger *ledger, struct err *err);
/* Its path: derived data is stored beside its generation of the evidence, and is removed with it. */
int derived_path(struct ledger *ledger, char ret[FILE_PATH_MAX], struct err *err);
/* When the evidence has moved on to another generation, so does derived data, which starts afresh: erased content is in the
 * old one. A caller that uses the old one gets ERR_NOTFOUND at its next transaction (derived_work looks again). For any
 * thread; does nothing while another one opens derived data, which then does it. */
void derived_follow(struct ledger *ledger);
/* From now on appends look up older idempotency keys in this one, unless it was replaced meanwhile. */
void derived_publish(struct ledger *ledger, struct db *db);

/* A new environment of the same form, for data that is soon thrown away; the caller closes it with db_close. */
int derived_scratch(const struct ledger *ledger, struct db **ret, struct err *err);

#endif
