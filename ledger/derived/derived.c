/* Opening the derived environment. A damaged one is replaced even while threads of this process read it: its files are
 * removed, but its handle stays open until the ledger is closed. */
#include "ledger/derived/derived.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/store/generation.h"
#include "ledger/store/scratch.h"

#define BEHIND_TRIES    50
#define BEHIND_PAUSE_NS 1000000
#define WORK_TRIES      50

enum opening {
    OPEN_LOOK, /* changes nothing */
    OPEN_USE,  /* makes missing tables */
    OPEN_MAKE  /* makes all that is missing, and replaces what is unreadable */
};

static const char *const tables[DERIVED_TABLES] = {HINTS_NAMES, "column", "row", "proven"};

static int open_at(struct ledger *ledger, const char *path, enum opening how, bool read_only, struct err *err) {
    struct db_options options = {.tables = tables,
                                 .n_tables = DERIVED_TABLES,
                                 .map_bytes = ledger->config.map_bytes,
                                 .create = how == OPEN_MAKE,
                                 .read_only = read_only,
                                 .relaxed = !read_only,
                                 .own_lock = true,
                                 .keep_readers = ledger->keep_readers,
                                 .begun = how == OPEN_LOOK,
                                 .wait = ledger->wait};
    options.wait.enough = &ledger->closing; /* when the ledger is closing, a waiting write is given up */
    int rc = how == OPEN_MAKE ? file_make_dirs(path, err) : 0;
    if (rc == 0) rc = db_open(path, &options, &ledger->derived->db, err);
    return rc;
}

/* An existing environment is opened without a write transaction, which might have to wait for others, unless a table has to
 * be made. A caller that does not need to write also gets one that is read-only. */
static int open_there(struct ledger *ledger, const char *path, enum opening how, struct err *err) {
    struct err first = {0};
    int rc = open_at(ledger, path, how == OPEN_LOOK ? OPEN_LOOK : OPEN_USE, false, &first);
    if (rc == ERR_CORRUPT && how != OPEN_LOOK && open_at(ledger, path, OPEN_MAKE, false, NULL) == 0) {
        return 0;
    }
    if (rc == ERR_NOTFOUND && how == OPEN_MAKE) return open_at(ledger, path, OPEN_MAKE, false, err);
    if (rc == ERR_IO && how != OPEN_MAKE) rc = open_at(ledger, path, how, true, NULL) == 0 ? 0 : rc;
    return rc == 0 ? 0 : err_set(err, rc, "%s", first.msg);
}

static int make_anew(struct ledger *ledger, const char *path, struct err *err) {
    int rc = file_remove_tree(path, err);
    if (rc == 0) rc = open_at(ledger, path, OPEN_MAKE, false, err);
    return rc;
}

int derived_path(struct ledger *ledger, char ret[FILE_PATH_MAX], struct err *err) {
    char base[FILE_PATH_MAX];
    int rc = core_path(ledger, "derived", base, err);
    if (rc == 0) rc = generation_path(base, ledger->follower.generation, ret, err);
    return rc;
}

/* Under the lock. */
static void follow(struct ledger *ledger) {
    uint64_t now = db_generation(ledger->evidence);
    struct db **retired = now == ledger->follower.generation || ledger->derived->db == NULL
                              ? NULL
                              : realloc(ledger->derived->retired, (ledger->derived->n_retired + 1) * sizeof(*retired));
    if (retired != NULL) {
        ledger->segments = NULL;
        db_retire(ledger->derived->db);
        ledger->derived->retired = retired;
        ledger->derived->retired[ledger->derived->n_retired++] = ledger->derived->db;
        ledger->derived->db = NULL;
    }
    if (now != ledger->follower.generation && ledger->derived->db == NULL) {
        ledger->follower.generation = now;
    }
}

void derived_follow(struct ledger *ledger) {
    if (pthread_mutex_trylock(&ledger->derived->lock) == 0) {
        follow(ledger);
        pthread_mutex_unlock(&ledger->derived->lock);
    }
}

/* Whether the evidence has moved on to another generation than the one that derived data is opened for. */
static bool is_behind(struct ledger *ledger) {
    struct db_txn *txn;
    if (db_begin(ledger->evidence, false, &txn, NULL) != 0) return false;
    bool behind = db_txn_generation(txn) != ledger->follower.generation;
    db_abort(txn);
    return behind;
}

/* 1: the generation is being removed. */
static int open_now(struct ledger *ledger, enum opening how, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = derived_path(ledger, path, err);
    bool there = rc == 0 && file_exists(path);
    if (rc == 0 && !there && is_behind(ledger)) return 1;
    if (rc == 0 && !there && how != OPEN_MAKE) {
        rc = err_set(err, ERR_NOTFOUND, "there is no '%s'", path);
    }
    if (rc == 0) rc = there ? open_there(ledger, path, how, err) : open_at(ledger, path, OPEN_MAKE, false, err);
    if (is_behind(ledger)) { /* whatever was just made is of a generation that is gone */
        if (rc == 0) {
            db_close(ledger->derived->db);
            ledger->derived->db = NULL;
        }
        return 1;
    }
    return how == OPEN_MAKE && (rc == ERR_CORRUPT || rc == ERR_VERSION) ? make_anew(ledger, path, err) : rc;
}

