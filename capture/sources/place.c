/* Locks by fcntl(2): they belong to a process and not to a descriptor, so that a child does not inherit those of its parent, and
 * they tell who holds them. */
#include "capture/sources/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "capture/sources/conf.h"

static int place(char ret[FILE_PATH_MAX], const char *dir, const char *name, const char *suffix, struct err *err) {
    char below[SOURCES_NAME_MAX + 32];
    snprintf(below, sizeof(below), "%s/%.*s.%s", SOURCES_DIR, SOURCES_NAME_MAX, name, suffix);
    return file_join(ret, dir, below, err);
}

int sources_place_status(char ret[FILE_PATH_MAX], const char *dir, const char *name, struct err *err) {
    return place(ret, dir, name, "status", err);
}

/* The directory is made only below a ledger's: a wrong -C creates nothing. */
static int open_file(const char *dir, const char *path, int *ret_fd, struct err *err) {
    char beside[FILE_PATH_MAX];
    int rc = file_join(beside, dir, SOURCES_DIR, err);
    if (rc == 0 && !file_exists(dir)) rc = err_set(err, ERR_NOTFOUND, "'%s': there is no ledger", dir);
    if (rc == 0) rc = file_make_dirs(beside, err);
    if (rc != 0) return rc;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) return err_errno(err, errno, "%s", path);
    *ret_fd = fd;
    return 0;
}

int sources_place_open(const char *dir, const char *name, int *ret_fd, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = place(path, dir, name, "lock", err);
    return rc == 0 ? open_file(dir, path, ret_fd, err) : rc;
}

static struct flock byte_of(enum sources_role role) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)role, .l_len = 1};
}

static pid_t holder(int fd, enum sources_role role) {
    struct flock lock = byte_of(role);
    if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return 0;
    return lock.l_pid > 0 ? lock.l_pid : -1;
}

int sources_place_take(int fd, enum sources_role role, const char *name, struct err *err) {
    struct flock lock = byte_of(role);
    if (fcntl(fd, F_SETLK, &lock) == 0) return 0;
    if (errno != EACCES && errno != EAGAIN) return err_errno(err, errno, "locking the source '%s'", name);
    pid_t pid = holder(fd, role);
    return pid > 0 ? err_set(err, ERR_BUSY, "the source '%s' is run by process %ld already", name, (long)pid)
                   : err_set(err, ERR_BUSY, "the source '%s' is run by another process already", name);
}

pid_t sources_place_holder(const char *dir, const char *name, enum sources_role role) {
    char path[FILE_PATH_MAX];
    if (place(path, dir, name, "lock", NULL) != 0) return 0;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* of somebody else's ledger */
    }
    if (fd < 0) return 0;
    pid_t pid = holder(fd, role);
    close(fd);
    return pid;
}

int sources_place_lock_conf(const char *dir, int *ret_fd, struct err *err) {
    char path[FILE_PATH_MAX];
    struct flock lock = byte_of(SOURCES_KEEPS);
    int fd = -1;
    int rc = file_join(path, dir, SOURCES_DIR "/conf.lock", err);
    if (rc == 0) rc = open_file(dir, path, &fd, err);
    if (rc != 0) return rc;
    while (fcntl(fd, F_SETLKW, &lock) != 0) {
        if (errno != EINTR) {
            rc = err_errno(err, errno, "locking '%s'", path);
            close(fd);
            return rc;
        }
    }
    *ret_fd = fd;
    return 0;
}
