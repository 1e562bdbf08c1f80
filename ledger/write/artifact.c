/* Putting, getting and checking artifacts. A large one is written to a temporary file while it is hashed, synced, and under
 * the write lock renamed to its name and recorded. Its writer keeps it locked until then, so that what a crash leaves can
 * be told from what is being written: the next put removes leftover temporary files, the end of an erasure also files
 * without a record. The commit with the record also has the event ledger.stored, so that an artifact that is taken away is
 * missed. */
#include "ledger/write/artifact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/write/commit.h"

#define ARTIFACT_PREFIX "artifact:sha256:"
#define CHUNK           65536
#define INCOMING        "incoming-" /* temporary names */

static int path_of(const struct ledger *ledger, const uint8_t digest[HASH_LEN], char dir[FILE_PATH_MAX],
                   char path[FILE_PATH_MAX], struct err *err) {
    char hex[2 * HASH_LEN + 1], sub[32];
    text_hex(hex, digest, HASH_LEN);
    snprintf(sub, sizeof(sub), "artifacts/%.2s", hex);
    int rc = core_path(ledger, sub, dir, err);
    if (rc == 0) rc = file_join(path, dir, hex, err);
    return rc;
}

static ssize_t read_some(int fd, uint8_t chunk[CHUNK]) {
    ssize_t n;
    do {
        n = read(fd, chunk, CHUNK);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* ---- putting ---- */

struct incoming {
    struct commit_store store;
    struct ledger *ledger;
    struct hash *hash;
    struct buf small; /* content, while it still fits in the database */
    int tmp_fd;       /* -1 until it no longer fits */
    char tmp[FILE_PATH_MAX];
    uint64_t size;
};

/* Locked. A file that was swept between its creation and its locking no longer has a name, and another one is made. */
static int make_temporary(struct incoming *in, const char *dir, struct err *err) {
    for (;;) {
        struct stat st;
        int rc = file_join(in->tmp, dir, INCOMING "XXXXXX", err);
        if (rc != 0) return rc;
        in->tmp_fd = mkostemp(in->tmp, O_CLOEXEC);
        if (in->tmp_fd < 0 || flock(in->tmp_fd, LOCK_EX) != 0 || fstat(in->tmp_fd, &st) != 0) {
            return err_errno(err, errno, "'%s'", in->tmp);
        }
        if (st.st_nlink > 0) return 0;
        close(in->tmp_fd);
    }
}

static int spill(const struct ledger *ledger, struct incoming *in, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = core_path(ledger, "artifacts", dir, err);
    if (rc == 0) rc = file_make_dirs(dir, err);
    if (rc == 0) rc = make_temporary(in, dir, err);
    if (rc != 0) return rc;
    if (file_put_all(in->tmp_fd, in->small.p, in->small.n) != 0) {
        return err_errno(err, errno, "'%s'", in->tmp);
    }
    return 0;
}

static int take_in(const struct ledger *ledger, int fd, const char *path, struct incoming *in, struct err *err) {
    uint8_t chunk[CHUNK];
    for (;;) {
        ssize_t n = read_some(fd, chunk);
        if (n < 0) return err_errno(err, errno, "'%s'", path);
        if (n == 0) return 0;
        hash_put(in->hash, chunk, (size_t)n);
        in->size += (uint64_t)n;
        if (in->tmp_fd < 0 && in->size <= ARTIFACT_INLINE) {
            if (buf_put(&in->small, chunk, (size_t)n) != 0) {
                return buf_check(&in->small, "an artifact", err);
            }
            continue;
        }
        int rc = in->tmp_fd < 0 ? spill(ledger, in, err) : 0;
        if (rc == 0 && file_put_all(in->tmp_fd, chunk, (size_t)n) != 0) {
            rc = err_errno(err, errno, "'%s'", in->tmp);
        }
        if (rc != 0) return rc;
    }
}

/* Under the write lock, so that every other process sees the file as either recorded or left over. */
static int place_file(const struct ledger *ledger, struct incoming *in, const uint8_t digest[HASH_LEN], struct err *err) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    int rc = in->tmp_fd < 0 ? 0 : path_of(ledger, digest, dir, path, err);
    if (rc != 0 || in->tmp_fd < 0) return rc;
    if (rename(in->tmp, path) != 0) return err_errno(err, errno, "'%s'", path);
    in->tmp[0] = '\0';
    return file_sync_dir(dir, err);
}

/* In the commit's transaction; 1: the artifact is already there, with another transaction's record. */
static int put_record(struct commit_store *store, struct db_txn *txn, struct err *err) {
    struct incoming *in = (struct incoming *)store; /* the struct's first member */
    struct buf record = {.max = ARTIFACT_INLINE + ARTIFACT_RECORD_HEAD};
    struct bytes old, key = {store->digest, HASH_LEN};
    int there = db_get(txn, T_ARTIFACT, key, &old, err);
    if (there == 0 && old.n == ARTIFACT_RECORD_HEAD && old.p[0] == ARTIFACT_ERASED) {
        return err_set(err, ERR_CONFLICT, "this content was erased from the ledger and cannot be stored again");
    }
    int rc = there != 0 && there != ERR_NOTFOUND ? there : place_file(in->ledger, in, store->digest, err);
    if (rc != 0 || there == 0) {
        if (rc == 0) rc = 1;
        return rc;
    }
    buf_put_u8(&record, in->tmp_fd < 0 ? ARTIFACT_HERE : ARTIFACT_FILE);
    buf_put_be64(&record, in->size);
    if (in->tmp_fd < 0) {
        buf_put_bytes(&record, bytes_of_buf(&in->small));
    }
    rc = buf_check(&record, "an artifact", err);
    if (rc == 0) rc = db_put(txn, T_ARTIFACT, key, bytes_of_buf(&record), DB_NEW, err);
    buf_done(&record);
    return rc;
}

static int keep(struct incoming *in, struct err *err) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    struct commit_request request = {.store = &in->store};
    int rc = in->tmp_fd < 0 ? 0 : path_of(in->ledger, in->store.digest, dir, path, err);
    if (rc == 0 && in->tmp_fd >= 0) rc = file_make_dirs(dir, err);
    if (rc == 0 && in->tmp_fd >= 0 && fsync(in->tmp_fd) != 0) {
        rc = err_errno(err, errno, "'%s'", in->tmp);
    }
    in->store.size = in->size;
    if (rc == 0) rc = commit_alone(in->ledger, &request, NULL, err);
    return rc;
}

