/* What steps leave is hostile: names, modes and depths of their own choice. It is walked by descriptors, never through a link,
 * and directories that are too deep are moved up before they are emptied. */
#include "packs/run/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/text.h"

#define RUNS      "runs"
#define LOCK      ".lock"
#define DEPTH_MAX 32
#define NAME_MAX_ 64
#define TRIES     100
#define PAUSE_NS  10000000

/* ---- removing --------------------------------------------------------------------------------------------------------- */

struct wipe {
    int top;
    uint64_t files, moved;
    bool again; /* something was moved up */
};

static int wipe_dir(struct wipe *w, int fd, unsigned depth, struct err *err);

static int wipe_deeper(struct wipe *w, int at, const char *name, unsigned depth, struct err *err) {
    char up[NAME_MAX_];
    if (depth >= DEPTH_MAX) {
        (void)snprintf(up, sizeof(up), ".deep-%llu", (unsigned long long)w->moved++);
        w->again = true;
        return renameat(at, name, w->top, up) == 0 ? 0 : err_errno(err, errno, "cannot move a deep directory up");
    }
    int changed = fchmodat(at, name, S_IRWXU, 0); /* it may have taken the right to read away */
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot open a directory of a step%s", changed != 0 ? ", whose mode stays" : "");
    int rc = wipe_dir(w, fd, depth + 1, err);
    if (rc == 0 && unlinkat(at, name, AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTEMPTY) {
        rc = err_errno(err, errno, "cannot remove a directory of a step");
    }
    return rc;
}

static int wipe_one(struct wipe *w, int at, const char *name, unsigned depth, struct err *err) {
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "cannot look at a file of a step");
    }
    if (S_ISDIR(st.st_mode)) return wipe_deeper(w, at, name, depth, err);
    w->files++;
    return unlinkat(at, name, 0) == 0 || errno == ENOENT ? 0 : err_errno(err, errno, "cannot remove a file of a step");
}

/* Takes over the descriptor. */
static int wipe_dir(struct wipe *w, int fd, unsigned depth, struct err *err) {
    DIR *dir = fdopendir(fd);
    const struct dirent *entry;
    int rc = 0;
    if (dir == NULL) {
        close(fd);
        return err_errno(err, errno, "cannot read a directory of a step");
    }
    while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            rc = wipe_one(w, dirfd(dir), entry->d_name, depth, err);
        }
    }
    closedir(dir);
    return rc;
}

