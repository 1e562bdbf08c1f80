/* Shared commits. Threads that append at the same time queue up, and the first of them leads: it takes the others along, up
 * to what one batch may hold, commits for all, wakes them with their results, and passes the lead to the next in the queue.
 * A thread waits at most for the commit in progress and its own, and the disk is synced once for all of them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/write/commit.h"

#define SPARE_BYTES_MAX    32768
#define GATHER_MAX_NS      (CLOCK_NS_PER_S / 500)
#define RESTRAIN_DOUBLINGS 6

static bool rides_alone(const struct commit_request *r) {
    return r->control || r->rotate || r->erase != NULL || r->store != NULL || r->next != NULL || r->batch->judge != NULL;
}

/* Takes the leader and the requests that may share its commit off the queue. Under the queue's lock. */
static struct commit_request *take_list(struct ledger *ledger) {
    struct commit_request *list = ledger->queue.first, *last = list;
    size_t events = list->batch->n, bytes = list->batch->arena.n, n = 1;
    while (n < COMMIT_SHARE_MAX && !rides_alone(list) && last->after != NULL && !rides_alone(last->after)) {
        const struct log_batch *more = last->after->batch;
        if (events + more->n > LOG_BATCH_EVENTS_MAX || bytes + more->arena.n > LOG_BATCH_BYTES_MAX) {
            break;
        }
        events += more->n;
        bytes += more->arena.n;
        last = last->after;
        n++;
    }
    ledger->queue.first = last->after;
    ledger->queue.n -= n;
    if (ledger->queue.first == NULL) {
        ledger->queue.last = NULL;
    }
    last->after = NULL;
    return list;
}

static void enqueue(struct ledger *ledger, struct commit_request *r) {
    if (ledger->queue.last == NULL) {
        ledger->queue.first = r;
    } else {
        ledger->queue.last->after = r;
    }
    ledger->queue.last = r;
    if (++ledger->queue.n == ledger->queue.gathering.expected) {
        pthread_cond_signal(&ledger->queue.gathering.all_here);
    }
}

/* ---- gathering ----
 *
 * The threads of the last commit are likely to append again at once, and one commit for all of them costs little more than
 * one for half. So a leader waits for as many requests as the last commit had, until half of that commit's duration has
 * passed since its end. When they do not arrive, the next commits do not wait; their number doubles each time. */

void gathering_init(struct gathering *g) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->all_here, &attr);
    pthread_condattr_destroy(&attr);
}

/* Under the queue's lock. */
static void gather(struct ledger *ledger) {
    struct gathering *g = &ledger->queue.gathering;
    uint64_t until = g->ended + (g->took / 2 < GATHER_MAX_NS ? g->took / 2 : GATHER_MAX_NS);
    if (ledger->queue.n >= g->expected || rides_alone(ledger->queue.first) || clock_monotonic_ns() >= until) {
        return;
    }
    if (g->restrain > 0) {
        g->restrain--;
        return;
    }
    struct timespec t = {(time_t)(until / CLOCK_NS_PER_S), (long)(until % CLOCK_NS_PER_S)};
    while (ledger->queue.n < g->expected && pthread_cond_timedwait(&g->all_here, &ledger->queue.lock, &t) == 0) {
    }
    bool all = ledger->queue.n >= g->expected;
    g->alone = all ? 0 : g->alone < RESTRAIN_DOUBLINGS ? g->alone + 1 : g->alone;
    g->restrain = all ? 0 : (1U << g->alone) - 2;
}

static void wake_request(struct commit_request *r) {
    if (r != NULL) {
        sem_post(&r->wake);
    }
}

/* Wakes the next leader first, so that its commit can start while the members of this one are woken. A member's request
 * must not be used after it is woken. */
static void lead(struct ledger *ledger) {
    struct commit_request *member[COMMIT_SHARE_MAX], *self;
    size_t n = 0;
    pthread_mutex_lock(&ledger->queue.lock);
    gather(ledger);
    self = take_list(ledger);
    pthread_mutex_unlock(&ledger->queue.lock);
    for (struct commit_request *r = self->after; r != NULL; r = r->after) {
        member[n++] = r;
    }
    pthread_mutex_lock(&ledger->write.lock);
    uint64_t began = clock_monotonic_ns();
    commit_list(ledger, self);
    uint64_t ended = clock_monotonic_ns();
    pthread_mutex_unlock(&ledger->write.lock);
    pthread_mutex_lock(&ledger->queue.lock);
    size_t there = ledger->queue.n + n + 1;
    ledger->queue.gathering.expected = there < COMMIT_SHARE_MAX ? there : COMMIT_SHARE_MAX;
    ledger->queue.gathering.ended = ended;
    ledger->queue.gathering.took = ended - began;
    struct commit_request *next = ledger->queue.first;
    ledger->queue.leading = next != NULL;
    pthread_mutex_unlock(&ledger->queue.lock);
    wake_request(next);
    for (size_t i = 0; i < n; i++) {
        member[i]->done = true;
        member[i]->wakes[0] = 2 * i + 2 < n ? member[2 * i + 2] : NULL;
        member[i]->wakes[1] = 2 * i + 3 < n ? member[2 * i + 3] : NULL;
    }
    struct commit_request *second = n > 1 ? member[1] : NULL;
    wake_request(n > 0 ? member[0] : NULL);
    wake_request(second);
}

