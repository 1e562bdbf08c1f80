/* The insides of an open ledger, shared by the files of this folder: the handle, its tables, and the reading primitives
 * that work within one database transaction. */
#ifndef LEDGER_CORE_CORE_H
#define LEDGER_CORE_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/file.h"
#include "ledger/core/config.h"
#include "ledger/event/group.h"
#include "ledger/event/head.h"
#include "ledger/log.h"
#include "ledger/signing/keyring.h"
#include "ledger/store/db.h"
#include "ledger/tree/merkle.h"
#include "ledger/tree/note.h"

#define CORE_FORMAT         1
#define CORE_FEATURE_ERASED 1 /* some content was erased: bundles, tail and private records may have their other forms */
#define CORE_SEGMENT        65536 /* events whose idempotency keys make one derived segment */

/* Tables of the evidence environment. Keys are be64 unless said otherwise. */
enum core_table {
    T_META,       /* text: "format", "identity", "head", "checkpoint" (the newest note) */
    T_TAIL,       /* seq: tail record (group.h) */
    T_BUNDLE,     /* group: bundle record (group.h) */
    T_PAYLOAD,    /* seq: payload over 16 KiB: u8 0 raw or 1 zstd, then the bytes */
    T_TILE,       /* u8 level, be56 index: hashes of the tile, 1 to 256 of them */
    T_CHECKPOINT, /* size: u8 flags (CORE_KEEP_*), then the note */
    T_PRIVATE,    /* seq: private record (private.h) */
    T_ARTIFACT,   /* sha256: u8 0 here or 1 in a file, be64 size, then the bytes when here */
    T_CURSOR,     /* text, the cursor's name: cursor record (cursor.h) */
    T_KEYRUN,     /* be64 first seq: run of idempotency keys (keyrun.h) */
    T_EPOCH,      /* epoch: canonical [from_size, vkey text, seq of its event, origin, restored] */
    CORE_TABLES
};
extern const char *const core_table_names[CORE_TABLES];

/* Why a checkpoint is kept for ever. */
enum { CORE_KEEP_BOUNDARY = 1, CORE_KEEP_HANDOVER = 2, CORE_KEEP_COSIGNED = 4 };

/* An observer of full groups as they are written, such as the builder of an index. Called by the committing thread, under
 * `write.lock` and the evidence's write lock: it only hands work over to other threads and never waits. */
struct core_watch {
    /* A full group was put into the commit's transaction: it is exchanged for one whose content is unused. The commit may
     * still fail; the chain of later groups shows whether it did. */
    void (*group)(struct core_watch *watch, struct group **group);
    /* A commit is done: the ledger grew from `before` to `size` events. */
    void (*committed)(struct core_watch *watch, uint64_t before, uint64_t size);
    /* The ledger is about to be closed: the last call. Not under `write.lock`. */
    void (*close)(struct core_watch *watch);
};

/* Data that is built from the evidence and stored beside it: it starts afresh with each generation (db.h). */
struct core_follower {
    _Atomic uint64_t generation;          /* of the evidence it belongs to */
    void (*moved)(struct ledger *ledger); /* the evidence has moved to another one. Any thread; never waits */
};

struct packer; /* packer.h */
struct keeper; /* keeper.h */
struct derived;
struct keys_fresh;      /* keyproof.h */
struct segments_proven; /* segments.h */
struct keys_memory;     /* keys.h: keys of recent events, looked up while appending */

/* Requests waiting for a commit. `lock` guards all of it; nothing that could wait is done under it. */
struct core_queue {
    pthread_mutex_t lock;
    struct commit_request *first, *last;
    size_t n;
    struct gathering { /* how long a leader waits for company, see commit_share.c */
        pthread_cond_t all_here;
        size_t expected;   /* requests of the last commit, and those that waited when it ended */
        uint64_t ended;    /* when the last commit ended */
        uint64_t took;     /* how long it took, ns */
        unsigned alone;    /* times in a row that fewer arrived than expected */
        unsigned restrain; /* commits to continue without waiting */
    } gathering;
    struct log_batch *spare; /* batches of single events, for reuse */
    size_t n_spare;
    bool leading; /* some thread is committing and will wake the next */
};

/* State that commits pass on to the next. `lock` guards all of it: one thread of the process at a time is in the write
 * path. */
struct core_write {
    pthread_mutex_t lock;
    struct keyring keyring;
    int head_fd;                  /* the copy of the head, -1: not open */
    bool head_checked;            /* the copy of the head was compared */
    bool at_home;                 /* the place was compared (place.h) */
    struct group *build;          /* the group that is being filled */
    struct built {                /* what the last commit left in `build` */
        bool whole;               /* all events of the newest group, and their keys in keyrun */
        uint64_t size;            /* of the ledger then */
        uint8_t leaf[EVENT_HASH]; /* of its last event */
        struct buf keyrun;        /* of the group in `build` */
    } built;
    struct packer *packer; /* full groups that are being encoded; NULL: not needed yet */
    struct group *lookup;  /* cache of the group last read by the write path */
    bool lookup_valid;
    struct keys_memory *keys;
    struct segments_proven *key_segments; /* the proven parts of the key segments */
    uint64_t unkeyed_from, unkeyed_to;    /* this process wrote these events, without any key */
    struct db *stand_in;                  /* see keys_older.h; NULL: not needed */
    uint64_t stand_in_covers;
};

