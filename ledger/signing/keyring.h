/* The secret keys of a ledger: the stable log key and the current epoch key, as files in the keys directory
 * (log.key, epoch-<n>.key), loaded at the first append and kept in locked memory.
 *
 * Order of a rotation, so that a crash at any step loses nothing: the next key is written and synced beside the old
 * (keyring_prepare), the commit that names it is made, read back, then the old file is wiped (keyring_advance). What a
 * crash left behind is put right later: files of epochs before the current one are wiped after the next good commit
 * (keyring_sweep: not before, a commit whose outcome was unclear may yet turn out undone).
 *
 * A file of the next epoch that is there already may be what a crash left, or may have been put there by somebody else: it
 * never becomes the ledger's key. A rotation makes a fresh one and moves that file aside, to epoch-<n>.key.<hex>. Should
 * the commit that named it turn out done after all, the log says its public key, and by that it is found again.
 *
 * Where the log key is under a passphrase, every other key must be. */
#ifndef LEDGER_SIGNING_KEYRING_H
#define LEDGER_SIGNING_KEYRING_H

#include "base/file.h"
#include "ledger/signing/keyfile.h"

struct keyring {
    struct signer log;
    struct signer epoch; /* its secret is NULL until loaded */
    uint64_t number;     /* of the epoch key that is loaded */
    bool sweep;          /* files of older epochs, or that were moved aside, may be left from a crash */
};

/* Has the log key and the key of `number` ready; drops a stale one. ERR_TAMPERED when a file holds another key than
 * expected says, or a plain one where the log key is under a passphrase. */
int keyring_load(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                 uint64_t number, const struct note_vkey *epoch, struct err *err);
/* The same for the log key alone. */
int keyring_load_log(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                     struct err *err);
/* Makes the key of epoch number + 1, in a synced file; what is in its place is moved aside. */
int keyring_prepare(const struct keyring *ring, const char *dir, struct bytes passphrase, struct bytes name,
                    struct signer *ret, struct err *err);
/* After the commit was read back: takes over `next` (which becomes empty) and wipes the old key's file. `next` is taken on
 * failure too; what could not be wiped is left to keyring_sweep. */
int keyring_advance(struct keyring *ring, const char *dir, struct signer *next, struct err *err);
/* After a good commit: wipes what a crash left of older epochs, once `check` (which may be NULL) has said with 0 that
 * nobody can need it; it is asked only when there is something. Costs nothing when done already. */
int keyring_sweep(struct keyring *ring, const char *dir, int (*check)(void *ctx, struct err *err), void *ctx,
                  struct err *err);
void keyring_done(struct keyring *ring);

/* "log.key" or "epoch-<n>.key" below dir. */
int keyring_log_path(const char *dir, char ret[FILE_PATH_MAX], struct err *err);
int keyring_epoch_path(const char *dir, uint64_t number, char ret[FILE_PATH_MAX], struct err *err);

#endif
