/* The state that the parts of a verification share. A fault is a finding, not an error: reading continues after it.
 *
 *   verify.c         the flow and the report
 *   events.c         every event, in order: joins the groups that the crew has checked and checks the rest itself
 *   crew.c           the threads, and which of them checks which group
 *   group.c          the checks that need only the group itself
 *   seals.c          judges checkpoints, epochs and handovers
 *   tables.c         sweeps the tables for records that no event accounts for
 *   erasures.c       compares missing content with what events say was erased
 *   anchor.c         compares the ledger with what the caller trusts
 *
 * Threads run quiet checks: a quiet check returns only whether the group is good, and the data needed to join it to the
 * others (verify_part). The caller's thread runs the full check, in order, on any group that is not plainly good (a fault,
 * an event that introduces a key, a record that could not be read). So each check is written once, and the report does not
 * depend on the number of threads. */
#ifndef LEDGER_VERIFY_VERIFY_H
#define LEDGER_VERIFY_VERIFY_H

#include <stdarg.h>

#include "ledger/core/core.h"
#include "ledger/core/key_secret.h"
#include "ledger/trust/trust.h"
#include "ledger/verify/report.h"

/* The table that holds this event. */
#define VERIFY_PLACE(v, seq) ((seq) / EVENT_GROUP < (v)->head.size / EVENT_GROUP ? "bundle" : "tail")

struct verify_epoch {
    uint64_t from_size, to_size; /* LOG_NO_SEQ while current */
    uint64_t seq;                /* of the event that introduced it */
    bool restored;
    struct note_vkey vkey;
    char origin[NOTE_NAME_MAX + 1]; /* of the checkpoints in its range */
};

/* What the next event is compared with. */
struct verify_chain {
    uint8_t prev[EVENT_HASH];
    bool prev_known; /* false after a damaged group */
    uint64_t time;
};

struct verify_counts {
    uint64_t external, private_; /* records that the events require */
    uint64_t authored, author_good, gaps, first_gap;
};

#define VERIFY_KEYS        3     /* keys that a quiet check knows */
#define VERIFY_MARKS       4     /* kept checkpoints that a verify_part holds, */
#define VERIFY_RECORDS_MAX 16384 /* and bytes of their records; groups with more are left to the full check */

/* What earlier events say, as far as a quiet check may rely on it. */
struct verify_known {
    uint64_t version; /* changes with the content */
    uint8_t genesis[EVENT_HASH];
    char origin[NOTE_NAME_MAX + 1];
    size_t n_keys; /* the log key, the newest epoch key, the one before */
    struct note_vkey key[VERIFY_KEYS];
};

/* Verdicts on a note's signatures, reached before it is known which of them count. */
struct verify_judged {
    size_t n;
    struct note_vkey key[VERIFY_KEYS];
    enum note_verdict verdict[VERIFY_KEYS];
};

/* A signed event, and the hash of (author key, key). */
struct verify_signed {
    uint64_t hash, seq;
};

/* What an event says is stored: an artifact that was put, or a cursor (cursor.h). */
struct verify_stored {
    uint64_t seq;
    bool cursor;
    uint8_t digest[EVENT_HASH];
};

/* Space into which a group and the records of one event are unpacked. */
struct verify_space {
    struct group *group;
    struct buf payload, private_;
};

struct verify_spaces;

/* The state with which one thread checks its groups. */
struct verify_checker {
    struct verify *v; /* shared; a quiet checker reads only the parts of it that do not change */
    bool quiet;       /* a fault only sets `noticed` */
    bool noticed;
    struct core_view *view;
    uint64_t *renewed;
    struct verify_chain *chain;
    const uint8_t *genesis; /* for authors' signatures */
    const char *origin;
    struct verify_space own;
    struct verify_spaces *spaces; /* for large content; NULL: `own` takes everything */
    struct verify_space *large;   /* one of `spaces`, while this thread holds it */
    struct group *group;          /* of the space in use, as are the two below */
    struct buf *payload, *private_;
    bool build_run; /* collect key pairs in key_run */
    struct buf key_run;
    struct note note;
    struct verify_counts counts; /* of the current group */
    size_t n_authors;
    struct verify_signed author[EVENT_GROUP];
    size_t n_stored;
    struct verify_stored stored[EVENT_GROUP];
    uint8_t tree[2 * EVENT_GROUP][EVENT_HASH];
    struct err why;
};

/* A kept checkpoint whose size is in (first, first + 256]. */
struct verify_mark {
    uint64_t size;
    size_t at, n; /* of its record, in verify_part.records */
    size_t n_edge;
    uint8_t edge[8][EVENT_HASH]; /* compact range [first, size) when it ends within the group */
    struct verify_judged judged;
};

