/* Opening and closing a ledger, and its figures. */
#include "ledger/care/open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/mp.h"
#include "ledger/core/core.h"
#include "ledger/core/cursor.h"
#include "ledger/dedup/keeper.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/dedup/keys.h"
#include "ledger/dedup/segments.h"
#include "ledger/derived/derived.h"
#include "ledger/derived/segments_keep.h"
#include "ledger/erase/erase.h"
#include "ledger/store/generation.h"
#include "ledger/write/artifact.h"
#include "ledger/write/commit.h"
#include "ledger/write/packer.h"

/* Does event 0 say that the ledger was made in this program's format? It is what counts: a record beside the events that
 * says another one was changed. */
static bool was_made_so(struct db_txn *txn) {
    struct group *group = group_new();
    struct event_author author;
    struct head head;
    struct bytes body, value;
    struct mp_item item;
    bool so = group != NULL && core_head_get(txn, &head, NULL) == 0 &&
              core_group_load(txn, &head, 0, group, NULL, NULL) == 0 &&
              event_payload_decode(group->event[0].payload, &body, &author, NULL) == 0 &&
              mp_map_get(body, "format", &value) == 0 && mp_scalar(value, &item) == 0 && item.type == MP_UINT &&
              item.uint == CORE_FORMAT;
    group_free(group);
    return so;
}

static int read_format(struct db_txn *txn, struct err *err) {
    struct bytes record;
    struct mp_reader r;
    struct mp_item head;
    uint64_t format, features;
    int rc = core_meta_get(txn, "format", &record, err);
    if (rc != 0) return rc;
    mp_reader_init(&r, record);
    if (!mp_take(&r, MP_ARRAY, &head) || head.count < 2 || !mp_take_uint(&r, MP_INT_MAX, &format) ||
        !mp_take_uint(&r, MP_INT_MAX, &features)) {
        return err_set(err, ERR_CORRUPT, "the 'format' record does not parse");
    }
    if (format != CORE_FORMAT && was_made_so(txn)) {
        return err_set(err, ERR_CORRUPT, "the 'format' record says %llu and event 0 says %d: it was changed",
                       (unsigned long long)format, CORE_FORMAT);
    }
    if (format != CORE_FORMAT || features > CORE_FEATURE_ERASED) {
        return err_set(
            err, ERR_VERSION,
            "the ledger has format %llu with features 0x%llx, this program (%s) reads format %d: use a newer one",
            (unsigned long long)format, (unsigned long long)features, LEDGER_VERSION, CORE_FORMAT);
    }
    return 0;
}

static int read_identity(struct ledger *ledger, struct db_txn *txn, struct err *err) {
    struct bytes record;
    struct mp_reader r;
    struct mp_item origin, vkey;
    int rc = core_meta_get(txn, "identity", &record, err);
    if (rc != 0) return rc;
    mp_reader_init(&r, record);
    if (!mp_take_array(&r, 3) || !mp_take(&r, MP_STR, &origin) || origin.data.n == 0 || origin.data.n > NOTE_NAME_MAX ||
        !mp_take_bin(&r, ledger->genesis, EVENT_HASH) || !mp_take(&r, MP_STR, &vkey) || r.p != r.end ||
        note_vkey_decode(vkey.data, &ledger->log, NULL) != 0) {
        return err_set(err, ERR_CORRUPT, "the 'identity' record does not parse");
    }
    memcpy(ledger->origin, origin.data.p, origin.data.n);
    ledger->origin[origin.data.n] = '\0';
    note_vkey_encode(ledger->log_text, &ledger->log);
    return 0;
}

static int take_passphrase(struct ledger *ledger, struct bytes passphrase, struct err *err) {
    if (passphrase.n == 0) return 0;
    ledger->passphrase = crypt_secret_new(passphrase.n);
    if (ledger->passphrase == NULL) {
        return err_set(err, ERR_NOMEM, "out of locked memory for the passphrase");
    }
    memcpy(ledger->passphrase, passphrase.p, passphrase.n);
    ledger->passphrase_len = passphrase.n;
    return 0;
}

