/* Every name is changed by one call that happens or not: symlink, renameat2, unlink. */
#include "evals/gate/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int link_read(const char *link, char ret[FILE_PATH_MAX], struct err *err) {
    char to[FILE_PATH_MAX];
    ssize_t n = readlink(link, to, sizeof(to));
    if (n < 0 && errno == ENOENT) return err_set(err, ERR_NOTFOUND, "there is no link '%.300s'", link);
    if (n < 0 && errno == EINVAL) return err_set(err, ERR_CONFLICT, "'%.300s' is not a link", link);
    if (n < 0) return err_errno(err, errno, "the link '%.300s' cannot be read", link);
    if ((size_t)n >= sizeof(to)) return err_set(err, ERR_LIMIT, "the link '%.300s' leads to a path that is too long", link);
    memcpy(ret, to, (size_t)n);
    ret[n] = '\0';
    return 0;
}

int link_resolve(const char *link, const char *to, char ret[FILE_PATH_MAX], struct err *err) {
    char dir[FILE_PATH_MAX];
    if (to[0] == '/') return file_join(ret, "", to + 1, err);
    int rc = file_parent(dir, link, err);
    return rc == 0 ? file_join(ret, dir, to, err) : rc;
}

/* "DIR/.ledger-tmp-link-NAME" */
static int temporary_of(const char *link, char ret[FILE_PATH_MAX], struct err *err) {
    const char *name = strrchr(link, '/');
    char dir[FILE_PATH_MAX], own[FILE_PATH_MAX];
    int rc = file_parent(dir, link, err);
    int n = snprintf(own, sizeof(own), FILE_TEMPORARY "link-%s", name != NULL ? name + 1 : link);
    if (rc == 0 && (n < 0 || n > 255)) rc = err_set(err, ERR_LIMIT, "the name of the link '%.300s' is too long", link);
    return rc == 0 ? file_join(ret, dir, own, err) : rc;
}

static bool leads_to(const char *link, const char *to) {
    char found[FILE_PATH_MAX];
    return link_read(link, found, NULL) == 0 && strcmp(found, to) == 0;
}

static int moved(const char *link, struct err *err) {
    char found[FILE_PATH_MAX] = "";
    int rc = link_read(link, found, NULL);
    if (rc == ERR_CONFLICT) return err_set(err, ERR_CONFLICT, "'%.300s' is not a link", link);
    return rc == 0 ? err_set(err, ERR_CONFLICT, "the link '%.200s' leads to '%.200s': somebody else moved it", link, found)
                   : err_set(err, ERR_CONFLICT, "the link '%.300s' is gone: somebody else removed it", link);
}

static int swap(const char *temporary, const char *link) {
    return renameat2(AT_FDCWD, temporary, AT_FDCWD, link, RENAME_EXCHANGE);
}

/* Exchanged first and looked at then: between a look and a rename somebody else could move it. What is not a link is never taken
 * away. */
static int exchange(const char *link, const char *temporary, const char *from, struct err *err) {
    char taken[FILE_PATH_MAX];
    if (swap(temporary, link) != 0) {
        return errno == ENOENT ? moved(link, err) : err_errno(err, errno, "the link '%.300s' cannot be switched", link);
    }
    bool ours = link_read(temporary, taken, NULL) == 0 && (from == NULL || strcmp(taken, from) == 0);
    if (ours) return 0;
    if (swap(temporary, link) != 0) {
        return err_errno(err, errno, "the link '%.200s' was moved by somebody else, and what it led to is '%.200s' now",
                         link, temporary);
    }
    return moved(link, err);
}

/* Removes nothing but a link. */
static int clear(const char *temporary, struct err *err) {
    char to[FILE_PATH_MAX];
    struct err why = {0};
    int rc = link_read(temporary, to, &why);
    if (rc == ERR_NOTFOUND) return 0;
    if (rc == ERR_CONFLICT) return err_set(err, ERR_CONFLICT, "'%.300s' is in the way: it is not a link", temporary);
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    return unlink(temporary) == 0 ? 0 : err_errno(err, errno, "'%.300s' cannot be removed", temporary);
}

int link_ready(const char *link, struct err *err) {
    char temporary[FILE_PATH_MAX], to[FILE_PATH_MAX];
    int rc = temporary_of(link, temporary, err);
    if (rc == ERR_LIMIT && err != NULL) err->code = ERR_CONFLICT;
    if (rc != 0) return rc == ERR_LIMIT ? ERR_CONFLICT : rc;
    rc = link_read(link, to, err);
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    rc = link_read(temporary, to, err);
    if (rc == ERR_CONFLICT) return err_set(err, rc, "'%.300s' is in the way: it is not a link", temporary);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

/* One process at a time; where the file system has no locks, what is looked at afterwards has to do. */
static int lock(const char *link) {
    char dir[FILE_PATH_MAX];
    int fd = file_parent(dir, link, NULL) == 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) (void)flock(fd, LOCK_EX);
    return fd;
}

static void unlock(int fd) {
    if (fd >= 0) {
        close(fd);
    }
}

/* Only the process that was killed knew what it took away: if that was not `from`, it is put back. */
static int recover(const char *link, const char *temporary, const char *from, const char *to, struct err *err) {
    char taken[FILE_PATH_MAX];
    int rc = link_read(temporary, taken, NULL);
    if (rc == ERR_NOTFOUND) return 0;
    bool foreign = rc == ERR_CONFLICT || (rc == 0 && from[0] != '\0' && strcmp(taken, from) != 0 && strcmp(taken, to) != 0);
    if (foreign && leads_to(link, to) && swap(temporary, link) != 0) {
        return err_errno(err, errno, "the link '%.200s' was moved by somebody else, and what it led to is '%.200s' now",
                         link, temporary);
    }
    return clear(temporary, err);
}

int link_recover(const char *link, const char *from, const char *to, struct err *err) {
    char temporary[FILE_PATH_MAX];
    int rc = temporary_of(link, temporary, err);
    if (rc != 0) return rc;
    int locked = lock(link);
    rc = recover(link, temporary, from, to, err);
    unlock(locked);
    return rc;
}

static int switch_locked(const char *link, const char *temporary, const char *from, const char *to, struct err *err) {
    char found[FILE_PATH_MAX];
    int rc = clear(temporary, err);
    int is = link_read(link, found, NULL);
    bool fresh = is == ERR_NOTFOUND;
    if (rc == 0 && (is == ERR_CONFLICT || (from != NULL && fresh != (from[0] == '\0')))) rc = moved(link, err);
    if (rc != 0) return rc;
    if (symlink(to, temporary) != 0) return err_errno(err, errno, "the link '%.300s' cannot be made", temporary);
    if (!fresh) {
        rc = exchange(link, temporary, from, err);
    } else if (renameat2(AT_FDCWD, temporary, AT_FDCWD, link, RENAME_NOREPLACE) != 0) {
        rc = errno == EEXIST ? moved(link, err) : err_errno(err, errno, "the link '%.300s' cannot be made", link);
    }
    struct err ignored = {0};
    int cleared = rc == 0 || rc == ERR_CONFLICT ? clear(temporary, rc == 0 ? err : &ignored) : 0;
    if (rc == 0) rc = file_sync_parent(link, err);
    return rc == 0 ? cleared : rc;
}

int link_switch(const char *link, const char *from, const char *to, struct err *err) {
    char temporary[FILE_PATH_MAX];
    int rc = temporary_of(link, temporary, err);
    if (rc != 0) return rc;
    int locked = lock(link);
    rc = switch_locked(link, temporary, from, to, err);
    unlock(locked);
    return rc;
}
