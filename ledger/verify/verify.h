/* The state that the parts of a verification share. A fault is a finding, not an error: the reading continues after it.
 *
 *   verify.c         the flow and the report
 *   events.c         every event, in order: joins what the crew has checked, and checks the rest itself
 *   crew.c           the threads, and who checks which group
 *   group.c          what can be checked of a group by itself
 *   seals.c          judges checkpoints, epochs and handovers
 *   tables.c         sweeps the tables for what no event accounts for
 *   erasures.c compares what is missing with what events say was erased
 *   anchor.c         compares with what the caller trusts
 *
 * Threads check groups quietly: such a check only says whether there is anything to say, and what the joining needs to go
 * on (verify_part). Whatever is not plainly good (a fault, an event that brings a key, a record that could not be read) is
 * checked again, aloud and in order, by the caller's thread. So each check stands once, and the report is the same whatever
 * the number of threads. */
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
    uint64_t seq;                /* of the event that brought it */
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
    uint64_t external, private_; /* records that the events ask for */
    uint64_t authored, author_good, gaps, first_gap;
};

#define VERIFY_KEYS        3     /* that a quiet check knows */
#define VERIFY_MARKS       4     /* kept checkpoints that it can carry, */
#define VERIFY_RECORDS_MAX 16384 /* and bytes of their records; of groups with more nothing is said */

/* What the events before say, as far as a quiet check may build on it. */
struct verify_known {
    uint64_t version; /* changes with the content */
    uint8_t genesis[EVENT_HASH];
    char origin[NOTE_NAME_MAX + 1];
    size_t n_keys; /* the log key, the newest epoch key, the one before */
    struct note_vkey key[VERIFY_KEYS];
};

/* Verdicts on a note's signatures that were made before it was known which of them count. */
struct verify_judged {
    size_t n;
    struct note_vkey key[VERIFY_KEYS];
    enum note_verdict verdict[VERIFY_KEYS];
};

/* A signed event, and the hash of (author key, key). */
struct verify_signed {
    uint64_t hash, seq;
};

/* What an event says there is: an artifact that was put, or a cursor (cursor.h). */
struct verify_stored {
    uint64_t seq;
    bool cursor;
    uint8_t digest[EVENT_HASH];
};

/* What a group and one event's records are unpacked into. */
struct verify_space {
    struct group *group;
    struct buf payload, private_;
};

struct verify_spaces;

/* One thread's means of checking the groups that it is given. */
struct verify_checker {
    struct verify *v; /* what stands below is its own; of *v it reads what does not change, unless it is not quiet */
    bool quiet;       /* a finding is not made but noticed */
    bool noticed;
    struct core_view *view;
    uint64_t *renewed;
    struct verify_chain *chain;
    const uint8_t *genesis; /* for authors' signatures */
    const char *origin;
    struct verify_space own;
    struct verify_spaces *spaces; /* for what is large; NULL: the own one takes everything */
    struct verify_space *large;   /* one of those, while this thread has it */
    struct group *group;          /* the one in use, as are the two below */
    struct buf *payload, *private_;
    bool build_run; /* pairs of keys go into key_run */
    struct buf key_run;
    struct note note;
    struct verify_counts counts; /* of the group at hand */
    size_t n_authors;
    struct verify_signed author[EVENT_GROUP];
    size_t n_stored;
    struct verify_stored stored[EVENT_GROUP];
    uint8_t tree[2 * EVENT_GROUP][EVENT_HASH];
    struct err why;
};

/* A kept checkpoint of a size in (first, first + 256]. */
struct verify_mark {
    uint64_t size;
    size_t at, n; /* of its record, in verify_part.records */
    size_t n_edge;
    uint8_t edge[8][EVENT_HASH]; /* compact range [first, size) when it ends within the group */
    struct verify_judged judged;
};

