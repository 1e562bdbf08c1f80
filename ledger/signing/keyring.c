/* The life cycle of key files: load, prepare, advance, wipe. */
#include "ledger/signing/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/text.h"

#define ASIDE_LEN 8 /* random bytes in the name of a file that was moved aside */

int keyring_log_path(const char *dir, char ret[FILE_PATH_MAX], struct err *err) {
    return file_join(ret, dir, "log.key", err);
}

int keyring_epoch_path(const char *dir, uint64_t number, char ret[FILE_PATH_MAX], struct err *err) {
    char name[40];
    snprintf(name, sizeof(name), "epoch-%llu.key", (unsigned long long)number);
    return file_join(ret, dir, name, err);
}

static int load_as(const struct keyring *ring, const char *path, struct bytes passphrase, const struct note_vkey *expected,
                   struct signer *ret, struct err *err) {
    struct signer signer = {0};
    int rc = (ring->exposed ? keyfile_load_exposed : keyfile_load)(path, passphrase, &signer, err);
    if (rc != 0) return rc;
    if (!note_vkey_eq(&signer.vkey, expected)) {
        signer_done(&signer);
        return err_set(err, ERR_TAMPERED, "'%s' holds another key than the ledger's '%s'", path, expected->name);
    }
    *ret = signer;
    return 0;
}

/* Whether the name is "epoch-<n>.key", or "epoch-<n>.key.<hex>" for a file that was moved aside. */
static bool is_epoch_file(const char *name, uint64_t *ret_number, bool *ret_aside) {
    static const char head[] = "epoch-", tail[] = ".key";
    const char *end = strstr(name, tail);
    if (strncmp(name, head, sizeof(head) - 1) != 0 || end == NULL) return false;
    const char *after = end + sizeof(tail) - 1;
    name += sizeof(head) - 1;
    *ret_aside = after[0] == '.';
    return (after[0] == '\0' || after[0] == '.') &&
           text_parse_u64((struct bytes){(const uint8_t *)name, (size_t)(end - name)}, ret_number) == 0;
}

static bool is_temporary(const char *name) {
    return bytes_has_prefix(bytes_of(name), ".ledger-tmp-");
}

/* Whether a file of the keys directory holds a secret that is no longer needed: the key of an epoch before `number`, a file
 * moved aside for an epoch up to it, or a temporary file that a crash left behind. */
static bool is_left_over(const char *name, uint64_t number) {
    uint64_t epoch;
    bool aside;
    return is_temporary(name) || (is_epoch_file(name, &epoch, &aside) && (epoch < number || (aside && epoch == number)));
}

int keyring_sweep(struct keyring *ring, const char *dir, int (*check)(void *ctx, struct err *err), void *ctx,
                  struct err *err) {
    if (!ring->sweep) return 0;
    DIR *keys = opendir(dir);
    if (keys == NULL) return err_errno(err, errno, "'%s'", dir);
    int rc = 0;
    for (struct dirent *d; rc == 0 && (d = readdir(keys)) != NULL;) {
        char path[FILE_PATH_MAX];
        if (is_left_over(d->d_name, ring->number)) {
            rc = check == NULL ? 0 : check(ctx, err);
            check = NULL;
            if (rc == 0) rc = file_join(path, dir, d->d_name, err);
            if (rc == 0) rc = file_wipe(path, err);
        }
    }
    closedir(keys);
    ring->sweep = rc != 0;
    return rc;
}

/* Renames a file to an unused name; the next sync of the directory makes that durable. */
static int move_aside(const char *path, struct err *err) {
    char hex[2 * ASIDE_LEN + 1], to[FILE_PATH_MAX];
    uint8_t random[ASIDE_LEN];
    crypt_random(random, sizeof(random));
    text_hex(hex, random, sizeof(random));
    if (snprintf(to, sizeof(to), "%s.%s", path, hex) >= (int)sizeof(to)) {
        return err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", path);
    }
    return rename(path, to) == 0 || errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", path);
}