int commit_run(struct ledger *ledger, struct commit_request *request, struct err *err) {
    request->at = SIZE_MAX;
    if (ledger->read_only) {
        return err_set(err, ERR_INVALID, "the ledger was opened for reading only");
    }
    int rc = db_check_process(ledger->evidence, err); /* another thread of the parent may hold the queue for ever */
    if (rc != 0) return rc;
    pthread_mutex_lock(&ledger->queue.lock);
    bool waits = ledger->queue.leading;
    if (waits) {
        sem_init(&request->wake, 0, 0);
    }
    enqueue(ledger, request);
    ledger->queue.leading = true;
    pthread_mutex_unlock(&ledger->queue.lock);
    if (waits) {
        while (sem_wait(&request->wake) != 0) {
        } /* a signal */
        sem_destroy(&request->wake);
        wake_request(request->wakes[0]);
        wake_request(request->wakes[1]);
    }
    if (!request->done) {
        lead(ledger);
    }
    return request->rc == 0 ? 0 : err_set(err, request->rc, "%s", request->err.msg);
}

/* ---- the public calls ---- */

int log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head, size_t *ret_at,
                     struct err *err) {
    struct commit_request request = {.batch = batch, .receipts = receipts, .control = batch->control};
    if (batch->n == 0 && batch->cursors.n == 0) {
        return ret_head == NULL ? 0 : log_head(batch->ledger, ret_head, err);
    }
    if (receipts == NULL && (request.receipts = calloc(batch->n + 1, sizeof(*receipts))) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = commit_run(batch->ledger, &request, err);
    if (rc == 0) {
        log_batch_clear(batch);
        if (ret_head != NULL) {
            *ret_head = request.head;
        }
    } else if (ret_at != NULL) {
        *ret_at = request.at;
    }
    if (receipts == NULL) {
        free(request.receipts);
    }
    return rc;
}

/* ---- single events ---- */

static struct log_batch *take_spare(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->queue.lock);
    struct log_batch *batch = ledger->queue.spare;
    if (batch != NULL) {
        ledger->queue.spare = batch->spare_after;
        ledger->queue.n_spare--;
    }
    pthread_mutex_unlock(&ledger->queue.lock);
    return batch;
}

/* Large ones are not kept. */
static void give_spare(struct ledger *ledger, struct log_batch *batch) {
    bool small = batch->arena.cap + batch->scratch.cap + batch->private_.cap <= SPARE_BYTES_MAX;
    log_batch_clear(batch);
    pthread_mutex_lock(&ledger->queue.lock);
    bool keep = small && ledger->queue.n_spare < COMMIT_SHARE_MAX;
    if (keep) {
        batch->spare_after = ledger->queue.spare;
        ledger->queue.spare = batch;
        ledger->queue.n_spare++;
    }
    pthread_mutex_unlock(&ledger->queue.lock);
    if (!keep) {
        log_batch_free(batch);
    }
}

void spare_batches_free(struct ledger *ledger) {
    for (struct log_batch *batch; (batch = take_spare(ledger)) != NULL;) {
        log_batch_free(batch);
    }
}

int log_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
               struct err *err) {
    struct log_receipt receipt;
    int rc = db_check_process(ledger->evidence, err);
    if (rc != 0) return rc;
    struct log_batch *batch = take_spare(ledger);
    rc = batch != NULL ? 0 : log_batch_new(ledger, &batch, err);
    if (rc != 0) return rc;
    rc = log_batch_add(batch, draft, err);
    if (rc == 0) rc = log_batch_commit(batch, &receipt, ret_head, NULL, err);
    if (rc == 0 && ret != NULL) {
        *ret = receipt;
    }
    give_spare(ledger, batch);
    return rc;
}

int commit_alone(struct ledger *ledger, struct commit_request *request, struct log_receipt *ret, struct err *err) {
    struct log_batch *none;
    int rc = log_batch_new(ledger, &none, err);
    if (rc == 0) {
        request->batch = none;
        rc = commit_run(ledger, request, err);
        log_batch_free(none);
    }
    if (rc == 0 && ret != NULL) {
        *ret = request->own;
    }
    return rc;
}

int log_key_rotate(struct ledger *ledger, const char *actor, const char *reason, struct log_receipt *ret, struct err *err) {
    struct commit_request request = {.rotate = true, .actor = actor, .reason = reason, .control = true};
    int rc = reason == NULL ? 0 : batch_reason_check(reason, err);
    return rc == 0 ? commit_alone(ledger, &request, ret, err) : rc;
}

int log_moved(struct ledger *ledger, const char *actor, const char *reason, struct log_receipt *ret, struct err *err) {
    struct commit_request request = {.moved = true, .actor = actor, .reason = reason, .control = true};
    int rc = reason == NULL ? 0 : batch_reason_check(reason, err);
    return rc == 0 ? commit_alone(ledger, &request, ret, err) : rc;
}