/* What a quiet check found of a group with which nothing is wrong. */
struct verify_part {
    bool good;      /* else the rest says nothing */
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

/* That a ledger.erased event names something as erased. */
struct verify_claim {
    enum log_erase_what what;
    uint64_t seq, by;           /* of which event; the event that says so */
    uint8_t digest[EVENT_HASH]; /* which artifact */
    size_t at, n;               /* names of fields, a canonical array in verify_erasures.names; n 0: all of them */
};

/* An event whose body, or some of whose private fields, are not there any more. */
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
    uint64_t seen;                         /* the events before this one were looked at for what they erased */
    uint64_t n_of[LOG_ERASE_ARTIFACT + 1]; /* events, artifacts */
};

struct verify {
    struct ledger *ledger;
    const struct log_verify_options *options;
    struct log_report *report;
    struct core_view view;
    uint64_t renewed;
    struct buf newest;  /* the newest checkpoint, copied at the first snapshot */
    struct head head;   /* of the first snapshot: what is verified */
    struct db_txn *txn; /* view's */

    struct verify_checker *mine; /* of the caller's thread; owned */
    struct merkle_edge edge;     /* over the events read so far */
    struct verify_chain chain;
    bool gaps_in_reading;     /* some events could not be read: what depends on them cannot be counted */
    uint64_t next_checkpoint; /* size of the next kept one; LOG_NO_SEQ: none; 0: not looked for yet */
    bool checkpoints_end;     /* something that is not a key is between them: those after it are strangers */
    uint64_t last_kept;       /* size of the last kept one that was seen */
    bool newest_judged;       /* the newest checkpoint, against the events */

    struct verify_epoch *epoch; /* recomputed from the events; owned */
    size_t n_epochs, cap_epochs;
    struct note_vkey log; /* from the event of seq 0 */
    bool log_known;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t genesis[EVENT_HASH];

    char keyed_by[KEY_SECRET_DIGEST]; /* how events name the ledger's secret; "": none does */
    uint64_t keyed_by_seq;            /* the first of them */

    struct verify_signed *author; /* owned */
    size_t n_authors, cap_authors;
    struct verify_stored *stored; /* owned */
    size_t n_stored, cap_stored;

    struct verify_erasures erasures;
    uint64_t from; /* first event that is read */
    struct verify_counts counts;
    uint64_t n_checkpoints, n_artifacts;
    uint64_t naming; /* group that the sweep has loaded to name a surplus record; LOG_NO_SEQ: none */
    uint64_t n_restored, last_restored;
    struct err hindered; /* the first failure of the system; code 0: none */
};

