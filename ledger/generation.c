/* Names and files of generations. One is taken away in this order: a lock that keeps everybody from opening it, a name that
 * nobody looks for ("<base>.<n>.old"), zeros over its data, its files. A crash in between leaves such a name, and the next
 * one goes on with it. */
#include "ledger/generation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "ledger/db.h"

#define OLD ".old"
#define NEW ".new"

#define OPEN_LIMIT_NS CLOCK_NS_PER_S /* for those that are opening a database just now */
#define FIND_LOOKS    3              /* at a directory that seems to have none */

int generation_path(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err) {
    int n = generation == 0 ? snprintf(ret, FILE_PATH_MAX, "%s", base)
                            : snprintf(ret, FILE_PATH_MAX, "%s.%llu", base, (unsigned long long)generation);
    return n < 0 || n >= FILE_PATH_MAX ? err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", base) : 0;
}

int generation_tmp(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err) {
    int n = snprintf(ret, FILE_PATH_MAX, "%s.%llu" NEW, base, (unsigned long long)generation);
    return n < 0 || n >= FILE_PATH_MAX ? err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", base) : 0;
}

enum form { FORM_NONE, FORM_GENERATION, FORM_NEW, FORM_OLD };

/* What a name in the directory of base says: "<name>", "<name>.<n>", and these with .new and .old. */
static enum form form_of(const char *name, const char *base_name, uint64_t *ret) {
    size_t n = strlen(base_name), len = strlen(name), tail = strlen(OLD);
    if (strncmp(name, base_name, n) != 0) {
        return FORM_NONE;
    }
    enum form form = FORM_GENERATION;
    if (len >= n + tail && strcmp(name + len - tail, OLD) == 0) {
        form = FORM_OLD;
    } else if (len >= n + tail && strcmp(name + len - tail, NEW) == 0) {
        form = FORM_NEW;
    }
    len -= form == FORM_GENERATION ? 0 : tail;
    *ret = 0;
    if (len == n) {
        return form;
    }
    struct bytes digits = {(const uint8_t *)name + n + 1, len - n - 1};
    return name[n] == '.' && text_parse_u64(digits, ret) == 0 && *ret > 0 ? form : FORM_NONE;
}

/* Calls `each` for every name of these forms; it returns 0 to go on. */
static int walk(const char *base, int (*each)(void *ctx, enum form form, uint64_t n, const char *path, struct err *err),
                void *ctx, struct err *err) {
    char parent[FILE_PATH_MAX], path[FILE_PATH_MAX];
    const char *slash = strrchr(base, '/'), *name = slash == NULL ? base : slash + 1;
    int rc = file_parent(parent, base, err);
    DIR *dir = rc != 0 ? NULL : opendir(parent);
    if (rc == 0 && dir == NULL) {
        return err_errno(err, errno, "'%s'", parent);
    }
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        uint64_t n;
        enum form form = form_of(d->d_name, name, &n);
        if (form != FORM_NONE) {
            rc = file_join(path, parent, d->d_name, err);
            rc = rc != 0 ? rc : each(ctx, form, n, path, err);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return rc;
}

struct finding {
    uint64_t from, found;
    bool any, others; /* others: names of other forms, or of lower numbers */
};

static int find_one(void *ctx, enum form form, uint64_t n, const char *path, struct err *err) {
    struct finding *f = ctx;
    (void)path;
    (void)err;
    if (form == FORM_GENERATION && n >= f->from && (!f->any || n < f->found)) {
        f->any = true;
        f->found = n;
    }
    f->others = f->others || form != FORM_GENERATION || n < f->from;
    return 0;
}

int generation_find(const char *base, uint64_t from, uint64_t *ret, struct err *err) {
    struct finding f = {.from = from};
    int rc = 0, looks = 0;
    do { /* names that change while a directory is read may be missed, the old one and the new one */
        rc = walk(base, find_one, &f, err);
        looks++;
    } while (rc == 0 && !f.any && looks < (f.others ? GENERATION_TRIES : FIND_LOOKS));
    if (rc == 0 && f.any) {
        *ret = f.found;
    }
    return rc != 0 ? rc : f.any ? 0 : 1;
}

/* Nobody has it open, and nobody finds it. Another process may do the same at the same time. */
static int wipe(const char *dir, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, "data.mdb", err);
    rc = rc != 0 || !file_exists(path) ? rc : file_wipe(path, err);
    rc = rc != 0 && rc != ERR_NOTFOUND ? rc : file_remove_tree(dir, err);
    return rc != 0 && !file_exists(dir) ? 0 : rc;
}

