/* Recording: creating and opening ledgers, appending events.
 *
 * An event is durable and sealed when the call that appends it returns. Its fields are given as JSON; those that the
 * catalog of kinds does not list as open become private, and secrets in them are masked before anything is written. */
#ifndef LEDGER_RECORD_H
#define LEDGER_RECORD_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- making and opening ---- */

struct ledger_create_options {
    size_t size;
    const char *origin;             /* "example.org/box-1": a URL without scheme, spaces or '+'. Required */
    const char *actor;              /* who creates it: "user:alice". NULL: the user of this process */
    struct ledger_bytes passphrase; /* for the secret keys; empty: none */
    uint64_t map_bytes;             /* quota of the database in bytes; 0: the default, 64 GiB */
};
#define LEDGER_CREATE_OPTIONS_INIT                                                                                         \
    { sizeof(struct ledger_create_options), NULL, NULL, {NULL, 0}, 0 }

/* Creates a ledger in `dir`, which must be absent or empty; on failure nothing of it remains. Event 0 is ledger.created. */
int ledger_create(const char *dir, const struct ledger_create_options *options, struct ledger_error *error);

struct ledger_open_options {
    size_t size;
    struct ledger_bytes passphrase; /* for the secret keys; empty: none. Needed at the first append only */
    int read_only;                  /* never appends, never needs a key */
    int no_index;                   /* builds no index after appends, and starts no thread for it */
    uint64_t map_bytes;             /* 0: as the ledger's configuration file says */
    uint64_t wait_ns;               /* how long to wait for other processes, then LEDGER_ERR_BUSY. 0: for ever */
    /* Called once in a wait, after some seconds, by the thread that waits: "waiting for process 1234 (ledger), which is
     * writing". May be NULL */
    void (*waiting)(void *ctx, const char *text);
    void *waiting_ctx;
};
#define LEDGER_OPEN_OPTIONS_INIT                                                                                           \
    { sizeof(struct ledger_open_options), {NULL, 0}, 0, 0, 0, 0, NULL, NULL }

/* LEDGER_ERR_NOTFOUND: no ledger there. LEDGER_ERR_CORRUPT: the database is cut short or unreadable. LEDGER_ERR_BUSY:
 * this process already has the ledger open. Takes the same time for any number of events. Several threads may use the
 * handle at once; a child after fork opens its own. `dir` is resolved here: later the host may chdir. Its directory
 * `evidence` and the files there must be writable, also to read, and no symbolic links. Unless read_only, background
 * threads build the index and pack events; they end with ledger_close. */
int ledger_open(const char *dir, const struct ledger_open_options *options, struct ledger **ret,
                struct ledger_error *error);
/* NULL is fine. Close what was made from the handle (readers, batches, queries, states) first. */
void ledger_close(struct ledger *ledger);

/* The name of the ledger; borrowed until it is closed. */
const char *ledger_origin(const struct ledger *ledger);
const char *ledger_dir(const struct ledger *ledger); /* absolute */

/* ---- one event ---- */

/* What an append returns. This struct never changes. */
struct ledger_receipt {
    uint64_t seq;
    uint8_t leaf[LEDGER_HASH]; /* the hash of its leaf in the tree */
    uint32_t duplicate;        /* 1: (source, key) exists: seq and leaf are the first event's, nothing was written */
    uint32_t masked;           /* secrets masked in this event */
};

enum ledger_cause { LEDGER_CAUSE_NONE, LEDGER_CAUSE_SEQ, LEDGER_CAUSE_BATCH, LEDGER_CAUSE_KEY };

/* Bytes of a JSON text of a draft. Of an event, the open and the private fields take at most 1 MiB each, as they are
 * stored; kind, actor, source, run and key 256 bytes each, the subject 512. More is LEDGER_ERR_LIMIT. */
#define LEDGER_JSON_MAX ((size_t)16 << 20)

struct ledger_author; /* the signing key of a person or service */
int ledger_author_load(const char *path, struct ledger_bytes passphrase, struct ledger_author **ret,
                       struct ledger_error *error);
void ledger_author_free(struct ledger_author *author);