/* Adds a finding; aspects of it become faulty. seq LOG_NO_SEQ: about none. */
void verify_fault(struct verify *v, enum log_aspect aspect, uint64_t seq, const char *table, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same of a rule of docs/format.md 11 that is broken. */
void verify_refuse(struct verify *v, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                   const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void verify_vfault(struct verify *v, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                   const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));
/* True when `rc` is the system's failure: no fault of the ledger. It is kept, and the verification ends with it. */
bool verify_hindered(struct verify *v, int rc, const struct err *why);
/* Renews the snapshot when it is a second old. ERR_BUSY: it was told to stop. */
int verify_renew(struct verify *v, struct err *err);
/* The same of any view; *renewed: when it was, 0 when it must be. */
int verify_view_renew(struct core_view *view, uint64_t *renewed, struct err *err);

int verify_events(struct verify *v, struct err *err);
int verify_tables(struct verify *v, struct err *err);
/* Faults of the system are left in v->hindered. */
void verify_anchor(struct verify *v);

/* ---- erasures.c ---- */

/* Notes that an event's body, or some of its private fields, are missing. */
int verify_absent(struct verify *v, uint64_t seq, bool body, struct err *err);
/* Notes what a ledger.erased event says. */
int verify_claim(struct verify *v, const struct event_header *h, struct bytes body, struct err *err);
/* Compares both, when all events have been read. */
int verify_erasures(struct verify *v, struct err *err);
/* A claim names this artifact; after verify_erasures. */
bool verify_artifact_claimed(const struct verify *v, struct bytes digest);
/* It was erased by an event that comes after all that were read: the next verification sees it. */
bool verify_erased_since(struct verify *v, struct bytes digest);
/* The report's words; false: nothing was erased. */
bool verify_erasures_say(const struct verify *v, char *out, size_t max);
void verify_erasures_done(struct verify *v);

/* ---- group.c ---- */

/* NULL on no memory. It is useless before its view and, for quiet checks, its place among the crew are set. */
struct verify_checker *verify_checker_new(struct verify *v);
void verify_checker_free(struct verify_checker *c);
/* Checks event i of the loaded group as far as it can be checked without the ones before it; aloud also what it says of
 * epochs. Negative: the reading cannot go on. */
int verify_check_event(struct verify_checker *c, size_t i, struct err *err);
/* A field of a body that is "sha256:<hex>". */
bool verify_digest_get(struct bytes body, const char *name, uint8_t ret[EVENT_HASH]);
/* The key run of the group whose events have been checked, while it is in evidence. */
int verify_check_key_run(struct verify_checker *c, struct err *err);
/* Checks a whole full group quietly. */
void verify_check_quietly(struct verify_checker *c, uint64_t index, const struct verify_known *known,
                          struct verify_part *ret);

/* ---- crew.c ---- */

struct verify_crew;
/* Checks the full groups [first, end) quietly, on as many threads as the options ask for. */
int verify_crew_new(struct verify *v, uint64_t first, uint64_t end, struct verify_crew **ret, struct err *err);
/* The next group in order, as it was checked; the caller's thread checks groups meanwhile. Borrowed until the next call.
 * NULL: there is none left. */
const struct verify_part *verify_crew_next(struct verify_crew *crew);
/* What the events say has changed, or may have; its version now. */
void verify_crew_tell(struct verify_crew *crew);
uint64_t verify_crew_known(const struct verify_crew *crew);
/* Ends all threads; NULL is fine. */
void verify_crew_free(struct verify_crew *crew);

/* Spaces for what is large, of which there are few, whatever the number of threads. A thread has one at a time; take waits
 * until one is free. */
struct verify_space *verify_space_take(struct verify_spaces *spaces);
void verify_space_give(struct verify_spaces *spaces, struct verify_space *space);
/* From how many bytes on a group's content, and a record of an event, are large. */
size_t verify_large_group(const struct verify_spaces *spaces);
size_t verify_large_record(const struct verify_spaces *spaces);
int verify_space_init(struct verify_space *space, struct err *err);
void verify_space_done(struct verify_space *space);

/* ---- seals.c ---- */

/* Takes notice of ledger.created, key_rotated, restored. body: canonical map. */
int verify_epoch_event(struct verify *v, const struct event_header *h, struct bytes body, struct err *err);
/* It is one of those. */
bool verify_is_epoch_event(const struct event_header *h);
/* Epoch keys of events [from, end) that could not be read, from the table that caches them, so that what follows can be
 * judged all the same. */
int verify_epochs_cached(struct verify *v, uint64_t from, uint64_t end, struct err *err);
/* Judges the kept checkpoint at the edge's size, if there is one. */
int verify_checkpoint_here(struct verify *v, struct err *err);
/* Judges a kept checkpoint of a size at which no epoch begins. `judged` may be NULL. */
void verify_checkpoint_at(struct verify *v, const struct merkle_edge *edge, struct bytes record,
                          const struct verify_judged *judged);
/* Finds the first kept checkpoint of at least `size`. */
int verify_checkpoint_seek(struct verify *v, uint64_t size, struct err *err);
/* Verdicts of these keys on a note; none when it does not parse. */
void verify_judge_keys(struct bytes note, const struct verify_known *known, struct note *scratch,
                       struct verify_judged *ret);
/* After the last event: the newest checkpoint and the epoch table. */
int verify_seals_end(struct verify *v, struct err *err);

#endif