int place_wipe(const char *path, uint64_t *files, struct err *err) {
    struct wipe w = {.top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    int rc = 0;
    if (w.top < 0) return errno == ENOENT ? 0 : err_errno(err, errno, "cannot open '%s'", path);
    do {
        w.again = false;
        int fd = openat(w.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc = fd >= 0 ? wipe_dir(&w, fd, 0, err) : err_errno(err, errno, "cannot open '%s'", path);
    } while (rc == 0 && w.again);
    close(w.top);
    *files += w.files;
    return rc != 0 || rmdir(path) == 0 ? rc : err_errno(err, errno, "cannot remove '%s'", path);
}

/* ---- a run's own ------------------------------------------------------------------------------------------------------ */

/* Holds PATH.lock, which did not exist before. A sweep may take a lock between its making and its holding, and remove it. */
static int hold_lock(const char *path, int *ret, struct err *err) {
    char name[FILE_PATH_MAX + sizeof(LOCK)];
    struct stat st;
    (void)snprintf(name, sizeof(name), "%s" LOCK, path);
    for (int i = 0; i < TRIES; i++) {
        int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return err_errno(err, errno, "cannot make '%s'", name);
        bool held = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (held && fstat(fd, &st) == 0 && st.st_nlink > 0) {
            *ret = fd;
            return 0;
        }
        close(fd);
        if (!held) (void)nanosleep(&(struct timespec){0, PAUSE_NS}, NULL); /* a sweep holds it for a moment */
    }
    return err_set(err, ERR_BUSY, "'%s' is held: a run of this id is under way", name);
}

/* DIR/runs, a directory of the ledger itself: a link would lead the files of runs, and their removal, elsewhere. *ret -1: there
 * is none. */
static int open_runs(const char *runs, int *ret, struct err *err) {
    *ret = open(runs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret >= 0 || errno == ENOENT) return 0;
    return err_errno(err, errno, "cannot open '%s' (expected a directory, not a link to one)", runs);
}

static int make_dir(const char *dir, const char *name, mode_t mode, int *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, name, err);
    if (rc == 0 && mkdir(path, mode) != 0) rc = err_errno(err, errno, "cannot make '%s'", path);
    if (rc == 0 && ret != NULL) {
        *ret = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        rc = *ret >= 0 ? 0 : err_errno(err, errno, "cannot open '%s'", path);
    }
    return rc;
}

void place_new_id(char ret[PLACE_ID]) {
    uint8_t id[(PLACE_ID - 1) / 2];
    crypt_random(id, sizeof(id));
    text_hex(ret, id, sizeof(id));
}

static int take_id(const char *id, char ret[PLACE_ID], struct err *err) {
    if (strlen(id) != PLACE_ID - 1 || strspn(id, "0123456789abcdef") != PLACE_ID - 1 || strspn(id, "0") == PLACE_ID - 1) {
        return err_set(err, ERR_INVALID, "the run's id is '%.64s', expected 32 of 0-9 and a-f, not all 0", id);
    }
    memcpy(ret, id, PLACE_ID);
    return 0;
}

int place_open(const char *ledger_dir, const char *id, struct place *ret, struct err *err) {
    int rc = 0, runs = -1;
    *ret = (struct place){.lock = -1, .in = -1, .data = -1, .log = -1};
    if (id != NULL) {
        rc = take_id(id, ret->id, err);
    } else {
        place_new_id(ret->id);
    }
    if (rc == 0) rc = file_join(ret->runs, ledger_dir, RUNS, err);
    if (rc == 0) rc = file_make_dirs(ret->runs, err);
    if (rc == 0) rc = open_runs(ret->runs, &runs, err);
    if (runs >= 0) close(runs);
    if (rc == 0) rc = file_join(ret->path, ret->runs, ret->id, err);
    if (rc == 0) rc = hold_lock(ret->path, &ret->lock, err);
    if (rc == 0) rc = make_dir(ret->runs, ret->id, S_IRWXU, NULL, err);
    if (rc == 0) rc = make_dir(ret->path, "in", S_IRWXU, &ret->in, err);
    if (rc == 0) rc = make_dir(ret->path, "data", S_IRWXU, &ret->data, err);
    if (rc == 0) rc = make_dir(ret->path, "log", S_IRWXU, &ret->log, err);
    return rc;
}

static void name_elsewhere(const char *id, char ret[NAME_MAX_]) {
    (void)snprintf(ret, NAME_MAX_, FILE_TEMPORARY "%s", id);
}

int place_elsewhere(const struct place *place, const char *parent, char ret[FILE_PATH_MAX], struct err *err) {
    char name[NAME_MAX_];
    name_elsewhere(place->id, name);
    int rc = file_join(ret, parent, name, err);
    if (rc == 0 && file_put_all(place->lock, (const uint8_t *)ret, strlen(ret)) != 0) {
        rc = err_errno(err, errno, "cannot note '%s'", ret);
    }
    return rc == 0 && mkdir(ret, 0777) != 0 ? err_errno(err, errno, "cannot make '%s'", ret) : rc;
}

static void close_one(int *fd) {
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void place_close(struct place *place, bool ended) {
    char name[FILE_PATH_MAX + sizeof(LOCK)];
    uint64_t files = 0;
    close_one(&place->in);
    close_one(&place->data);
    close_one(&place->log);
    if (place->lock >= 0) {
        int rc = place_wipe(place->path, &files, NULL);
        (void)snprintf(name, sizeof(name), "%s" LOCK, place->path);
        if (ended && rc == 0) {
            (void)unlink(name);
        }
    }
    close_one(&place->lock);
}

int place_path(const struct place *place, const char *dir, const char *name, char ret[FILE_PATH_MAX], struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_join(path, place->path, dir, err);
    return rc == 0 ? file_join(ret, path, name, err) : rc;
}

static void out_name(size_t step, char ret[NAME_MAX_]) {
    (void)snprintf(ret, NAME_MAX_, "out-%zu", step);
}

int place_make_out(const struct place *place, size_t step, uid_t uid, gid_t gid, int *ret, struct err *err) {
    char name[NAME_MAX_];
    int fd = -1;
    out_name(step, name);
    int rc = make_dir(place->path, name, S_IRWXU, &fd, err);
    if (rc == 0 && uid != PLACE_NOBODY && fchown(fd, uid, gid) != 0) {
        rc = err_errno(err, errno, "cannot give '%s' to the user of steps", name);
    }
    if (rc == 0) {
        *ret = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    return rc;
}

void place_drop_out(const struct place *place, size_t step) {
    char name[NAME_MAX_], path[FILE_PATH_MAX];
    uint64_t files = 0;
    out_name(step, name);
    if (file_join(path, place->path, name, NULL) == 0) {
        (void)place_wipe(path, &files, NULL); /* what stays goes with the run */
    }
}

/* ---- copying ---------------------------------------------------------------------------------------------------------- */

struct copying {
    const struct place_source *source;
    int in, to;
    uint64_t at, until; /* until: from `at` to there the file has bytes of its own */
    struct hash *hash;
};

/* Before `n` bytes more. */
static int check_more(const struct copying *c, uint64_t n, struct err *err) {
    if (c->source->stop != NULL && *c->source->stop != 0) return err_set(err, ERR_BUSY, "was not copied: it was stopped");
    return n <= c->source->max && c->at <= c->source->max - n
               ? 0
               : err_set(err, ERR_LIMIT, "has more than %llu bytes", (unsigned long long)c->source->max);
}

/* A hole stays one, and is hashed as the zeros that it reads as. */
static int copy_hole(struct copying *c, uint64_t end, struct err *err) {
    static const uint8_t zeros[FILE_PIECE];
    int rc = check_more(c, end - c->at, err);
    while (rc == 0 && c->at < end) {
        size_t n = end - c->at < sizeof(zeros) ? (size_t)(end - c->at) : sizeof(zeros);
        hash_put(c->hash, zeros, n);
        c->at += n;
        rc = check_more(c, 0, err);
    }
    return rc == 0 && lseek(c->to, (off_t)c->at, SEEK_SET) < 0 ? err_errno(err, errno, "cannot be copied") : rc;
}

/* To the next bytes that are no hole. A file system that knows no holes has none. */
static int find_bytes(struct copying *c, struct err *err) {
    off_t data = lseek(c->in, (off_t)c->at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) {
        data = lseek(c->in, 0, SEEK_END);
    }
    int rc = data > (off_t)c->at ? copy_hole(c, (uint64_t)data, err) : 0;
    off_t hole = lseek(c->in, (off_t)c->at, SEEK_HOLE);
    c->until = hole > (off_t)c->at ? (uint64_t)hole : UINT64_MAX;
    return rc;
}

static int copy_piece(struct copying *c, bool *ret_end, struct err *err) {
    uint8_t piece[FILE_PIECE];
    int rc = c->at == c->until ? find_bytes(c, err) : 0;
    if (rc != 0) return rc;
    size_t most = c->until - c->at < sizeof(piece) ? (size_t)(c->until - c->at) : sizeof(piece);
    ssize_t n = pread(c->in, piece, most, (off_t)c->at);
    if (n < 0) return errno == EINTR ? 0 : err_errno(err, errno, "cannot be read");
    *ret_end = n == 0;
    rc = check_more(c, (uint64_t)n, err);
    if (rc == 0 && file_put_all(c->to, piece, (size_t)n) != 0) rc = err_errno(err, errno, "cannot be copied");
    if (rc == 0) {
        hash_put(c->hash, piece, (size_t)n);
        c->at += (uint64_t)n;
    }
    return rc;
}

static int copy_bytes(struct copying *c, struct place_copy *ret, struct err *err) {
    bool end = false;
    int rc = 0;
    c->hash = hash_new();
    if (c->hash == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while (rc == 0 && !end) {
        rc = copy_piece(c, &end, err);
    }
    if (rc == 0 && ftruncate(c->to, (off_t)c->at) != 0)
        rc = err_errno(err, errno, "cannot be copied"); /* a hole at its end */
    if (rc == 0) {
        hash_end(c->hash, ret->digest);
        ret->bytes = c->at;
    }
    hash_free(c->hash);
    return rc;
}

int place_copy(const struct place_source *source, int dir, const char *name, struct place_copy *ret, struct err *err) {
    struct copying c = {.source = source};
    char self[32];
    struct stat st;
    if (fstat(source->fd, &st) != 0) return err_errno(err, errno, "cannot be looked at");
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "is not a regular file");
    int rc = check_more(&c, (uint64_t)st.st_size, err);
    if (rc != 0) return rc;
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", source->fd);
    c.in = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (c.in < 0) return err_errno(err, errno, "cannot be opened");
    c.to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    rc = c.to >= 0 ? copy_bytes(&c, ret, err) : err_errno(err, errno, "cannot be copied");
    if (rc == 0 && fchmod(c.to, 0444) != 0) rc = err_errno(err, errno, "cannot be copied");
    if (c.to >= 0) close(c.to);
    close(c.in);
    if (rc != 0 && c.to >= 0) (void)unlinkat(dir, name, 0);
    return rc;
}

/* ---- what killed runs left -------------------------------------------------------------------------------------------- */

/* The id of "ID.lock". */
static bool lock_id(const char *name, char ret[PLACE_ID]) {
    size_t n = strspn(name, "0123456789abcdef");
    if (n != PLACE_ID - 1 || strcmp(name + n, LOCK) != 0) return false;
    memcpy(ret, name, n);
    ret[n] = '\0';
    return true;
}

/* What its lock says is elsewhere, if it has the name of that. */
static int sweep_elsewhere(int lock, const char *id, uint64_t *files, struct err *err) {
    char path[FILE_PATH_MAX], name[NAME_MAX_];
    ssize_t n = pread(lock, path, sizeof(path) - 1, 0);
    if (n <= 0) return n == 0 ? 0 : err_errno(err, errno, "the lock of a run cannot be read");
    path[n] = '\0';
    name_elsewhere(id, name);
    const char *slash = strrchr(path, '/');
    return slash != NULL && strcmp(slash + 1, name) == 0 ? place_wipe(path, files, err) : 0;
}

static int sweep_one(const char *runs, int dir, const char *name, place_left_fn *each, void *ctx, struct err *err) {
    char id[PLACE_ID], path[FILE_PATH_MAX];
    struct stat st;
    uint64_t files = 0;
    bool ended = false;
    if (!lock_id(name, id)) return 0;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) return 0; /* of no run */
    int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT ? 0 : err_errno(err, errno, "cannot open '%s/%s'", runs, name);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return 0; /* its process lives */
    }
    int rc = file_join(path, runs, id, err);
    if (rc == 0) rc = place_wipe(path, &files, err);
    if (rc == 0) rc = sweep_elsewhere(fd, id, &files, err);
    if (rc == 0) rc = each(ctx, id, files, &ended, err);
    if (rc == 0 && ended) (void)unlinkat(dir, name, 0);
    close(fd);
    return rc;
}

int place_sweep(const char *ledger_dir, place_left_fn *each, void *ctx, struct err *err) {
    char runs[FILE_PATH_MAX];
    const struct dirent *entry;
    int fd = -1;
    int rc = file_join(runs, ledger_dir, RUNS, err);
    if (rc == 0) rc = open_runs(runs, &fd, err);
    if (rc != 0 || fd < 0) return rc;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return err_errno(err, errno, "cannot read '%s'", runs);
    }
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        rc = sweep_one(runs, dirfd(dir), entry->d_name, each, ctx, err);
    }
    closedir(dir);
    return rc;
}
