/* Files: bounded whole reads, directories, wiping. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CHUNK     ((size_t)64 << 10)
#define DEPTH_MAX 64 /* file_remove_tree holds a descriptor per level */

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

int file_parent(char ret[FILE_PATH_MAX], const char *path, struct err *err) {
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

/* read(2) that resumes after signals and waits where a descriptor is non-blocking. */
static ssize_t read_some(int fd, void *p, size_t n) {
    for (;;) {
        ssize_t got = read(fd, p, n);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN)) return got;
        if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLIN};
            (void)poll(&wait, 1, -1);
        }
    }
}

static int read_fd(int fd, const char *path, struct buf *out, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return err_errno(err, errno, "'%s'", path);
    if (S_ISDIR(st.st_mode)) {
        return err_set(err, ERR_INVALID, "'%s' is a directory; expected a file", path);
    }
    /* The size is only a hint: files grow, and those of /proc report 0. One byte more, to see the end. */
    size_t want = S_ISREG(st.st_mode) && (uintmax_t)st.st_size < out->max ? (size_t)st.st_size + 1 : CHUNK;
    for (;;) {
        size_t room = out->max - out->n;
        uint8_t probe;
        uint8_t *dst = &probe;
        size_t n = 1;
        if (room > 0) {
            n = want < room ? want : room;
            dst = buf_room(out, n);
            if (dst == NULL) return buf_check(out, path, err);
        }
        ssize_t got = read_some(fd, dst, n);
        if (got < 0) return err_errno(err, errno, "reading '%s'", path);
        if (got == 0) return 0;
        if (room == 0) {
            return err_set(err, ERR_LIMIT, "'%s' is larger than %zu bytes", path, out->max);
        }
        out->n += (size_t)got;
        want = (size_t)got == want ? CHUNK : want - (size_t)got;
    }
}

/* The same; on failure nothing is appended. */
static int read_whole(int fd, const char *path, struct buf *out, struct err *err) {
    size_t before = out->n;
    int rc = read_fd(fd, path, out, err);
    if (rc != 0) {
        out->n = before;
    }
    return rc;
}

int file_read(const char *path, struct buf *out, struct err *err) {
    if (out->fail != 0) return buf_check(out, path, err);
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return err_errno(err, errno, "opening '%s'", path);
    int rc = read_whole(fd, is_stdin ? "standard input" : path, out, err);
    if (!is_stdin) {
        close(fd);
    }
    return rc;
}

int file_read_regular(const char *path, struct buf *out, struct err *err) {
    struct stat st;
    if (out->fail != 0) return buf_check(out, path, err);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return err_errno(err, errno, "opening '%s'", path);
    int rc = fstat(fd, &st) != 0                            ? err_errno(err, errno, "'%s'", path)
             : !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) ? err_set(err, ERR_INVALID, "'%s' is not a regular file", path)
                                                            : read_whole(fd, path, out, err);
    close(fd);
    return rc;
}

static int put_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

/* The signals of a broken pipe and of a limit on file sizes go to the thread that writes, so they are blocked here and
 * taken back. One that was pending before is another's, and stays. */
int file_put_all(int fd, const uint8_t *p, size_t n) {
    static const struct timespec now = {0, 0};
    sigset_t blocked, before, pending, own;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGXFSZ);
    sigemptyset(&pending);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    int rc = put_all(fd, p, n), why = errno;
    int sent = rc == 0 ? 0 : why == EPIPE ? SIGPIPE : why == EFBIG ? SIGXFSZ : 0;
    if (sent != 0 && !sigismember(&pending, sent)) {
        sigemptyset(&own);
        sigaddset(&own, sent);
        while (sigtimedwait(&own, NULL, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return rc;
}

int file_read_back(int fd, uint64_t size, file_take_fn *take, void *ctx, struct err *err) {
    uint8_t piece[FILE_PIECE];
    int rc = lseek(fd, 0, SEEK_SET) != 0 ? err_errno(err, errno, "reading a temporary file") : 0;
    while (rc == 0 && size > 0) {
        ssize_t n = read_some(fd, piece, size < sizeof(piece) ? (size_t)size : sizeof(piece));
        if (n <= 0) {
            return n < 0 ? err_errno(err, errno, "reading a temporary file")
                         : err_set(err, ERR_IO, "a temporary file ends too early");
        }
        size -= (uint64_t)n;
        rc = take(ctx, (struct bytes){piece, (size_t)n}, err);
    }
    return rc;
}

int file_sync_dir(const char *path, struct err *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "opening directory '%s'", path);
    int rc = 0;
    /* EINVAL: this file system cannot sync directories. */
    if (fsync(fd) != 0 && errno != EINVAL) {
        rc = err_errno(err, errno, "syncing directory '%s'", path);
    }
    close(fd);
    return rc;
}

int file_sync_parent(const char *path, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = file_parent(dir, path, err);
    if (rc == 0) rc = file_sync_dir(dir, err);
    return rc;
}

static int zero_fd(int fd, const char *path, struct err *err) {
    static const uint8_t zeros[4096];
    struct stat st;
    if (fstat(fd, &st) != 0) return err_errno(err, errno, "'%s'", path);
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "'%s' is not a regular file", path);
    for (off_t left = st.st_size; left > 0;) {
        size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
        if (file_put_all(fd, zeros, n) != 0) return err_errno(err, errno, "wiping '%s'", path);
        left -= (off_t)n;
    }
    return fsync(fd) != 0 ? err_errno(err, errno, "wiping '%s'", path) : 0;
}

