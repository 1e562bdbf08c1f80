/* Making a ledger: everything is built in a temporary directory beside the target, synced, and renamed into place, so that
 * a crash leaves either no ledger or a whole one (LMDB does not sync what it writes at creation). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/care/create.h"
#include "ledger/care/open.h"
#include "ledger/core/key_secret.h"
#include "ledger/write/commit.h"

/* ---- the temporary directory ---- */

int create_begin(const char *dir, char ret_tmp[FILE_PATH_MAX], struct err *err) {
    struct stat st;
    char parent[FILE_PATH_MAX];
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') {
        n--;
    }
    if (n == 0 || n + 16 >= FILE_PATH_MAX) {
        return err_set(err, ERR_INVALID, "the directory's path is empty or too long");
    }
    if (lstat(dir, &st) == 0 && (!S_ISDIR(st.st_mode) || (rmdir(dir) != 0))) {
        return err_set(err, ERR_CONFLICT, "'%s' exists and is not an empty directory", dir);
    }
    int rc = file_parent(parent, dir, err);
    if (rc == 0) rc = file_make_dirs(parent, err);
    if (rc != 0) return rc;
    snprintf(ret_tmp, FILE_PATH_MAX, "%.*s.new-XXXXXX", (int)n, dir);
    if (mkdtemp(ret_tmp) == NULL) return err_errno(err, errno, "'%s'", ret_tmp);
    return file_check_local(ret_tmp, err);
}

static int sync_below(const char *dir, const char *name, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, name, err);
    if (rc == 0 && file_exists(path)) rc = file_sync_dir(path, err);
    return rc;
}

int create_finish(const char *tmp, const char *dir, struct err *err) {
    int rc = sync_below(tmp, "evidence", err);
    if (rc == 0) rc = sync_below(tmp, "keys", err);
    if (rc == 0) rc = sync_below(tmp, "artifacts", err);
    if (rc == 0) rc = file_sync_dir(tmp, err);
    if (rc == 0 && rename(tmp, dir) != 0) {
        rc = errno == ENOTEMPTY || errno == EEXIST ? err_set(err, ERR_CONFLICT, "'%s' appeared meanwhile", dir)
                                                   : err_errno(err, errno, "'%s'", dir);
    }
    if (rc != 0) return rc;
    rc = file_sync_parent(dir, err);
    if (rc != 0) { /* it exists under its name all the same */
        err_prefix(err, "'%s' was created, but a power failure may still undo that", dir);
        rc = ERR_IO;
        if (err != NULL) {
            err->code = rc;
        }
    }
    return rc;
}

void create_undo(const char *tmp) {
    if (tmp[0] != '\0') {
        file_remove_tree(tmp, NULL);
    }
}

/* ---- keys ---- */

int create_epoch_key(const char *keys_dir, const char *origin, uint64_t number, struct bytes passphrase, struct signer *ret,
                     struct err *err) {
    char name[NOTE_NAME_MAX + 16], path[FILE_PATH_MAX];
    snprintf(name, sizeof(name), "%s/epoch", origin);
    int rc = signer_new(ret, bytes_of(name), err);
    if (rc == 0) rc = keyring_epoch_path(keys_dir, number, path, err);
    if (rc == 0) rc = keyfile_save(path, ret, passphrase, KEYFILE_DAILY, err);
    return rc;
}

static int make_keys(struct ledger *ledger, const char *keys_dir, const struct log_create_options *o, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_make_dirs(keys_dir, err);
    if (rc == 0) rc = signer_new(&ledger->write.keyring.log, bytes_of(o->origin), err);
    if (rc == 0) rc = keyring_log_path(keys_dir, path, err);
    if (rc == 0) rc = keyfile_save(path, &ledger->write.keyring.log, o->passphrase, KEYFILE_DAILY, err);
    if (rc == 0) rc = create_epoch_key(keys_dir, o->origin, 0, o->passphrase, &ledger->write.keyring.epoch, err);
    if (rc == 0) {
        ledger->log = ledger->write.keyring.log.vkey;
        note_vkey_encode(ledger->log_text, &ledger->log);
    }
    return rc;
}

