/* Secret keys as files of mode 0600. Without a passphrase the file is one line, the signer key text of the signed-note
 * specification. Under a passphrase it is
 *
 *   ledger-key/v1
 *   vkey <verifier key>
 *   kdf argon2id <passes> <kib> <base64 salt>
 *   aead xchacha20-poly1305 <base64 nonce>
 *   data <base64 of the sealed 32-byte seed>
 *
 * with all bytes before "data " as associated data, so that no parameter can be changed undetected. */
#ifndef LEDGER_SIGNING_KEYFILE_H
#define LEDGER_SIGNING_KEYFILE_H

#include "ledger/log.h"
#include "ledger/tree/note.h"

/* A key that can sign. The secret is in locked memory. */
struct signer {
    struct note_vkey vkey;
    uint8_t *secret; /* CRYPT_SECRET_LEN bytes from crypt_secret_new; NULL when unset */
    bool sealed;     /* read from a file under a passphrase */
};

enum keyfile_cost { KEYFILE_DAILY, KEYFILE_BACKUP }; /* Argon2id 2 passes of 64 MiB · 3 passes of 256 MiB */

/* A new random Ed25519 key under this name. */
int signer_new(struct signer *ret, struct bytes name, struct err *err);
int signer_from_seed(struct signer *ret, struct bytes name, const uint8_t seed[CRYPT_SEED_LEN], struct err *err);
void signer_done(struct signer *signer); /* wipes; fine on a zeroed struct */

/* Writes the file's text. An empty passphrase writes the plain form. Wipe and free `out` afterwards. */
int keyfile_encode(struct buf *out, const struct signer *signer, struct bytes passphrase, enum keyfile_cost cost,
                   struct err *err);
/* ERR_INVALID: malformed, or parameters too large; ERR_TAMPERED: wrong passphrase or changed file; ERR_CONFLICT: the file
 * is under a passphrase and none was given. */
int keyfile_decode(struct bytes text, struct bytes passphrase, struct signer *ret, struct err *err);
/* Reads a file. ERR_INVALID when it is not a regular file, not ours, or accessible to group or others. */
int keyfile_load(const char *path, struct bytes passphrase, struct signer *ret, struct err *err);
/* The same, but one of ours that group or others can access is read all the same: to record that it is exposed. */
int keyfile_load_exposed(const char *path, struct bytes passphrase, struct signer *ret, struct err *err);
/* What the file system says of a key file, by the rules of keyfile_load; its content is not read. `path` is borrowed. */
int keyfile_look(const char *path, struct log_key_file *ret, struct err *err);
/* Creates the file with mode 0600 and syncs it and its directory. ERR_CONFLICT when it exists. */
int keyfile_save(const char *path, const struct signer *signer, struct bytes passphrase, enum keyfile_cost cost,
                 struct err *err);

#endif