static int sweep_incoming(struct ledger *ledger, struct err *err);

static int put_stream(struct ledger *ledger, int fd, const char *path, uint8_t digest[HASH_LEN], uint64_t *ret_size,
                      struct err *err) {
    struct incoming in = {.store = {.put = put_record}, .ledger = ledger, .tmp_fd = -1, .hash = hash_new()};
    buf_init(&in.small, ARTIFACT_INLINE);
    sweep_incoming(ledger, NULL);
    int rc = in.hash == NULL ? err_set(err, ERR_NOMEM, "out of memory") : take_in(ledger, fd, path, &in, err);
    if (rc == 0) {
        hash_end(in.hash, digest);
        memcpy(in.store.digest, digest, HASH_LEN);
        rc = keep(&in, err);
    }
    if (in.tmp_fd >= 0) {
        if (in.tmp[0] != '\0') {
            file_wipe(in.tmp, NULL); /* it may be content that was erased before */
        }
        close(in.tmp_fd);
    }
    *ret_size = in.size;
    buf_done(&in.small);
    hash_free(in.hash);
    return rc;
}

int log_artifact_put(struct ledger *ledger, const char *path, char ret_id[LOG_ARTIFACT_ID], uint64_t *ret_size,
                     struct err *err) {
    uint8_t digest[HASH_LEN];
    uint64_t size;
    struct stat st;
    if (ledger->read_only) {
        return err_set(err, ERR_INVALID, "the ledger was opened for reading only");
    }
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "'%s'", path);
    int rc = fstat(fd, &st) != 0   ? err_errno(err, errno, "'%s'", path)
             : S_ISDIR(st.st_mode) ? err_set(err, ERR_INVALID, "'%s' is a directory; a file is needed", path)
                                   : put_stream(ledger, fd, path, digest, &size, err);
    if (!standard) {
        close(fd);
    }
    if (rc == 0) {
        char hex[2 * HASH_LEN + 1];
        text_hex(hex, digest, HASH_LEN);
        snprintf(ret_id, LOG_ARTIFACT_ID, "%s%s", ARTIFACT_PREFIX, hex);
        *ret_size = size;
    }
    return rc;
}