struct ledger_draft {
    size_t size;
    const char *kind;    /* "run.started", "x.acme.greeting". Required */
    const char *subject; /* "run/4f1c2a". Required */
    const char *actor;   /* "user:alice". NULL: the user of this process */
    const char *source;  /* NULL: "api" */
    const char *grade;   /* NULL: "declared" */
    const char *run;     /* NULL: none */
    const char *key;     /* idempotency key: of events with the same source and key only the first is written. NULL: none */
    const char *json;    /* fields, one JSON object. NULL: none */
    const char *json_private; /* fields that become private whatever the catalog says. NULL: none */
    const char *json_open;    /* x.* kinds: a JSON list of the names of fields that stay open. NULL: none */
    int cause_type;           /* enum ledger_cause */
    int keep_unknown; /* keep unknown fields whose names resemble the catalog's, as private; otherwise they are refused */
    uint64_t cause;   /* a sequence number, or the index of an earlier draft of the same batch */
    const char *cause_key; /* LEDGER_CAUSE_KEY: the key of an earlier event of the same source */
    uint64_t none_after; /* LEDGER_ERR_CONFLICT when this subject has an event after that one; LEDGER_NO_SEQ: no condition.
                            All events after it are read while every writer waits: name a recent one */
    const struct ledger_author *author; /* signs it. NULL: unsigned */
};
#define LEDGER_DRAFT_INIT                                                                                                  \
    {                                                                                                                      \
        sizeof(struct ledger_draft), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL,            \
            LEDGER_NO_SEQ, NULL                                                                                            \
    }

/* One event, one durable commit. `ret` may be NULL. May start a thread that packs older events. */
int ledger_append(struct ledger *ledger, const struct ledger_draft *draft, struct ledger_receipt *ret,
                  struct ledger_error *error);
/* The same for a draft that has only these; actor and key may be NULL. */
int ledger_append_json(struct ledger *ledger, const char *kind, const char *subject, const char *actor, const char *key,
                       const char *json, struct ledger_receipt *ret, struct ledger_error *error);
/* What would be written: {"body": ..., "private": ..., "masked": n}, without a ledger. Key, cause and condition are not
 * checked. */
int ledger_draft_check(const struct ledger_draft *draft, unsigned json_flags, char **ret_json, size_t *ret_n,
                       struct ledger_error *error);

/* ---- many events ---- */

/* Drafts are checked and encoded as they are added, then committed all or none. One thread at a time. At most
 * LEDGER_BATCH_EVENTS_MAX drafts. */
#define LEDGER_BATCH_EVENTS_MAX 65536
struct ledger_batch;
int ledger_batch_new(struct ledger *ledger, struct ledger_batch **ret, struct ledger_error *error);
/* Copies what it needs. A refused draft leaves the batch unchanged. LEDGER_ERR_BUSY: the batch has no room for it (65536
 * drafts or 64 MiB); commit, then add it again. */
int ledger_batch_add(struct ledger_batch *batch, const struct ledger_draft *draft, struct ledger_error *error);
size_t ledger_batch_count(const struct ledger_batch *batch);
/* Removes drafts, such as one that a commit refused: `n` indexes in ascending order, each once. Later drafts move up.
 * LEDGER_ERR_INVALID, and nothing is removed: the message names an index that is wrong, or a draft that is the cause of one
 * that would stay. */
int ledger_batch_remove(struct ledger_batch *batch, const size_t *indexes, size_t n, struct ledger_error *error);
/* A cursor that is stored in the same transaction: where a source continues. Its name is 1 to 255 bytes of UTF-8 without
 * control characters, its value at most 4096 bytes. A batch takes LEDGER_BATCH_CURSORS_MAX different names, then
 * LEDGER_ERR_BUSY: commit first. Of one name the last value is stored. */
#define LEDGER_BATCH_CURSORS_MAX 1024
int ledger_batch_set_cursor(struct ledger_batch *batch, const char *name, struct ledger_bytes value,
                            struct ledger_error *error);
/* Durable and sealed when it returns 0; then the batch is empty. receipts: room for ledger_batch_count entries, or NULL.
 * On failure nothing is stored and the batch keeps its drafts; error->at is the draft at fault. After LEDGER_ERR_IO,
 * however, it may or may not be stored: open the ledger again and append with the same keys. Starts threads as
 * ledger_append does. */
int ledger_batch_commit(struct ledger_batch *batch, struct ledger_receipt *receipts, struct ledger_error *error);
void ledger_batch_clear(struct ledger_batch *batch);
void ledger_batch_free(struct ledger_batch *batch); /* NULL is fine */

/* The cursor's value, by a name as ledger_batch_set_cursor takes it. LEDGER_ERR_NOTFOUND: it does not exist. Free it with ledger_free. */
int ledger_cursor_get(struct ledger *ledger, const char *name, uint8_t **ret, size_t *ret_n, struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