static int open_as(struct ledger *ledger, enum opening how, struct db **ret, struct err *err) {
    const struct timespec pause = {.tv_nsec = BEHIND_PAUSE_NS};
    int rc = 1;
    for (int left = BEHIND_TRIES; rc == 1 && left > 0; left--) {
        pthread_mutex_lock(&ledger->derived->lock);
        follow(ledger);
        rc = ledger->derived->db == NULL ? open_now(ledger, how, err) : 0;
        if (rc == 0) {
            *ret = ledger->derived->db;
        }
        pthread_mutex_unlock(&ledger->derived->lock);
        if (rc == 1 && left > 1) {
            nanosleep(&pause, NULL);
        }
    }
    return rc == 1 ? err_set(err, ERR_NOTFOUND, "derived data of generation %llu was removed",
                             (unsigned long long)ledger->follower.generation)
                   : rc;
}

int derived_open(struct ledger *ledger, bool create, struct db **ret, struct err *err) {
    if (create && ledger->leaves_derived) return err_set(err, ERR_BUSY, "nothing derived is stored by who only reads");
    return open_as(ledger, create ? OPEN_MAKE : OPEN_USE, ret, err);
}

int derived_look(struct ledger *ledger, struct db **ret, struct err *err) {
    return open_as(ledger, OPEN_LOOK, ret, err);
}

int derived_open_of(struct ledger *ledger, uint64_t generation, struct db **ret, struct err *err) {
    int rc = derived_open(ledger, true, ret, err);
    if (rc != 0) return rc;
    pthread_mutex_lock(&ledger->derived->lock);
    bool same = ledger->derived->db == *ret && ledger->follower.generation == generation;
    pthread_mutex_unlock(&ledger->derived->lock);
    return same ? 0 : err_set(err, ERR_BUSY, "something was erased since the events were read");
}

int derived_work(struct ledger *ledger, int (*work)(void *ctx, struct err *err), void *ctx, struct err *err) {
    struct err why;
    for (int tries = 0; tries < WORK_TRIES; tries++) {
        uint64_t generation = db_generation(ledger->evidence);
        why = (struct err){0};
        int rc = work(ctx, &why);
        bool gone = rc == ERR_NOTFOUND || rc == ERR_BUSY;
        if (!gone || db_generation(ledger->evidence) == generation) {
            return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
        }
    }
    return err_set(err, ERR_BUSY, "content was erased %d times while this was done, try again later: %s", WORK_TRIES,
                   why.msg);
}

int derived_renew(struct ledger *ledger, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = derived_path(ledger, path, err);
    if (rc != 0) return rc;
    pthread_mutex_lock(&ledger->derived->lock);
    if (ledger->derived->n_parked == DERIVED_PARKED_MAX) {
        rc = err_set(err, ERR_CORRUPT, "'%s' was damaged %d times while it was in use", path, DERIVED_PARKED_MAX + 1);
    } else {
        ledger->segments = NULL;
        if (ledger->derived->db != NULL) {
            db_park(ledger->derived->db);
            ledger->derived->parked[ledger->derived->n_parked++] = ledger->derived->db;
            ledger->derived->db = NULL;
        }
        rc = make_anew(ledger, path, err);
    }
    pthread_mutex_unlock(&ledger->derived->lock);
    return rc;
}

int derived_scratch(const struct ledger *ledger, struct db **ret, struct err *err) {
    return scratch_db_open(tables, DERIVED_TABLES, ledger->config.map_bytes, ret, err);
}

void derived_publish(struct ledger *ledger, struct db *db) {
    pthread_mutex_lock(&ledger->derived->lock);
    if (ledger->derived->db == db) {
        ledger->segments = db;
    }
    pthread_mutex_unlock(&ledger->derived->lock);
}

int derived_new(struct ledger *ledger, struct err *err) {
    ledger->derived = calloc(1, sizeof(*ledger->derived));
    if (ledger->derived == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    pthread_mutex_init(&ledger->derived->lock, NULL);
    ledger->follower.moved = derived_follow;
    return 0;
}

void derived_close(struct ledger *ledger) {
    struct derived *d = ledger->derived;
    if (d == NULL) return;
    db_close(d->db);
    for (size_t i = 0; i < d->n_parked; i++) {
        db_close(d->parked[i]);
    }
    for (size_t i = 0; i < d->n_retired; i++) {
        db_close(d->retired[i]);
    }
    free(d->retired);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
