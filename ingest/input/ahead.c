/* A ring of blocks:
 *
 *   | taken | parsed or being parsed, to be taken | asked, to be parsed | free |
 *           ^taken                                ^claimed              ^asked
 *
 * The three counters only grow; a block's place is its number modulo BLOCKS. The caller advances `asked` and `taken`, whoever
 * parses a block `claimed`; one mutex and one condition are enough for two parties. The ring is long, so that the thread has
 * work while the caller waits for a disk, and also bounded in bytes. */
#include "ingest/input/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/thread.h"

#define BLOCKS      32
#define BLOCK_TEXTS 16                 /* few, so that both threads have work to the end */
#define BLOCK_BYTES ((size_t)16 << 10) /* a longer text is a block of its own */
#define RING_BYTES  ((size_t)1 << 20)  /* of texts not taken yet */
#define FEW_TEXTS   16
#define OUT_MAX     ((size_t)32 << 20)

struct block {
    const struct ahead_work *work;
    bool parsed; /* under the lock */
    size_t first, n, bytes;
    struct bytes text[BLOCK_TEXTS];
    int code[BLOCK_TEXTS];
    size_t at[BLOCK_TEXTS + 1]; /* where in `out` */
    size_t words[BLOCK_TEXTS];  /* where in `why`, for refused texts */
    struct buf out, why;
};

struct ahead {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread, no_thread, quit;
    uint64_t asked, claimed, taken;
    size_t bytes; /* of the texts that are asked and not taken */
    struct block blocks[BLOCKS];
};

static struct block *block_at(struct ahead *a, uint64_t number) {
    return &a->blocks[number % BLOCKS];
}

static void parse_block(struct block *b, unsigned side) {
    const struct ahead_work *work = b->work;
    buf_clear(&b->out);
    buf_clear(&b->why);
    for (size_t i = 0; i < b->n; i++) {
        struct err why;
        b->at[i] = b->out.n;
        b->code[i] = work->parse == NULL ? json_to_mp(b->text[i], &b->out, &why)
                                         : work->parse(work->ctx, side, b->first + i, b->text[i], &b->out, &why);
        b->out.fail = 0;
        if (b->code[i] != 0) {
            b->words[i] = b->why.n;
            buf_put(&b->why, why.msg, strlen(why.msg) + 1);
        }
    }
    b->at[b->n] = b->out.n;
}

/* Parses the next block that nobody has claimed, of which there is one. Under the lock, which is released meanwhile. */
static void parse_next(struct ahead *a, unsigned side) {
    struct block *b = block_at(a, a->claimed++);
    pthread_mutex_unlock(&a->lock);
    parse_block(b, side);
    pthread_mutex_lock(&a->lock);
    b->parsed = true;
}

static void *run_thread(void *arg) {
    struct ahead *a = arg;
    pthread_mutex_lock(&a->lock);
    while (!a->quit) {
        if (a->claimed == a->asked) {
            pthread_cond_wait(&a->changed, &a->lock);
            continue;
        }
        parse_next(a, 1);
        pthread_cond_signal(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void start_thread(struct ahead *a) {
    if (a->has_thread || a->no_thread) return;
    a->has_thread = thread_start(&a->thread, run_thread, a) == 0;
    a->no_thread = !a->has_thread;
}

int ahead_new(struct ahead **ret, struct err *err) {
    struct ahead *a = calloc(1, sizeof(*a));
    if (a == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    for (size_t i = 0; i < BLOCKS; i++) {
        buf_init(&a->blocks[i].out, OUT_MAX);
        buf_init(&a->blocks[i].why, OUT_MAX);
    }
    *ret = a;
    return 0;
}

void ahead_free(struct ahead *a) {
    if (a == NULL) return;
    if (a->has_thread) {
        pthread_mutex_lock(&a->lock);
        a->quit = true;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
    }
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    for (size_t i = 0; i < BLOCKS; i++) {
        buf_done(&a->blocks[i].out);
        buf_done(&a->blocks[i].why);
    }
    free(a);
}

static void fill_block(struct block *b, const struct ahead_work *work, size_t first) {
    b->work = work;
    b->first = first;
    b->parsed = false;
    b->n = b->bytes = 0;
    while (b->n < BLOCK_TEXTS && first + b->n < work->n && b->bytes < BLOCK_BYTES) {
        b->text[b->n] = work->text(work->ctx, first + b->n);
        b->bytes += b->text[b->n++].n;
    }
}

/* Queues as many blocks as there is room for; returns how many texts are queued by then. */
static size_t queue_blocks(struct ahead *a, const struct ahead_work *work, size_t filled) {
    while (filled < work->n && a->asked - a->taken < BLOCKS && (a->bytes < RING_BYTES || a->asked == a->taken)) {
        struct block *b = block_at(a, a->asked);
        fill_block(b, work, filled);
        filled += b->n;
        a->bytes += b->bytes;
        pthread_mutex_lock(&a->lock);
        a->asked++;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
        if (!a->has_thread) return filled; /* no more than needed */
    }
    return filled;
}

/* Until block `number` is parsed, by whomever. */
static void wait_parsed(struct ahead *a, uint64_t number) {
    const struct block *b = block_at(a, number);
    pthread_mutex_lock(&a->lock);
    while (!b->parsed) {
        if (a->claimed < a->asked) {
            parse_next(a, 0);
        } else {
            pthread_cond_wait(&a->changed, &a->lock);
        }
    }
    pthread_mutex_unlock(&a->lock);
}

/* Frees the room that one huge text needed. */
static void shrink_block(struct block *b) {
    if (b->out.cap > 8 * BLOCK_BYTES) {
        buf_done(&b->out);
    }
}

static int take_block(const struct ahead_work *work, struct block *b, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < b->n && rc == 0; i++) {
        size_t n = b->at[i + 1] - b->at[i];
        struct bytes mp = {n > 0 ? b->out.p + b->at[i] : NULL, n};
        const char *why = b->code[i] == 0 ? "" : b->why.fail != 0 ? "out of memory" : (const char *)b->why.p + b->words[i];
        rc = work->take(work->ctx, b->first + i, b->code[i], mp, why, err);
    }
    shrink_block(b);
    return rc;
}

int ahead_run(struct ahead *a, const struct ahead_work *work, struct err *err) {
    size_t filled = 0;
    int rc = 0;
    if (work->n > FEW_TEXTS) {
        start_thread(a);
    }
    filled = queue_blocks(a, work, 0);
    while (a->taken < a->asked) {
        struct block *b = block_at(a, a->taken);
        wait_parsed(a, a->taken);
        if (rc == 0) rc = take_block(work, b, err);
        a->bytes -= b->bytes;
        a->taken++;
        filled = rc != 0 ? filled : queue_blocks(a, work, filled);
    }
    return rc;
}
