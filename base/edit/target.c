/* Settings hold keys, so no copy of them is made, but for the file that takes their place, which has their mode and no name until the
 * rename. A process killed in that moment leaves it; its name is always the same, and the next look at these settings removes it.
 *
 * What is on the way to the file is opened part by part, never through a symbolic link: a link may belong to a tool that manages
 * such files, and a rename would replace it by a file. */
#include "base/edit/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/edit/splice.h"

#define FLAGS (O_CLOEXEC | O_NOFOLLOW)

static int conflict(const struct target *t, const char *why, struct err *err) {
    return err_set(err, ERR_CONFLICT, "'%s': %s", t->path, why);
}

static bool is_link(int dir, const char *name) {
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* Into the directory `name`. */
static int enter(struct target *t, const char *name, bool make, struct err *err) {
    int fd = openat(t->dir, name, O_RDONLY | O_DIRECTORY | FLAGS);
    if (fd < 0 && errno == ENOENT && make && mkdirat(t->dir, name, 0700) == 0) {
        fd = openat(t->dir, name, O_RDONLY | O_DIRECTORY | FLAGS);
    }
    if (fd < 0 && errno == ENOENT) return 1;
    if (fd < 0 && is_link(t->dir, name)) return conflict(t, "a symbolic link leads there; it is left alone", err);
    if (fd < 0) return err_errno(err, errno, "'%s'", t->path);
    close(t->dir);
    t->dir = fd;
    return 0;
}

static int walk(struct target *t, const char *below, bool make, struct err *err) {
    int rc = 0;
    const char *slash;
    for (; rc == 0 && (slash = strchr(below, '/')) != NULL; below = slash + 1) {
        char part[256];
        int n = snprintf(part, sizeof(part), "%.*s", (int)(slash - below), below);
        rc = n < (int)sizeof(part) ? enter(t, part, make, err)
                                   : err_set(err, ERR_LIMIT, "'%s': a name is too long", t->path);
    }
    if (rc == 0 && snprintf(t->name, sizeof(t->name), "%s", below) >= (int)sizeof(t->name)) {
        rc = err_set(err, ERR_LIMIT, "'%s': a name is too long", t->path);
    }
    if (rc == 1) {
        close(t->dir);
        t->dir = -1;
    }
    return rc;
}

static int check(const struct target *t, struct err *err) {
    if (!S_ISREG(t->st.st_mode)) return conflict(t, "it is not a regular file", err);
    if (t->st.st_uid != geteuid()) return conflict(t, "it belongs to another user", err);
    if ((t->st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return conflict(t, "others can write to it; 'chmod go-w' on it helps", err);
    }
    if ((t->st.st_mode & S_IWUSR) == 0) return conflict(t, "it is read-only", err);
    if (t->st.st_nlink > 1) {
        return conflict(t, "it has other names too (hard links), and a change would part it from them; it is left alone",
                        err);
    }
    if ((uint64_t)t->st.st_size > EDIT_TEXT_MAX) {
        return err_set(err, ERR_LIMIT, "'%s': it has %llu bytes (settings of at most %zu are changed)", t->path,
                       (unsigned long long)t->st.st_size, EDIT_TEXT_MAX);
    }
    return 0;
}

static int read_all(int fd, const char *path, struct buf *out, struct err *err) {
    for (;;) {
        uint8_t piece[16384];
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return err_errno(err, errno, "'%s'", path);
        if (n == 0) return buf_check(out, path, err);
        if (buf_put(out, piece, (size_t)n) != 0) return buf_check(out, path, err);
    }
}

int target_open(struct target *t, const char *base, const char *below, bool make, struct err *err) {
    memset(t, 0, sizeof(*t));
    t->dir = -1;
    buf_init(&t->text, EDIT_TEXT_MAX);
    hash_parts(t->digest, NULL, 0);
    int rc = file_join(t->path, base, below, err);
    if (rc != 0) return rc;
    t->dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->dir < 0 && errno == ENOENT && make) {
        rc = file_make_dirs(base, err);
        t->dir = rc == 0 ? open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    }
    if (rc != 0 || (t->dir < 0 && errno == ENOENT)) return rc;
    if (t->dir < 0) return err_errno(err, errno, "'%s'", base);
    rc = walk(t, below, make, err);
    if (rc != 0) return rc == 1 ? 0 : rc;
    int fd = openat(t->dir, t->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | FLAGS);
    if (fd < 0 && errno == ENOENT) return 0;
    if (fd < 0 && is_link(t->dir, t->name)) return conflict(t, "it is a symbolic link; it is left alone", err);
    if (fd < 0 && errno == ENXIO) return conflict(t, "it is not a regular file", err);
    if (fd < 0) return err_errno(err, errno, "'%s'", t->path);
    rc = fstat(fd, &t->st) == 0 ? check(t, err) : err_errno(err, errno, "'%s'", t->path);
    if (rc == 0) rc = read_all(fd, t->path, &t->text, err);
    close(fd);
    t->exists = rc == 0;
    const struct bytes text = bytes_of_buf(&t->text);
    hash_parts(t->digest, &text, 1);
    return rc;
}

void target_done(struct target *t) {
    if (t->dir >= 0) {
        close(t->dir);
        t->dir = -1;
    }
    buf_done(&t->text);
}

/* Is it what was read? By its metadata, and by its bytes. */
static int compare(const struct target *t, struct err *err) {
    static const char changed[] = "it was changed by another program at the same time; nothing was done, try again";
    struct buf now = {.max = EDIT_TEXT_MAX};
    struct stat st;
    int fd = openat(t->dir, t->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | FLAGS);
    if (fd < 0) return conflict(t, changed, err);
    int rc = fstat(fd, &st) == 0 ? read_all(fd, t->path, &now, err) : err_errno(err, errno, "'%s'", t->path);
    bool same = rc == 0 && st.st_dev == t->st.st_dev && st.st_ino == t->st.st_ino && st.st_size == t->st.st_size &&
                st.st_mtim.tv_sec == t->st.st_mtim.tv_sec && st.st_mtim.tv_nsec == t->st.st_mtim.tv_nsec &&
                bytes_eq(bytes_of_buf(&now), bytes_of_buf(&t->text));
    close(fd);
    buf_done(&now);
    return rc == 0 && !same ? conflict(t, changed, err) : rc;
}

static void temporary_name(const struct target *t, char ret[sizeof(t->name) + 32]) {
    snprintf(ret, sizeof(t->name) + 32, "%s%s", FILE_TEMPORARY, t->name);
}

int target_sweep(const struct target *t, struct err *err) {
    char name[sizeof(t->name) + 32];
    struct stat st, named;
    if (t->dir < 0 || t->name[0] == '\0') return 0;
    temporary_name(t, name);
    int fd = openat(t->dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | FLAGS);
    if (fd < 0) return 0; /* there is none, or it is not a file of ours */
    int rc = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid()) {
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            rc = err_set(err, ERR_BUSY, "'%s': another 'ledger setup' changes it; try again", t->path);
        } else if (fstatat(t->dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == st.st_ino &&
                   named.st_dev == st.st_dev && unlinkat(t->dir, name, 0) != 0) {
            rc = err_errno(err, errno, "'%s': what an earlier change left beside it", t->path);
        }
    }
    close(fd);
    return rc;
}

