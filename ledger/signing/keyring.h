/* The secret keys of a ledger: the stable log key and the current epoch key, as files in the keys directory
 * (log.key, epoch-<n>.key), loaded at the first append and kept in locked memory.
 *
 * Order of a rotation, so that a crash at any step loses nothing: the next key is written and synced beside the old one
 * (keyring_prepare), the commit that names it is written and read back, then the old file is wiped (keyring_advance). Files
 * that a crash leaves behind are removed later: keyring_sweep wipes those of epochs before the current one after the next
 * good commit (not earlier: a commit whose outcome was unclear may yet prove undone).
 *
 * An existing file of the next epoch may be left from a crash, or somebody else may have put it there: it never becomes
 * the ledger's key. A rotation makes a new key and moves that file aside, to epoch-<n>.key.<hex>. Should the commit that
 * named it prove to be done after all, it is found again by its public key, which is in the log.
 *
 * If the log key is under a passphrase, every other key must be too. */
#ifndef LEDGER_SIGNING_KEYRING_H
#define LEDGER_SIGNING_KEYRING_H

#include "base/file.h"
#include "ledger/signing/keyfile.h"

struct keyring {
    struct signer log;
    struct signer epoch; /* its secret is NULL until loaded */
    uint64_t number;     /* of the epoch key that is loaded */
    bool exposed;        /* files that group or others can access are loaded all the same: keyfile_load_exposed */
    bool sweep;          /* a crash may have left files of older epochs, or files moved aside */
};

/* Loads the log key and the key of `number`; drops a stale one. ERR_TAMPERED when a file holds a key other than `log` or
 * `epoch`, or a plain one although the log key is under a passphrase. */
int keyring_load(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                 uint64_t number, const struct note_vkey *epoch, struct err *err);
/* The same for the log key alone. */
int keyring_load_log(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                     struct err *err);
/* Makes the key of epoch number + 1 and writes it to a synced file; an existing file is moved aside. */
int keyring_prepare(const struct keyring *ring, const char *dir, struct bytes passphrase, struct bytes name,
                    struct signer *ret, struct err *err);
/* Call after the commit was read back: takes over `next` (which becomes empty) and wipes the old key's file. `next` is
 * taken on failure too; keyring_sweep then wipes the file later. */
int keyring_advance(struct keyring *ring, const char *dir, struct signer *next, struct err *err);
/* Call after a good commit: wipes files of older epochs that a crash left, once `check` (which may be NULL) has returned 0:
 * they are no longer needed. `check` is called only when there is such a file. Costs nothing when done already. */
int keyring_sweep(struct keyring *ring, const char *dir, int (*check)(void *ctx, struct err *err), void *ctx,
                  struct err *err);
void keyring_done(struct keyring *ring);

/* Calls `found` for the files of the log key and of epoch `number`, there or not, then for every other one in the directory
 * that may hold a secret: of other epochs, moved aside, or left by a crash. Reads none of them. */
int keyring_files(const char *dir, uint64_t number, log_key_file_fn *found, void *ctx, struct err *err);

/* "log.key" or "epoch-<n>.key" below dir. */
int keyring_log_path(const char *dir, char ret[FILE_PATH_MAX], struct err *err);
int keyring_epoch_path(const char *dir, uint64_t number, char ret[FILE_PATH_MAX], struct err *err);

#endif
