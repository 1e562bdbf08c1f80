/* Files: whole reads with a bound, durable whole writes, directories.
 *
 * A write is durable when the data are synced, the name is, and both happened in that order: write to a temporary name,
 * fsync, rename, fsync the directory. Every failure before the rename removes the temporary file again; only a kill leaves
 * it, under a name that says what it is. Only regular files are replaced so: a rename would turn a device into a file. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CHUNK     ((size_t)64 << 10)
#define DEPTH_MAX 64 /* file_remove_tree holds a descriptor per level */
#define LINKS_MAX 40 /* as the kernel has it */
#define TEMPORARY ".ledger-tmp-"

int file_join(char ret[FILE_PATH_MAX], const char *dir, const char *name, struct err *err) {
    size_t n = strlen(dir);
    const char *slash = n > 0 && dir[n - 1] == '/' ? "" : "/";
    char path[FILE_PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s%s%s", dir, slash, name);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return err_set(err, ERR_LIMIT, "path '%.64s...' is longer than %d bytes", dir, FILE_PATH_MAX - 1);
    }
    memcpy(ret, path, (size_t)len + 1);
    return 0;
}

/* The directory that holds `path`'s last part: "." for a bare name, "/" for what stands in the root. */
static int parent_of(char ret[FILE_PATH_MAX], const char *path, struct err *err) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    while (n > 0 && path[n - 1] != '/') {
        n--;
    }
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    if (n >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "path '%.64s...' is longer than %d bytes", path, FILE_PATH_MAX - 1);
    }
    if (n == 0) {
        memcpy(ret, ".", 2);
    } else {
        memcpy(ret, path, n);
        ret[n] = '\0';
    }
    return 0;
}

/* read(2) that goes on after signals and waits where a descriptor is non-blocking. */
static ssize_t read_some(int fd, void *p, size_t n) {
    for (;;) {
        ssize_t got = read(fd, p, n);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN)) {
            return got;
        }
        if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLIN};
            (void)poll(&wait, 1, -1);
        }
    }
}

static int read_fd(int fd, const char *path, struct buf *out, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return err_errno(err, errno, "'%s'", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return err_set(err, ERR_INVALID, "'%s' is a directory; a file is wanted", path);
    }
    /* The size is a hint only: files grow, and those of /proc claim to be empty. One byte more, so that the end is seen. */
    size_t want = S_ISREG(st.st_mode) && (uintmax_t)st.st_size < out->max ? (size_t)st.st_size + 1 : CHUNK;
    for (;;) {
        size_t room = out->max - out->n;
        uint8_t probe;
        uint8_t *dst = &probe;
        size_t n = 1;
        if (room > 0) {
            n = want < room ? want : room;
            dst = buf_room(out, n);
            if (dst == NULL) {
                return buf_check(out, path, err);
            }
        }
        ssize_t got = read_some(fd, dst, n);
        if (got < 0) {
            return err_errno(err, errno, "reading '%s'", path);
        }
        if (got == 0) {
            return 0;
        }
        if (room == 0) {
            return err_set(err, ERR_LIMIT, "'%s' is larger than %zu bytes", path, out->max);
        }
        out->n += (size_t)got;
        want = (size_t)got == want ? CHUNK : want - (size_t)got;
    }
}

int file_read(const char *path, struct buf *out, struct err *err) {
    if (out->fail != 0) {
        return buf_check(out, path, err);
    }
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return err_errno(err, errno, "opening '%s'", path);
    }
    size_t before = out->n;
    int rc = read_fd(fd, is_stdin ? "standard input" : path, out, err);
    if (rc != 0) {
        out->n = before;
    }
    if (!is_stdin) {
        close(fd);
    }
    return rc;
}

static int write_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -1;
        }
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

int file_sync_dir(const char *path, struct err *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_errno(err, errno, "opening directory '%s'", path);
    }
    int rc = 0;
    /* EINVAL: this file system has no such thing as syncing a directory. */
    if (fsync(fd) != 0 && errno != EINVAL) {
        rc = err_errno(err, errno, "syncing directory '%s'", path);
    }
    close(fd);
    return rc;
}

static int sync_parent(const char *path, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = parent_of(dir, path, err);
    return rc != 0 ? rc : file_sync_dir(dir, err);
}

/* Where a link at the end of `path` leads in the end, also when nothing is there yet. The kernel is not asked to open it,
 * for the name is wanted; its rules on links in directories that others may write have been applied by the caller's stat.
 */