struct ledger {
    char dir[FILE_PATH_MAX];
    struct config config;
    struct db_wait wait; /* for other processes */
    struct db *evidence;
    struct core_follower follower;
    struct derived *derived;     /* of the follower */
    struct db *_Atomic segments; /* hints (hints.h) whose key segments were compared with the evidence; else NULL */
    struct keeper *keeper;       /* maintains the hints for appends */
    _Atomic bool closing;        /* writers of derived data no longer wait for other processes */
    struct core_watch *watch;    /* NULL: none */
    bool read_only;
    bool leaves_derived, no_private; /* see log.h */
    bool keep_readers;               /* of each database: see db_options.h */
    char origin[NOTE_NAME_MAX + 1];
    uint8_t genesis[EVENT_HASH];
    struct note_vkey log;
    char log_text[NOTE_VKEY_MAX];
    uint8_t *passphrase; /* secret memory, NULL: none */
    size_t passphrase_len;
    struct core_queue queue;
    struct core_write write;
    struct keys_fresh *fresh;  /* keys of segments that this process has completed; it has a lock of its own */
    _Atomic bool keys_doubted; /* key segments are not vouched for: they must be dropped */
    _Atomic bool runs_due;     /* some key runs have no voucher yet, and this process can write it */
    pthread_mutex_t proven_lock;
    bool has_proven;            /* something was proven in this process (read/proven.h) */
    uint8_t proven[EVENT_HASH]; /* what, by its digest */
    uint8_t *_Atomic vouching;  /* secret memory: the key of vouchers (vouch.h), set once; NULL: not at hand */
};

/* A snapshot to read from: a transaction and the head that it shows. */
struct core_view {
    struct ledger *ledger;
    struct db_txn *txn;
    struct head head;
    struct group *group; /* cache for tree nodes below level 8; loaded on demand */
    bool group_valid;
};

/* Tells the follower when the evidence has moved on. Never waits. */
void core_tell(struct ledger *ledger);
int core_view_begin(struct ledger *ledger, struct core_view *view, struct err *err);
/* The same over a transaction that the caller owns; end it with core_view_release. */
int core_view_over(struct ledger *ledger, struct db_txn *txn, struct core_view *view, struct err *err);
void core_view_release(struct core_view *view); /* frees the cache only */
void core_view_end(struct core_view *view);

/* Translates the result of reading a stored record: a newer format is refused when the ledger is opened, so an unknown
 * version (ERR_VERSION) is damage here, ERR_CORRUPT. */
int core_stored(int rc, struct err *err);
/* A record of T_META; ERR_CORRUPT when it is missing. */
int core_meta_get(struct db_txn *txn, const char *name, struct bytes *ret, struct err *err);
int core_head_get(struct db_txn *txn, struct head *ret, struct err *err);
/* The newest checkpoint's note; borrowed from the transaction. */
int core_checkpoint_get(struct db_txn *txn, struct bytes *ret, struct err *err);

/* Loads group `index` as of `head`: its bundle, or its tail records. Leaves are recomputed; in a full group they are
 * compared with the stored prefixes, in the tail the chain is. *ret_bad as in group_decode. */
int core_group_load(struct db_txn *txn, const struct head *head, uint64_t index, struct group *group, size_t *ret_bad,
                    struct err *err);
/* The tail record of an event, taken apart; *ret_record (may be NULL) is all of it. ERR_CORRUPT when it is missing.
 * Borrowed from the transaction. */
int core_tail_get(struct db_txn *txn, uint64_t seq, struct bytes *ret_record, struct bytes *ret_header,
                  struct bytes *ret_payload, enum group_payload *ret_where, struct err *err);
/* Checks a payload against the commitment in its event's header. ERR_TAMPERED. */
int core_payload_check(const struct event_header *h, const uint8_t salt[EVENT_HASH], struct bytes payload, struct err *err);
/* Appends the payload of an event from its own record; ERR_CORRUPT when it is missing or damaged. */
int core_payload_get(struct db_txn *txn, uint64_t seq, struct buf *out, struct err *err);
/* A merkle_node_fn over a core_view. */
int core_node(void *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err);

/* Joins a thread that works on derived data and was asked to stop: it finishes what it has begun, and after a while no
 * longer waits for other processes that block derived data. For log_close. */
void core_end_thread(struct ledger *ledger, pthread_t thread);

/* "evidence", "derived", "keys", "artifacts", "head", "config" below the ledger's directory. */
int core_path(const struct ledger *ledger, const char *name, char ret[FILE_PATH_MAX], struct err *err);
/* Opens its database, with the ledger's directory, configuration and waiting limit. */
int core_open_evidence(struct ledger *ledger, bool create, bool read_only, struct err *err);

/* The "format" record. */
void core_format_encode(struct buf *out, uint64_t features);
/* In T_META: something was erased in this generation; its old pages may still hold the bytes. */
#define CORE_ERASING "erasing"

/* Writes what identifies the ledger, and a format unless there is one, into a new evidence environment. */
int core_identity_put(struct db_txn *txn, const char *origin, const uint8_t genesis[EVENT_HASH], const char *log_vkey,
                      struct err *err);

/* T_EPOCH records. */
int core_epoch_put(struct db_txn *txn, uint64_t epoch, uint64_t from_size, const char *vkey, uint64_t seq,
                   const char *origin, bool restored, struct err *err);
struct core_epoch {
    uint64_t from_size, seq; /* seq: of the event that brought the key */
    bool restored;           /* that event is ledger.restored: the old key was no longer available */
    struct note_vkey vkey;
    char origin[NOTE_NAME_MAX + 1];
};
int core_epoch_get(struct db_txn *txn, uint64_t epoch, struct core_epoch *ret, struct err *err);

#endif
