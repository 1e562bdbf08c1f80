/* Backup: a copy of the evidence, the artifacts, the installed packs and the settings, without secret keys and derived data. Records are copied,
 * not pages, which may still hold erased content. The copy is verified before it appears under its name. */
#include "ledger/care/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/care/create.h"
#include "ledger/core/core.h"
#include "ledger/core/headfile.h"
#include "ledger/core/place.h"
#include "ledger/erase/erase.h"

#define COPY_CHUNK   65536
#define BACKUP_TRIES 5

static int copy_bytes(int in, int out) {
    uint8_t chunk[COPY_CHUNK];
    for (;;) {
        ssize_t n = read(in, chunk, sizeof(chunk));
        if (n == 0) return fsync(out);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 || file_put_all(out, chunk, (size_t)n) != 0) return -1;
    }
}

int backup_copy_file(const char *from, const char *to, struct err *err) {
    struct stat st;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (in < 0) return err_errno(err, errno, "'%s'", from);
    if (fstat(in, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(in);
        return err_set(err, ERR_INVALID, "'%s' is not a regular file", from);
    }
    int rc = 0;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0) {
        rc = errno == EEXIST ? err_set(err, ERR_CONFLICT, "'%s' exists", to) : err_errno(err, errno, "'%s'", to);
    } else {
        rc = copy_bytes(in, out) != 0 ? err_errno(err, errno, "copying '%s' to '%s'", from, to) : 0;
        close(out);
    }
    close(in);
    return rc;
}

/* Copies every regular file of a directory; files that are being written ("incoming-…") are not artifacts yet. */
static int copy_dir(const char *from, const char *to, bool deeper, struct err *err) {
    DIR *dir = opendir(from);
    if (dir == NULL) return errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", from);
    int rc = file_make_dirs(to, err);
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        char a[FILE_PATH_MAX], b[FILE_PATH_MAX];
        struct stat st;
        if (d->d_name[0] == '.' || strncmp(d->d_name, "incoming-", 9) == 0) continue;
        rc = file_join(a, from, d->d_name, err);
        if (rc == 0) rc = file_join(b, to, d->d_name, err);
        if (rc == 0 && lstat(a, &st) != 0) { /* erased meanwhile: verifying the copy shows whether it is missing */
            rc = errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", a);
        } else if (rc == 0 && S_ISDIR(st.st_mode) && deeper) {
            rc = copy_dir(a, b, false, err);
        } else if (rc == 0 && S_ISREG(st.st_mode)) {
            rc = backup_copy_file(a, b, err);
            rc = rc == ERR_NOTFOUND ? 0 : rc;
        }
    }
    closedir(dir);
    if (rc == 0) rc = file_sync_dir(to, err);
    return rc;
}

int backup_copy_artifacts(const char *from_dir, const char *to_dir, struct err *err) {
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    int rc = file_join(from, from_dir, "artifacts", err);
    if (rc == 0) rc = file_join(to, to_dir, "artifacts", err);
    if (rc == 0) rc = copy_dir(from, to, true, err);
    return rc;
}

/* Without the record "erasing", which is about old pages: the copy has none. */
static int copy_evidence(struct ledger *ledger, const char *tmp, uint64_t *ret_generation, struct err *err) {
    char dir[FILE_PATH_MAX];
    struct db_txn *txn;
    int rc = file_join(dir, tmp, "evidence", err);
    if (rc == 0) rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    *ret_generation = db_txn_generation(txn);
    rc = db_copy(txn, dir, CORE_ERASING, err);
    db_abort(txn);
    return rc;
}

/* The copy must verify and be of the same ledger. It may include artifact files that it should not have (erased but not yet
 * overwritten, or still being put): they are removed first. */
static int verify_copy(const struct ledger *ledger, const char *tmp, struct headfile *ret_head, struct err *err) {
    struct ledger *copy;
    struct log_head head;
    int rc = log_open(tmp, NULL, &copy, err);
    if (rc == 0) {
        rc = erase_artifacts(copy, err);
        if (rc == 0) rc = place_put_backup(copy, err);
        if (rc == 0) rc = create_verify(copy, "the copy", &head, err);
        if (rc == 0 && memcmp(copy->genesis, ledger->genesis, EVENT_HASH) != 0) {
            rc = err_set(err, ERR_TAMPERED, "the copy is of another ledger");
        }
        if (rc == 0) {
            memcpy(ret_head->origin, copy->origin, sizeof(ret_head->origin));
            memcpy(ret_head->root, head.root, EVENT_HASH);
            ret_head->size = head.size;
        }
        log_close(copy);
    }
    return rc;
}

/* Something was erased since then, or an erasure is unfinished: a file may have been removed after its record was copied. */
static bool was_erasing(struct ledger *ledger, uint64_t generation) {
    struct db_txn *txn;
    struct bytes mark;
    if (db_begin(ledger->evidence, false, &txn, NULL) != 0) return false;
    bool erasing = db_txn_generation(txn) != generation || db_get(txn, T_META, bytes_of(CORE_ERASING), &mark, NULL) == 0;
    db_abort(txn);
    return erasing;
}

static int make_backup(struct ledger *ledger, const char *to, uint64_t *ret_generation, struct err *err) {
    char tmp[FILE_PATH_MAX] = "";
    struct headfile head;
    int rc = create_begin(to, tmp, err);
    if (rc == 0) rc = copy_evidence(ledger, tmp, ret_generation, err);
    if (rc == 0) rc = backup_copy_artifacts(ledger->dir, tmp, err);
    if (rc == 0) rc = backup_copy_packs(ledger->dir, tmp, err);
    if (rc == 0) rc = create_config(tmp, ledger->config.map_bytes, err);
    if (rc == 0) rc = verify_copy(ledger, tmp, &head, err);
    if (rc == 0) rc = headfile_write(tmp, &head, err);
    if (rc == 0) rc = create_finish(tmp, to, err);
    if (rc != 0) {
        create_undo(tmp);
    }
    return rc;
}

int log_backup(struct ledger *ledger, const char *to, struct err *err) {
    uint64_t generation = 0;
    if (file_exists(to)) {
        return err_set(err, ERR_CONFLICT, "'%s' exists; a backup makes a new directory", to);
    }
    int rc = headfile_check_now(ledger, err);
    for (int left = BACKUP_TRIES; rc == 0 && left > 0; left--) {
        rc = make_backup(ledger, to, &generation, err);
        if (rc != ERR_TAMPERED || left == 1 || !was_erasing(ledger, generation)) break;
        rc = 0;
    }
    return rc;
}