static int follow(char ret[FILE_PATH_MAX], const char *path, struct err *err) {
    if (strlen(path) >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "path '%.64s...' is longer than %d bytes", path, FILE_PATH_MAX - 1);
    }
    memcpy(ret, path, strlen(path) + 1);
    for (unsigned links = 0; links < LINKS_MAX; links++) {
        char to[FILE_PATH_MAX], dir[FILE_PATH_MAX];
        ssize_t n = readlink(ret, to, sizeof(to) - 1);
        if (n < 0) {
            return errno == EINVAL || errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", ret);
        }
        to[n] = '\0';
        int rc = parent_of(dir, ret, err);
        if (rc == 0 && to[0] == '/') {
            memcpy(ret, to, (size_t)n + 1);
        } else if (rc == 0) {
            rc = file_join(ret, dir, to, err);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return err_errno(err, ELOOP, "'%s'", path);
}

/* What can only be written as it is: no regular file, or one that its name does not lead to (a link of /proc to an open
 * file that was removed). */
static int choose_way(struct file_out *out, const char *path, bool *ret_through, struct err *err) {
    struct stat st, found;
    bool there = stat(path, &st) == 0;
    if (!there && errno != ENOENT) {
        return err_errno(err, errno, "'%s'", path);
    }
    if (there && S_ISDIR(st.st_mode)) {
        return err_set(err, ERR_INVALID, "'%s' is a directory; a file is wanted", path);
    }
    int rc = follow(out->path, path, err);
    if (rc == 0) {
        *ret_through = there && (!S_ISREG(st.st_mode) || lstat(out->path, &found) != 0 || found.st_dev != st.st_dev ||
                                 found.st_ino != st.st_ino);
    }
    return rc;
}

/* Locked while it is written: file_wipe, which sweeps such names after a kill, leaves it alone. One that was swept between
 * being made and being locked has no name any more. */
static int lock_temporary(int fd) {
    struct stat st;
    while (flock(fd, LOCK_EX) != 0 && errno == EINTR) {
    }
    return fstat(fd, &st) != 0 ? -1 : st.st_nlink > 0 ? 0 : 1;
}

static int open_temporary(struct file_out *out, mode_t mode, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = parent_of(dir, out->path, err);
    int locked = 1;
    while (rc == 0 && locked == 1) {
        rc = file_join(out->temporary, dir, TEMPORARY "XXXXXX", err);
        if (rc != 0) {
            return rc;
        }
        out->fd = mkostemp(out->temporary, O_CLOEXEC);
        if (out->fd < 0) {
            return err_errno(err, errno, "making a temporary file in '%s'", dir);
        }
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
    bool through = false;
    int rc = choose_way(out, path, &through, err);
    if (rc != 0) {
        return rc;
    }
    if (!through) {
        return open_temporary(out, mode, err);
    }
    out->temporary[0] = '\0';
    out->fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
    return out->fd < 0 ? err_errno(err, errno, "opening '%s'", path) : 0;
}

static int sync_content(const struct file_out *out, struct err *err) {
    return fsync(out->fd) != 0 ? err_errno(err, errno, "writing '%s'", out->path) : 0;
}

/* Syncs and closes what was written through. EINVAL and EROFS: a FIFO or a device that knows no such thing. */
static int end_through(struct file_out *out, struct err *err) {
    int rc =
        fsync(out->fd) != 0 && errno != EINVAL && errno != EROFS ? err_errno(err, errno, "writing '%s'", out->path) : 0;
    if (close(out->fd) != 0 && rc == 0) {
        rc = err_errno(err, errno, "writing '%s'", out->path);
    }
    out->fd = -1;
    return rc;
}

/* Closed, and so unlocked, after it has its name. */
static void end_named(struct file_out *out) {
    close(out->fd);
    out->fd = -1;
}

int file_out_commit(struct file_out *out, struct err *err) {
    if (out->temporary[0] == '\0') {
        return end_through(out, err);
    }
    int rc = sync_content(out, err);
    if (rc == 0 && rename(out->temporary, out->path) != 0) {
        rc = err_errno(err, errno, "renaming a temporary file to '%s'", out->path);
    }
    if (rc != 0) {
        file_out_abort(out);
        return rc;
    }
    end_named(out);
    return sync_parent(out->path, err);
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
    return write_all(out->fd, data.p, data.n) != 0 ? err_errno(err, errno, "writing '%s'", out->path) : 0;
}

int file_write_durable(const char *path, struct bytes data, mode_t mode, struct err *err) {
    struct file_out out;
    int rc = file_out_begin(&out, path, mode, err);
    if (rc != 0) {
        return rc;
    }
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
    int rc =
        beside != NULL ? parent_of(dir, beside, err) : file_join(dir, tmp != NULL && tmp[0] == '/' ? tmp : "/tmp", "", err);
    int fd = rc != 0 ? -1 : open_unnamed(dir);
    if (rc == 0 && fd < 0) { /* not every file system can */
        rc = file_join(name, dir, TEMPORARY "XXXXXX", err);
        fd = rc != 0 ? -1 : mkostemp(name, O_CLOEXEC);
        if (fd >= 0) {
            unlink(name);
        }
    }
    if (rc == 0 && fd < 0) {
        rc = err_errno(err, errno, "a temporary file in '%s'", dir);
    }
    *ret_fd = fd;
    return rc;
}

/* The temporary name becomes the final one unless that is taken. Renaming is preferred because the file never has two
 * names; link(2) does it where the file system cannot rename so. */
static int take_name(const struct file_out *out) {
    char open_file[64];
    if (out->temporary[0] == '\0') {
        snprintf(open_file, sizeof(open_file), "/proc/self/fd/%d", out->fd);
        return linkat(AT_FDCWD, open_file, AT_FDCWD, out->path, AT_SYMLINK_FOLLOW);
    }
    if (renameat2(AT_FDCWD, out->temporary, AT_FDCWD, out->path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    if (link(out->temporary, out->path) != 0) {
        return -1;
    }
    unlink(out->temporary);
    return 0;
}

int file_new_begin(struct file_out *out, const char *path, mode_t mode, struct err *err) {
    char dir[FILE_PATH_MAX];
    struct stat st;
    if (lstat(path, &st) == 0) {
        return err_set(err, ERR_CONFLICT, "'%s' exists already", path);
    }
    if (strlen(path) >= sizeof(out->path)) {
        return err_set(err, ERR_LIMIT, "path '%.64s...' is longer than %d bytes", path, FILE_PATH_MAX - 1);
    }
    memcpy(out->path, path, strlen(path) + 1);
    int rc = parent_of(dir, path, err);
    if (rc != 0) {
        return rc;
    }
    out->temporary[0] = '\0';
    out->fd = access("/proc/self/fd", X_OK) == 0 ? open_unnamed(dir) : -1; /* its name comes by way of there */
    if (out->fd < 0) {
        return open_temporary(out, mode, err);
    }
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
    return sync_parent(out->path, err);
}

int file_create_durable(const char *path, struct bytes data, mode_t mode, struct err *err) {
    struct file_out out = {.fd = -1};
    int rc = file_new_begin(&out, path, mode, err);
    if (rc != 0) {
        return rc;
    }
    rc = put_content(&out, data, err);
    if (rc != 0) {
        file_out_abort(&out);
        return rc;
    }
    return file_new_commit(&out, err);
}

static int zero_fd(int fd, const char *path, struct err *err) {
    static const uint8_t zeros[4096];
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return err_errno(err, errno, "'%s'", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(err, ERR_INVALID, "'%s' is not a regular file", path);
    }
    for (off_t left = st.st_size; left > 0;) {
        size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
        if (write_all(fd, zeros, n) != 0) {
            return err_errno(err, errno, "wiping '%s'", path);
        }
        left -= (off_t)n;
    }
    return fsync(fd) != 0 ? err_errno(err, errno, "wiping '%s'", path) : 0;
}

enum left { LEFT_ALONE, LEFT_NAME, LEFT_CONTENT };

/* What of a file may go. Of a temporary name: nothing while its writer lives or when it is the final name by now, the name
 * only when a kill came between link and unlink of take_name, because then the bytes are the final name's. */
static enum left judge_left(int fd, const char *path) {
    const char *slash = strrchr(path, '/');
    struct stat open_file, named;
    if (strncmp(slash != NULL ? slash + 1 : path, TEMPORARY, sizeof(TEMPORARY) - 1) != 0) {
        return LEFT_CONTENT;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return LEFT_ALONE;
    }
    if (fstat(fd, &open_file) != 0 || lstat(path, &named) != 0 || open_file.st_ino != named.st_ino) {
        return LEFT_ALONE;
    }
    return open_file.st_nlink > 1 ? LEFT_NAME : LEFT_CONTENT;
}

int file_wipe(const char *path, struct err *err) {
    /* O_NONBLOCK: a FIFO of that name must not hold us up; on regular files it means nothing. */
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "opening '%s' to wipe it", path);
    }
    enum left left = judge_left(fd, path);
    int rc = left == LEFT_CONTENT ? zero_fd(fd, path, err) : 0;
    if (rc == 0 && left != LEFT_ALONE && unlink(path) != 0 && errno != ENOENT) { /* two may wipe the same file */
        rc = err_errno(err, errno, "removing '%s'", path);
    }
    close(fd);
    return rc != 0 ? rc : sync_parent(path, err);
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* One level; the parent is there. Synced into its parent, or a file synced inside it could still be lost with it. */
static int make_dir(const char *path, struct err *err) {
    if (mkdir(path, 0700) == 0) {
        return sync_parent(path, err);
    }
    int errnum = errno;
    struct stat st;
    if (errnum == EEXIST && stat(path, &st) == 0) {
        return S_ISDIR(st.st_mode) ? 0 : err_set(err, ERR_INVALID, "'%s' is not a directory", path);
    }
    return err_errno(err, errnum, "making directory '%s'", path);
}

int file_make_dirs(const char *path, struct err *err) {
    char part[FILE_PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof(part)) {
        return err_set(err, n == 0 ? ERR_INVALID : ERR_LIMIT, "directory name of %zu bytes; accepted are 1 to %d", n,
                       FILE_PATH_MAX - 1);
    }
    memcpy(part, path, n + 1);
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return 0;
    }
    for (size_t i = 1; i <= n; i++) {
        if ((part[i] != '/' && part[i] != '\0') || part[i - 1] == '/') {
            continue;
        }
        char kept = part[i];
        part[i] = '\0';
        /* What is there already need not be ours to make or to sync. */
        int rc = stat(part, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : make_dir(part, err);
        part[i] = kept;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int empty_dir(DIR *dir, unsigned depth, struct err *err);

/* Removes one name below `at`, with everything under it. Descriptors, not paths: nobody can swap a part for a link. */
static int remove_at(int at, const char *name, unsigned depth, struct err *err) {
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return err_errno(err, errno, "removing '%s'", name);
    }
    if (depth >= DEPTH_MAX) {
        return err_set(err, ERR_LIMIT, "removing '%s': more than %d directories deep", name, DEPTH_MAX);
    }
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int errnum = errno;
        if (fd >= 0) {
            close(fd);
        }
        return err_errno(err, errnum, "removing '%s'", name);
    }
    int rc = empty_dir(dir, depth + 1, err);
    closedir(dir);
    if (rc == 0 && unlinkat(at, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        rc = err_errno(err, errno, "removing '%s'", name);
    }
    return rc;
}

static int empty_dir(DIR *dir, unsigned depth, struct err *err) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            return errno == 0 ? 0 : err_errno(err, errno, "reading a directory");
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int rc = remove_at(dirfd(dir), entry->d_name, depth, err);
        if (rc != 0) {
            return rc;
        }
    }
}

int file_remove_tree(const char *path, struct err *err) {
    struct err why = {0};
    int rc = remove_at(AT_FDCWD, path, 0, &why);
    return rc == 0 ? 0 : err_set(err, rc, "removing tree '%s': %s", path, why.msg);
}

int file_check_local(const char *path, struct err *err) {
    static const struct {
        uint32_t magic;
        const char *name;
    } remote[] = {
        {NFS_SUPER_MAGIC, "NFS"}, {SMB_SUPER_MAGIC, "SMB"},   {0xFF534D42, "CIFS"},
        {0xFE534D42, "SMB2"},     {V9FS_MAGIC, "9p"},         {AFS_SUPER_MAGIC, "AFS"},
        {AFS_FS_MAGIC, "AFS"},    {CODA_SUPER_MAGIC, "Coda"}, {0x00C36400, "Ceph"},
    };
    /* What does not exist yet will lie where its nearest existing parent lies. */
    char at[FILE_PATH_MAX];
    struct statfs fs;
    const char *asked = path;
    while (statfs(asked, &fs) != 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno != ENOENT || strcmp(asked, ".") == 0 || strcmp(asked, "/") == 0) {
            return err_errno(err, errno, "'%s'", path);
        }
        char parent[FILE_PATH_MAX];
        int rc = parent_of(parent, asked, err);
        if (rc != 0) {
            return rc;
        }
        memcpy(at, parent, sizeof(at));
        asked = at;
    }
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++) {
        if ((uint32_t)fs.f_type == remote[i].magic) {
            return err_set(err, ERR_INVALID, "'%s' lies on %s, a network file system; a local one is needed", path,
                           remote[i].name);
        }
    }
    return 0;
}