/* The result of a quiet check of a group without faults. */
struct verify_part {
    bool good;      /* false: the rest has no meaning */
    uint64_t known; /* version of what it was checked with */
    uint8_t prev[EVENT_HASH], last[EVENT_HASH], root[EVENT_HASH];
    uint64_t first_time, last_time;
    struct verify_counts counts;
    size_t n_authors;
    struct verify_signed author[EVENT_GROUP];
    size_t n_stored;
    struct verify_stored stored[EVENT_GROUP];
    size_t n_marks;
    struct verify_mark mark[VERIFY_MARKS];
    struct buf records;
};

/* A ledger.erased event's claim that something was erased. */
struct verify_claim {
    enum log_erase_what what;
    uint64_t seq, by;           /* the event it is about; the event that makes the claim */
    uint8_t digest[EVENT_HASH]; /* the artifact it is about */
    size_t at, n;               /* field names, a canonical array in verify_erasures.names; n 0: all fields */
};

/* An event whose body, or some of whose private fields, are missing. */
struct verify_absent {
    uint64_t seq;
    bool body;
};

struct verify_erasures {
    struct verify_claim *claim; /* owned */
    size_t n_claims, cap_claims;
    struct verify_absent *absent; /* owned */
    size_t n_absent, cap_absent;
    struct buf names;
    bool pending;                          /* old pages of the database may still hold what was erased */
    uint64_t seen;                         /* events before this one have been searched for erasures */
    uint64_t n_of[LOG_ERASE_ARTIFACT + 1]; /* how many events and artifacts, by enum log_erase_what */
};

struct verify {
    struct ledger *ledger;
    const struct log_verify_options *options;
    struct log_report *report;
    struct core_view view;
    uint64_t renewed;
    struct buf newest;  /* the newest checkpoint, copied at the first snapshot */
    struct head head;   /* of the first snapshot: the head that is verified */
    struct db_txn *txn; /* the view's */

    struct verify_checker *mine; /* of the caller's thread; owned */
    struct merkle_edge edge;     /* over the events read so far */
    struct verify_chain chain;
    bool gaps_in_reading;     /* some events could not be read: counts that depend on them are not checked */
    uint64_t next_checkpoint; /* size of the next kept one; LOG_NO_SEQ: none; 0: not yet searched for */
    bool checkpoints_end;     /* a record among them has an invalid key: those after it are not judged */
    uint64_t last_kept;       /* size of the last kept one that was seen */
    bool newest_judged;       /* the newest checkpoint has been compared with the events */

    struct verify_epoch *epoch; /* recomputed from the events; owned */
    size_t n_epochs, cap_epochs;
    struct note_vkey log; /* from the event of seq 0 */
    bool log_known;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t genesis[EVENT_HASH];

    char keyed_by[KEY_SECRET_DIGEST]; /* how events name the ledger's secret; "": no event does */
    uint64_t keyed_by_seq;            /* the first of them */

    struct verify_signed *author; /* owned */
    size_t n_authors, cap_authors;
    struct verify_stored *stored; /* owned */
    size_t n_stored, cap_stored;

    struct verify_erasures erasures;
    uint64_t from; /* the first event to read */
    struct verify_counts counts;
    uint64_t n_checkpoints, n_artifacts;
    uint64_t naming; /* the group that the sweep loaded to name a surplus record; LOG_NO_SEQ: none */
    uint64_t n_restored, last_restored;
    struct err hindered; /* the first system failure; code 0: none */
};

