/* Writing files: durable once the data, and then the name, are synced.
 *
 * What replaces a file is written to a temporary name, synced and renamed; then the directory is synced. Every failure
 * before the rename removes the temporary file; only a kill leaves it, under a recognizable name. Only regular files are
 * replaced this way: a rename would turn a device into a file. A new file has no name until it is complete. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* the kernel's limit */

/* The kernel's rule (fs.protected_symlinks), applied whatever its setting: another user's link in a world-writable
 * sticky directory is not followed. */
static bool may_follow(int dir, const struct stat *link) {
    struct stat st;
    const mode_t open_to_all = S_ISVTX | S_IWOTH;
    return fstat(dir, &st) == 0 &&
           ((st.st_mode & open_to_all) != open_to_all || link->st_uid == geteuid() || link->st_uid == st.st_uid);
}

/* Looks once, by descriptors, at the last name of `path`: 0 with its status; 1 when it does not exist; 2 when it is a
 * link, whose target goes to `ret_to`; 3 when it is a link of /proc, which leads to an open file rather than to a name. */
static int look(const char *path, struct stat *ret, char ret_to[FILE_PATH_MAX], struct err *err) {
    char dir[FILE_PATH_MAX];
    struct statfs fs;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int rc = file_parent(dir, path, err);
    int at = rc != 0 ? -1 : open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = at < 0 ? -1 : openat(at, *name ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (rc == 0 && fd < 0) {
        rc = at >= 0 && errno == ENOENT ? 1 : err_errno(err, errno, "'%s'", path);
    } else if (rc == 0 && (fstat(fd, ret) != 0 || fstatfs(fd, &fs) != 0)) {
        rc = err_errno(err, errno, "'%s'", path);
    } else if (rc == 0 && S_ISLNK(ret->st_mode) && !may_follow(at, ret)) {
        rc = err_errno(err, EACCES, "'%s' is another user's link", path);
    } else if (rc == 0 && S_ISLNK(ret->st_mode)) {
        ssize_t n = readlinkat(fd, "", ret_to, FILE_PATH_MAX - 1);
        ret_to[n > 0 ? n : 0] = '\0';
        rc = n <= 0 ? err_errno(err, errno, "'%s'", path) : fs.f_type == PROC_SUPER_MAGIC ? 3 : 2;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (at >= 0) {
        close(at);
    }
    return rc;
}

/* Follows links at the end of `path` to the name that is to be written, even when nothing exists there yet. A link that
 * appears under a name after it was looked at is replaced, as any file is, and not followed. */
static int choose_way(struct file_out *out, const char *path, bool *ret_through, struct stat *ret, struct err *err) {
    char to[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    if (strlen(path) >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "path '%.64s...' is longer than %d bytes", path, FILE_PATH_MAX - 1);
    }
    memcpy(out->path, path, strlen(path) + 1);
    for (unsigned links = 0; links < LINKS_MAX; links++) {
        int rc = look(out->path, ret, to, err);
        if (rc == 0 && S_ISDIR(ret->st_mode)) {
            return err_set(err, ERR_INVALID, "'%s' is a directory; expected a file", path);
        }
        if (rc == 3 && stat(out->path, ret) != 0) return err_errno(err, errno, "'%s'", path);
        if (rc != 2) {
            *ret_through = rc == 3 || (rc == 0 && !S_ISREG(ret->st_mode));
            return rc < 0 ? rc : 0;
        }
        rc = file_parent(dir, out->path, err);
        if (rc == 0 && to[0] == '/') {
            memcpy(out->path, to, strlen(to) + 1);
        } else if (rc == 0) {
            rc = file_join(out->path, dir, to, err);
        }
        if (rc != 0) return rc;
    }
    return err_errno(err, ELOOP, "'%s'", path);
}

/* Opens what can only be written through, if it is still what was looked at. */
static int open_through(struct file_out *out, const struct stat *seen, struct err *err) {
    struct stat st;
    out->temporary[0] = '\0';
    out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (out->fd < 0) return err_errno(err, errno, "opening '%s'", out->path);
    int rc = 0;
    if (fstat(out->fd, &st) != 0 || st.st_dev != seen->st_dev || st.st_ino != seen->st_ino) {
        rc = err_set(err, ERR_IO, "'%s' changed while it was opened", out->path);
    } else if (isatty(out->fd) == 1) {
        rc = err_set(err, ERR_INVALID,
                     "'%s' is a terminal, which control characters in the data could steer; - prints it safely", out->path);
    } else if (S_ISREG(st.st_mode) && ftruncate(out->fd, 0) != 0) {
        rc = err_errno(err, errno, "writing '%s'", out->path);
    }
    if (rc != 0) {
        close(out->fd);
        out->fd = -1;
    }
    return rc;
}

/* Locked while it is written, so that file_wipe, which sweeps such names after a kill, leaves it alone. One that was
 * swept before it was locked has lost its name. */
static int lock_temporary(int fd) {
    struct stat st;
    while (flock(fd, LOCK_EX) != 0 && errno == EINTR) {
    }
    return fstat(fd, &st) != 0 ? -1 : st.st_nlink > 0 ? 0 : 1;
}

static int open_temporary(struct file_out *out, mode_t mode, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = file_parent(dir, out->path, err);
    int locked = 1;
    while (rc == 0 && locked == 1) {
        rc = file_join(out->temporary, dir, FILE_TEMPORARY "XXXXXX", err);
        if (rc != 0) return rc;
        out->fd = mkostemp(out->temporary, O_CLOEXEC);
        if (out->fd < 0) return err_errno(err, errno, "making a temporary file in '%s'", dir);
        locked = lock_temporary(out->fd);
        if (locked == 1) {
            close(out->fd);
        }
    }
    if (rc == 0 && (locked != 0 || fchmod(out->fd, mode) != 0)) {
        rc = err_errno(err, errno, "writing '%s'", out->path);
        file_out_abort(out);
    }
    return rc;
}

int file_out_begin(struct file_out *out, const char *path, mode_t mode, struct err *err) {
    struct stat seen;
    bool through = false;
    int rc = choose_way(out, path, &through, &seen, err);
    if (rc != 0) return rc;
    return through ? open_through(out, &seen, err) : open_temporary(out, mode, err);
}

static int sync_content(const struct file_out *out, struct err *err) {
    return fsync(out->fd) != 0 ? err_errno(err, errno, "writing '%s'", out->path) : 0;
}

/* Syncs and closes what was written through. FIFOs and devices that cannot be synced report EINVAL or EROFS. */
static int end_through(struct file_out *out, struct err *err) {
    int rc =
        fsync(out->fd) != 0 && errno != EINVAL && errno != EROFS ? err_errno(err, errno, "writing '%s'", out->path) : 0;
    if (close(out->fd) != 0 && rc == 0) rc = err_errno(err, errno, "writing '%s'", out->path);
    out->fd = -1;
    return rc;
}

/* Closes the file, which also unlocks it, after it has its name. */
static void end_named(struct file_out *out) {
    close(out->fd);
    out->fd = -1;
}

int file_out_commit(struct file_out *out, struct err *err) {
    if (out->temporary[0] == '\0') return end_through(out, err);
    int rc = sync_content(out, err);
    if (rc == 0 && rename(out->temporary, out->path) != 0) {
        rc = err_errno(err, errno, "renaming a temporary file to '%s'", out->path);
    }
    if (rc != 0) {
        file_out_abort(out);
        return rc;
    }
    end_named(out);
    return file_sync_parent(out->path, err);
}

void file_out_abort(struct file_out *out) {
    if (out->fd >= 0) {
        close(out->fd);
        out->fd = -1;
    }
    if (out->temporary[0] != '\0') {
        unlink(out->temporary);
    }
}

static int put_content(const struct file_out *out, struct bytes data, struct err *err) {
    return file_put_all(out->fd, data.p, data.n) != 0 ? err_errno(err, errno, "writing '%s'", out->path) : 0;
}

int file_write_durable(const char *path, struct bytes data, mode_t mode, struct err *err) {
    struct file_out out;
    int rc = file_out_begin(&out, path, mode, err);
    if (rc != 0) return rc;
    rc = put_content(&out, data, err);
    if (rc != 0) {
        file_out_abort(&out);
        return rc;
    }
    return file_out_commit(&out, err);
}

static int open_unnamed(const char *dir) {
    return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int file_unnamed(const char *beside, int *ret_fd, struct err *err) {
    char dir[FILE_PATH_MAX], name[FILE_PATH_MAX];
    const char *tmp = getenv("TMPDIR");
    int rc = beside != NULL ? file_parent(dir, beside, err)
                            : file_join(dir, tmp != NULL && tmp[0] == '/' ? tmp : "/tmp", "", err);
    int fd = rc != 0 ? -1 : open_unnamed(dir);
    if (rc == 0 && fd < 0) { /* not every file system supports unnamed files */
        rc = file_join(name, dir, FILE_TEMPORARY "XXXXXX", err);
        fd = rc != 0 ? -1 : mkostemp(name, O_CLOEXEC);
        if (fd >= 0) {
            unlink(name);
        }
    }
    if (rc == 0 && fd < 0) rc = err_errno(err, errno, "a temporary file in '%s'", dir);
    *ret_fd = fd;
    return rc;
}

/* The temporary name becomes the final one unless that exists. Renaming is preferred because the file never has two
 * names; link(2) is for file systems without RENAME_NOREPLACE. */
static int take_name(const struct file_out *out) {
    char open_file[64];
    if (out->temporary[0] == '\0') {
        snprintf(open_file, sizeof(open_file), "/proc/self/fd/%d", out->fd);
        return linkat(AT_FDCWD, open_file, AT_FDCWD, out->path, AT_SYMLINK_FOLLOW);
    }
    if (renameat2(AT_FDCWD, out->temporary, AT_FDCWD, out->path, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (link(out->temporary, out->path) != 0) return -1;
    unlink(out->temporary);
    return 0;
}

int file_new_begin(struct file_out *out, const char *path, mode_t mode, struct err *err) {
    char dir[FILE_PATH_MAX];
    struct stat st;
    if (lstat(path, &st) == 0) return err_set(err, ERR_CONFLICT, "'%s' exists already", path);
    if (strlen(path) >= sizeof(out->path)) {
        return err_set(err, ERR_LIMIT, "path '%.64s...' is longer than %d bytes", path, FILE_PATH_MAX - 1);
    }
    memcpy(out->path, path, strlen(path) + 1);
    int rc = file_parent(dir, path, err);
    if (rc != 0) return rc;
    out->temporary[0] = '\0';
    out->fd = access("/proc/self/fd", X_OK) == 0 ? open_unnamed(dir) : -1; /* link(2) names it through /proc */
    if (out->fd < 0) return open_temporary(out, mode, err);
    if (fchmod(out->fd, mode) != 0) {
        rc = err_errno(err, errno, "writing '%s'", path);
        file_out_abort(out);
    }
    return rc;
}

int file_new_commit(struct file_out *out, struct err *err) {
    int rc = sync_content(out, err);
    if (rc == 0 && take_name(out) != 0) {
        rc = errno == EEXIST ? err_set(err, ERR_CONFLICT, "'%s' exists already", out->path)
                             : err_errno(err, errno, "creating '%s'", out->path);
    }
    if (rc != 0) {
        file_out_abort(out);
        return rc;
    }
    end_named(out);
    return file_sync_parent(out->path, err);
}

int file_create_durable(const char *path, struct bytes data, mode_t mode, struct err *err) {
    struct file_out out = {.fd = -1};
    int rc = file_new_begin(&out, path, mode, err);
    if (rc != 0) return rc;
    rc = put_content(&out, data, err);
    if (rc != 0) {
        file_out_abort(&out);
        return rc;
    }
    return file_new_commit(&out, err);
}
