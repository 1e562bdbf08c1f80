/* Everything that changes the directory holds its lock, so that what has a temporary name while the lock is free was left
 * by an interruption. A removal renames first: a copy loses its name at once, not file by file. Who uses a copy has a shared lock
 * on its directory (flock), and a removal takes that lock alone, so that nothing is removed under a run. */
#include "packs/depot/depot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define INCOMING   "incoming-"
#define COPY       "sha256-"
#define LOCK       "lock"
#define POLL_NS    20000000L
#define HOLD_TRIES 100
#define NAMES_MAX  ((size_t)16 << 20)

/* ---- names ------------------------------------------------------------------------------------------------------------ */

void depot_digest_text(char ret[DEPOT_DIGEST_TEXT], const uint8_t digest[HASH_LEN]) {
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, digest, HASH_LEN);
}

int depot_digest_parse(struct bytes text, uint8_t ret[HASH_LEN], struct err *err) {
    struct bytes hex = text;
    if (bytes_has_prefix(hex, "sha256:")) {
        hex.p += 7;
        hex.n -= 7;
    }
    if (hex.n == text.n || text_unhex(ret, HASH_LEN, hex) != 0) {
        return err_set(err, ERR_INVALID, "'%.*s' is not a digest; expected sha256: and 64 hex digits", (int)text.n,
                       text.n > 0 ? (const char *)text.p : "");
    }
    return 0;
}

static int copy_path(const char *dir, const uint8_t digest[HASH_LEN], char ret[FILE_PATH_MAX], struct err *err) {
    char name[sizeof(COPY) + 2 * HASH_LEN] = COPY;
    text_hex(name + sizeof(COPY) - 1, digest, HASH_LEN);
    return file_join(ret, dir, name, err);
}

int depot_path(const char *ledger_dir, const uint8_t digest[HASH_LEN], char ret[FILE_PATH_MAX], struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = file_join(dir, ledger_dir, "packs", err);
    if (rc == 0) rc = copy_path(dir, digest, ret, err);
    return rc;
}

/* ---- the lock --------------------------------------------------------------------------------------------------------- */

static int take_lock(struct depot *depot, uint64_t wait_ns, struct err *err) {
    const struct timespec pause = {0, POLL_NS};
    uint64_t begun = clock_monotonic_ns();
    while (flock(depot->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return err_errno(err, errno, "'%s/" LOCK "'", depot->dir);
        if (wait_ns > 0 && clock_monotonic_ns() - begun >= wait_ns) {
            return err_set(err, ERR_BUSY, "another process is installing or removing a pack in '%s'", depot->dir);
        }
        nanosleep(&pause, NULL);
    }
    return 0;
}

int depot_open(const char *ledger_dir, uint64_t wait_ns, struct depot *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    *ret = (struct depot){.lock = -1};
    int rc = file_join(ret->dir, ledger_dir, "packs", err);
    if (rc == 0 && !file_exists(ret->dir)) {
        rc = file_make_dirs(ret->dir, err);
        if (rc == 0) rc = file_sync_dir(ledger_dir, err);
    }
    if (rc == 0) rc = file_join(path, ret->dir, LOCK, err);
    if (rc == 0) {
        ret->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        rc = ret->lock < 0 ? err_errno(err, errno, "'%s'", path) : take_lock(ret, wait_ns, err);
    }
    if (rc != 0) {
        depot_close(ret);
    }
    return rc;
}

void depot_close(struct depot *depot) {
    if (depot->lock >= 0) {
        close(depot->lock);
    }
    depot->lock = -1;
}

/* ---- a copy ----------------------------------------------------------------------------------------------------------- */

struct copying {
    char dir[FILE_PATH_MAX]; /* the temporary name; empty: none */
    int root, fd;
    const char *path; /* of the open file */
};

static int fail_at(const struct copying *c, const char *path, struct err *err) {
    return err_errno(err, errno, "'%s/%s'", c->dir, path);
}

/* The directories above a file. Paths of packs are short and have no "..". */
static int make_parents(struct copying *c, const char *path, struct err *err) {
    char dir[CONTENT_PATH_MAX + 1];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
        if (mkdirat(c->root, dir, 0755) != 0 && errno != EEXIST) return fail_at(c, dir, err);
        if (fchmodat(c->root, dir, 0755, 0) != 0) return fail_at(c, dir, err);
    }
    return 0;
}