/* Adds a finding; its aspect becomes faulty. seq LOG_NO_SEQ: about no event. */
void verify_fault(struct verify *v, enum log_aspect aspect, uint64_t seq, const char *table, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for a broken rule of docs/format.md 11. */
void verify_refuse(struct verify *v, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                   const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void verify_vfault(struct verify *v, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                   const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));
/* True when `rc` is a system failure, not a fault of the ledger. The first one is kept and ends the
 * verification. */
bool verify_hindered(struct verify *v, int rc, const struct err *why);
/* Renews the snapshot when it is a second old. ERR_BUSY: the caller asked to stop. */
int verify_renew(struct verify *v, struct err *err);
/* The same for any view, without the stop check. *renewed: time of the last renewal; 0 forces one. */
int verify_view_renew(struct core_view *view, uint64_t *renewed, struct err *err);

int verify_events(struct verify *v, struct err *err);
int verify_tables(struct verify *v, struct err *err);
/* Leaves system failures in v->hindered. */
void verify_anchor(struct verify *v);

/* ---- erasures.c ---- */

/* Notes that an event's body, or some of its private fields, are missing. */
int verify_absent(struct verify *v, uint64_t seq, bool body, struct err *err);
/* Notes what a ledger.erased event says. */
int verify_claim(struct verify *v, const struct event_header *h, struct bytes body, struct err *err);
/* Compares the two, after all events have been read. */
int verify_erasures(struct verify *v, struct err *err);
/* Whether a claim names this artifact; call after verify_erasures. */
bool verify_artifact_claimed(const struct verify *v, struct bytes digest);
/* Whether an event after all those that were read erased it: the next verification reads that event. */
bool verify_erased_since(struct verify *v, struct bytes digest);
/* Writes the report's text; false: nothing was erased. */
bool verify_erasures_say(const struct verify *v, char *out, size_t max);
void verify_erasures_done(struct verify *v);

/* ---- group.c ---- */

/* NULL when out of memory. The caller must set the view and, for quiet checks, the members that the crew shares. */
struct verify_checker *verify_checker_new(struct verify *v);
void verify_checker_free(struct verify_checker *c);
/* Checks event i of the loaded group as far as possible without earlier events; a full check also judges what it says about
 * epochs. Negative: reading cannot continue. */
int verify_check_event(struct verify_checker *c, size_t i, struct err *err);
/* Reads a field of the body of the form "sha256:<hex>". */
bool verify_digest_get(struct bytes body, const char *name, uint8_t ret[EVENT_HASH]);
/* Checks the key run of the group whose events have been checked, while that run is in evidence. */
int verify_check_key_run(struct verify_checker *c, struct err *err);
/* Runs the quiet check on one full group. */
void verify_check_quietly(struct verify_checker *c, uint64_t index, const struct verify_known *known,
                          struct verify_part *ret);

/* ---- crew.c ---- */

struct verify_crew;
/* Starts quiet checks of the full groups [first, end) on as many threads as the options ask for. */
int verify_crew_new(struct verify *v, uint64_t first, uint64_t end, struct verify_crew **ret, struct err *err);
/* Returns the result for the next group in order; the caller's thread checks groups while it waits. Borrowed until the next
 * call. NULL: no group is left. */
const struct verify_part *verify_crew_next(struct verify_crew *crew);
/* Passes on what the events now say, in case it changed. verify_crew_known returns the current version. */
void verify_crew_tell(struct verify_crew *crew);
uint64_t verify_crew_known(const struct verify_crew *crew);
/* Stops all threads; NULL is fine. */
void verify_crew_free(struct verify_crew *crew);

/* A few spaces for large content, shared by any number of threads. A thread holds at most one; take waits until one is
 * free. */
struct verify_space *verify_space_take(struct verify_spaces *spaces);
void verify_space_give(struct verify_spaces *spaces, struct verify_space *space);
/* The size in bytes from which a group's content, or an event's record, counts as large. */
size_t verify_large_group(const struct verify_spaces *spaces);
size_t verify_large_record(const struct verify_spaces *spaces);
int verify_space_init(struct verify_space *space, struct err *err);
void verify_space_done(struct verify_space *space);

/* ---- seals.c ---- */

/* Processes ledger.created, ledger.key_rotated or ledger.restored. body: canonical map. */
int verify_epoch_event(struct verify *v, const struct event_header *h, struct bytes body, struct err *err);
/* Whether the event is one of those three. */
bool verify_is_epoch_event(const struct event_header *h);
/* Takes the epoch keys of events [from, end), which could not be read, from the table that caches them, so that later
 * events can still be judged. */
int verify_epochs_cached(struct verify *v, uint64_t from, uint64_t end, struct err *err);
/* Judges the kept checkpoint at the edge's size, if there is one. */
int verify_checkpoint_here(struct verify *v, struct err *err);
/* Judges a kept checkpoint at whose size no epoch begins. `judged` may be NULL. */
void verify_checkpoint_at(struct verify *v, const struct merkle_edge *edge, struct bytes record,
                          const struct verify_judged *judged);
/* Finds the first kept checkpoint of at least `size`. */
int verify_checkpoint_seek(struct verify *v, uint64_t size, struct err *err);
/* The verdicts of the known keys on a note; none when it does not parse. */
void verify_judge_keys(struct bytes note, const struct verify_known *known, struct note *scratch,
                       struct verify_judged *ret);
/* Call after the last event: judges the newest checkpoint and the epoch table. */
int verify_seals_end(struct verify *v, struct err *err);

#endif