/* Moves a key that was moved aside back to its place, because the log names it after all. 1: there is none. */
static int take_back(const struct keyring *ring, const char *dir, uint64_t number, const char *path,
                     struct bytes passphrase, const struct note_vkey *expected, struct signer *ret, struct err *err) {
    char from[FILE_PATH_MAX];
    struct signer signer = {0};
    DIR *keys = opendir(dir);
    bool found = false;
    for (struct dirent *d; keys != NULL && !found && (d = readdir(keys)) != NULL;) {
        uint64_t epoch;
        bool aside = false;
        found = is_epoch_file(d->d_name, &epoch, &aside) && aside && epoch == number &&
                file_join(from, dir, d->d_name, NULL) == 0 && load_as(ring, from, passphrase, expected, &signer, NULL) == 0;
    }
    if (keys != NULL) {
        closedir(keys);
    }
    if (!found) return 1;
    int rc = move_aside(path, err);
    if (rc == 0 && rename(from, path) != 0) rc = err_errno(err, errno, "'%s'", from);
    if (rc == 0) rc = file_sync_dir(dir, err);
    if (rc != 0) {
        signer_done(&signer);
        return rc;
    }
    *ret = signer;
    return 0;
}

static int load_epoch(const struct keyring *ring, const char *dir, struct bytes passphrase, uint64_t number,
                      const struct note_vkey *expected, struct signer *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct err why = {0};
    int rc = keyring_epoch_path(dir, number, path, &why);
    if (rc == 0) rc = load_as(ring, path, passphrase, expected, ret, &why);
    if (rc != 0) {
        int back = take_back(ring, dir, number, path, passphrase, expected, ret, err);
        if (back < 0) return back;
        rc = back == 0 ? 0 : err_set(err, rc, "%s", why.msg);
    }
    if (rc == 0 && ring->log.sealed && !ret->sealed) {
        signer_done(ret);
        rc = err_set(err, ERR_TAMPERED, "'%s' has no passphrase, unlike the ledger's keys: it is refused", path);
    }
    return rc;
}

int keyring_load_log(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                     struct err *err) {
    char path[FILE_PATH_MAX];
    if (ring->log.secret != NULL) return 0;
    int rc = keyring_log_path(dir, path, err);
    if (rc == 0) rc = load_as(ring, path, passphrase, log, &ring->log, err);
    return rc;
}

int keyring_load(struct keyring *ring, const char *dir, struct bytes passphrase, const struct note_vkey *log,
                 uint64_t number, const struct note_vkey *epoch, struct err *err) {
    int rc = keyring_load_log(ring, dir, passphrase, log, err);
    if (rc == 0 && (ring->epoch.secret == NULL || ring->number != number)) {
        struct signer signer = {0};
        rc = load_epoch(ring, dir, passphrase, number, epoch, &signer, err);
        if (rc == 0) {
            signer_done(&ring->epoch);
            ring->epoch = signer;
            ring->number = number;
            ring->sweep = true;
        }
    }
    return rc;
}

int keyring_prepare(const struct keyring *ring, const char *dir, struct bytes passphrase, struct bytes name,
                    struct signer *ret, struct err *err) {
    static const struct bytes none = {NULL, 0};
    char path[FILE_PATH_MAX];
    struct signer signer = {0};
    int rc = keyring_epoch_path(dir, ring->number + 1, path, err);
    if (rc == 0) rc = move_aside(path, err);
    if (rc == 0) rc = signer_new(&signer, name, err);
    if (rc == 0) rc = keyfile_save(path, &signer, ring->log.sealed ? passphrase : none, KEYFILE_DAILY, err);
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
    return keyring_sweep(ring, dir, NULL, NULL, err);
}

static int look(const char *path, log_key_file_fn *found, void *ctx, struct err *err) {
    struct log_key_file file;
    int rc = keyfile_look(path, &file, err);
    return rc == 0 ? found(ctx, &file, err) : rc;
}

int keyring_files(const char *dir, uint64_t number, log_key_file_fn *found, void *ctx, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = keyring_log_path(dir, path, err);
    if (rc == 0) rc = look(path, found, ctx, err);
    if (rc == 0) rc = keyring_epoch_path(dir, number, path, err);
    if (rc == 0) rc = look(path, found, ctx, err);
    if (rc != 0) return rc;
    DIR *keys = opendir(dir);
    if (keys == NULL) return errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", dir);
    for (struct dirent *d; rc == 0 && (d = readdir(keys)) != NULL;) {
        uint64_t epoch = number;
        bool aside = false, is_key = is_epoch_file(d->d_name, &epoch, &aside) && (aside || epoch != number);
        if (is_key || is_temporary(d->d_name)) {
            rc = file_join(path, dir, d->d_name, err);
            if (rc == 0) rc = look(path, found, ctx, err);
        }
    }
    closedir(keys);
    return rc;
}

void keyring_done(struct keyring *ring) {
    signer_done(&ring->log);
    signer_done(&ring->epoch);
}
