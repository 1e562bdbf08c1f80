/* One durable commit: the state that its steps share. commit.c has the flow; commit_event.c one event; commit_group.c
 * groups, tail and tiles; commit_keys.c duplicates and conditions; commit_seal.c checkpoint and rotation. */
#ifndef LEDGER_WRITE_COMMIT_H
#define LEDGER_WRITE_COMMIT_H

#include <semaphore.h>

#include "ledger/dedup/segments.h"
#include "ledger/write/batch.h"

struct commit_request;
struct commit_store;

struct commit {
    struct ledger *ledger;
    struct db_txn *txn;
    struct head head;         /* grows with each event */
    uint8_t root[EVENT_HASH]; /* of all events, when `sealed` */
    bool sealed;
    uint64_t old_size;              /* events before this commit */
    uint64_t base;                  /* seq of the first event in ledger->write.build */
    size_t stored;                  /* how many of its first events are in the tail table already */
    uint64_t now, boot;             /* the two clocks when this commit began, read together */
    struct segments_view *segments; /* NULL: there are none */
    bool keyed;                     /* keys in memory are up to date and take part */
    struct signer next;             /* the next epoch key, when this commit rotates */
    bool rotates;
    bool restored;             /* it rotates because the ledger was restored: nobody has the old epoch key */
    struct buf header, record; /* scratch */
};

/* Writes all drafts of a batch. receipts has room for batch->n. *ret_at: index of the draft that failed. */
int commit_batch(struct commit *c, const struct log_batch *batch, struct log_receipt *receipts, size_t *ret_at,
                 struct err *err);

/* ---- commit_group.c ---- */
/* Makes ledger->write.build ready for `n` more events: with the tail loaded when a group will fill up, and a second
 * thread to encode when several will. */
int commit_group_begin(struct commit *c, size_t n, struct err *err);
int commit_group_add(struct commit *c, struct bytes header, const struct group_facts *facts, struct bytes payload,
                     enum group_payload where, const uint8_t leaf[EVENT_HASH], struct err *err);
/* After the commit: ledger->write.build may serve the next one. */
void commit_group_keep(struct commit *c);
/* Adds a key of the event that is added next to its group's run. */
void commit_group_key(struct commit *c, uint64_t hash);
/* Puts the bundles that are still being encoded into the database. */
int commit_group_drain(struct commit *c, struct err *err);
/* Puts the tail record of an event. */
int commit_group_tail(struct commit *c, const struct group_event *e, uint64_t seq, enum db_put_flag flag, struct err *err);
/* The same, and puts what is left of the group into the tail. */
int commit_group_end(struct commit *c, struct err *err);

/* ---- commit_keys.c ---- */
/* Brings keys up to date; called once if any draft has a key. 1: older keys could be looked up before the commit began, but
 * not any more. */
int commit_keys_begin(struct commit *c, struct err *err);
/* For a key that will be looked up soon. */
void commit_keys_prefetch(const struct commit *c, uint64_t hash);
/* 0 with *ret_seq and its leaf: this (source, key) is in the log; 1: it is not. ERR_CONFLICT: the author's key was used. */
int commit_find_duplicate(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, uint64_t *ret_seq,
                          uint8_t ret_leaf[EVENT_HASH], struct err *err);
/* 0 with *ret_seq: the event of the draft's source that has the draft's cause_key; 1: no event has it. */
int commit_find_cause(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, uint64_t *ret_seq,
                      struct err *err);
/* ERR_CONFLICT when the draft's condition does not hold. */
int commit_check_condition(struct commit *c, const struct log_batch *batch, const struct batch_entry *e, struct err *err);

/* ---- commit_erase.c ---- */
/* Removes the content from the tables, before anything else is written, and returns the event that records it. The options
 * were checked; seqs are in ascending order. */
int commit_erase(struct commit *c, const struct log_erase_options *o, struct log_batch **ret_batch, struct err *err);

/* ---- commit_seal.c ---- */
/* Gives *ret_batch a ledger.key_rotated draft if a rotation is due or requested; else leaves it NULL. */
int commit_rotation(struct commit *c, bool asked, const char *actor, const char *reason, struct log_batch **ret_batch,
                    struct err *err);
/* ERR_ROLLBACK: this is a copy of the ledger's directory, and the request does not say that it was moved. Otherwise records
 * the place if it is new, and gives *ret_batch a ledger.moved draft if the request asks for one. */
int commit_place(struct commit *c, const struct commit_request *request, struct log_batch **ret_batch, struct err *err);
/* Puts an artifact, and gives *ret_batch a ledger.stored draft when it was not there. */
int commit_store(struct commit *c, struct commit_store *store, struct log_batch **ret_batch, struct err *err);
/* Checkpoint, head record, epoch record. */
int commit_seal(struct commit *c, struct err *err);
/* A ledger.gap draft when the clock was set back or jumped since the last commit. */
int commit_clock_gap(struct commit *c, struct log_batch **ret_batch, struct err *err);

/* An artifact that is put. */
struct commit_store {
    uint8_t digest[EVENT_HASH];
    uint64_t size;
    /* Puts its record, and its file's name. 1: it is stored already, so no event is written. */
    int (*put)(struct commit_store *store, struct db_txn *txn, struct err *err);
};

#define COMMIT_SHARE_MAX 256 /* requests that share one commit at most */

/* What one caller wants committed, and the result. Requests of several threads that arrive during a commit share the next
 * one (commit_share.c). */
struct commit_request {
    const struct log_batch *batch;
    struct log_receipt *receipts;          /* room for batch->n */
    bool rotate;                           /* also rotate the epoch key */
    bool moved;                            /* the directory was moved: also say so */
    const char *actor, *reason;            /* of the rotation, or the move */
    bool control;                          /* may use the reserved part of the quota; has a commit to itself */
    const struct log_erase_options *erase; /* not NULL: erases this; control */
    struct commit_store *store;            /* not NULL: puts an artifact; has a commit to itself */
    struct signer *next; /* not NULL: the batch ends in ledger.restored and this is the new epoch's key; taken */

    struct log_receipt own; /* of the event that says it was rotated, moved or erased */
    struct log_head head;   /* the sealed head that covers all of it */
    size_t at;              /* draft that failed, or SIZE_MAX */
    struct err err;
    int rc;

    struct commit_request *after;    /* the next one in the queue, or in the same commit */
    bool done;                       /* if not set when it is woken, the request leads the next commit */
    struct commit_request *wakes[2]; /* the requests it wakes when it is woken */
    sem_t wake;
};
/* Durable when it returns 0; on failure request->at says which draft it was. */
int commit_run(struct ledger *ledger, struct commit_request *request, struct err *err);
/* The same for what the ledger records about itself, without a caller's batch. `ret` may be NULL: receives request->own. */
int commit_alone(struct ledger *ledger, struct commit_request *request, struct log_receipt *ret, struct err *err);

void gathering_init(struct gathering *g);
/* Frees the batches that log_append keeps. */
void spare_batches_free(struct ledger *ledger);

/* commit.c: one commit of all requests of a list, under ledger->write.lock. Sets rc, err and results of each. */
void commit_list(struct ledger *ledger, struct commit_request *list);

#endif
