/* The log: the append-only, signed, hash-chained events of one machine, and what can be proven from them.
 *
 * This folder holds the truth: events, chain, tree, seals and their storage. The floors above it use this header; the
 * public library has its own headers in lib/include/ledger/. docs/format.md has every byte, docs/design.md the reasons.
 *
 * Conventions: functions return 0 or a negative ERR_* (base/err.h) and fill *err; `ret_` outputs are untouched on failure;
 * iterators return 1 at the end. struct bytes borrows. Times are ns since the Unix epoch, UTC. A body is a canonical
 * msgpack map (log_json_to_body makes one from JSON). A handle may be used from several threads at once unless said
 * otherwise; a child after fork opens its own. Opening the same directory twice in one process gives ERR_BUSY. */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/version.h"

#define LOG_HASH             32
#define LOG_BATCH_EVENTS_MAX 65536
#define LOG_BATCH_BYTES_MAX  ((size_t)64 << 20)
#define LOG_NO_SEQ           UINT64_MAX

struct ledger;

/* ---- creating and opening ----------------------------------------------------------------------------------------- */

struct log_create_options {
    const char *origin;      /* "example.org/box-1": a URL without scheme, spaces or '+' */
    const char *actor;       /* who creates it: "user:alice" */
    struct bytes passphrase; /* for the secret keys; empty: none */
    uint64_t map_bytes;      /* quota of the database in bytes; 0: the default, 64 GiB */
};

/* Creates a ledger in `dir` (absent or an empty directory). It is built under a temporary name and renamed, so it exists
 * completely or not at all. Seq 0 is ledger.created. */
int log_create(const char *dir, const struct log_create_options *options, struct err *err);

struct log_open_options {
    struct bytes passphrase; /* for the secret keys; empty: none. Needed at the first append only */
    bool read_only;          /* never appends, never asks for a key */
    bool exposed_keys;       /* sign even with a key file of ours that group or others can access; else that is refused */
    bool no_private;         /* private fields of events read as if there were none */
    bool leaves_derived;     /* stores nothing derived either: states are computed in memory, the index is used as it is */
    bool keep_readers;       /* opening clears no dead readers, for log_readers_look; the first append still does */
    uint64_t map_bytes;      /* 0: as the configuration file says */
    /* How long to wait for other processes that are opening the ledger or writing to it. After that: ERR_BUSY, which names
     * them, and nothing is written. 0: no limit. `waiting` (may be NULL) is called once in a wait, after some seconds, by
     * the waiting thread, with a phrase such as "waiting for process 1234 (ledger), which is writing". */
    uint64_t wait_ns;
    void (*waiting)(void *ctx, const char *text);
    void *waiting_ctx;
};

/* ERR_NOTFOUND: no ledger there. ERR_VERSION: newer format. ERR_CORRUPT: the database is cut short or unreadable.
 * options may be NULL. The cost does not depend on the number of events. */
int log_open(const char *dir, const struct log_open_options *options, struct ledger **ret, struct err *err);
/* NULL is fine. Lets threads finish the derived data they are writing; if other processes block that for two seconds, it
 * is abandoned and a later process builds it. */
void log_close(struct ledger *ledger);
/* ERR_INVALID: it was opened before this process was forked from the one that did. */
int log_check_process(const struct ledger *ledger, struct err *err);

struct log_head {
    uint64_t size;          /* number of events */
    uint8_t root[LOG_HASH]; /* RFC 6962 root over their headers */
    uint64_t time;          /* of the newest event */
};
int log_head(struct ledger *ledger, struct log_head *ret, struct err *err);
/* Borrowed until close. */
const char *log_origin(const struct ledger *ledger);
const char *log_dir(const struct ledger *ledger);
/* Leaf of seq 0, which identifies this ledger permanently. */
void log_genesis(const struct ledger *ledger, uint8_t ret_leaf[LOG_HASH]);
/* The newest checkpoint as a signed note. */
int log_checkpoint(struct ledger *ledger, struct buf *out, struct err *err);

/* ---- appending ---------------------------------------------------------------------------------------------------- */

struct log_author; /* a person's or service's own signing key */
int log_author_load(const char *path, struct bytes passphrase, struct log_author **ret, struct err *err);
void log_author_free(struct log_author *author);

enum log_cause { LOG_CAUSE_NONE, LOG_CAUSE_SEQ, LOG_CAUSE_BATCH, LOG_CAUSE_KEY };