/* ---- the first event ---- */

static int put_first_records(struct ledger *ledger, char ret_keyed_by[KEY_SECRET_DIGEST], struct err *err) {
    uint8_t secret[KEY_SECRET_LEN];
    struct db_txn *txn;
    struct head head = {.epoch_from = 1, .epoch_since = clock_wall_ns(), .wall = clock_wall_ns(), .boot = clock_boot_ns()};
    struct buf record = {.max = 4096};
    char vkey[NOTE_VKEY_MAX];
    clock_boot_id(head.boot_id);
    head_encode(&record, &head);
    note_vkey_encode(vkey, &ledger->write.keyring.epoch.vkey);
    int rc = buf_check(&record, "the head", err);
    if (rc == 0) rc = db_begin(ledger->evidence, true, &txn, err);
    if (rc == 0) {
        rc = db_put(txn, T_META, bytes_of("head"), bytes_of_buf(&record), DB_PUT, err);
        if (rc == 0) rc = core_epoch_put(txn, 0, 1, vkey, 0, ledger->origin, false, err);
        if (rc == 0) rc = key_secret_make(txn, secret, err);
        if (rc == 0) {
            key_secret_digest(secret, ret_keyed_by);
            crypt_wipe(secret, sizeof(secret));
        }
        rc = db_end(txn, rc, err);
    }
    buf_done(&record);
    return rc;
}

static int genesis_draft(struct ledger *ledger, const char *actor, const char *keyed_by, struct log_batch **ret,
                         struct err *err) {
    struct buf body = {.max = 65536};
    char epoch[NOTE_VKEY_MAX];
    note_vkey_encode(epoch, &ledger->write.keyring.epoch.vkey);
    mp_put_map(&body, 5);
    mp_pair_text(&body, "epoch_vkey", epoch);
    mp_pair_uint(&body, "format", CORE_FORMAT);
    mp_pair_text(&body, KEY_SECRET_FIELD, keyed_by);
    mp_pair_text(&body, "log_vkey", ledger->log_text);
    mp_pair_text(&body, "origin", ledger->origin);
    const struct batch_own own = {.kind = "ledger.created", .actor = actor, .source = "cli", .body = &body};
    int rc = batch_new_own(ledger, &own, ret, err);
    buf_done(&body);
    return rc;
}

int create_verify(struct ledger *ledger, const char *what, struct log_head *ret, struct err *err) {
    struct log_report *report = calloc(1, sizeof(*report));
    if (report == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = log_verify(ledger, NULL, report, err);
    if (rc == 0 && report->verdict >= LOG_CONTRADICTS) {
        rc = err_set(err, ERR_TAMPERED, "%s does not verify: event %lld, table %s: %s", what,
                     (long long)report->findings[0].seq, report->findings[0].place, report->findings[0].reason);
    }
    if (rc == 0) {
        *ret = report->head;
    }
    free(report);
    return rc;
}

int create_identity(struct ledger *ledger, struct err *err) {
    struct db_txn *txn;
    int rc = db_begin_reserved(ledger->evidence, &txn, err);
    if (rc != 0) return rc;
    rc = core_identity_put(txn, ledger->origin, ledger->genesis, ledger->log_text, err);
    return db_end(txn, rc, err);
}

static int write_genesis(struct ledger *ledger, const char *actor, const char *keyed_by, struct err *err) {
    struct log_batch *batch;
    struct log_receipt receipt;
    int rc = genesis_draft(ledger, actor, keyed_by, &batch, err);
    if (rc != 0) return rc;
    struct commit_request request = {.batch = batch, .receipts = &receipt, .control = true};
    rc = commit_run(ledger, &request, err);
    log_batch_free(batch);
    if (rc != 0) return rc;
    memcpy(ledger->genesis, receipt.leaf, EVENT_HASH);
    return create_identity(ledger, err);
}

int create_config(const char *dir, uint64_t map_bytes, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = 4096};
    if (map_bytes == 0) return 0;
    config_encode(&text, map_bytes);
    int rc = buf_check(&text, "config", err);
    if (rc == 0) rc = file_join(path, dir, "config", err);
    if (rc == 0) rc = file_create_durable(path, bytes_of_buf(&text), 0600, err);
    buf_done(&text);
    return rc;
}