int open_new(const char *dir, struct bytes passphrase, struct ledger **ret, struct err *err) {
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    if (strlen(dir) >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "the path '%.64s...' is too long", dir);
    }
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    if (ledger == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (realpath(dir, ledger->dir) == NULL) { /* every other path follows from it, wherever the host changes to later */
        rc = err_errno(err, errno, "'%s'", dir);
        free(ledger);
        return rc;
    }
    pthread_mutex_init(&ledger->write.lock, NULL);
    pthread_mutex_init(&ledger->queue.lock, NULL);
    pthread_mutex_init(&ledger->proven_lock, NULL);
    gathering_init(&ledger->queue.gathering);
    ledger->write.build = group_new();
    ledger->write.lookup = group_new();
    ledger->write.head_fd = -1;
    buf_init(&ledger->write.built.keyrun, 65536);
    ledger->keeper = keeper_new(ledger, segments_keep);
    keyproof_new(ledger, NULL);
    derived_new(ledger, NULL);
    rc = ledger->write.build == NULL || ledger->write.lookup == NULL || ledger->keeper == NULL || ledger->fresh == NULL ||
                 ledger->derived == NULL
             ? err_set(err, ERR_NOMEM, "out of memory")
             : take_passphrase(ledger, passphrase, err);
    if (rc != 0) {
        log_close(ledger);
        return rc;
    }
    *ret = ledger;
    return 0;
}

int open_attach(struct ledger *ledger, bool read_only, uint64_t map_bytes, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = config_load(ledger->dir, &ledger->config, err);
    if (map_bytes != 0) {
        ledger->config.map_bytes = map_bytes;
    }
    ledger->read_only = read_only;
    if (rc == 0) rc = core_open_evidence(ledger, false, read_only, err);
    if (rc == 0) rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc == 0) rc = read_format(txn, err);
    if (rc == 0) rc = read_identity(ledger, txn, err);
    if (rc == 0) {
        ledger->follower.generation = db_txn_generation(txn);
    }
    db_abort(txn);
    return rc;
}

/* A generation that was found may be gone before it is looked at, for the next one is there. */
static int look_for(const char *dir, struct err *err) {
    char path[FILE_PATH_MAX], path_now[FILE_PATH_MAX];
    struct stat st;
    struct err why = {0};
    bool there = false, vanished = true;
    int looked = 0;
    int rc = file_join(path, dir, "evidence", err);
    for (int left = GENERATION_TRIES; rc == 0 && vanished && left > 0; left--) {
        uint64_t generation = 0;
        looked = generation_find(path, 0, &generation, &why);
        bool found = looked == 0;
        rc = found ? generation_path(path, generation, path_now, err) : 0;
        there = rc == 0 && found && stat(path_now, &st) == 0;
        vanished = found && !there && errno == ENOENT;
    }
    if (rc == 0 && looked < 0 && looked != ERR_NOTFOUND && stat(dir, &st) == 0 && S_ISDIR(st.st_mode)) {
        return err_set(err, looked, "%s", why.msg);
    }
    if (rc == 0 && !there && stat(path, &st) != 0 && errno != ENOENT && errno != ENOTDIR) {
        return err_errno(err, errno, "'%s'", path);
    }
    if (rc == 0)
        rc = there && S_ISDIR(st.st_mode)
                 ? 0
                 : err_set(err, ERR_NOTFOUND, "there is no ledger in '%s' ('ledger init' or ledger_create makes one)", dir);
    return rc;
}