struct log_draft {
    struct bytes kind, subject, actor, source, grade, run, key; /* run, key may be empty */
    struct bytes body;                                          /* canonical map; may be empty bytes */
    struct bytes private_;                                      /* canonical map; may be empty bytes */
    struct bytes open; /* x.* kinds: canonical array of the names of open fields; may be empty bytes */
    enum log_cause cause_type;
    uint64_t cause;         /* a seq, or the index of an earlier draft of the same batch */
    struct bytes cause_key; /* LOG_CAUSE_KEY: the idempotency key of an earlier event of the same source, in the log or in
                               the same batch; the commit returns ERR_INVALID if there is none */
    uint64_t none_after;    /* refuse (ERR_CONFLICT) when this subject has an event after that seq; LOG_NO_SEQ: no
                               condition. All events after it are read while every writer waits: name a recent one */
    bool force_private;     /* keep unknown fields whose names resemble the catalog's, as private ones; else refused */
    const struct log_author *author; /* NULL: unsigned. Then an empty key is filled with 128 random bits */
};
void log_draft_init(struct log_draft *draft); /* all empty, no condition */
/* Checks a draft as log_batch_add does, without a ledger, and appends its open and private fields as they would be
 * written: canonical maps, secrets masked; nothing to ret_private when there is no private field. Its key, cause and
 * condition are not looked up, and it is not signed. */
int log_draft_check(const struct log_draft *draft, struct buf *ret_body, struct buf *ret_private, uint32_t *ret_masked,
                    struct err *err);

struct log_receipt {
    uint64_t seq;
    uint8_t leaf[LOG_HASH];
    bool duplicate;  /* (source, key) is in the log already: seq and leaf are the first event's, nothing was written */
    uint32_t masked; /* secrets masked in this event */
};

/* A batch: drafts are checked and encoded as they are added, then all committed or none. One thread at a time. */
struct log_batch;
int log_batch_new(struct ledger *ledger, struct log_batch **ret, struct err *err);
/* Copies what it needs. A refused draft leaves the batch as it was: ERR_INVALID, ERR_NOTFOUND (kind), ERR_LIMIT (this
 * event is too large), ERR_FULL never; ERR_BUSY: the batch has no more room, commit first. */
int log_batch_add(struct log_batch *batch, const struct log_draft *draft, struct err *err);
size_t log_batch_count(const struct log_batch *batch);
/* Removes drafts, such as one that a commit named: `n` indexes in ascending order, each once. Later drafts move up; drafts
 * that named a removed one as their cause lose it. The memory is reused after the commit. */
void log_batch_remove(struct log_batch *batch, const size_t *indexes, size_t n);
/* Whether the indexes are as log_batch_remove wants them, and no draft that stays loses its cause. */
int log_batch_remove_check(const struct log_batch *batch, const size_t *indexes, size_t n, struct err *err);
/* A cursor (where a source continues), stored in the same transaction: at most 1024 of different names, of one name the
 * last value. ERR_INVALID, ERR_LIMIT: the name is not 1 to 255 bytes of UTF-8 without control characters, or the value
 * has more than 4096 bytes. ERR_BUSY: there are 1024, commit first. */
#define LOG_BATCH_CURSORS_MAX 1024
int log_batch_set_cursor(struct log_batch *batch, const char *name, struct bytes value, struct err *err);
void log_batch_clear_cursors(struct log_batch *batch);
/* Durable and sealed when it returns 0; then the batch is empty. receipts: room for log_batch_count entries, or NULL.
 * ret_head (may be NULL) is the sealed head that covers them. On failure nothing of the batch is stored, except that after
 * ERR_IO it may be; the caller finds out by its keys after opening again. ERR_CONFLICT and ERR_INVALID name
 * the draft ("event 3 of the batch: ..."); *ret_at (may be NULL) gets its index, or SIZE_MAX. The batch keeps its drafts
 * on failure. */
int log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head, size_t *ret_at,
                     struct err *err);
void log_batch_clear(struct log_batch *batch);
void log_batch_free(struct log_batch *batch);
/* One draft, one durable commit. */
int log_append(struct ledger *ledger, const struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
               struct err *err);

/* Appends the cursor's value; ERR_NOTFOUND if it does not exist. */
int log_cursor_get(struct ledger *ledger, const char *name, struct buf *out, struct err *err);

/* ---- reading ------------------------------------------------------------------------------------------------------ */