enum left { LEFT_ALONE, LEFT_NAME, LEFT_CONTENT };

/* What of a file may be removed. For a temporary name: nothing while its writer lives, or when it is the final name by
 * now; the name alone when take_name was killed between link and unlink, since the bytes then belong to the final name. */
static enum left judge_left(int fd, const char *path) {
    const char *slash = strrchr(path, '/');
    struct stat open_file, named;
    if (strncmp(slash != NULL ? slash + 1 : path, FILE_TEMPORARY, sizeof(FILE_TEMPORARY) - 1) != 0) {
        return LEFT_CONTENT;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return LEFT_ALONE;
    if (fstat(fd, &open_file) != 0 || lstat(path, &named) != 0 || open_file.st_ino != named.st_ino) {
        return LEFT_ALONE;
    }
    return open_file.st_nlink > 1 ? LEFT_NAME : LEFT_CONTENT;
}

int file_wipe(const char *path, struct err *err) {
    /* O_NONBLOCK: a FIFO of that name must not block us; regular files ignore it. */
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : err_errno(err, errno, "opening '%s' to wipe it", path);
    enum left left = judge_left(fd, path);
    int rc = left == LEFT_CONTENT ? zero_fd(fd, path, err) : 0;
    if (rc == 0 && left != LEFT_ALONE && unlink(path) != 0 && errno != ENOENT) { /* two processes may wipe the same file */
        rc = err_errno(err, errno, "removing '%s'", path);
    }
    close(fd);
    if (rc == 0) rc = file_sync_parent(path, err);
    return rc;
}

bool file_room(const char *path, uint64_t *ret_free, uint64_t *ret_all) {
    struct statvfs vfs;
    if (statvfs(path, &vfs) != 0 || vfs.f_blocks == 0) return false;
    *ret_free = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    *ret_all = (uint64_t)vfs.f_blocks * vfs.f_frsize;
    return true;
}

int file_check_descriptors(struct err *err) {
    int fd = open("/", O_PATH | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "opening a file");
    close(fd);
    return 0;
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

/* Makes one level, whose parent exists. The parent is synced too; otherwise a file synced inside could be lost with the
 * new directory. */
static int make_dir(const char *path, struct err *err) {
    if (mkdir(path, 0700) == 0) return file_sync_parent(path, err);
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
        return err_set(err, n == 0 ? ERR_INVALID : ERR_LIMIT, "directory name of %zu bytes; expected 1 to %d", n,
                       FILE_PATH_MAX - 1);
    }
    memcpy(part, path, n + 1);
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return 0;
    for (size_t i = 1; i <= n; i++) {
        if ((part[i] != '/' && part[i] != '\0') || part[i - 1] == '/') continue;
        char kept = part[i];
        part[i] = '\0';
        /* An existing directory need not be ours to make or to sync. */
        int rc = stat(part, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : make_dir(part, err);
        part[i] = kept;
        if (rc != 0) return rc;
    }
    return 0;
}

static int empty_dir(DIR *dir, unsigned depth, struct err *err);

/* Removes one name below `at` and everything under it. It works on descriptors rather than paths, so that no part can be
 * replaced by a link meanwhile. */
static int remove_at(int at, const char *name, unsigned depth, struct err *err) {
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return 0;
    if (errno != EISDIR && errno != EPERM) return err_errno(err, errno, "removing '%s'", name);
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
        if (entry == NULL) return errno == 0 ? 0 : err_errno(err, errno, "reading a directory");
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int rc = remove_at(dirfd(dir), entry->d_name, depth, err);
        if (rc != 0) return rc;
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
    /* A path that does not exist yet is on the file system of its nearest existing parent. */
    char at[FILE_PATH_MAX];
    struct statfs fs;
    const char *asked = path;
    while (statfs(asked, &fs) != 0) {
        if (errno == EINTR) continue;
        if (errno != ENOENT || strcmp(asked, ".") == 0 || strcmp(asked, "/") == 0) {
            return err_errno(err, errno, "'%s'", path);
        }
        char parent[FILE_PATH_MAX];
        int rc = file_parent(parent, asked, err);
        if (rc != 0) return rc;
        memcpy(at, parent, sizeof(at));
        asked = at;
    }
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++) {
        if ((uint32_t)fs.f_type == remote[i].magic) {
            return err_set(err, ERR_INVALID, "'%s' is on %s, a network file system; a local one is needed", path,
                           remote[i].name);
        }
    }
    return 0;
}
