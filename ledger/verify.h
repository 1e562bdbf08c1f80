/* The state that the parts of a verification share. verify.c has the flow and the report; verify_events.c reads every
 * event; verify_seals.c judges checkpoints, epochs and handovers; verify_tables.c sweeps the tables for what no event
 * accounts for; verify_anchor.c compares with what the caller trusts. A fault is a finding, not an error: the reading goes
 * on after it. */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "ledger/core.h"
#include "ledger/trust.h"

/* The table that holds this event. */
#define VERIFY_PLACE(v, seq) ((seq) / EVENT_GROUP < (v)->head.size / EVENT_GROUP ? "bundle" : "tail")

struct verify_epoch {
    uint64_t from_size, to_size; /* LEDGER_NO_SEQ while current */
    uint64_t seq;                /* of the event that brought it */
    bool restored;
    struct note_vkey vkey;
    char origin[NOTE_NAME_MAX + 1]; /* of the checkpoints in its range */
};

struct verify {
    struct ledger *ledger;
    const struct ledger_verify_options *options;
    struct ledger_report *report;
    struct core_view view;
    uint64_t renewed;
    struct buf newest;  /* the newest checkpoint, copied at the first snapshot */
    struct head head;   /* of the first snapshot: what is verified */
    struct db_txn *txn; /* view's */

    struct group *group;
    struct merkle_edge edge; /* over the events read so far */
    uint8_t prev[EVENT_HASH];
    bool prev_known;      /* false after a damaged group */
    bool gaps_in_reading; /* some events could not be read: what hangs on them cannot be counted */
    uint64_t time;
    uint64_t next_checkpoint; /* size of the next kept one; LEDGER_NO_SEQ: none */
    uint64_t last_kept;       /* size of the last kept one that was seen */
    bool newest_judged;       /* the newest checkpoint, against the events */

    struct verify_epoch *epoch; /* recomputed from the events; owned */
    size_t n_epochs, cap_epochs;
    struct note_vkey log; /* from the event of seq 0 */
    bool log_known;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t genesis[EVENT_HASH];

    uint64_t *author_hash; /* of (author key, key) of each signed event; owned */
    size_t n_author_hashes, cap_author_hashes;

    uint64_t from; /* first event that is read */
    uint64_t n_external, n_private, n_keyruns, n_checkpoints, n_tiles, n_artifacts;
    uint64_t n_authored, n_author_good, n_gaps, n_erased_events, first_gap;
    uint64_t naming; /* group that the sweep has loaded to name a surplus record; LEDGER_NO_SEQ: none */
    uint64_t n_restored, last_restored;
    struct buf scratch, scratch2, keyrun;
};

/* Adds a finding; aspects of it become faulty. seq LEDGER_NO_SEQ: about none. */
void verify_fault(struct verify *v, enum ledger_aspect aspect, uint64_t seq, const char *table, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Renews the snapshot when it is a second old. */
int verify_renew(struct verify *v, struct err *err);

int verify_events(struct verify *v, struct err *err);
int verify_tables(struct verify *v, struct err *err);
void verify_anchor(struct verify *v);

/* verify_seals.c */
/* Takes notice of ledger.created, key_rotated, restored. body: canonical map. */
int verify_epoch_event(struct verify *v, const struct event_header *h, struct bytes body, struct err *err);
/* Begins an epoch, which ends the one before. */
/* Epoch keys of events [from, end) that could not be read, from the table that caches them, so that what follows can be
 * judged all the same. */
int verify_epochs_cached(struct verify *v, uint64_t from, uint64_t end, struct err *err);
int verify_epoch_push(struct verify *v, const struct verify_epoch *epoch, struct err *err);
/* Judges the kept checkpoint at the edge's size, if there is one. */
int verify_checkpoint_here(struct verify *v, struct err *err);
/* Finds the first kept checkpoint of at least `size`. */
int verify_checkpoint_seek(struct verify *v, uint64_t size, struct err *err);
/* After the last event: the newest checkpoint and the epoch table. */
int verify_seals_end(struct verify *v, struct err *err);
/* Judges one note over the tree of this size and root. `table` is for the finding. */
void verify_note(struct verify *v, struct bytes note, uint64_t size, const uint8_t root[EVENT_HASH], const char *table);
/* The epoch keys that seal `size`: one, or two at a handover. */
size_t verify_epochs_of(const struct verify *v, uint64_t size, const struct verify_epoch *ret[2]);

#endif
