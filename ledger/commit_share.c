/* Shared commits. Threads that append at the same time queue up; the first of them leads: it takes the others along, up to
 * what one batch may hold, commits for all, wakes them with their results, and hands the lead to whoever has come since.
 * Nobody waits longer than for the commit under way and his own, and the disk is synced once for all of them. */
#include <stdlib.h>
#include <string.h>

#include "ledger/commit.h"

static bool rides_alone(const struct commit_request *r) {
    return r->control || r->rotate || r->next != NULL;
}

/* Takes the leader and who may ride along off the queue. Under queue_lock. */
static struct commit_request *take_list(struct ledger *ledger) {
    struct commit_request *list = ledger->queue, *last = list;
    size_t events = list->batch->n, bytes = list->batch->arena.n, n = 1;
    while (n < COMMIT_SHARE_MAX && !rides_alone(list) && last->after != NULL && !rides_alone(last->after)) {
        const struct ledger_batch *more = last->after->batch;
        if (events + more->n > LEDGER_BATCH_EVENTS_MAX || bytes + more->arena.n > LEDGER_BATCH_BYTES_MAX) {
            break;
        }
        events += more->n;
        bytes += more->arena.n;
        last = last->after;
        n++;
    }
    ledger->queue = last->after;
    if (ledger->queue == NULL) {
        ledger->queue_end = NULL;
    }
    last->after = NULL;
    return list;
}

static void enqueue(struct ledger *ledger, struct commit_request *r) {
    if (ledger->queue_end == NULL) {
        ledger->queue = r;
    } else {
        ledger->queue_end->after = r;
    }
    ledger->queue_end = r;
}

/* With queue_lock held at the beginning and at the end, not in between. */
static void lead(struct ledger *ledger) {
    struct commit_request *member[COMMIT_SHARE_MAX], *list = take_list(ledger);
    size_t n = 0;
    for (struct commit_request *r = list; r != NULL; r = r->after) {
        member[n++] = r;
    }
    pthread_mutex_unlock(&ledger->queue_lock);
    pthread_mutex_lock(&ledger->writing);
    commit_list(ledger, list);
    pthread_mutex_unlock(&ledger->writing);
    pthread_mutex_lock(&ledger->queue_lock);
    for (size_t i = 0; i < n; i++) {
        member[i]->done = true;
        pthread_cond_signal(&member[i]->wake);
    }
    ledger->leading = ledger->queue != NULL;
    if (ledger->leading) {
        ledger->queue->leads = true;
        pthread_cond_signal(&ledger->queue->wake);
    }
}

int commit_run(struct ledger *ledger, struct commit_request *request, struct err *err) {
    request->at = SIZE_MAX;
    if (ledger->read_only) {
        return err_set(err, ERR_INVALID, "the ledger was opened for reading only");
    }
    pthread_cond_init(&request->wake, NULL);
    pthread_mutex_lock(&ledger->queue_lock);
    enqueue(ledger, request);
    if (!ledger->leading) {
        ledger->leading = true;
        request->leads = true;
    }
    while (!request->done && !request->leads) {
        pthread_cond_wait(&request->wake, &ledger->queue_lock);
    }
    if (!request->done) {
        lead(ledger);
    }
    pthread_mutex_unlock(&ledger->queue_lock);
    pthread_cond_destroy(&request->wake);
    return request->rc == 0 ? 0 : err_set(err, request->rc, "%s", request->err.msg);
}

/* ---- the public calls ---- */

int ledger_batch_commit(struct ledger_batch *batch, struct ledger_receipt *receipts, struct ledger_head *ret_head,
                        size_t *ret_at, struct err *err) {
    struct commit_request request = {.batch = batch, .receipts = receipts, .control = batch->control};
    if (batch->n == 0 && !batch->has_cursor) {
        return ret_head == NULL ? 0 : ledger_head(batch->ledger, ret_head, err);
    }
    if (receipts == NULL && (request.receipts = calloc(batch->n + 1, sizeof(*receipts))) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = commit_run(batch->ledger, &request, err);
    if (rc == 0) {
        ledger_batch_clear(batch);
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

int ledger_append(struct ledger *ledger, const struct ledger_draft *draft, struct ledger_receipt *ret,
                  struct ledger_head *ret_head, struct err *err) {
    struct ledger_batch *batch;
    struct ledger_receipt receipt;
    int rc = ledger_batch_new(ledger, &batch, err);
    if (rc != 0) {
        return rc;
    }
    rc = ledger_batch_add(batch, draft, err);
    rc = rc != 0 ? rc : ledger_batch_commit(batch, &receipt, ret_head, NULL, err);
    if (rc == 0 && ret != NULL) {
        *ret = receipt;
    }
    ledger_batch_free(batch);
    return rc;
}

int ledger_key_rotate(struct ledger *ledger, const char *actor, const char *reason, struct ledger_receipt *ret,
                      struct err *err) {
    struct ledger_batch *none;
    int rc = ledger_batch_new(ledger, &none, err);
    if (rc != 0) {
        return rc;
    }
    struct commit_request request = {.batch = none, .rotate = true, .actor = actor, .reason = reason, .control = true};
    rc = commit_run(ledger, &request, err);
    ledger_batch_free(none);
    if (rc == 0 && ret != NULL) {
        *ret = request.rotation;
    }
    return rc;
}
