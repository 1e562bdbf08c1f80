/* Operations on a ledger other than recording. */
#include <ledger/care.h>

#include "lib/facade.h"
#include "projections/act/checked.h"

_Static_assert((int)LEDGER_ERASE_PRIVATE == (int)LOG_ERASE_PRIVATE && (int)LEDGER_ERASE_ARTIFACT == (int)LOG_ERASE_ARTIFACT,
               "");
_Static_assert(LEDGER_ARTIFACT_ID == LOG_ARTIFACT_ID, "");

int ledger_correct(struct ledger *ledger, const struct ledger_correct_options *options, struct ledger_receipt *ret,
                   struct ledger_error *error) {
    struct err err = {0};
    char actor[FACADE_ACTOR_MAX];
    struct ledger_correct_options o;
    struct log_receipt receipt = {0};
    int rc = FACADE_OPTIONS(&o, options, ledger_correct_options, LEDGER_CORRECT_OPTIONS_INIT, &err);
    if (rc == 0 && o.reason == NULL) {
        rc = err_set(&err, ERR_INVALID, "a correction needs a reason, such as wrong_subject");
    }
    const struct log_correct_options correct = {.seq = o.seq,
                                                .replaced_by = o.replaced_by,
                                                .reason = o.reason,
                                                .actor = facade_actor(o.actor, actor),
                                                .note = o.note};
    if (rc == 0) rc = checked_unlocked(ledger, "ledger.corrected", &err);
    if (rc == 0) rc = log_correct(ledger, &correct, &receipt, &err);
    if (rc == 0) facade_receipt(&receipt, ret);
    return facade_end(rc, &err, error);
}

int ledger_erase(struct ledger *ledger, const struct ledger_erase_options *options, struct ledger_receipt *ret,
                 struct ledger_error *error) {
    struct err err = {0};
    char actor[FACADE_ACTOR_MAX];
    struct ledger_erase_options o;
    struct log_receipt receipt = {0};
    int rc = FACADE_OPTIONS(&o, options, ledger_erase_options, LEDGER_ERASE_OPTIONS_INIT, &err);
    if (rc == 0 && (o.what < LEDGER_ERASE_BODY || o.what > LEDGER_ERASE_ARTIFACT)) {
        rc = err_set(&err, ERR_INVALID, "%d does not say what to erase", o.what);
    }
    if (rc == 0 && o.reason == NULL) {
        rc = err_set(&err, ERR_INVALID, "an erasure needs a reason: request, retention or mistake");
    }
    if (rc == 0) rc = facade_array(o.seqs, o.n_seqs, "seqs", &err);
    if (rc == 0) rc = facade_texts(o.fields, o.n_fields, "fields", &err);
    const struct log_erase_options erase = {.what = rc == 0 ? (enum log_erase_what)o.what : LOG_ERASE_BODY,
                                            .seqs = o.seqs,
                                            .n_seqs = o.n_seqs,
                                            .fields = o.fields,
                                            .n_fields = o.n_fields,
                                            .artifact = o.artifact,
                                            .reason = o.reason,
                                            .actor = facade_actor(o.actor, actor),
                                            .note = o.note};
    if (rc == 0) rc = checked_unlocked(ledger, "ledger.erased", &err);
    if (rc == 0) rc = log_erase(ledger, &erase, &receipt, &err);
    if (rc == 0) facade_receipt(&receipt, ret);
    return facade_end(rc, &err, error);
}

int ledger_erase_finish(struct ledger *ledger, uint64_t wait_ns, struct ledger_error *error) {
    struct err err = {0};
    return facade_end(log_erase_finish(ledger, wait_ns, NULL, &err), &err, error);
}

/* ---- artifacts ---- */

int ledger_artifact_put(struct ledger *ledger, const char *path, char ret_id[LEDGER_ARTIFACT_ID], uint64_t *ret_size,
                        struct ledger_error *error) {
    struct err err = {0};
    uint64_t size = 0;
    int rc = facade_given(path, "file", &err);
    if (rc == 0) rc = log_artifact_put(ledger, path, ret_id, &size, &err);
    if (rc == 0 && ret_size != NULL) {
        *ret_size = size;
    }
    return facade_end(rc, &err, error);
}

int ledger_artifact_get(struct ledger *ledger, const char *id, int fd, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_fd(fd, &err);
    if (rc == 0) rc = log_artifact_get(ledger, id, fd, &err);
    return facade_end(rc, &err, error);
}

/* ---- keys ---- */