int log_open(const char *dir, const struct log_open_options *options, struct ledger **ret, struct err *err) {
    static const struct log_open_options defaults = {.read_only = false};
    const struct log_open_options *o = options == NULL ? &defaults : options;
    struct ledger *ledger;
    int rc = look_for(dir, err);
    if (rc == 0) rc = open_new(dir, o->passphrase, &ledger, err);
    if (rc != 0) return rc;
    ledger->write.keyring.exposed = o->exposed_keys;
    ledger->keep_readers = o->keep_readers;
    ledger->leaves_derived = o->leaves_derived;
    ledger->no_private = o->no_private;
    ledger->wait = (struct db_wait){.limit_ns = o->wait_ns, .waiting = o->waiting, .ctx = o->waiting_ctx};
    rc = open_attach(ledger, o->read_only, o->map_bytes, err);
    if (rc != 0) {
        log_close(ledger);
        return rc;
    }
    if (!o->read_only) {
        erase_tidy(ledger);
    }
    *ret = ledger;
    return 0;
}

int log_check_process(const struct ledger *ledger, struct err *err) {
    return db_check_process(ledger->evidence, err);
}

void log_close(struct ledger *ledger) {
    if (ledger == NULL || (ledger->evidence != NULL && db_is_of_parent(ledger->evidence))) return;
    if (ledger->watch != NULL) {
        ledger->watch->close(ledger->watch);
    }
    if (ledger->runs_due) {
        keeper_ask(ledger);
    }
    keeper_free(ledger->keeper);
    segments_forget(ledger);
    keyproof_done(ledger);
    if (ledger->write.head_fd >= 0) {
        close(ledger->write.head_fd);
    }
    spare_batches_free(ledger);
    keyring_done(&ledger->write.keyring);
    crypt_secret_free(ledger->vouching);
    crypt_secret_free(ledger->passphrase);
    keys_free(ledger->write.keys);
    packer_free(ledger->write.packer);
    group_free(ledger->write.build);
    buf_done(&ledger->write.built.keyrun);
    group_free(ledger->write.lookup);
    derived_close(ledger);
    db_close(ledger->write.stand_in);
    db_close(ledger->evidence);
    pthread_mutex_destroy(&ledger->write.lock);
    pthread_mutex_destroy(&ledger->queue.lock);
    pthread_mutex_destroy(&ledger->proven_lock);
    pthread_cond_destroy(&ledger->queue.gathering.all_here);
    free(ledger);
}

/* ---- figures ---- */

static int count_tables(struct db_txn *txn, struct log_stats *ret, struct err *err) {
    const struct {
        enum core_table table;
        uint64_t *count;
    } counts[] = {{T_BUNDLE, &ret->groups}, {T_TAIL, &ret->tail},          {T_CHECKPOINT, &ret->checkpoints},
                  {T_EPOCH, &ret->epochs},  {T_ARTIFACT, &ret->artifacts}, {T_CURSOR, &ret->cursors}};
    int rc = 0;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && rc == 0; i++) {
        rc = db_count(txn, counts[i].table, counts[i].count, err);
    }
    return rc;
}

static uint64_t derived_bytes(struct ledger *ledger) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct stat st;
    return derived_path(ledger, dir, NULL) == 0 && file_join(path, dir, "data.mdb", NULL) == 0 && stat(path, &st) == 0
               ? (uint64_t)st.st_blocks * 512
               : 0;
}

int log_stats(struct ledger *ledger, struct log_stats *ret, struct err *err) {
    struct log_stats stats = {0};
    struct db_stats db;
    struct db_txn *txn;
    struct head head;
    int rc = db_stats(ledger->evidence, &db, err);
    if (rc == 0) rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = core_head_get(txn, &head, err);
    if (rc == 0) rc = count_tables(txn, &stats, err);
    if (rc == 0) rc = artifact_bytes(txn, &stats.artifact_bytes, err);
    db_abort(txn);
    if (rc == 0) {
        stats.events = head.size;
        stats.evidence_bytes = db.file_bytes;
        stats.derived_bytes = derived_bytes(ledger);
        stats.map_bytes = db.map_bytes;
        stats.map_used = db.used_bytes;
        stats.map_usable = db.usable_bytes;
        stats.readers = db.readers;
        stats.dead_readers = db.dead_readers;
        stats.oldest_reader_pid = db.oldest_reader_pid;
        stats.oldest_reader_commits = db.oldest_reader_commits;
        *ret = stats;
    }
    return rc;
}