/* ---- leftovers of interrupted puts ---- */

/* Whether nobody is writing the file and it is still the one that has this name. */
static bool is_left(int fd, const char *path) {
    struct stat st, named;
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && lstat(path, &named) == 0 &&
           st.st_dev == named.st_dev && st.st_ino == named.st_ino;
}

static int wipe_left(const char *path, struct err *err) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", path);
    int rc = is_left(fd, path) ? file_wipe(path, err) : 0;
    close(fd);
    return rc;
}

typedef int each_fn(struct ledger *ledger, const char *dir, const char *name, struct err *err);

static int each_name(struct ledger *ledger, const char *dir, each_fn *each, struct err *err) {
    DIR *d = opendir(dir);
    if (d == NULL) {
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(err, errno, "'%s'", dir);
    }
    int rc = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(d)) != NULL;) {
        rc = each(ledger, dir, e->d_name, err);
    }
    closedir(d);
    return rc;
}

static int sweep_temporary(struct ledger *ledger, const char *dir, const char *name, struct err *err) {
    char path[FILE_PATH_MAX];
    (void)ledger;
    if (strncmp(name, INCOMING, strlen(INCOMING)) != 0) return 0;
    int rc = file_join(path, dir, name, err);
    if (rc == 0) rc = wipe_left(path, err);
    return rc;
}

static int sweep_incoming(struct ledger *ledger, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = core_path(ledger, "artifacts", dir, err);
    if (rc == 0) rc = each_name(ledger, dir, sweep_temporary, err);
    return rc;
}

/* 1: it is not recorded; with `write`, nobody can be putting it while *ret is open. */
static int is_recorded(struct ledger *ledger, const uint8_t digest[HASH_LEN], bool write, struct db_txn **ret,
                       struct err *err) {
    struct bytes record;
    int rc = db_begin(ledger->evidence, write, ret, err);
    if (rc != 0) {
        *ret = NULL;
        return rc;
    }
    rc = db_get(*ret, T_ARTIFACT, (struct bytes){digest, HASH_LEN}, &record, err);
    return rc == ERR_NOTFOUND ? 1 : rc;
}

static int sweep_file(struct ledger *ledger, const char *dir, const char *name, struct err *err) {
    char path[FILE_PATH_MAX];
    uint8_t digest[HASH_LEN];
    struct db_txn *txn;
    if (text_unhex(digest, sizeof(digest), bytes_of(name)) != 0) return 0;
    int rc = is_recorded(ledger, digest, false, &txn, err);
    db_abort(txn);
    if (rc != 1) return rc;
    rc = is_recorded(ledger, digest, true, &txn, err);
    if (rc == 1) {
        rc = file_join(path, dir, name, err);
        if (rc == 0) rc = wipe_left(path, err);
    }
    db_abort(txn);
    return rc;
}

static int sweep_dir(struct ledger *ledger, const char *dir, const char *name, struct err *err) {
    char path[FILE_PATH_MAX];
    if (strlen(name) != 2 || name[0] == '.') return 0;
    int rc = file_join(path, dir, name, err);
    if (rc == 0) rc = each_name(ledger, path, sweep_file, err);
    return rc;
}

int artifact_sweep(struct ledger *ledger, struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = core_path(ledger, "artifacts", dir, err);
    if (rc == 0) rc = each_name(ledger, dir, sweep_temporary, err);
    if (rc == 0) rc = each_name(ledger, dir, sweep_dir, err);
    return rc;
}

/* ---- getting ---- */

