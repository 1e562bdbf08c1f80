/* Locks of our own around LMDB's, kept by flock, so that the kernel releases them with whoever held them, a waiting process
 * knows for whom it waits, and neither needs a file of its own. decisions/032 says what LMDB's own locks lack.
 *
 *   the open lock    on the directory that holds the database, or on a file of its own there: one process at a time is
 *                    inside mdb_env_open
 *   the write lock   on the database's directory: from before a write transaction begins until it has ended
 *   the turnstile    on data.mdb: whoever has waited long for the write lock keeps the others from overtaking
 *
 * The open lock is a leaf: nothing else is waited for while it is held, but what LMDB itself waits for. */
#ifndef LEDGER_STORE_DB_LOCK_H
#define LEDGER_STORE_DB_LOCK_H

#include <pthread.h>

#include "base/bytes.h"
#include "base/err.h"

/* How long to wait for others, and who is told meanwhile. */
struct db_wait {
    uint64_t limit_ns;                            /* then ERR_BUSY; 0: for ever */
    void (*waiting)(void *ctx, const char *text); /* once a wait, after some seconds; may be NULL */
    void *ctx;
    const _Atomic bool *enough; /* once this is set: ERR_BUSY at once; may be NULL */
};

/* One wait. */
struct db_waiter {
    const struct db_wait *wait;
    const char *path; /* of the database, for messages; borrowed */
    uint64_t began;   /* 0: it has not waited yet */
    bool said;
};

/* Who is waited for: a process, or whoever holds the flock on the descriptor `fd`; 0 and -1: not known. `doing`: "which is
 * writing". */
struct db_holder {
    uint64_t pid;
    int fd;
    const char *doing;
};

/* Pauses before another try; says who is waited for when it has been long enough. ERR_BUSY, naming the holder: too long. */
int db_waiter_pause(struct db_waiter *waiter, const struct db_holder *holder, struct err *err);

/* Takes the open lock of the database in `dir`, which need not have any file yet. With `own` it is on the file "NAME.lock"
 * beside it, the same for all generations, so that whoever is stopped while it opens this database keeps nobody from
 * opening another one of the same directory; where there is no such file and none can be made, it is on the directory as
 * well. Opens at *ret_fd, which db_open_unlock closes. ERR_BUSY: the wait's limit. */
int db_open_lock(const char *dir, bool own, struct db_waiter *waiter, int *ret_fd, struct err *err);
void db_open_unlock(int fd);

struct db_write_lock {
    pthread_mutex_t threads; /* flock does not tell threads apart */
    int dir, data;           /* the database's directory (-1: not open yet), data.mdb (LMDB's descriptor) */
    uint64_t looked;         /* under `threads`: when the turnstile was last looked at */
};
void db_write_lock_init(struct db_write_lock *lock);
void db_write_lock_done(struct db_write_lock *lock);
/* By the thread that gives it back. Two system calls with the giving back when nobody else wants it. */
int db_write_lock_take(struct db_write_lock *lock, struct db_waiter *waiter, struct err *err);
void db_write_lock_give(struct db_write_lock *lock);

#endif