static int begin_file(void *ctx, const char *path, bool program, struct err *err) {
    struct copying *c = ctx;
    int rc = make_parents(c, path, err);
    if (rc != 0) return rc;
    c->path = path;
    c->fd = openat(c->root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (c->fd < 0 || fchmod(c->fd, program ? 0555 : 0444) != 0) return fail_at(c, path, err);
    return 0;
}

static int put_piece(void *ctx, struct bytes piece, struct err *err) {
    struct copying *c = ctx;
    return file_put_all(c->fd, piece.p, piece.n) == 0 ? 0 : fail_at(c, c->path, err);
}

static int end_file(void *ctx, struct err *err) {
    struct copying *c = ctx;
    int rc = fsync(c->fd) == 0 ? 0 : fail_at(c, c->path, err);
    close(c->fd);
    c->fd = -1;
    return rc;
}

/* The names in the directories that the files are in. */
static int sync_dirs(struct copying *c, const struct content *tree, struct err *err) {
    char dir[FILE_PATH_MAX + CONTENT_PATH_MAX + 2];
    int rc = file_sync_dir(c->dir, err);
    for (size_t i = 0; rc == 0 && i < content_count(tree); i++) {
        const char *path = content_at(tree, i)->path, *before = i > 0 ? content_at(tree, i - 1)->path : "";
        for (const char *slash = strchr(path, '/'); rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
            if (strncmp(path, before, (size_t)(slash - path) + 1) == 0) continue; /* synced for that one */
            snprintf(dir, sizeof(dir), "%s/%.*s", c->dir, (int)(slash - path), path);
            rc = file_sync_dir(dir, err);
        }
    }
    return rc;
}

static void put_fault(void *ctx, const char *path, const char *what) {
    buf_printf(ctx, "%s%s %s", ((struct buf *)ctx)->n > 0 ? "; " : "", path, what);
}

/* Reads, copies, syncs; the directory has a temporary name afterwards. */
static int copy_all(struct copying *c, const char *from, const struct compare_want *want, struct err *err) {
    char words[COMPARE_WORDS];
    const struct content_sink sink = {c, begin_file, put_piece, end_file};
    struct buf faults = {.max = 1024};
    struct content *tree = NULL;
    int rc = content_read(from, &sink, put_fault, &faults, &tree, err);
    if (rc == ERR_INVALID && faults.n > 0) {
        rc = err_set(err, ERR_CONFLICT, "'%s' was changed while it was copied: %.*s", from, (int)faults.n,
                     (const char *)faults.p);
    }
    if (rc == 0 && !compare_tree(tree, want, words)) {
        rc = err_set(err, ERR_CONFLICT, "'%s' was changed while it was copied: it is no longer what was planned", from);
    }
    if (rc == 0) rc = sync_dirs(c, tree, err);
    content_free(tree);
    buf_done(&faults);
    return rc;
}

static int begin_copy(const struct depot *depot, struct copying *c, struct err *err) {
    *c = (struct copying){.root = -1, .fd = -1};
    int rc = file_join(c->dir, depot->dir, INCOMING "XXXXXX", err);
    if (rc != 0 || mkdtemp(c->dir) == NULL) {
        rc = rc != 0 ? rc : err_errno(err, errno, "'%s'", c->dir);
        c->dir[0] = '\0';
        return rc;
    }
    c->root = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (c->root < 0 || fchmod(c->root, 0755) != 0) return fail_at(c, ".", err);
    return 0;
}

static void end_copy(struct copying *c) {
    if (c->fd >= 0) close(c->fd);
    if (c->root >= 0) close(c->root);
    if (c->dir[0] != '\0') {
        file_remove_tree(c->dir, NULL);
    }
}

int depot_put(struct depot *depot, const char *from, const struct compare_want *want, struct err *err) {
    char path[FILE_PATH_MAX], words[COMPARE_WORDS];
    struct copying c = {.root = -1, .fd = -1};
    int rc = copy_path(depot->dir, want->tree, path, err);
    if (rc == 0 && compare_copy(path, want, COMPARE_BYTES, words)) return 0;
    if (rc == 0) rc = depot_remove(depot, want->tree, err);
    if (rc == 0) rc = begin_copy(depot, &c, err);
    if (rc == 0) rc = copy_all(&c, from, want, err);
    if (rc == 0 && rename(c.dir, path) != 0) rc = err_errno(err, errno, "'%s'", path);
    if (rc == 0) {
        c.dir[0] = '\0';
        rc = file_sync_dir(depot->dir, err);
    }
    end_copy(&c);
    if (rc == 0) {
        compare_note(path);
    }
    return rc;
}

/* ---- holding and removing --------------------------------------------------------------------------------------------- */

static int open_copy(const char *path) {
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* What is held may have lost its name before. */
static bool is_still(const char *path, int fd) {
    struct stat named, held;
    return lstat(path, &named) == 0 && fstat(fd, &held) == 0 && named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

int depot_hold(const char *path, int *ret, struct err *err) {
    for (int i = 0; i < HOLD_TRIES; i++) {
        int fd = open_copy(path);
        if (fd < 0) return err_errno(err, errno, "'%s'", path);
        while (flock(fd, LOCK_SH) != 0) {
            if (errno == EINTR) continue;
            int rc = err_errno(err, errno, "'%s' cannot be held", path);
            close(fd);
            return rc;
        }
        if (is_still(path, fd)) {
            *ret = fd;
            return 0;
        }
        close(fd);
    }
    return err_set(err, ERR_BUSY, "'%s' is being replaced", path);
}

/* The other side: nobody holds it, and nobody will until *ret is closed. -1: there is nothing that could be held. */
static int claim(const char *path, int *ret, struct err *err) {
    *ret = open_copy(path);
    if (*ret < 0 || flock(*ret, LOCK_EX | LOCK_NB) == 0) return 0;
    int rc = errno == EWOULDBLOCK ? err_set(err, ERR_BUSY, "'%s' is in use", path)
                                  : err_errno(err, errno, "'%s' cannot be locked", path);
    close(*ret);
    *ret = -1;
    return rc;
}

static int put_away(struct depot *depot, const char *path, struct err *err) {
    char away[FILE_PATH_MAX];
    struct stat is;
    compare_forget(path);
    if (lstat(path, &is) == 0 &&
        !S_ISDIR(is.st_mode)) { /* a link or a file in its place: the name goes, not what it leads to */
        if (unlink(path) != 0) return err_errno(err, errno, "'%s'", path);
        return file_sync_dir(depot->dir, err);
    }
    int rc = file_join(away, depot->dir, INCOMING "XXXXXX", err);
    if (rc == 0 && mkdtemp(away) == NULL) rc = err_errno(err, errno, "'%s'", away);
    if (rc != 0) return rc;
    if (rename(path, away) != 0 && errno != ENOENT) {
        rc = err_errno(err, errno, "'%s'", path);
        rmdir(away);
        return rc;
    }
    rc = file_sync_dir(depot->dir, err);
    if (rc == 0) rc = file_remove_tree(away, err);
    return rc;
}

int depot_remove(struct depot *depot, const uint8_t digest[HASH_LEN], struct err *err) {
    char path[FILE_PATH_MAX];
    int own = -1;
    int rc = copy_path(depot->dir, digest, path, err);
    if (rc == 0) rc = claim(path, &own, err);
    if (rc == 0) rc = put_away(depot, path, err);
    if (own >= 0) close(own);
    return rc;
}

/* Whether the name is of a copy, and of which. */
static bool is_copy(const char *name, uint8_t ret[HASH_LEN]) {
    struct bytes text = bytes_of(name);
    if (!bytes_has_prefix(text, COPY)) return false;
    text.p += sizeof(COPY) - 1;
    text.n -= sizeof(COPY) - 1;
    return text_unhex(ret, HASH_LEN, text) == 0;
}

static int sweep_name(struct depot *depot, const char *name, depot_keep_fn *keep, void *ctx, bool *ret_swept,
                      bool *ret_held, struct err *err) {
    char path[FILE_PATH_MAX];
    uint8_t digest[HASH_LEN];
    if (strncmp(name, INCOMING, sizeof(INCOMING) - 1) == 0) {
        *ret_swept = true;
        int rc = file_join(path, depot->dir, name, err);
        return rc == 0 ? file_remove_tree(path, err) : rc;
    }
    *ret_swept = is_copy(name, digest) && !keep(ctx, digest);
    int rc = *ret_swept ? depot_remove(depot, digest, err) : 0;
    *ret_held = rc == ERR_BUSY;
    return *ret_held ? 0 : rc;
}

/* All names first: removing makes and unmakes others. */
static int list_names(const struct depot *depot, struct buf *out, struct err *err) {
    DIR *d = opendir(depot->dir);
    if (d == NULL) return err_errno(err, errno, "'%s'", depot->dir);
    for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
        buf_put(out, entry->d_name, strlen(entry->d_name) + 1);
    }
    closedir(d);
    return buf_check(out, "the names of installed packs", err);
}

int depot_sweep(struct depot *depot, depot_keep_fn *keep, depot_told_fn *told, void *ctx, struct err *err) {
    struct buf names = {.max = NAMES_MAX};
    int rc = list_names(depot, &names, err);
    for (size_t at = 0; rc == 0 && at < names.n;) {
        const char *name = (const char *)names.p + at;
        struct err why = {0};
        bool swept = false, held = false;
        at += strlen(name) + 1;
        rc = sweep_name(depot, name, keep, ctx, &swept, &held, &why);
        if (rc != 0) err_set(err, rc, "%s", why.msg);
        if (rc == 0 && swept && told != NULL) {
            told(ctx, name, held);
        }
    }
    buf_done(&names);
    return rc;
}