static int parse_id(const char *id, uint8_t ret[HASH_LEN], struct err *err) {
    struct bytes text = bytes_of(id);
    if (bytes_has_prefix(text, ARTIFACT_PREFIX)) {
        text.p += strlen(ARTIFACT_PREFIX);
        text.n -= strlen(ARTIFACT_PREFIX);
    }
    if (text_unhex(ret, HASH_LEN, text) != 0) {
        return err_set(err, ERR_INVALID, "'%.100s' is not an artifact id; expected %s<64 hex digits>", id == NULL ? "" : id,
                       ARTIFACT_PREFIX);
    }
    return 0;
}

static int open_record(struct bytes record, uint8_t *ret_where, uint64_t *ret_size, struct err *err) {
    if (record.n < ARTIFACT_RECORD_HEAD || record.p[0] > ARTIFACT_ERASED) {
        return err_set(err, ERR_CORRUPT, "an artifact's record does not parse");
    }
    *ret_where = record.p[0];
    *ret_size = be64_get(record.p + 1);
    uint64_t here = record.n - ARTIFACT_RECORD_HEAD;
    if (here != (record.p[0] == ARTIFACT_HERE ? *ret_size : 0)) {
        return err_set(err, ERR_CORRUPT, "an artifact's record has %llu bytes of content where %llu are due",
                       (unsigned long long)here, (unsigned long long)*ret_size);
    }
    return 0;
}

/* Nothing is read of what cannot be the content: a device need not end. */
static int check_size(int fd, const char *path, uint64_t size, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return err_errno(err, errno, "'%s'", path);
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_CORRUPT, "'%s' is not a regular file", path);
    if ((uint64_t)st.st_size == size) return 0;
    return err_set(err, ERR_TAMPERED, "'%s' has %lld bytes; the artifact had %llu", path, (long long)st.st_size,
                   (unsigned long long)size);
}

