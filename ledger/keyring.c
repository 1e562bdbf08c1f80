/* Key files and their life: load, prepare, advance, wipe. */
#include "ledger/keyring.h"

#include <stdio.h>
#include <string.h>

int keyring_log_path(const char *dir, char ret[FILE_PATH_MAX], struct err *err) {
    return file_join(ret, dir, "log.key", err);
}

int keyring_epoch_path(const char *dir, uint64_t number, char ret[FILE_PATH_MAX], struct err *err) {
    char name[40];
    snprintf(name, sizeof(name), "epoch-%llu.key", (unsigned long long)number);
    return file_join(ret, dir, name, err);
}

static int load_as(const char *path, struct bytes passphrase, const struct note_vkey *expected, struct signer *ret,
                   struct err *err) {
    struct signer signer = {0};
    int rc = keyfile_load(path, passphrase, &signer, err);
    if (rc != 0) {
        return rc;
    }
    if (!note_vkey_eq(&signer.vkey, expected)) {
        signer_done(&signer);
        return err_set(err, ERR_TAMPERED, "'%s' holds another key than the ledger's '%s'", path, expected->name);
    }
    *ret = signer;
    return 0;
}

int keyring_sweep(struct keyring *ring, const char *dir, struct err *err) {
    char path[FILE_PATH_MAX];
    uint64_t number = ring->number;
    if (!ring->sweep) {
        return 0;
    }
    while (number > 0) {
        number--;
        int rc = keyring_epoch_path(dir, number, path, err);
        if (rc != 0) {
            return rc;
        }
        if (!file_exists(path)) {
            break;
        }
        rc = file_wipe(path, err);
        if (rc != 0) {
            return rc;
        }
    }
    ring->sweep = false;
    return 0;
}

int keyring_load(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                 uint64_t number, const struct note_vkey *epoch, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = 0;
    if (ring->log.secret == NULL) {
        rc = keyring_log_path(dir, path, err);
        rc = rc != 0 ? rc : load_as(path, passphrase, log, &ring->log, err);
    }
    if (rc == 0 && (ring->epoch.secret == NULL || ring->number != number)) {
        struct signer signer = {0};
        rc = keyring_epoch_path(dir, number, path, err);
        rc = rc != 0 ? rc : load_as(path, passphrase, epoch, &signer, err);
        if (rc == 0) {
            signer_done(&ring->epoch);
            ring->epoch = signer;
            ring->number = number;
            ring->sweep = true;
        }
    }
    return rc;
}

/* A file that a crash cut off while it was written. No commit names its key: that is done only after the file was synced. */
static bool is_torn(const char *path, struct bytes passphrase) {
    struct signer signer = {0};
    struct buf text;
    buf_init(&text, 65536);
    bool torn = file_read(path, &text, NULL) == 0 &&
                keyfile_decode(bytes_of_buf(&text), passphrase, &signer, NULL) == ERR_INVALID;
    signer_done(&signer);
    if (text.n > 0) {
        crypt_wipe(text.p, text.n);
    }
    buf_done(&text);
    return torn;
}

int keyring_prepare(const struct keyring *ring, const char *dir, struct bytes passphrase, struct bytes name,
                    struct signer *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct signer signer = {0};
    int rc = keyring_epoch_path(dir, ring->number + 1, path, err);
    if (rc != 0) {
        return rc;
    }
    bool there = file_exists(path);
    if (there && is_torn(path, passphrase)) {
        rc = file_wipe(path, err);
        there = false;
    }
    if (rc != 0) {
        return rc;
    }
    if (there) {
        rc = keyfile_load(path, passphrase, &signer, err);
        if (rc == 0 && !bytes_is(name, signer.vkey.name)) {
            rc = err_set(err, ERR_TAMPERED, "'%s' holds a key of another name than '%.*s'", path, (int)name.n,
                         (const char *)name.p);
        }
    } else {
        rc = signer_new(&signer, name, err);
        rc = rc != 0 ? rc : keyfile_save(path, &signer, passphrase, KEYFILE_DAILY, err);
    }
    if (rc != 0) {
        signer_done(&signer);
        return rc;
    }
    *ret = signer;
    return 0;
}

int keyring_advance(struct keyring *ring, const char *dir, struct signer *next, struct err *err) {
    char path[FILE_PATH_MAX];
    uint64_t old = ring->number;
    signer_done(&ring->epoch);
    ring->epoch = *next;
    ring->number = old + 1;
    memset(next, 0, sizeof(*next));
    int rc = keyring_epoch_path(dir, old, path, err);
    return rc != 0 ? rc : file_wipe(path, err);
}

void keyring_done(struct keyring *ring) {
    signer_done(&ring->log);
    signer_done(&ring->epoch);
}