struct log_event {
    uint64_t seq, time;
    uint32_t schema;
    struct bytes kind, subject, actor, source, grade, run, key;
    bool has_cause;
    uint64_t cause;
    struct bytes header;    /* the leaf's bytes */
    struct bytes payload;   /* canonical [body map, author]; empty when erased */
    struct bytes body;      /* the body map inside it; empty when erased */
    struct bytes author;    /* key name; empty when unsigned */
    uint8_t salt[LOG_HASH]; /* of the body commitment; meaningless when erased */
    uint8_t leaf[LOG_HASH];
    bool has_private;
};

/* Events [from, to) in order, as of the size when it was opened; to is cut to that size. Each event's bytes are recomputed
 * up to its leaf and compared with the stored tree's group, so a damaged group gives ERR_CORRUPT or ERR_TAMPERED with its
 * seq range; next may be called again to continue after it. One thread at a time; memory is bounded by one group. */
struct log_reader;
int log_reader_open(struct ledger *ledger, uint64_t from, uint64_t to, struct log_reader **ret, struct err *err);
/* The same with a reader that is there, as of the size now: what it has read is forgotten, its memory and its place among the database's
 * readers are kept. */
int log_reader_again(struct log_reader *reader, uint64_t from, uint64_t to, struct err *err);
/* 0, 1 at the end. *ret borrows until the next call. */
int log_reader_next(struct log_reader *reader, struct log_event *ret, struct err *err);
/* Sets the event that is read next. Seeking within one group of 256 events costs nothing. */
void log_reader_seek(struct log_reader *reader, uint64_t seq);
/* Appends the private fields of the event last read as one canonical map; erased fields are left out. */
int log_reader_private(struct log_reader *reader, struct buf *out, struct err *err);
void log_reader_close(struct log_reader *reader);

/* Appends an event as one JSON object (line style or pretty). Times are strings. The member "private" is present only if
 * private fields are passed (a canonical map, else empty bytes); "private_commitment" shows whether the event has any. */
int log_event_json(const struct log_event *event, struct bytes private_, bool pretty, struct buf *out, struct err *err);
/* The same with what later events say about it, as members at the end, each present only if it applies. */
struct log_event_marks {
    uint64_t corrected_by; /* LOG_NO_SEQ: not corrected */
    struct bytes erased;   /* MessagePack: who erased what of it, "erased_by"; empty: nothing was erased */
};
int log_event_json_marked(const struct log_event *event, struct bytes private_, const struct log_event_marks *marks,
                          bool pretty, struct buf *out, struct err *err);
/* Appends a body, or private fields, of an event of this kind as indented JSON for people: fields of type time as
 * RFC 3339. */
int log_fields_text(struct bytes kind, struct bytes map, struct buf *out, struct err *err);
/* One JSON object as a canonical map. */
int log_json_to_body(struct bytes json, struct buf *out, struct err *err);

/* ---- artifacts ---------------------------------------------------------------------------------------------------- */

/* Stores a file by content; *ret_id is "artifact:sha256:<hex>" (LOG_ARTIFACT_ID bytes with NUL). Durable when it
 * returns. Storing the same bytes again changes nothing. `path` "-" is standard input. */
#define LOG_ARTIFACT_ID 81
int log_artifact_put(struct ledger *ledger, const char *path, char ret_id[LOG_ARTIFACT_ID], uint64_t *ret_size,
                     struct err *err);
/* Writes the content to a file descriptor, checking its hash: ERR_TAMPERED after the last byte when it differs. */
int log_artifact_get(struct ledger *ledger, const char *id, int fd, struct err *err);

/* ---- erasing ------------------------------------------------------------------------------------------------------ */

enum log_erase_what { LOG_ERASE_BODY, LOG_ERASE_PRIVATE, LOG_ERASE_ARTIFACT };
#define LOG_ERASE_MAX 4096 /* events at once */

struct log_erase_options {
    enum log_erase_what what;
    const uint64_t *seqs; /* the events; none for an artifact */
    size_t n_seqs;
    const char *const *fields; /* names of private fields; each event must have them all. None: all of them */
    size_t n_fields;
    const char *artifact; /* id; else NULL */
    const char *reason;   /* a word, which is open: request, retention, mistake */
    const char *actor;
    const char *note; /* private; may be NULL */
};

