/* A generation is removed in this order: take a lock that keeps everybody from opening it, rename it to "<base>.<n>.old",
 * overwrite its data with zeros, remove its files. After a crash in between the next removal continues with that name. */
#include "ledger/store/burial.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/store/db_env.h"
#include "ledger/store/generation.h"

#define OPEN_LIMIT_NS CLOCK_NS_PER_S /* to wait for processes that are opening a database */

struct left {
    uint64_t now, pid;
    bool any;
};

static int look_at_left(void *ctx, enum generation_form form, uint64_t n, const char *path, struct err *err) {
    struct left *left = ctx;
    uint64_t pid = 0;
    (void)err;
    if (form != GENERATION_OLD && (form != GENERATION_WHOLE || n >= left->now)) return 0;
    left->any = true;
    if (form == GENERATION_WHOLE && db_lock_alone(path, NULL, &pid, NULL) == ERR_BUSY && pid != (uint64_t)getpid()) {
        left->pid = pid;
    }
    return 0;
}

bool burial_left(const char *base, uint64_t generation, uint64_t *ret_pid) {
    struct left left = {.now = generation};
    bool any = generation_each(base, look_at_left, &left, NULL) == 0 && left.any;
    *ret_pid = left.pid;
    return any;
}

struct burial {
    uint64_t now, pid;
    const char *base;
    bool own, busy, any;
    struct err why;
};

/* Renames it while nobody has it open and nobody can open it. */
static int take_name(const char *path, bool own, const char *old, uint64_t *ret_pid, struct err *err) {
    static const struct db_wait wait = {.limit_ns = OPEN_LIMIT_NS};
    struct db_waiter waiter = {.wait = &wait, .path = path};
    int lock, fd = -1;
    int rc = db_open_lock(path, own, &waiter, &lock, err);
    if (rc != 0) return rc;
    rc = db_lock_alone(path, &fd, ret_pid, err);
    rc = rc == 0 && rename(path, old) != 0 ? err_errno(err, errno, "'%s'", path) : rc;
    if (fd >= 0) {
        close(fd);
    }
    db_open_unlock(lock);
    return rc;
}

static int bury_one(void *ctx, enum generation_form form, uint64_t n, const char *path, struct err *err) {
    struct burial *b = ctx;
    char old[FILE_PATH_MAX];
    uint64_t pid = 0;
    struct err why = {0};
    if (form == GENERATION_OLD) {
        b->any = true;
        return generation_wipe(path, err);
    }
    if (form != GENERATION_WHOLE || n >= b->now) return 0;
    int len = snprintf(old, sizeof(old), "%s" GENERATION_OLD_SUFFIX, path);
    if (len < 0 || len >= (int)sizeof(old)) {
        return err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", path);
    }
    int rc = file_exists(old) ? generation_wipe(old, &why) : 0; /* left by one that was killed */
    if (rc == 0) rc = take_name(path, b->own, old, &pid, &why);
    if (rc == ERR_BUSY) { /* continue with the others */
        b->busy = true;
        b->pid = pid;
        b->why = why;
        return 0;
    }
    if (rc != 0) {
        return rc == ERR_NOTFOUND ? 0 : err_set(err, rc, "%s", why.msg); /* not found: another process removed it first */
    }
    b->any = true;
    rc = file_sync_parent(b->base, err);
    if (rc == 0) rc = generation_wipe(old, err);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

int burial_run(const char *base, bool own_lock, uint64_t generation, uint64_t *ret_pid, struct err *err) {
    struct burial b = {.now = generation, .base = base, .own = own_lock};
    int rc = generation_each(base, bury_one, &b, err);
    if (rc == 0 && b.any) rc = file_sync_parent(base, err);
    if (rc == 0 && b.busy) {
        *ret_pid = b.pid;
        return err_set(err, ERR_BUSY, "%s", b.why.msg);
    }
    return rc;
}
