/* Readers in LMDB's table whose processes are gone, without removing them from it. Each process that reads holds a lock on one
 * byte of lock.mdb, at the offset of its number, as long as it lives: the kernel ends that lock with the process, and a
 * process of the same number that reads nothing does not have it. This is asked through the descriptor that LMDB has open:
 * to open the file once more and close it would drop the locks of this process. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger/store/db.h"
#include "ledger/store/db_env.h"

struct look {
    int fd; /* LMDB's of lock.mdb; -1: not found, so nobody counts as dead */
    uint64_t dead;
    struct db_readers live;
};

static int lock_fd(const struct db_env *e) {
    char path[FILE_PATH_MAX];
    struct stat lock, st;
    int ret = -1;
    DIR *fds = file_join(path, e->path, "lock.mdb", NULL) == 0 && stat(path, &lock) == 0 ? opendir("/proc/self/fd") : NULL;
    for (struct dirent *d; fds != NULL && ret < 0 && (d = readdir(fds)) != NULL;) {
        uint64_t fd;
        if (text_parse_u64(bytes_of(d->d_name), &fd) == 0 && fstat((int)fd, &st) == 0 && st.st_dev == lock.st_dev &&
            st.st_ino == lock.st_ino) {
            ret = (int)fd;
        }
    }
    if (fds != NULL) {
        closedir(fds);
    }
    return ret;
}

static bool is_dead(int fd, uint64_t pid) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)pid, .l_len = 1};
    return fd >= 0 && pid != (uint64_t)getpid() && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static int take_line(const char *line, void *look) {
    struct look *l = look;
    struct db_reader reader;
    if (!db_reader_parse(line, &reader)) return 0;
    if (is_dead(l->fd, reader.pid)) {
        l->dead++;
    } else {
        db_readers_add(&l->live, &reader);
    }
    return 0;
}

int db_look_at_readers(struct db *db, struct db_reader_counts *ret, struct err *err) {
    struct db_env *e = db_hold(db);
    MDB_envinfo info;
    if (e == NULL) return err_set(err, ERR_NOTFOUND, "'%s' was replaced", db->base);
    struct look look = {.fd = lock_fd(e)};
    int rc = mdb_reader_list(e->env, take_line, &look);
    rc = rc < 0 ? rc : mdb_env_info(e->env, &info); /* after it: no snapshot is newer than this */
    if (rc == 0) {
        bool lags = look.live.pid != 0 && info.me_last_txnid > look.live.txnid;
        *ret = (struct db_reader_counts){.live = look.live.n,
                                         .dead = look.dead,
                                         .oldest_pid = lags ? look.live.pid : 0,
                                         .oldest_commits = lags ? info.me_last_txnid - look.live.txnid : 0};
    }
    rc = rc == 0 ? 0 : db_fail(e, rc, "looking at its readers", err);
    db_let_go(db, e);
    return rc;
}

int db_clear_readers(struct db *db, uint64_t *ret_dead, struct err *err) {
    struct db_env *e = db_hold(db);
    int dead = 0;
    if (e == NULL) return err_set(err, ERR_NOTFOUND, "'%s' was replaced", db->base);
    int rc = mdb_reader_check(e->env, &dead);
    rc = rc == 0 ? 0 : db_fail(e, rc, "clearing its readers", err);
    if (rc == 0) {
        *ret_dead = (uint64_t)dead;
    }
    db_let_go(db, e);
    return rc;
}