/* Erases content and appends ledger.erased, in one commit: the commitments stay, and every hash above them still holds.
 * ERR_NOTFOUND: no such event, field or artifact, or it was erased before. ERR_INVALID: the content of ledger.created,
 * key_rotated, restored and erased, and bodies signed by an author, cannot be erased. On failure nothing is erased. */
int log_erase(struct ledger *ledger, const struct log_erase_options *options, struct log_receipt *ret, struct err *err);
/* Removes the bytes of everything that was erased: copies the database into a new generation, to which every process moves
 * on, then overwrites and removes the old files, those of erased artifacts, and derived data. Others can append again as
 * soon as the copy is made. ERR_BUSY: after wait_ns some process still has old files open (*ret_pid, may be NULL; 0:
 * unknown), so they still exist; call it again. ERR_FULL: no room for the copy; the ledger is unchanged. */
int log_erase_finish(struct ledger *ledger, uint64_t wait_ns, uint64_t *ret_pid, struct err *err);

/* ---- correcting --------------------------------------------------------------------------------------------------- */

struct log_correct_options {
    uint64_t seq;         /* the event that was a mistake */
    uint64_t replaced_by; /* the event that replaces it; LOG_NO_SEQ: none */
    const char *reason;   /* open: wrong_subject */
    const char *actor;
    const char *note; /* private; may be NULL */
};

/* Appends ledger.corrected: the event stays, but no state counts it any more. ERR_NOTFOUND: no such event. ERR_INVALID: it
 * is one of the ledger's own (ledger.*), or the replacement was itself corrected. ERR_CONFLICT: it was corrected before. */
int log_correct(struct ledger *ledger, const struct log_correct_options *options, struct log_receipt *ret, struct err *err);
/* Refuses what log_correct would refuse now; otherwise calls `show` with the event it would append, body and private fields
 * as they would be written, and writes nothing. The preview is borrowed until `show` returns; its result is returned. */
struct log_correct_preview {
    const struct log_draft *draft;
    uint64_t seq; /* that the event would get */
    uint32_t masked;
};
int log_correct_preview(struct ledger *ledger, const struct log_correct_options *options,
                        int (*show)(void *ctx, const struct log_correct_preview *preview, struct err *err), void *ctx,
                        struct err *err);

/* ---- proving ------------------------------------------------------------------------------------------------------ */

/* A .tlog-proof of seq against the newest checkpoint, the leaf's bytes, and salt[32] || payload; each may be NULL. */
int log_prove(struct ledger *ledger, uint64_t seq, struct buf *proof, struct buf *leaf, struct buf *payload,
              struct err *err);

/* ---- places ------------------------------------------------------------------------------------------------------- */

/* A ledger records where it is appended to, as a machine and a file. A copy of its directory that was appended to as well
 * would be a second history under the same name, sealed by the same keys, so appending to a copy is refused
 * (ERR_ROLLBACK). */
enum log_place {
    LOG_PLACE_UNKNOWN, /* nothing is recorded yet: the next append records it */
    LOG_PLACE_HOME,    /* here */
    LOG_PLACE_COPY,    /* elsewhere: this is a copy, or it was moved to another file system or machine */
    LOG_PLACE_BACKUP   /* a backup, which is never appended to */
};
int log_place(struct ledger *ledger, enum log_place *ret, struct err *err);
/* The caller vouches that the directory was moved here and the original is gone: appends ledger.moved. ERR_INVALID: it was
 * not moved. reason may be NULL. */
int log_moved(struct ledger *ledger, const char *actor, const char *reason, struct log_receipt *ret, struct err *err);

/* ---- verifying ---------------------------------------------------------------------------------------------------- */

enum log_verdict { /* also the command's exit codes */
                   LOG_GOOD = 0,
                   LOG_NOT_ANCHORED = 10,
                   LOG_CONTRADICTS = 20,
                   LOG_INVALID = 30
};

enum log_aspect {                   /* lines of the verdict, in this order */
                  LOG_CONTAINER,    /* of a bundle only: the tar's form, its members */
                  LOG_INTEGRITY,    /* headers, chain, tree, payloads against commitments */
                  LOG_SEALS,        /* checkpoint, log key, handovers; of a bundle also the manifest's signature */
                  LOG_ANCHORING,    /* against what the caller trusts */
                  LOG_COMPLETENESS, /* nothing is missing; the bounds */
                  LOG_AUTHORS,
                  LOG_ERASURES,
                  LOG_GAPS,
                  LOG_STATES, /* of a bundle only */
                  LOG_DERIVED /* of a ledger or proof only */
};
#define LOG_ASPECTS 10

