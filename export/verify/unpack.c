/* descriptor --> (zstd) --> a ring of chunks: the thread fills free chunks, in order; the caller owns the oldest. The
 * thread also hashes each chunk it fills. */
#include "export/verify/unpack.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive/zst.h"
#include "base/thread.h"
#include "export/verify/digests.h"

#define CHUNKS    4
#define CHUNK_MAX ((size_t)1 << 20)
#define CHUNK_NOW ((size_t)1 << 16) /* without a thread */
#define LARGE     (1 << 20)         /* bytes of the file; smaller ones are not worth a thread */

struct chunk {
    bool full; /* owned by the caller; otherwise by the thread */
    int rc;
    struct err err;
    uint64_t taken;
    size_t n; /* 0: the end */
    uint8_t bytes[CHUNK_MAX];
};

struct unpack {
    int fd;
    struct zst_reader *zst; /* NULL: plain */
    struct digests *digests;
    uint8_t first[4]; /* read to detect the format, then returned as content */
    size_t n_first, first_at;
    uint64_t taken, total;
    size_t at_once; /* bytes of a chunk; constant while there is a thread */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t freed, filled;
    bool has_thread, stop, holds; /* holds: the caller has a chunk */
    uint64_t current;             /* its number, or that of the first one to come */
    size_t at;                    /* in it */
    struct chunk chunk[CHUNKS];
};

/* ---- bytes ---- */

static int read_fd(struct unpack *u, void *p, size_t n, size_t *ret_n, struct err *err) {
    ssize_t got;
    do {
        got = read(u->fd, p, n);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return err_errno(err, errno, "reading the bundle");
    *ret_n = (size_t)got;
    u->taken += (size_t)got;
    return 0;
}

static int read_raw(void *ctx, void *p, size_t n, size_t *ret_n, struct err *err) {
    struct unpack *u = ctx;
    size_t have = u->n_first - u->first_at;
    if (have == 0) return read_fd(u, p, n, ret_n, err);
    *ret_n = have < n ? have : n;
    memcpy(p, u->first + u->first_at, *ret_n);
    u->first_at += *ret_n;
    return 0;
}

static int look_at_first(struct unpack *u, struct err *err) {
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    size_t n = 1;
    int rc = 0;
    while (rc == 0 && n > 0 && u->n_first < sizeof(u->first)) {
        rc = read_fd(u, u->first + u->n_first, sizeof(u->first) - u->n_first, &n, err);
        u->n_first += rc == 0 ? n : 0;
    }
    if (rc == 0 && u->n_first == sizeof(magic) && memcmp(u->first, magic, sizeof(magic)) == 0) {
        rc = zst_reader_new(read_raw, u, &u->zst, err);
    }
    return rc;
}

/* ---- chunks ---- */

_Static_assert(CHUNKS *CHUNK_MAX + UNPACK_BEHIND_MAX <= DIGESTS_BEHIND_MAX, "digests are kept until they are needed");
_Static_assert(UNPACK_DIGEST == DIGESTS_LEN, "one digest");

static void fill(struct unpack *u, struct chunk *c) {
    size_t n = 1, max = u->at_once;
    c->rc = 0;
    c->n = 0;
    c->err.code = 0;
    while (c->rc == 0 && n > 0 && c->n < max) {
        n = 0;
        c->rc = u->zst != NULL ? zst_read(u->zst, c->bytes + c->n, max - c->n, &n, &c->err)
                               : read_raw(u, c->bytes + c->n, max - c->n, &n, &c->err);
        digests_put(u->digests, (struct bytes){c->bytes + c->n, n});
        c->n += n;
    }
    c->taken = u->zst != NULL ? zst_reader_taken(u->zst) : u->taken;
}

/* No chunk follows this one. What was read before a failure is returned first. */
static bool is_last(const struct chunk *c) {
    return c->rc != 0 || c->n == 0;
}

static void *run(void *ctx) {
    struct unpack *u = ctx;
    bool last = false;
    pthread_mutex_lock(&u->lock);
    for (uint64_t i = 0; !last; i++) {
        struct chunk *c = &u->chunk[i % CHUNKS];
        while (c->full && !u->stop) {
            pthread_cond_wait(&u->freed, &u->lock);
        }
        if (u->stop) break;
        pthread_mutex_unlock(&u->lock);
        fill(u, c);
        last = is_last(c);
        pthread_mutex_lock(&u->lock);
        c->full = true;
        pthread_cond_signal(&u->filled);
    }
    pthread_mutex_unlock(&u->lock);
    return NULL;
}

/* The current chunk is used up, or there was none yet. */
static void go_on(struct unpack *u) {
    struct chunk *c = &u->chunk[u->current % CHUNKS];
    u->at = 0;
    if (!u->has_thread) {
        fill(u, c);
        return;
    }
    pthread_mutex_lock(&u->lock);
    if (u->holds) {
        c->full = false;
        pthread_cond_signal(&u->freed);
        c = &u->chunk[++u->current % CHUNKS];
    }
    while (!c->full) {
        pthread_cond_wait(&u->filled, &u->lock);
    }
    u->holds = true;
    pthread_mutex_unlock(&u->lock);
}

/* ---- for the caller ---- */

static void start(struct unpack *u) {
    if (u->total < LARGE || sysconf(_SC_NPROCESSORS_ONLN) < 2) return;
    u->at_once = CHUNK_MAX;
    u->has_thread = thread_start(&u->thread, run, u) == 0;
    if (!u->has_thread) {
        u->at_once = CHUNK_NOW;
    }
}

int unpack_new(int fd, struct unpack **ret, struct err *err) {
    struct stat st;
    struct unpack *u = calloc(1, sizeof(*u));
    if (u == NULL || (u->digests = digests_new()) == NULL) {
        free(u);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    u->fd = fd;
    u->at_once = CHUNK_NOW;
    u->total = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->freed, NULL);
    pthread_cond_init(&u->filled, NULL);
    int rc = look_at_first(u, err);
    if (rc != 0) {
        unpack_free(u);
        return rc;
    }
    start(u);
    go_on(u);
    *ret = u;
    return 0;
}

void unpack_free(struct unpack *u) {
    if (u == NULL) return;
    if (u->has_thread) {
        pthread_mutex_lock(&u->lock);
        u->stop = true;
        pthread_cond_signal(&u->freed);
        pthread_mutex_unlock(&u->lock);
        pthread_join(u->thread, NULL);
    }
    zst_reader_free(u->zst);
    digests_free(u->digests);
    pthread_cond_destroy(&u->filled);
    pthread_cond_destroy(&u->freed);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

int unpack_read(struct unpack *u, void *p, size_t n, size_t *ret_n, struct err *err) {
    const struct chunk *c = &u->chunk[u->current % CHUNKS];
    if (u->at == c->n && !is_last(c)) {
        go_on(u);
        c = &u->chunk[u->current % CHUNKS];
    }
    if (u->at == c->n && c->rc != 0) return err_set(err, c->rc, "%s", c->err.msg);
    *ret_n = n < c->n - u->at ? n : c->n - u->at;
    memcpy(p, c->bytes + u->at, *ret_n);
    u->at += *ret_n;
    return 0;
}

void unpack_digest(const struct unpack *u, uint64_t member, uint8_t ret[UNPACK_DIGEST]) {
    digests_get(u->digests, member, ret);
}

bool unpack_is_compressed(const struct unpack *u) {
    return u->zst != NULL;
}

uint64_t unpack_taken(const struct unpack *u) {
    return u->chunk[u->current % CHUNKS].taken;
}

uint64_t unpack_total(const struct unpack *u) {
    return u->total;
}