static int sweep_one(void *ctx, enum form form, uint64_t n, const char *path, struct err *err) {
    const uint64_t *now = ctx;
    return form == FORM_NEW || (form == FORM_GENERATION && n > *now) ? wipe(path, err) : 0;
}

int generation_sweep(const char *base, uint64_t generation, struct err *err) {
    return walk(base, sweep_one, &generation, err);
}

/* ---- taking away ---- */

struct left {
    uint64_t now, pid;
    bool any;
};

static int look_at_left(void *ctx, enum form form, uint64_t n, const char *path, struct err *err) {
    struct left *left = ctx;
    uint64_t pid = 0;
    (void)err;
    if (form != FORM_OLD && (form != FORM_GENERATION || n >= left->now)) {
        return 0;
    }
    left->any = true;
    if (form == FORM_GENERATION && db_lock_alone(path, NULL, &pid, NULL) == ERR_BUSY && pid != (uint64_t)getpid()) {
        left->pid = pid;
    }
    return 0;
}

bool generation_left(const char *base, uint64_t generation, uint64_t *ret_pid) {
    struct left left = {.now = generation};
    bool any = walk(base, look_at_left, &left, NULL) == 0 && left.any;
    *ret_pid = left.pid;
    return any;
}

struct burial {
    uint64_t now, pid;
    const char *base;
    bool own, busy, any;
    struct err why;
};

/* Nobody has it open, and nobody can open it meanwhile: from here on it has another name, which nobody looks for. */
static int take_name(const char *path, bool own, const char *old, uint64_t *ret_pid, struct err *err) {
    static const struct db_wait wait = {.limit_ns = OPEN_LIMIT_NS};
    struct db_waiter waiter = {.wait = &wait, .path = path};
    int lock, fd = -1;
    int rc = db_open_lock(path, own, &waiter, &lock, err);
    if (rc != 0) {
        return rc;
    }
    rc = db_lock_alone(path, &fd, ret_pid, err);
    rc = rc == 0 && rename(path, old) != 0 ? err_errno(err, errno, "'%s'", path) : rc;
    if (fd >= 0) {
        close(fd);
    }
    db_open_unlock(lock);
    return rc;
}

static int bury_one(void *ctx, enum form form, uint64_t n, const char *path, struct err *err) {
    struct burial *b = ctx;
    char old[FILE_PATH_MAX];
    uint64_t pid = 0;
    struct err why = {0};
    if (form == FORM_OLD) {
        b->any = true;
        return wipe(path, err);
    }
    if (form != FORM_GENERATION || n >= b->now) {
        return 0;
    }
    int len = snprintf(old, sizeof(old), "%s" OLD, path);
    if (len < 0 || len >= (int)sizeof(old)) {
        return err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", path);
    }
    int rc = file_exists(old) ? wipe(old, &why) : 0; /* left by one that was killed */
    rc = rc != 0 ? rc : take_name(path, b->own, old, &pid, &why);
    if (rc == ERR_BUSY) { /* the others first */
        b->busy = true;
        b->pid = pid;
        b->why = why;
        return 0;
    }
    if (rc != 0) {
        return rc == ERR_NOTFOUND ? 0 : err_set(err, rc, "%s", why.msg); /* not found: somebody was faster */
    }
    b->any = true;
    rc = file_sync_parent(b->base, err);
    rc = rc != 0 ? rc : wipe(old, err);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

int generation_bury(const char *base, bool own_lock, uint64_t generation, uint64_t *ret_pid, struct err *err) {
    struct burial b = {.now = generation, .base = base, .own = own_lock};
    int rc = walk(base, bury_one, &b, err);
    rc = rc != 0 || !b.any ? rc : file_sync_parent(base, err);
    if (rc == 0 && b.busy) {
        *ret_pid = b.pid;
        return err_set(err, ERR_BUSY, "%s", b.why.msg);
    }
    return rc;
}