enum log_aspect_state { LOG_ASPECT_GOOD, LOG_ASPECT_NOTE, LOG_ASPECT_UNCHECKED, LOG_ASPECT_FAULT, LOG_ASPECT_ABSENT };

struct log_finding {
    enum log_aspect aspect;
    uint64_t seq;    /* the event it is about; LOG_NO_SEQ: no event */
    char place[100]; /* the table of a ledger, "tail"; the member of a bundle, "entries/12"; empty: none */
    char rule[8];    /* of docs/format.md 11 or docs/bundle.md, "F19"; empty: it is about storage */
    char reason[512];
};

#define LOG_FINDINGS_MAX 64
struct log_report {
    enum log_verdict verdict;
    char origin[257];
    enum log_place place; /* a head seen in a copy must not be trusted: see log_place */
    struct log_head head;
    uint64_t from; /* first seq whose bytes were read; not 0 only with since_verified */
    struct {
        enum log_aspect_state state;
        char text[512];
    } aspect[LOG_ASPECTS];
    char contradicts[8]; /* the rule of docs/format.md 11 by which it contradicts what was known: "T3"; empty: none */
    uint64_t n_findings; /* of all, including those beyond the array; findings[0] is the first by seq */
    struct log_finding findings[LOG_FINDINGS_MAX];
};
const char *log_aspect_name(enum log_aspect aspect);
size_t log_findings_kept(const struct log_report *report); /* those in findings[] */

struct log_trust; /* what the verifier's caller trusts: policy lines, keys, genesis leaves, checkpoints, authors */
struct log_trust *log_trust_new(void);
void log_trust_free(struct log_trust *trust);
/* From now on paths name regular files: a pipe is ERR_INVALID instead of being waited for, "-" is a name like any other. */
void log_trust_only_files(struct log_trust *trust);
int log_trust_policy(struct log_trust *trust, const char *path, struct err *err); /* a C2SP policy file */
int log_trust_file(struct log_trust *trust, const char *path, struct err *err); /* the user's trust file; absent is fine */
int log_trust_key(struct log_trust *trust, const char *vkey, struct err *err);  /* a log's verifier key */
int log_trust_genesis(struct log_trust *trust, const char *leaf_hex, struct err *err);
int log_trust_checkpoint(struct log_trust *trust, const char *path, struct err *err); /* a known note */
int log_trust_authors(struct log_trust *trust, const char *path, struct err *err);    /* a vkey a line */

struct log_verify_options {
    const struct log_trust *trust; /* may be NULL: nothing is trusted */
    bool derived;                  /* also replay and compare derived data */
    bool since_verified;           /* read only events after the trusted head of this origin, and report that */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* may be NULL; called at most about ten times a second */
    void *progress_ctx;
    const volatile int *stop; /* not 0: ERR_BUSY ("interrupted"). May be NULL */
    unsigned threads; /* that check events at the same time, the caller's among them; 0: as many as there are processors */
};
#define LOG_VERIFY_THREADS_MAX 16
/* Reads every byte of the evidence. Returns 0 with the report whatever the verdict is, and an error only if it could not
 * continue reading: a failure of the system is never a finding (ERR_IO, ERR_NOMEM, ERR_FULL, ERR_BUSY; the last also if
 * faults were found in a ledger that is being written to while it is read through a read-only mount). A damaged database
 * can kill the process that reads it (SIGBUS): callers that must survive call it in a child. Its threads have ended when it
 * returns; the report does not depend on their number, and progress is called by the caller's thread. */
int log_verify(struct ledger *ledger, const struct log_verify_options *options, struct log_report *ret, struct err *err);
/* Checks a .tlog-proof offline, without any ledger. `payload` is salt || payload; payload.p NULL: none is given. Malformed
 * input is a finding. */
int log_verify_proof(struct bytes proof, struct bytes leaf, struct bytes payload, const struct log_trust *trust,
                     struct log_report *ret, struct err *err);

/* ---- keys --------------------------------------------------------------------------------------------------------- */