static int build(const char *tmp, const struct log_create_options *o, struct err *err) {
    struct ledger *ledger;
    char path[FILE_PATH_MAX], keyed_by[KEY_SECRET_DIGEST];
    int rc = open_new(tmp, o->passphrase, &ledger, err);
    if (rc != 0) return rc;
    memcpy(ledger->origin, o->origin, strlen(o->origin) + 1);
    rc = create_config(tmp, o->map_bytes, err);
    if (rc == 0) rc = config_load(tmp, &ledger->config, err);
    if (rc == 0) rc = make_keys(ledger, ledger->config.keys, o, err);
    if (rc == 0) rc = core_path(ledger, "evidence", path, err);
    if (rc == 0) rc = file_make_dirs(path, err);
    if (rc == 0) rc = core_open_evidence(ledger, true, false, err);
    if (rc == 0) rc = put_first_records(ledger, keyed_by, err);
    if (rc == 0) rc = write_genesis(ledger, o->actor, keyed_by, err);
    log_close(ledger);
    return rc;
}

static int check_origin(const char *origin, struct err *err) {
    struct bytes text = bytes_of(origin);
    if (text.n > NOTE_NAME_MAX - 32) { /* room for "/r<n>" and "/epoch" */
        return err_set(err, ERR_LIMIT, "origin: %zu bytes, at most %d are accepted", text.n, NOTE_NAME_MAX - 32);
    }
    int rc = note_check_name(text, err);
    if (rc != 0) {
        err_prefix(err, "origin");
        return rc;
    }
    if (origin[0] == '/' || origin[0] == '-' || origin[0] == '.' || strstr(origin, "//") != NULL ||
        strstr(origin, "/..") != NULL || origin[text.n - 1] == '/') {
        return err_set(err, ERR_INVALID,
                       "origin: '%s' is not a URL without its scheme; expected a name like example.org/box-1", origin);
    }
    const char *last = strrchr(origin, '/');
    uint64_t number;
    if (last != NULL &&
        (strcmp(last, "/epoch") == 0 || (last[1] == 'r' && text_parse_u64(bytes_of(last + 2), &number) == 0))) {
        return err_set(err, ERR_INVALID, "origin: '%s' ends in '%s', which epoch keys and restored ledgers use", origin,
                       last);
    }
    if (strstr(origin, "://") != NULL) {
        return err_set(err, ERR_INVALID, "origin: '%s' has a scheme; expected a name like example.org/box-1", origin);
    }
    return 0;
}

int log_create(const char *dir, const struct log_create_options *options, struct err *err) {
    char tmp[FILE_PATH_MAX] = "";
    int rc = crypt_init(err);
    if (rc == 0) rc = check_origin(options->origin, err);
    if (rc == 0 && options->map_bytes != 0 &&
        (options->map_bytes < CONFIG_MAP_MIN || options->map_bytes > CONFIG_MAP_MAX)) {
        rc = err_set(err, ERR_INVALID, "map_bytes must be from %llu to %llu", (unsigned long long)CONFIG_MAP_MIN,
                     (unsigned long long)CONFIG_MAP_MAX);
    }
    if (rc == 0) rc = create_begin(dir, tmp, err);
    if (rc == 0) rc = build(tmp, options, err);
    if (rc == 0) rc = create_finish(tmp, dir, err);
    if (rc != 0) {
        create_undo(tmp);
    }
    return rc;
}
