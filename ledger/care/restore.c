/* Restore: a working ledger from a backup. The backup has no signing secrets, so a new epoch key begins, certified by the
 * log key in a ledger.restored event. Unless the caller vouches that the backup's head is the newest ever signed, the log
 * continues under the origin <origin>/r<n>, so that nothing is signed twice for one origin and size. n is the time of the
 * restore in seconds, so that two restores of one backup do not collide. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/care/backup.h"
#include "ledger/care/create.h"
#include "ledger/care/open.h"
#include "ledger/store/generation.h"
#include "ledger/write/commit.h"

/* "<first origin>/r<n>"; n grows with each restore, whatever the clock says. */
static int next_origin(const char *first, const char *origin, uint64_t now, char ret[NOTE_NAME_MAX + 1], struct err *err) {
    size_t n = strlen(first);
    uint64_t old = 0, number = now / CLOCK_NS_PER_S;
    if (strlen(origin) > n + 2) { /* restored before: "<first>/r<old>" */
        text_parse_u64(bytes_of(origin + n + 2), &old);
    }
    number = number > old ? number : old + 1;
    int len = snprintf(ret, NOTE_NAME_MAX + 1, "%s/r%llu", first, (unsigned long long)number);
    return len > NOTE_NAME_MAX ? err_set(err, ERR_LIMIT, "the origin '%s' is too long to be continued", origin) : 0;
}

/* The database file of a backup, or of a copied directory. */
static int evidence_of(const char *backup, char ret[FILE_PATH_MAX], struct err *err) {
    char base[FILE_PATH_MAX], dir[FILE_PATH_MAX];
    uint64_t generation = 0;
    int rc = file_join(base, backup, "evidence", err);
    if (rc == 0) {
        generation_find(base, 0, &generation, NULL);
        rc = generation_path(base, generation, dir, err);
    }
    if (rc == 0) rc = file_join(ret, dir, "data.mdb", err);
    return rc;
}

static int copy_all(const char *backup, const char *tmp, struct err *err) {
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    struct config config;
    int rc = evidence_of(backup, from, err);
    if (rc == 0) rc = file_join(to, tmp, "evidence", err);
    if (rc == 0) rc = file_make_dirs(to, err);
    if (rc == 0) rc = file_join(to, tmp, "evidence/data.mdb", err);
    if (rc == 0) rc = backup_copy_file(from, to, err);
    if (rc == 0) rc = backup_copy_artifacts(backup, tmp, err);
    if (rc == 0) rc = backup_copy_packs(backup, tmp, err);
    if (rc == 0) rc = config_load(backup, &config, err);
    if (rc == 0) rc = create_config(tmp, config.map_bytes, err);
    return rc;
}

static int take_keys(struct ledger *ledger, const struct log_restore_options *o, uint64_t epoch, struct signer *next,
                     struct err *err) {
    char path[FILE_PATH_MAX];
    struct signer *log = &ledger->write.keyring.log;
    int rc = keyfile_load(o->log_key, o->log_passphrase, log, err);
    if (rc == 0 && !note_vkey_eq(&log->vkey, &ledger->log)) {
        return err_set(err, ERR_INVALID, "'%s' holds the key '%s', the backup is of '%s'", o->log_key, log->vkey.name,
                       ledger->log.name);
    }
    if (rc == 0) rc = file_make_dirs(ledger->config.keys, err);
    if (rc == 0) rc = keyring_log_path(ledger->config.keys, path, err);
    if (rc == 0) rc = keyfile_save(path, log, o->passphrase, KEYFILE_DAILY, err);
    if (rc == 0) rc = create_epoch_key(ledger->config.keys, ledger->origin, epoch, o->passphrase, next, err);
    return rc;
}

static int first_origin(struct ledger *ledger, char ret[NOTE_NAME_MAX + 1], struct err *err) {
    struct core_view view;
    struct core_epoch epoch;
    int rc = core_view_begin(ledger, &view, err);
    if (rc == 0) {
        rc = core_epoch_get(view.txn, 0, &epoch, err);
        core_view_end(&view);
    }
    if (rc == 0) {
        memcpy(ret, epoch.origin, sizeof(epoch.origin));
    }
    return rc;
}