struct log_epoch {
    uint64_t epoch;     /* 0 begins with the first event */
    uint64_t from_size; /* it seals checkpoints from this size ... */
    uint64_t to_size;   /* ... to this one; LOG_NO_SEQ: it is the current epoch */
    char vkey[384];
};
/* The log's verifier key; borrowed until close. */
const char *log_vkey(const struct ledger *ledger);
int log_epoch_at(struct ledger *ledger, uint64_t epoch, struct log_epoch *ret, struct err *err);
int log_epoch_current(struct ledger *ledger, struct log_epoch *ret, struct err *err);
/* Replaces the epoch key and wipes the old one; appends ledger.key_rotated. */
int log_key_rotate(struct ledger *ledger, const char *actor, const char *reason, struct log_receipt *ret, struct err *err);
/* A file that holds a secret key of this ledger, as the file system describes it. */
struct log_key_file {
    const char *path;
    bool exists;    /* else all below is 0 */
    bool regular;   /* not a link, a directory or a pipe; only such a file is read */
    bool ours;      /* it belongs to the user who runs this program, or to root; only such a file is read */
    bool exposed;   /* regular, and group or others can access it: refused unless opened with exposed_keys */
    uint32_t mode;  /* permission bits */
    uint32_t owner; /* user id */
};
/* `file` is borrowed until it returns; not 0 ends the listing and is returned. */
typedef int log_key_file_fn(void *ctx, const struct log_key_file *file, struct err *err);
/* Calls `found` for the log key's file and that of the current epoch, there or not, then for every other one that may hold a
 * secret: of other epochs, moved aside, or left by a crash. None of them is read, nothing is written. */
int log_key_files(struct ledger *ledger, log_key_file_fn *found, void *ctx, struct err *err);
/* Writes the log key to a file under a passphrase (which must not be empty). */
int log_key_backup(struct ledger *ledger, const char *path, struct bytes passphrase, struct err *err);
/* Writes a new author key file and returns its verifier key. */
int log_author_new(const char *path, const char *name, struct bytes passphrase, struct buf *ret_vkey, struct err *err);

/* ---- care --------------------------------------------------------------------------------------------------------- */

/* Copies everything but signing secrets: mode 0600, synced, verified before it appears under its name. `to` must not
 * exist. */
int log_backup(struct ledger *ledger, const char *to, struct err *err);

struct log_restore_options {
    const char *actor, *reason;
    const char *log_key;         /* file of the log key (from key backup) */
    struct bytes log_passphrase; /* of that file */
    struct bytes passphrase;     /* for the new ledger's secret keys; empty: none */
    bool newest;                 /* the caller vouches that the backup's head is the newest ever signed: the origin
                                    continues. Otherwise the log continues as <origin>/r<n> */
};
/* Makes a working ledger in `dir` from a backup. */
int log_restore(const char *backup, const char *dir, const struct log_restore_options *options, struct err *err);

struct log_stats {
    uint64_t events, groups, tail, checkpoints, epochs, artifacts, cursors;
    uint64_t evidence_bytes, derived_bytes, artifact_bytes; /* on disk */
    uint64_t map_bytes, map_used;                           /* quota of the evidence database, and how much is in use */
    uint64_t map_usable;            /* of the quota, by appends: the rest is reserved for control events */
    uint64_t readers, dead_readers; /* of the evidence database; dead ones were just cleared */
    /* The process that reads the oldest snapshot of it, and by how many commits that lags behind: pages freed since cannot
     * be reused. 0: no reader lags behind. */
    uint64_t oldest_reader_pid, oldest_reader_commits;
};
int log_stats(struct ledger *ledger, struct log_stats *ret, struct err *err);

/* A ledger has two databases. */
enum log_database { LOG_EVIDENCE, LOG_DERIVED_DATA };

struct log_readers {
    uint64_t live; /* readers that have a place in the database's table, those of this process among them */
    uint64_t dead; /* their processes are gone, but what they read is still held for them */
    /* Commits by which the oldest snapshot of a live one lags behind: pages freed since cannot be reused. 0: none does. */
    uint64_t oldest_lag;
    uint64_t oldest_pid; /* of the process that reads that one; 0: none */
};
/* Changes nothing, and writes no event. Without derived data, all is 0 there. Opening a database clears its dead readers,
 * unless it is told to keep them; LMDB itself empties the table of one that no process has open. */
int log_readers_look(struct ledger *ledger, enum log_database which, struct log_readers *ret, struct err *err);
/* Clears the dead ones; *ret_dead is how many there were. */
int log_readers_clear(struct ledger *ledger, enum log_database which, uint64_t *ret_dead, struct err *err);

#endif