/* Streams the content to `out` (-1: nowhere) and compares size and hash. */
static int stream(const struct ledger *ledger, struct bytes key, struct bytes record, int out, struct err *err) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    uint8_t where = ARTIFACT_HERE, digest[HASH_LEN], chunk[CHUNK];
    uint64_t size = 0, seen = 0;
    int rc = open_record(record, &where, &size, err);
    if (rc == 0 && where == ARTIFACT_ERASED) {
        return err_set(err, ERR_NOTFOUND, "the artifact was erased");
    }
    if (rc == 0) rc = path_of(ledger, key.p, dir, path, err);
    struct hash *hash = hash_new();
    if (rc == 0 && hash == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    int fd = -1;
    if (rc == 0 && where == ARTIFACT_FILE && (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0) {
        bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO; /* or not a file of ours */
        rc = gone ? err_set(err, ERR_CORRUPT, "'%s': %s", path, strerror(errno)) : err_errno(err, errno, "'%s'", path);
    }
    if (rc == 0 && fd >= 0) rc = check_size(fd, path, size, err);
    if (rc == 0 && where == ARTIFACT_HERE) {
        seen = size;
        hash_put(hash, record.p + ARTIFACT_RECORD_HEAD, (size_t)size);
        rc = out >= 0 && file_put_all(out, record.p + ARTIFACT_RECORD_HEAD, (size_t)size) != 0
                 ? err_errno(err, errno, "writing an artifact")
                 : 0;
    }
    while (rc == 0 && fd >= 0 && seen <= size) {
        ssize_t n = read_some(fd, chunk);
        if (n <= 0) {
            rc = n == 0 ? 0 : err_errno(err, errno, "'%s'", path);
            break;
        }
        hash_put(hash, chunk, (size_t)n);
        seen += (uint64_t)n;
        rc = out >= 0 && file_put_all(out, chunk, (size_t)n) != 0 ? err_errno(err, errno, "writing an artifact") : 0;
    }
    if (rc == 0) {
        hash_end(hash, digest);
        if (seen != size || memcmp(digest, key.p, HASH_LEN) != 0) {
            rc = err_set(err, ERR_TAMPERED, "the artifact's content is not what its name says");
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    hash_free(hash);
    return rc;
}

int artifact_is_erased(struct ledger *ledger, struct bytes key, bool *ret, struct err *err) {
    struct db_txn *txn;
    struct bytes record;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = db_get(txn, T_ARTIFACT, key, &record, err);
    if (rc == 0 || rc == ERR_NOTFOUND) {
        *ret = rc == 0 && record.n > 0 && record.p[0] == ARTIFACT_ERASED;
        rc = 0;
    }
    db_abort(txn);
    return rc;
}

int log_artifact_get(struct ledger *ledger, const char *id, int fd, struct err *err) {
    uint8_t digest[HASH_LEN];
    struct err why = {0};
    struct db_txn *txn;
    struct bytes record, key = {digest, HASH_LEN};
    struct buf copy; /* no snapshot is held while a slow receiver reads */
    int rc = parse_id(id, digest, err);
    if (rc == 0) rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    buf_init(&copy, SIZE_MAX);
    rc = db_get(txn, T_ARTIFACT, key, &record, err);
    if (rc == ERR_NOTFOUND) {
        err_set(err, ERR_NOTFOUND, "there is no artifact '%s'", id);
    } else if (rc == 0 && buf_put_bytes(&copy, record) != 0) {
        rc = buf_check(&copy, "an artifact's record", err);
    }
    db_abort(txn);
    if (rc == 0) {
        rc = stream(ledger, key, bytes_of_buf(&copy), fd, &why);
        bool late = false;
        if (err_is_damage(rc)) {
            artifact_is_erased(ledger, key, &late, NULL);
        }
        rc = late ? err_set(err, ERR_NOTFOUND, "the artifact was erased") : rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
    }
    buf_done(&copy);
    return rc;
}

int artifact_check(const struct ledger *ledger, struct bytes key, struct bytes record, struct err *err) {
    if (key.n != HASH_LEN) {
        return err_set(err, ERR_CORRUPT, "an artifact's key has %zu bytes", key.n);
    }
    return stream(ledger, key, record, -1, err);
}

int artifact_erase(struct db_txn *txn, const char *id, uint64_t *ret_bytes, struct err *err) {
    uint8_t digest[HASH_LEN], where = ARTIFACT_HERE, head[ARTIFACT_RECORD_HEAD] = {ARTIFACT_ERASED};
    struct bytes record, key = {digest, HASH_LEN};
    uint64_t size = 0;
    int rc = parse_id(id, digest, err);
    if (rc == 0) rc = db_get(txn, T_ARTIFACT, key, &record, err);
    if (rc == ERR_NOTFOUND) return err_set(err, ERR_NOTFOUND, "there is no artifact '%s'", id);
    if (rc == 0) rc = open_record(record, &where, &size, err);
    if (rc == 0 && where == ARTIFACT_ERASED) {
        return err_set(err, ERR_NOTFOUND, "'%s' was erased before", id);
    }
    be64_put(head + 1, size);
    if (rc == 0) rc = db_put(txn, T_ARTIFACT, key, (struct bytes){head, sizeof(head)}, DB_PUT, err);
    if (rc == 0) {
        *ret_bytes += size;
    }
    return rc;
}

int artifact_wipe(const struct ledger *ledger, struct bytes key, struct bytes record, struct err *err) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX];
    if (key.n != HASH_LEN || record.n < 1 || record.p[0] != ARTIFACT_ERASED) return 0;
    int rc = path_of(ledger, key.p, dir, path, err);
    if (rc == 0 && file_exists(path)) rc = file_wipe(path, err);
    return rc;
}

int artifact_bytes(struct db_txn *txn, uint64_t *ret, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, record;
    uint64_t sum = 0;
    int rc = db_cursor_open(txn, T_ARTIFACT, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &record, err);
    while (rc == 0) {
        uint8_t where = ARTIFACT_HERE;
        uint64_t size = 0;
        rc = open_record(record, &where, &size, err);
        sum += rc == 0 && where != ARTIFACT_ERASED ? size : 0;
        if (rc == 0) rc = db_cursor_next(cursor, &key, &record, err);
    }
    db_cursor_close(cursor);
    if (rc == 1) {
        *ret = sum;
    }
    return rc < 0 ? rc : 0;
}
