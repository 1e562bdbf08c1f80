/* Author keys, and the log key's backup. */
#include "ledger/core/author.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "ledger/core/core.h"

int log_author_load(const char *path, struct bytes passphrase, struct log_author **ret, struct err *err) {
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    struct log_author *author = calloc(1, sizeof(*author));
    if (author == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    rc = keyfile_load(path, passphrase, &author->signer, err);
    if (rc != 0) {
        free(author);
        return rc;
    }
    *ret = author;
    return 0;
}

void log_author_free(struct log_author *author) {
    if (author != NULL) {
        signer_done(&author->signer);
        free(author);
    }
}

int log_author_new(const char *path, const char *name, struct bytes passphrase, struct buf *ret_vkey, struct err *err) {
    struct signer signer = {0};
    char vkey[NOTE_VKEY_MAX];
    int rc = crypt_init(err);
    if (rc == 0) rc = signer_new(&signer, bytes_of(name), err);
    if (rc == 0) rc = keyfile_save(path, &signer, passphrase, KEYFILE_DAILY, err);
    if (rc == 0) {
        note_vkey_encode(vkey, &signer.vkey);
        rc = buf_put_str(ret_vkey, vkey) != 0 ? buf_check(ret_vkey, "a verifier key", err) : 0;
    }
    signer_done(&signer);
    return rc;
}

int log_key_backup(struct ledger *ledger, const char *path, struct bytes passphrase, struct err *err) {
    struct signer signer = {0};
    char file[FILE_PATH_MAX];
    if (passphrase.n == 0) {
        return err_set(err, ERR_INVALID, "a backup of the log key needs a passphrase");
    }
    int rc = keyring_log_path(ledger->config.keys, file, err);
    if (rc == 0) rc = keyfile_load(file, (struct bytes){ledger->passphrase, ledger->passphrase_len}, &signer, err);
    if (rc == 0 && !note_vkey_eq(&signer.vkey, &ledger->log)) {
        rc = err_set(err, ERR_TAMPERED, "'%s' holds another key than the ledger's", file);
    }
    if (rc == 0) rc = keyfile_save(path, &signer, passphrase, KEYFILE_BACKUP, err);
    signer_done(&signer);
    return rc;
}