int ledger_key_rotate(struct ledger *ledger, const char *actor, const char *reason, struct ledger_receipt *ret,
                      struct ledger_error *error) {
    struct err err = {0};
    char room[FACADE_ACTOR_MAX];
    struct log_receipt receipt = {0};
    int rc = log_key_rotate(ledger, facade_actor(actor, room), reason, &receipt, &err);
    if (rc == 0) facade_receipt(&receipt, ret);
    return facade_end(rc, &err, error);
}

int ledger_key_backup(struct ledger *ledger, const char *path, struct ledger_bytes passphrase, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(path, "file", &err);
    if (rc == 0) rc = log_key_backup(ledger, path, facade_bytes(passphrase), &err);
    return facade_end(rc, &err, error);
}

int ledger_author_new(const char *path, const char *name, struct ledger_bytes passphrase, char **ret_vkey,
                      struct ledger_error *error) {
    struct err err = {0};
    struct buf vkey = {.max = FACADE_TEXT_MAX};
    int rc = facade_given(path, "key file", &err);
    if (rc == 0) rc = log_author_new(path, name, facade_bytes(passphrase), &vkey, &err);
    return facade_end(facade_text(rc, &vkey, ret_vkey, NULL, &err), &err, error);
}

/* ---- places and figures ---- */

_Static_assert((int)LEDGER_PLACE_COPY == (int)LOG_PLACE_COPY && (int)LEDGER_PLACE_BACKUP == (int)LOG_PLACE_BACKUP, "");

int ledger_get_place(struct ledger *ledger, int *ret, struct ledger_error *error) {
    struct err err = {0};
    enum log_place place;
    int rc = log_place(ledger, &place, &err);
    if (rc == 0) {
        *ret = (int)place;
    }
    return facade_end(rc, &err, error);
}

int ledger_moved(struct ledger *ledger, const char *actor, const char *reason, struct ledger_receipt *ret,
                 struct ledger_error *error) {
    struct err err = {0};
    char room[FACADE_ACTOR_MAX];
    struct log_receipt receipt = {0};
    int rc = log_moved(ledger, facade_actor(actor, room), reason, &receipt, &err);
    if (rc == 0) facade_receipt(&receipt, ret);
    return facade_end(rc, &err, error);
}

int ledger_get_stats(struct ledger *ledger, struct ledger_stats *ret, struct ledger_error *error) {
    struct err err = {0};
    struct log_stats got;
    int rc = facade_size(ret->size, "ledger_stats", &err);
    if (rc == 0) rc = log_stats(ledger, &got, &err);
    if (rc == 0) {
        const struct ledger_stats stats = {.size = ret->size,
                                           .events = got.events,
                                           .checkpoints = got.checkpoints,
                                           .epochs = got.epochs,
                                           .artifacts = got.artifacts,
                                           .cursors = got.cursors,
                                           .evidence_bytes = got.evidence_bytes,
                                           .derived_bytes = got.derived_bytes,
                                           .artifact_bytes = got.artifact_bytes,
                                           .map_bytes = got.map_bytes,
                                           .map_used = got.map_used,
                                           .oldest_reader_pid = got.oldest_reader_pid,
                                           .oldest_reader_commits = got.oldest_reader_commits};
        memcpy(ret, &stats, ret->size < sizeof(stats) ? ret->size : sizeof(stats));
    }
    return facade_end(rc, &err, error);
}

/* ---- backups ---- */

int ledger_backup(struct ledger *ledger, const char *to, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(to, "directory", &err);
    if (rc == 0) rc = log_backup(ledger, to, &err);
    return facade_end(rc, &err, error);
}

int ledger_restore(const char *backup, const char *dir, const struct ledger_restore_options *options,
                   struct ledger_error *error) {
    struct err err = {0};
    char actor[FACADE_ACTOR_MAX];
    struct ledger_restore_options o;
    int rc = FACADE_OPTIONS(&o, options, ledger_restore_options, LEDGER_RESTORE_OPTIONS_INIT, &err);
    if (rc == 0 && (o.reason == NULL || o.log_key == NULL)) {
        rc = err_set(&err, ERR_INVALID, "a restore needs a reason and the file of the log key");
    }
    const struct log_restore_options restore = {.actor = facade_actor(o.actor, actor),
                                                .reason = o.reason,
                                                .log_key = o.log_key,
                                                .log_passphrase = facade_bytes(o.log_passphrase),
                                                .passphrase = facade_bytes(o.passphrase),
                                                .newest = o.newest != 0};
    if (rc == 0) rc = facade_given(backup, "backup", &err);
    if (rc == 0) rc = facade_given(dir, "directory", &err);
    if (rc == 0) rc = log_restore(backup, dir, &restore, &err);
    return facade_end(rc, &err, error);
}
