/* The extension's ledgers. Connections of one program do not know of one another, so they share process-wide state: a few
 * slots by the directory's identity, each with its number of users. */
#include "query/sql/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#define SLOTS 64

struct slot {
    struct ledger *ledger; /* NULL: free */
    dev_t device;
    ino_t inode;
    unsigned users;
};

static struct {
    pthread_mutex_t lock;
    struct slot slot[SLOTS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Call under the lock. The slot of that directory, else a free one, else NULL. */
static struct slot *find(const struct stat *st) {
    struct slot *free_one = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &pool.slot[i];
        if (slot->ledger == NULL) {
            free_one = free_one == NULL ? slot : free_one;
        } else if (slot->device == st->st_dev && slot->inode == st->st_ino) {
            return slot;
        }
    }
    return free_one;
}

int sql_pool_open(const char *dir, struct ledger **ret, struct err *err) {
    const struct log_open_options options = {.read_only = true};
    struct stat st;
    int rc = 0;
    if (stat(dir, &st) != 0) return err_errno(err, errno, "'%.200s'", dir);
    pthread_mutex_lock(&pool.lock);
    struct slot *slot = find(&st);
    if (slot == NULL) {
        rc = err_set(err, ERR_LIMIT, "%d ledgers are open already", SLOTS);
    } else if (slot->ledger == NULL) {
        struct ledger *ledger = NULL;
        rc = log_open(dir, &options, &ledger, err);
        if (rc == 0) {
            *slot = (struct slot){.ledger = ledger, .device = st.st_dev, .inode = st.st_ino};
        }
    }
    if (rc == 0) {
        slot->users++;
        *ret = slot->ledger;
    }
    pthread_mutex_unlock(&pool.lock);
    return rc;
}

void sql_pool_close(struct ledger *ledger) {
    pthread_mutex_lock(&pool.lock);
    for (size_t i = 0; i < SLOTS && ledger != NULL; i++) {
        struct slot *slot = &pool.slot[i];
        if (slot->ledger == ledger && --slot->users == 0) {
            slot->ledger = NULL;
            log_close(ledger);
            break;
        }
    }
    pthread_mutex_unlock(&pool.lock);
}
