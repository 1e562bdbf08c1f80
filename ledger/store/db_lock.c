/* Waiting means retrying: flock has no timeout, and a thread blocked in it cannot be interrupted. Pauses are short at
 * first, as commits are. Nobody starves: a process that writes repeatedly checks the turnstile every few milliseconds, and
 * waits while a process that has waited for long holds it. */
#include "ledger/store/db_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/locale.h"

#define MS              UINT64_C(1000000)
#define NOTICE_AFTER_NS (3 * CLOCK_NS_PER_S)
#define PATIENCE_NS     (20 * MS) /* a wait that is longer takes the turnstile */
#define LOOK_EVERY_NS   (10 * MS) /* at the turnstile, by a process that writes repeatedly */
#define LOCKS_MAX       ((size_t)4 << 20)

/* ---- who it is ---- */

/* The holder of a flock on this file, as the kernel lists it; 0: unknown. File systems with subvolumes show other device
 * numbers there, so a match of the inode number alone counts if there is no better one. */
static uint64_t flock_holder(int fd) {
    struct stat st;
    struct buf text = {.max = LOCKS_MAX};
    uint64_t found = 0;
    if (fd < 0 || fstat(fd, &st) != 0 || file_read("/proc/locks", &text, NULL) != 0 || buf_put_u8(&text, 0) != 0) {
        buf_done(&text);
        return 0;
    }
    for (const char *line = (const char *)text.p; line != NULL && *line != '\0';) {
        char type[16];
        long long pid;
        unsigned major_, minor_;
        unsigned long long ino;
        int n = sscanf(line, "%*[0-9]: %15s %*s %*s %lld %x:%x:%llu", type, &pid, &major_, &minor_, &ino);
        if (n == 5 && strcmp(type, "FLOCK") == 0 && ino == st.st_ino && pid > 0) {
            found = (uint64_t)pid;
            if (makedev(major_, minor_) == st.st_dev) break;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    buf_done(&text);
    return found;
}

/* "process 1234 (ledger)" */
static void name_process(uint64_t pid, char *ret, size_t size) {
    char path[64], comm[32] = "", state = '?';
    struct buf text = {.max = 4096};
    if (pid == 0) {
        snprintf(ret, size, "another process");
        return;
    }
    if (pid == (uint64_t)getpid()) {
        snprintf(ret, size, "another thread of this process");
        return;
    }
    snprintf(path, sizeof(path), "/proc/%llu/stat", (unsigned long long)pid);
    if (file_read(path, &text, NULL) == 0 && buf_put_u8(&text, 0) == 0) {
        const char *name = strchr((const char *)text.p, '('), *end = strrchr((const char *)text.p, ')');
        size_t n = name == NULL || end == NULL || end < name ? 0 : (size_t)(end - name - 1);
        if (n > 0 && n < sizeof(comm)) {
            memcpy(comm, name + 1, n);
            sscanf(end + 1, " %c", &state);
        }
    }
    buf_done(&text);
    for (char *p = comm; *p != '\0'; p++) {
        *p = *p < ' ' || *p > '~' ? '?' : *p;
    }
    snprintf(ret, size, "process %llu%s%s%s%s", (unsigned long long)pid, comm[0] != '\0' ? " (" : "", comm,
             state == 'T' ? "; it is stopped" : "", comm[0] != '\0' ? ")" : "");
}

/* ---- waiting ---- */

/* Reports the wait when it is time to, and returns how long to wait before the next try. */
static int look_at_clock(struct db_waiter *w, const struct db_holder *holder, uint64_t *ret_pause, struct err *err) {
    uint64_t now = clock_monotonic_ns();
    w->began = w->began == 0 ? now : w->began;
    uint64_t waited = now - w->began, limit = w->wait == NULL ? 0 : w->wait->limit_ns;
    bool enough = w->wait != NULL && w->wait->enough != NULL && *w->wait->enough;
    bool over = enough || (limit != 0 && waited >= limit);
    if (over || (!w->said && waited >= NOTICE_AFTER_NS)) {
        char who[128], text[512], seconds[LOCALE_REAL_MAX];
        uint64_t pid = holder->pid != 0 ? holder->pid : flock_holder(holder->fd);
        name_process(pid, who, sizeof(who));
        if (over) {
            return err_set(err, ERR_BUSY, "'%s': waited %s s for %s, %s; nothing was done", w->path,
                           locale_real(seconds, (double)(waited / (CLOCK_NS_PER_S / 100)) / 100), who, holder->doing);
        }
        w->said = true;
        if (w->wait != NULL && w->wait->waiting != NULL) {
            snprintf(text, sizeof(text), "waiting for %s, %s", who, holder->doing);
            w->wait->waiting(w->wait->ctx, text);
        }
    }
    uint64_t pause = waited < 5 * MS ? MS / 20 : waited < NOTICE_AFTER_NS ? MS / 2 : 5 * MS;
    *ret_pause = limit != 0 && limit - waited < pause ? limit - waited : pause;
    return 0;
}

int db_waiter_pause(struct db_waiter *waiter, const struct db_holder *holder, struct err *err) {
    uint64_t pause = 0;
    int rc = look_at_clock(waiter, holder, &pause, err);
    if (rc == 0) {
        nanosleep(&(struct timespec){.tv_nsec = (long)pause}, NULL);
    }
    return rc;
}

/* 0, 1: somebody else has it, ERR_*. */
static int try_flock(int fd, int how, const char *path, struct err *err) {
    while (flock(fd, how | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return 1;
        if (errno != EINTR) return err_errno(err, errno, "'%s': locking it", path);
    }
    return 0;
}

static int open_dir(const char *path, int *ret, struct err *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "'%s'", path);
    *ret = fd;
    return 0;
}

/* ---- the open lock ---- */

/* "<above>/derived.lock" for "<above>/derived" and "<above>/derived.3"; -1: there is none, and it cannot be made. */
static int open_own(const char *dir) {
    char path[FILE_PATH_MAX];
    const char *slash = strrchr(dir, '/'), *name = slash == NULL ? dir : slash + 1;
    int n = snprintf(path, sizeof(path), "%.*s%.*s.lock", (int)(name - dir), dir, (int)strcspn(name, "."), name);
    if (n < 0 || n >= (int)sizeof(path)) return -1;
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC; /* a FIFO there is waited for by nobody */
    int fd = open(path, flags | O_CREAT, 0600);
    return fd >= 0 ? fd : open(path, flags);
}

int db_open_lock(const char *dir, bool own, struct db_waiter *waiter, int *ret_fd, struct err *err) {
    char above[FILE_PATH_MAX];
    int fd = own ? open_own(dir) : -1;
    int rc = file_join(above, dir, "..", err);
    if (rc == 0 && fd < 0) rc = open_dir(above, &fd, err);
    while (rc == 0 && (rc = try_flock(fd, LOCK_EX, above, err)) == 1) {
        rc = db_waiter_pause(waiter, &(struct db_holder){.fd = fd, .doing = "which is opening the database"}, err);
    }
    if (rc != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

/* A child that another thread may have forked has the descriptor too: closing it alone would not release the lock. */
void db_open_unlock(int fd) {
    flock(fd, LOCK_UN);
    close(fd);
}

/* ---- the write lock ---- */

void db_write_lock_init(struct db_write_lock *lock) {
    pthread_mutex_init(&lock->threads, NULL);
    lock->dir = -1;
    lock->data = -1;
    lock->looked = 0;
}

void db_write_lock_done(struct db_write_lock *lock) {
    if (lock->dir >= 0) {
        close(lock->dir);
    }
    pthread_mutex_destroy(&lock->threads);
}

static int take_from_threads(struct db_write_lock *lock, struct db_waiter *waiter, struct err *err) {
    const struct db_holder holder = {.pid = (uint64_t)getpid(), .fd = -1, .doing = "which is writing"};
    int locked = pthread_mutex_trylock(&lock->threads);
    while (locked != 0) {
        uint64_t pause = 0;
        int rc = look_at_clock(waiter, &holder, &pause, err);
        if (rc != 0) return rc;
        uint64_t until = clock_wall_ns() + pause;
        locked = pthread_mutex_timedlock(&lock->threads, &(struct timespec){.tv_sec = (time_t)(until / CLOCK_NS_PER_S),
                                                                            .tv_nsec = (long)(until % CLOCK_NS_PER_S)});
    }
    return 0;
}

/* 1: somebody waits there. */
static int look_at_turnstile(struct db_write_lock *lock, bool waits, const char *path, struct err *err) {
    uint64_t now = clock_monotonic_ns();
    if (!waits && now - lock->looked < LOOK_EVERY_NS) return 0;
    int rc = try_flock(lock->data, LOCK_SH, path, err);
    if (rc == 0) {
        flock(lock->data, LOCK_UN);
        lock->looked = now;
    }
    return rc;
}

int db_write_lock_take(struct db_write_lock *lock, struct db_waiter *waiter, struct err *err) {
    bool front = false;
    int rc = take_from_threads(lock, waiter, err);
    if (rc != 0) return rc;
    rc = lock->dir >= 0 ? 0 : open_dir(waiter->path, &lock->dir, err);
    while (rc == 0) {
        rc = front ? 0 : look_at_turnstile(lock, waiter->began != 0, waiter->path, err);
        if (rc == 0) rc = try_flock(lock->dir, LOCK_EX, waiter->path, err);
        if (rc != 1) break;
        rc = db_waiter_pause(waiter, &(struct db_holder){.fd = lock->dir, .doing = "which is writing"}, err);
        if (rc == 0 && !front && clock_monotonic_ns() - waiter->began > PATIENCE_NS) {
            front = try_flock(lock->data, LOCK_EX, waiter->path, NULL) == 0;
        }
    }
    if (front) {
        flock(lock->data, LOCK_UN);
    }
    if (rc != 0) {
        pthread_mutex_unlock(&lock->threads);
    }
    return rc;
}

void db_write_lock_give(struct db_write_lock *lock) {
    flock(lock->dir, LOCK_UN);
    pthread_mutex_unlock(&lock->threads);
}
