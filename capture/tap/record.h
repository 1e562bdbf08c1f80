/* Records what passes: copies go into a bounded queue, one thread reads them and writes events. Whoever passes bytes on never
 * waits for it; what finds no room is counted, and recorded as a gap once there is room again. */
#ifndef CAPTURE_TAP_RECORD_H
#define CAPTURE_TAP_RECORD_H

#include "capture/tap/session.h"
#include "ledger/log.h"

#include <stdatomic.h>

#define TAP_QUEUE_MAX ((size_t)64 << 20)

struct tap_record_options {
    const struct tap_names *names; /* borrowed until the end */
    struct ledger *ledger;         /* borrowed until the end */
    size_t queue_max;              /* bytes; 0: TAP_QUEUE_MAX */
    atomic_llong *left;            /* bytes that several recorders may queue together; NULL: no limit but that */
    uint64_t pause_ns; /* so long more is waited for before a commit; 0: it is committed as soon as the queue is empty */
    void (*say)(void *ctx, const char *text); /* from the recorder's thread: alarms, and that nothing can be recorded */
    void *ctx;
};

struct tap_record;
int tap_record_start(const struct tap_record_options *options, struct tap_record **ret, struct err *err);
/* Bytes of one side, in order, as they passed. */
void tap_record_piece(struct tap_record *record, enum tap_side side, struct bytes piece);
/* One message as MessagePack, for a tap that judges; `within` and `verdict` are copied and may be NULL. A call that was allowed is in
 * the log already: it waits for the next message, or for tap_record_wake, which is for when a while has passed. */
void tap_record_message(struct tap_record *record, enum tap_side side, const struct tap_within *within, struct bytes mp,
                        const struct tap_verdict *verdict);
void tap_record_wake(struct tap_record *record);
/* One message, or a batch, as its text. */
void tap_record_text(struct tap_record *record, enum tap_side side, const struct tap_within *within, struct bytes text);
/* As tap_session_broken; `outcome` is static. */
void tap_record_broken(struct tap_record *record, uint64_t exchange, const char *outcome, const char *error);
/* Bytes that passed and could not be kept. */
void tap_record_lose(struct tap_record *record, enum tap_side side, uint64_t bytes);
/* Writes what is queued and the end of the run (`status` as of waitpid), waits at most `wait_ns` for the ledger, and frees.
 * *ret_lost: events and bytes of them that could not be recorded. */
struct tap_lost {
    uint64_t events, bytes;
};
void tap_record_end(struct tap_record *record, int status, uint64_t wait_ns, struct tap_lost *ret_lost);
/* The same without freeing it, for a process that ends while another thread may still put something. */
void tap_record_flush(struct tap_record *record, int status, uint64_t wait_ns, struct tap_lost *ret_lost);

#endif
