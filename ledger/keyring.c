/* Key files and their life: load, prepare, advance, wipe. */
#include "ledger/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

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

/* Whether a file of the keys directory holds a secret that nobody needs any more: the key of an epoch before `number`, or
 * what a crash left of a file that was being written. */
static bool is_left_over(const char *name, uint64_t number) {
    static const char head[] = "epoch-", tail[] = ".key";
    struct bytes text = bytes_of(name);
    size_t h = sizeof(head) - 1, t = sizeof(tail) - 1;
    uint64_t epoch;
    if (bytes_has_prefix(text, ".ledger-tmp-")) {
        return true;
    }
    if (text.n <= h + t || !bytes_has_prefix(text, head) || strcmp(name + text.n - t, tail) != 0) {
        return false;
    }
    return text_parse_u64((struct bytes){text.p + h, text.n - h - t}, &epoch) == 0 && epoch < number;
}

int keyring_sweep(struct keyring *ring, const char *dir, struct err *err) {
    if (!ring->sweep) {
        return 0;
    }
    DIR *keys = opendir(dir);
    if (keys == NULL) {
        return err_errno(err, errno, "'%s'", dir);
    }
    int rc = 0;
    for (struct dirent *d; rc == 0 && (d = readdir(keys)) != NULL;) {
        char path[FILE_PATH_MAX];
        if (is_left_over(d->d_name, ring->number)) {
            rc = file_join(path, dir, d->d_name, err);
            rc = rc != 0 ? rc : file_wipe(path, err);
        }
    }
    closedir(keys);
    ring->sweep = rc != 0;
    return rc;
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

/* A file that a crash cut off while it was written. No commit names its key: that is done only after the file was synced.
 */
static bool is_torn(const char *path, struct bytes passphrase) {
    struct signer signer = {0};
    struct buf text;
    buf_init(&text, 65536);
    bool torn =
        file_read(path, &text, NULL) == 0 && keyfile_decode(bytes_of_buf(&text), passphrase, &signer, NULL) == ERR_INVALID;
    signer_done(&signer);
    if (text.n > 0) {
        crypt_wipe(text.p, text.n);
    }
    buf_done(&text);
    return torn;
}

/* A copy of the current key is no new one. */
static bool is_current(const struct keyring *ring, const char *path, struct bytes passphrase) {
    struct signer signer = {0};
    bool same = keyfile_load(path, passphrase, &signer, NULL) == 0 && note_vkey_eq(&signer.vkey, &ring->epoch.vkey);
    signer_done(&signer);
    return same;
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
    if (there && (is_torn(path, passphrase) || is_current(ring, path, passphrase))) {
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
    signer_done(&ring->epoch);
    ring->epoch = *next;
    ring->number++;
    memset(next, 0, sizeof(*next));
    ring->sweep = true;
    return keyring_sweep(ring, dir, err);
}

void keyring_done(struct keyring *ring) {
    signer_done(&ring->log);
    signer_done(&ring->epoch);
}
