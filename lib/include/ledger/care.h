/* Care: correcting mistakes, erasing content, artifacts, keys, places, backups. */
#ifndef LEDGER_CARE_H
#define LEDGER_CARE_H

#include <ledger/record.h>
#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Reasons are public and stay for ever: 1 to 200 bytes of UTF-8 without control characters, secrets in them are masked. That
 * of an erasure is one word of at most 64 characters of a-z, 0-9, '_', '-' and '.'. */

/* ---- correcting ---- */

struct ledger_correct_options {
    size_t size;
    uint64_t seq;         /* the event that was a mistake */
    uint64_t replaced_by; /* the event that replaces it; LEDGER_NO_SEQ: none */
    const char *reason;   /* public, a few words as below: "wrong_subject". Required */
    const char *actor;    /* NULL: the user of this process */
    const char *note;     /* private; may be NULL */
};
#define LEDGER_CORRECT_OPTIONS_INIT                                                                                        \
    { sizeof(struct ledger_correct_options), LEDGER_NO_SEQ, LEDGER_NO_SEQ, NULL, NULL, NULL }

/* Appends ledger.corrected: from then on no state counts the event, which stays. LEDGER_ERR_CONFLICT: it was corrected
 * before, or LOCKDOWN is on. */
int ledger_correct(struct ledger *ledger, const struct ledger_correct_options *options, struct ledger_receipt *ret,
                   struct ledger_error *error);

/* ---- erasing ---- */

enum ledger_erase_what { LEDGER_ERASE_BODY, LEDGER_ERASE_PRIVATE, LEDGER_ERASE_ARTIFACT };

struct ledger_erase_options {
    size_t size;
    int what;             /* enum ledger_erase_what */
    const uint64_t *seqs; /* the events, at most 4096; none for an artifact */
    size_t n_seqs;
    const char *const *fields; /* private: names of fields; each event must have all of them. None: all private fields */
    size_t n_fields;
    const char *artifact; /* its id; else NULL */
    const char *reason;   /* public, one word: request, retention, mistake. Required */
    const char *actor;    /* NULL: the user of this process */
    const char *note;     /* private; may be NULL */
};
#define LEDGER_ERASE_OPTIONS_INIT                                                                                          \
    { sizeof(struct ledger_erase_options), 0, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL }

/* Erases content and appends ledger.erased, in one commit; every hash still holds. LEDGER_ERR_NOTFOUND: the event, field
 * or artifact does not exist, or no longer exists; LEDGER_ERR_CONFLICT: LOCKDOWN is on. On failure nothing is erased. Until ledger_erase_finish the bytes are
 * still in the ledger's files. */
int ledger_erase(struct ledger *ledger, const struct ledger_erase_options *options, struct ledger_receipt *ret,
                 struct ledger_error *error);
/* Removes the bytes of everything erased: the database is copied, and the old files are overwritten and removed.
 * LEDGER_ERR_BUSY: after wait_ns a process still has old files open; call it again. */
int ledger_erase_finish(struct ledger *ledger, uint64_t wait_ns, struct ledger_error *error);

/* ---- artifacts ---- */

#define LEDGER_ARTIFACT_ID 81 /* bytes of "artifact:sha256:<hex>" with NUL */
/* Stores a file by its content. A `path` of "-" is standard input. Storing the same bytes again changes nothing. */
int ledger_artifact_put(struct ledger *ledger, const char *path, char ret_id[LEDGER_ARTIFACT_ID], uint64_t *ret_size,
                        struct ledger_error *error);
/* Writes the content to a descriptor; LEDGER_ERR_TAMPERED after the last byte when its hash differs. */
int ledger_artifact_get(struct ledger *ledger, const char *id, int fd, struct ledger_error *error);

/* ---- keys ---- */

/* Replaces the epoch key and wipes the old one; appends ledger.key_rotated. actor and reason may be NULL. */
int ledger_key_rotate(struct ledger *ledger, const char *actor, const char *reason, struct ledger_receipt *ret,
                      struct ledger_error *error);
/* Writes the log key to a file under a passphrase, which must not be empty. */
int ledger_key_backup(struct ledger *ledger, const char *path, struct ledger_bytes passphrase, struct ledger_error *error);
/* Writes a new author key file and returns its verifier key. Free the text with ledger_free. */
int ledger_author_new(const char *path, const char *name, struct ledger_bytes passphrase, char **ret_vkey,
                      struct ledger_error *error);

/* ---- places and figures ---- */

/* If a copy of a ledger's directory were appended to as well, there would be two histories under one name: appending to
 * a copy is refused with LEDGER_ERR_ROLLBACK. */
enum ledger_place {
    LEDGER_PLACE_UNKNOWN, /* not recorded yet: the next append records it */
    LEDGER_PLACE_HOME,    /* the recorded place is here */
    LEDGER_PLACE_COPY, /* the recorded place is elsewhere: this is a copy, or was moved to another file system or machine */
    LEDGER_PLACE_BACKUP /* a backup, to which nothing is appended */
};
/* Returns an enum ledger_place. */
int ledger_get_place(struct ledger *ledger, int *ret, struct ledger_error *error);
/* The caller vouches that the directory was moved here and no longer exists elsewhere: appends ledger.moved. actor and
 * reason may be NULL. */
int ledger_moved(struct ledger *ledger, const char *actor, const char *reason, struct ledger_receipt *ret,
                 struct ledger_error *error);

struct ledger_stats {
    size_t size;
    uint64_t events, checkpoints, epochs, artifacts, cursors;
    uint64_t evidence_bytes, derived_bytes, artifact_bytes; /* on disk */
    uint64_t map_bytes, map_used;                           /* quota of the database, and the part in use */
    uint64_t oldest_reader_pid,
        oldest_reader_commits; /* the process that reads the oldest snapshot, and its lag; 0: none */
};
#define LEDGER_STATS_INIT                                                                                                  \
    { sizeof(struct ledger_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
int ledger_get_stats(struct ledger *ledger, struct ledger_stats *ret, struct ledger_error *error);

/* ---- backups ---- */

/* A copy of everything but secret signing keys, verified before it appears under its name. `to` must not exist. Starts
 * threads, which have ended when it returns. */
int ledger_backup(struct ledger *ledger, const char *to, struct ledger_error *error);

struct ledger_restore_options {
    size_t size;
    const char *actor;                  /* NULL: the user of this process */
    const char *reason;                 /* Required */
    const char *log_key;                /* file of the log key (ledger_key_backup). Required */
    struct ledger_bytes log_passphrase; /* of that file */
    struct ledger_bytes passphrase;     /* for the new ledger's secret keys; empty: none */
    int newest; /* the caller vouches that the backup's head is the newest that was ever signed: the origin continues.
                   Otherwise it continues as <origin>/r<n> */
};
#define LEDGER_RESTORE_OPTIONS_INIT                                                                                        \
    { sizeof(struct ledger_restore_options), NULL, NULL, NULL, {NULL, 0}, {NULL, 0}, 0 }
/* Makes a working ledger in `dir` from a backup. */
int ledger_restore(const char *backup, const char *dir, const struct ledger_restore_options *options,
                   struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
