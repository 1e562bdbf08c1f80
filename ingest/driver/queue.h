/* Drafts waiting for a commit, so that one refused event does not take the others of its batch with it. */
#ifndef INGEST_DRIVER_QUEUE_H
#define INGEST_DRIVER_QUEUE_H

#include "ingest/driver/tally.h"

#define QUEUE_EVENTS_MAX  4096
#define QUEUE_BYTES_MAX   ((size_t)8 << 20)
#define QUEUE_TICKETS_MAX 65536
#define QUEUE_CURSOR_NAME 128 /* bytes of a cursor's name with its NUL */

struct queue;

/* Receives the outcome of each draft. taken: `gap` is set for a ledger.gap. refused: a non-zero answer ends the commit
 * after the drafts before this one. */
struct queue_sink {
    void *ctx;
    void (*taken)(void *ctx, const struct log_receipt *receipt, bool gap, uint64_t at);
    int (*refused)(void *ctx, const struct ingest_place *place, const char *reason);
};

int queue_new(struct ledger *ledger, struct queue **ret, struct err *err);
void queue_free(struct queue *queue); /* what was not committed is dropped; NULL is fine */
/* Copies what it needs. The codes are log_batch_add's: ERR_INVALID, ERR_NOTFOUND and ERR_LIMIT refuse this
 * draft alone. A cause of type LOG_CAUSE_BATCH is the ticket of a draft that was added before, committed or
 * not; one that was refused, or is more than QUEUE_TICKETS_MAX drafts back, counts as none. */
int queue_add(struct queue *queue, const struct log_draft *draft, const struct ingest_place *place, uint64_t at,
              struct err *err);
/* The number of the draft added last, over all commits, from 1; 0 when there was none. */
uint64_t queue_ticket(const struct queue *queue);
/* A cursor of the next commit; a second value of the same name replaces the first. ERR_LIMIT: more than
 * LOG_BATCH_CURSORS_MAX names, or more than 4096 bytes. */
int queue_cursor(struct queue *queue, const char *name, struct bytes value, struct err *err);
size_t queue_count(const struct queue *queue);
bool queue_idle(const struct queue *queue); /* neither drafts nor cursors */
bool queue_full(const struct queue *queue); /* time to commit */
/* Commits all drafts and the cursors and empties the queue. Drafts that the ledger refuses only now go to the sink, and the
 * others are committed without them. 0; the sink's non-zero answer (then the cursors are dropped); or the ledger's error:
 * then nothing was committed, and the queue can only be freed. */
int queue_commit(struct queue *queue, const struct queue_sink *sink, struct log_head *ret_head, struct err *err);
void queue_clear(struct queue *queue);

#endif