/* Unnamed where the file system can; locked, so that nobody else sweeps it. */
static int open_temporary(const struct target *t, const char *name, bool *ret_named, struct err *err) {
    int fd = openat(t->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    *ret_named = fd < 0;
    if (fd < 0) fd = openat(t->dir, name, O_WRONLY | O_CREAT | O_EXCL | FLAGS, 0600);
    if (fd < 0) return err_errno(err, errno, "'%s': its directory cannot be written to", t->path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return err_set(err, ERR_BUSY, "'%s': another 'ledger setup' changes it; try again", t->path);
    }
    return fd;
}

static int fill(const struct target *t, int fd, struct bytes text, struct err *err) {
    mode_t mode = t->exists ? t->st.st_mode & 07777 : 0600;
    if (t->exists && t->st.st_gid != getegid() && fchown(fd, (uid_t)-1, t->st.st_gid) != 0) {
        return conflict(t, "its group cannot be kept", err);
    }
    if (file_put_all(fd, text.p, text.n) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0) {
        return err_errno(err, errno, "'%s'", t->path);
    }
    return 0;
}

/* It has a name only for the moment that the rename takes. */
static int put_in_place(struct target *t, int fd, const char *name, bool named, struct err *err) {
    char self[64];
    int rc = t->exists ? compare(t, err) : 0;
    if (rc != 0) return rc;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    if (!named && linkat(AT_FDCWD, self, t->dir, name, AT_SYMLINK_FOLLOW) != 0) {
        return err_errno(err, errno, "'%s'", t->path);
    }
    if (t->exists ? renameat(t->dir, name, t->dir, t->name) : renameat2(t->dir, name, t->dir, t->name, RENAME_NOREPLACE)) {
        rc = errno == EEXIST ? conflict(t, "it was created by another program at the same time; try again", err)
                             : err_errno(err, errno, "'%s'", t->path);
        unlinkat(t->dir, name, 0);
    }
    return rc;
}

int target_replace(struct target *t, struct bytes text, struct err *err) {
    char name[sizeof(t->name) + 32];
    bool named = false;
    int rc = target_sweep(t, err);
    temporary_name(t, name);
    int fd = rc == 0 ? open_temporary(t, name, &named, err) : rc;
    if (fd < 0) return fd;
    rc = fill(t, fd, text, err);
    if (rc == 0) {
        rc = put_in_place(t, fd, name, named, err);
        named = named && rc != 0;
    }
    if (named && rc != 0) {
        unlinkat(t->dir, name, 0);
    }
    close(fd);
    if (rc == 0 && fsync(t->dir) != 0) return err_errno(err, errno, "'%s'", t->path);
    return rc;
}

int target_remove(struct target *t, struct err *err) {
    int rc = compare(t, err);
    if (rc == 0 && unlinkat(t->dir, t->name, 0) != 0) rc = err_errno(err, errno, "'%s'", t->path);
    if (rc == 0 && fsync(t->dir) != 0) rc = err_errno(err, errno, "'%s'", t->path);
    return rc;
}