static int restored_draft(struct ledger *ledger, const struct log_restore_options *o, const char *before,
                          const struct log_head *head, uint64_t epoch, const struct signer *next, struct log_batch **ret,
                          struct err *err) {
    struct buf body = {.max = 65536};
    char vkey[NOTE_VKEY_MAX], root[2 * EVENT_HASH + 8] = "sha256:";
    text_hex(root + 7, head->root, EVENT_HASH);
    note_vkey_encode(vkey, &next->vkey);
    mp_put_map(&body, 8);
    mp_pair_uint(&body, "epoch", epoch);
    mp_pair_text(&body, "epoch_vkey", vkey);
    mp_pair_bool(&body, "newest", o->newest);
    mp_pair_text(&body, "origin", ledger->origin);
    mp_pair_text(&body, "origin_before", before);
    mp_pair_text(&body, "reason", o->reason == NULL ? "restore" : o->reason);
    mp_pair_text(&body, "root", root);
    mp_pair_uint(&body, "size", head->size);
    const struct batch_own own = {.kind = "ledger.restored", .actor = o->actor, .source = "cli", .body = &body};
    int rc = batch_new_own(ledger, &own, ret, err);
    buf_done(&body);
    return rc;
}

static int continue_log(struct ledger *ledger, const struct log_restore_options *o, struct err *err) {
    struct log_batch *batch = NULL;
    struct log_receipt receipt;
    struct log_head head;
    struct log_epoch epoch;
    struct signer next = {0};
    char first[NOTE_NAME_MAX + 1], before[NOTE_NAME_MAX + 1], origin[NOTE_NAME_MAX + 1];
    memcpy(before, ledger->origin, sizeof(before));
    int rc = create_verify(ledger, "the backup", &head, err);
    if (rc == 0) rc = first_origin(ledger, first, err);
    if (rc == 0) rc = log_epoch_current(ledger, &epoch, err);
    if (rc == 0 && !o->newest) {
        rc = next_origin(first, ledger->origin, clock_wall_ns(), origin, err);
        if (rc == 0) {
            memcpy(ledger->origin, origin, sizeof(origin));
        }
    }
    if (rc == 0) rc = take_keys(ledger, o, epoch.epoch + 1, &next, err);
    if (rc == 0) rc = restored_draft(ledger, o, before, &head, epoch.epoch + 1, &next, &batch, err);
    struct commit_request request = {.batch = batch, .receipts = &receipt, .control = true, .next = &next};
    if (rc == 0) rc = commit_run(ledger, &request, err);
    if (rc == 0) rc = create_identity(ledger, err);
    log_batch_free(batch);
    signer_done(&next);
    return rc;
}

/* Restoring from a ledger that is still in use would create two ledgers of one origin. */
static int refuse_live(const char *backup, struct err *err) {
    struct config config;
    char path[FILE_PATH_MAX];
    int rc = config_load(backup, &config, err);
    if (rc == 0) rc = keyring_log_path(config.keys, path, err);
    if (rc == 0 && file_exists(path)) {
        rc = err_set(err, ERR_INVALID, "'%s' is a ledger with its signing keys, not a backup: 'ledger backup' makes one",
                     backup);
    }
    return rc;
}

int log_restore(const char *backup, const char *dir, const struct log_restore_options *options, struct err *err) {
    char tmp[FILE_PATH_MAX] = "", path[FILE_PATH_MAX];
    struct ledger *ledger = NULL;
    int rc = options->reason == NULL ? 0 : batch_reason_check(options->reason, err);
    if (rc == 0) rc = crypt_init(err);
    if (rc == 0) rc = evidence_of(backup, path, err);
    if (rc == 0 && !file_exists(path)) {
        rc = err_set(err, ERR_NOTFOUND, "there is no backup in '%s'", backup);
    }
    if (rc == 0) rc = refuse_live(backup, err);
    if (rc == 0) rc = create_begin(dir, tmp, err);
    if (rc == 0) rc = copy_all(backup, tmp, err);
    if (rc == 0) rc = open_new(tmp, options->passphrase, &ledger, err);
    if (rc == 0) rc = open_attach(ledger, false, 0, err);
    if (rc == 0) rc = continue_log(ledger, options, err);
    log_close(ledger);
    if (rc == 0) rc = create_finish(tmp, dir, err);
    if (rc != 0) {
        create_undo(tmp);
    }
    return rc;
}
