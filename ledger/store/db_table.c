/* The beginning of lock.mdb, format 1 of LMDB 0.9:
 *
 *   u32 magic · u32 format · pthread_mutex_t readers · size_t newest transaction · unsigned readers
 *   pthread_mutex_t writer
 *
 * each of the two parts in whole cache lines of 64 bytes. A table with another format is left to LMDB. Both mutexes are
 * shared between processes and robust; a mutex holds its owner's thread, or 0, or the mark that the owner has died, in one
 * word, that of the futex. */
#include "ledger/store/db_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/store/db_files.h"

#define TABLE_MAGIC  0xBEEFC0DE
#define TABLE_FORMAT 0x10001
#define CACHE_LINE   64
#define TABLE_BYTES  4096

struct db_table {
    union {
        struct {
            uint32_t magic, format;
            pthread_mutex_t readers;
            volatile size_t newest;
            volatile unsigned n_readers;
        } at;
        uint8_t lines[(sizeof(uint64_t) + sizeof(pthread_mutex_t) + 2 * sizeof(size_t) + CACHE_LINE - 1) / CACHE_LINE *
                      CACHE_LINE];
    } head;
    pthread_mutex_t writer;
};

/* The LMDB lock on the file that prevents an exclusive one (l_type F_UNLCK: there is none): see mdb_env_excl_lock. */
static struct flock look_at_lock(int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    if (fcntl(fd, F_GETLK, &lock) != 0) {
        lock.l_type = F_UNLCK;
    }
    lock.l_pid = lock.l_type != F_UNLCK && lock.l_pid > 0 ? lock.l_pid : 0;
    return lock;
}

uint64_t db_table_user(const char *dir) {
    char path[FILE_PATH_MAX];
    int fd = file_join(path, dir, "lock.mdb", NULL) != 0 ? -1 : open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return 0;
    struct flock lock = look_at_lock(fd);
    close(fd);
    return (uint64_t)lock.l_pid;
}

int db_table_open(const char *dir, uint64_t bytes, struct db_table **ret, uint64_t *ret_pid, struct err *err) {
    char path[FILE_PATH_MAX];
    struct stat st;
    *ret = NULL;
    int rc = db_files_check(dir, err);
    if (rc == 0) rc = file_join(path, dir, "lock.mdb", err);
    int fd = rc != 0 ? -1 : open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0) return rc;
    if (fstat(fd, &st) == 0 && st.st_size == 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) != 0 &&
        (errno == ENOSPC || errno == EDQUOT)) {
        rc = err_errno(err, errno, "'%s'", path);
        unlink(path);
    }
    struct flock lock = rc != 0 ? (struct flock){.l_type = F_UNLCK} : look_at_lock(fd);
    if (lock.l_type == F_WRLCK) {
        *ret_pid = (uint64_t)lock.l_pid;
        rc = 1;
    }
    void *at = rc != 0 ? MAP_FAILED : mmap(NULL, TABLE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) {
        *ret = at;
    }
    close(fd);
    return rc;
}

void db_table_close(struct db_table *table) {
    if (table != NULL) {
        munmap(table, TABLE_BYTES);
    }
}

/* What glibc writes into a mutex that is made the way LMDB makes it. */
static int kind_of_made(void) {
    pthread_mutexattr_t attr;
    pthread_mutex_t made;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&made, &attr);
    int kind = made.__data.__kind;
    pthread_mutex_destroy(&made);
    pthread_mutexattr_destroy(&attr);
    return kind;
}

static bool is_known(const struct db_table *t) {
    return t != NULL && t->head.at.magic == TABLE_MAGIC && t->head.at.format == TABLE_FORMAT;
}

bool db_table_is_sound(const struct db_table *t, uint64_t newest) {
    if (!is_known(t)) return true;
    int kind = kind_of_made();
    return t->head.at.readers.__data.__kind == kind && t->writer.__data.__kind == kind && t->head.at.newest + 1 >= newest;
}

bool db_table_is_held(const struct db_table *t, uint64_t *ret_thread) {
    if (!is_known(t)) return false;
    unsigned word = (unsigned)*(const volatile int *)&t->writer.__data.__lock;
    bool robust = t->writer.__data.__kind == kind_of_made();
    *ret_thread = robust ? word & FUTEX_TID_MASK : 0;
    return (word & FUTEX_TID_MASK) != 0;
}
