/* The probes "models" and "weights": files of models that the ledger has a path of, which is private and in an event alone.
 * Of an Ollama store the files of weights that the ledger knows by their digest: whether they are there, and as long as their
 * manifests say, is looked at by its ingest source, which hashes a file again only if its status changed.
 *
 *   model-file     is it there, as long as it was, and not written to since it was hashed? Costs a stat
 *   model-digest   is it what its digest says, byte by byte? When it is asked for: it takes minutes
 *
 * The target of both is the digest: names move. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "doctor/probe/runtimes_record.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define FILES_MAX   512
#define DIGEST_MAX  80
#define PRIVATE_MAX ((size_t)1 << 20)
#define HASH_NS     (500 * CLOCK_NS_PER_S) /* what is not reached by then is not said */
#define PATIENCE_MS 2000

struct model_file {
    char digest[DIGEST_MAX], path[FILE_PATH_MAX];
    uint64_t bytes;  /* UINT64_MAX: not stated */
    uint64_t hashed; /* when it was last known to be what it should be; ns */
    bool of_store;   /* of Ollama */
    bool doubted;    /* its digest was another one when it was last read */
};

struct files {
    struct model_file *file;
    size_t n;
    struct log_reader *reader;
    struct buf private_;
    char store[FILE_PATH_MAX]; /* of Ollama; "": there is none */
};

/* ---- which ---- */

/* The event's path, if it has one and is not of an Ollama store. 1: it has not. */
static int read_path(struct files *files, uint64_t seq, struct model_file *f, struct err *err) {
    struct log_event event;
    log_reader_seek(files->reader, seq);
    int rc = log_reader_next(files->reader, &event, err);
    if (rc != 0 || !event.has_private || bytes_has_prefix(mp_get_text(event.body, "runtime"), "ollama")) {
        return rc < 0 ? rc : 1;
    }
    uint64_t bytes = mp_get_uint(event.body, "bytes", UINT64_MAX), time = event.time;
    buf_clear(&files->private_);
    rc = log_reader_private(files->reader, &files->private_, err);
    if (rc != 0) return rc;
    struct bytes path = files->private_.n > 0 ? mp_get_text(bytes_of_buf(&files->private_), "path") : (struct bytes){0};
    if (path.n == 0 || path.n >= sizeof(f->path) || path.p[0] != '/' || memchr(path.p, '\0', path.n) != NULL) return 1;
    memcpy(f->path, path.p, path.n);
    f->path[path.n] = '\0';
    f->bytes = bytes;
    f->hashed = time;
    return 0;
}

/* A whole digest that was right since then counts. */
static int take_checked(struct state_view *view, struct model_file *f, struct err *err) {
    const struct bytes key[] = {bytes_of("model-digest"), bytes_of(f->digest)};
    struct row row;
    bool there = false;
    int rc = look_stored(view, "checks", key, 2, &row, &there, err);
    bool good = rc == 0 && there && named_is(&row, "status", "ok");
    if (good && named_int(&row, "at") > (int64_t)f->hashed) {
        f->hashed = (uint64_t)named_int(&row, "at");
    }
    f->doubted = rc == 0 && there && !good;
    row_done(&row);
    return rc;
}

/* The file of a store that has this digest, if there is one: right since the ledger knows it. 1: there is none. */
static int find_blob(const struct files *files, struct state_view *view, struct model_file *f, struct err *err) {
    const struct bytes digest = bytes_of(f->digest);
    struct row row;
    bool there = false;
    int n = bytes_has_prefix(digest, "sha256:") && files->store[0] != '\0'
                ? snprintf(f->path, sizeof(f->path), "%s/blobs/sha256-%s", files->store, f->digest + strlen("sha256:"))
                : -1;
    if (n < 0 || (size_t)n >= sizeof(f->path) || access(f->path, F_OK) != 0) return 1;
    int rc = look_stored(view, "models", &digest, 1, &row, &there, err);
    f->bytes = UINT64_MAX;
    f->hashed = rc == 0 && there ? (uint64_t)named_int(&row, "since") : 0;
    f->of_store = true;
    row_done(&row);
    return rc;
}

static int take_row(struct files *files, struct state_view *view, const struct row *row, struct err *err) {
    struct model_file *f = &files->file[files->n];
    struct bytes digest = named_text(row, "digest");
    uint64_t seqs[ROW_SEQS_MAX];
    size_t column = named_column(row, "evidence"), n = column != SIZE_MAX ? row_seqs(row, column, seqs, ROW_SEQS_MAX) : 0;
    bool here = named_is(row, "state", "present") || named_is(row, "state", "loaded");
    int rc = 1;
    if (!here || !named_is(row, "digest_of", "weights") || files->n == FILES_MAX || digest.n >= sizeof(f->digest)) return 0;
    *f = (struct model_file){0};
    bytes_copy(f->digest, digest);
    for (size_t i = n < ROW_SEQS_MAX ? n : ROW_SEQS_MAX; i > 0 && rc == 1; i--) {
        rc = read_path(files, seqs[i - 1], f, err);
    }
    if (rc == 1) rc = find_blob(files, view, f, err);
    if (rc == 0) rc = take_checked(view, f, err);
    files->n += rc == 0;
    return rc < 0 ? rc : 0;
}

static int read_files(const struct probe_box *box, struct files *files, struct err *err) {
    struct ledger *ledger = NULL;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    *files = (struct files){.file = calloc(FILES_MAX, sizeof(*files->file)), .private_ = {.max = PRIVATE_MAX}};
    if (files->file == NULL) return err_set(err, ERR_NOMEM, "no memory for files of models");
    if (!source_store(box, files->store, sizeof(files->store))) files->store[0] = '\0';
    int rc = source_view(box, &ledger, &view, err);
    if (rc == 0) rc = log_reader_open(ledger, 0, state_at(view), &files->reader, err);
    if (rc == 0) rc = look_rows(view, "models", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = state_rows_next(rows, &row, err)) == 0) {
        rc = take_row(files, view, row, err);
    }
    state_rows_close(rows);
    log_reader_close(files->reader);
    state_close(view);
    log_close(ledger);
    buf_done(&files->private_);
    return rc < 0 ? rc : 0;
}

/* ---- the looks ---- */

static const char *status_of(const struct model_file *f, struct stat *st) {
    if (stat(f->path, st) != 0) return errno == ENOENT || errno == ENOTDIR ? "missing" : "denied";
    if (!S_ISREG(st->st_mode)) return "missing";
    if (f->bytes != UINT64_MAX && (uint64_t)st->st_size != f->bytes) return "mismatch";
    uint64_t written = (uint64_t)st->st_mtim.tv_sec * CLOCK_NS_PER_S + (uint64_t)st->st_mtim.tv_nsec;
    return written > f->hashed ? "stale" : "ok";
}

int probe_models(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct files files;
    int rc = read_files(box, &files, err);
    for (size_t i = 0; rc == 0 && i < files.n; i++) {
        struct stat st = {0};
        struct probe_check check = PROBE_CHECK("model-file", status_of(&files.file[i], &st));
        check.target = files.file[i].digest;
        check.path = files.file[i].path;
        if (strcmp(check.status, "mismatch") == 0) {
            check.unit = "bytes";
            check.value = (uint64_t)st.st_size;
            check.limit = files.file[i].bytes;
        }
        probe_say(out, &check);
    }
    free(files.file);
    return rc;
}

struct hashing {
    struct hash *hash;
    uint64_t until;
};

static int put_piece(void *ctx, struct bytes piece, struct err *err) {
    struct hashing *h = ctx;
    hash_put(h->hash, piece.p, piece.n);
    return clock_monotonic_ns() < h->until ? 0 : err_set(err, ERR_BUSY, "there was no time to read it to its end");
}

/* Says nothing of a file that is not there, or cannot be read to its end. */
static int look_whole(const struct model_file *f, uint64_t until, struct probe_out *out, struct err *err) {
    struct probe_check check = PROBE_CHECK("model-digest", "ok");
    struct hashing h = {.until = until};
    struct err why = {0};
    struct stat st;
    uint8_t digest[HASH_LEN];
    char found[DIGEST_MAX] = "sha256:";
    int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) close(fd);
        return 0;
    }
    h.hash = hash_new();
    int rc = h.hash != NULL ? file_read_back(fd, (uint64_t)st.st_size, put_piece, &h, &why)
                            : err_set(&why, ERR_NOMEM, "no memory for a digest");
    if (rc == 0) {
        hash_end(h.hash, digest);
        text_hex(found + 7, digest, HASH_LEN);
        check.target = f->digest;
        check.status = strcmp(found, f->digest) == 0 ? "ok" : "mismatch";
        check.digest = found;
        check.path = f->path;
        probe_say(out, &check);
    }
    hash_free(h.hash);
    close(fd);
    return rc == ERR_NOMEM ? err_set(err, rc, "%s", why.msg) : 0;
}

/* Ends the reading of a store as a signal would. */
struct patience {
    volatile sig_atomic_t stop;
    uint64_t until;
};

static void watch(void *ctx, uint64_t done, uint64_t total) {
    struct patience *p = ctx;
    (void)done;
    (void)total;
    if (clock_monotonic_ns() >= p->until) {
        p->stop = 1;
    }
}

/* Where there is a server, its lists of models count, and not that of the store too. */
static int verify_store(const struct probe_box *box, uint64_t until, struct err *err) {
    struct patience patience = {.until = until};
    char store[FILE_PATH_MAX], url[HTTP_URL_MAX];
    struct err why = {0};
    int rc = 0;
    if (!source_store(box, store, sizeof(store))) return 0;
    rc = runtimes_local_ollama(box, url, err);
    if (rc != 0) return rc;
    const struct ingest_options options = {.url = url[0] != '\0' ? url : NULL,
                                           .models = store,
                                           .verify = true,
                                           .stop = &patience.stop,
                                           .ctx = &patience,
                                           .progress = watch,
                                           .patience_ms = PATIENCE_MS};
    rc = source_run(box, "ollama", &options, &why);
    if (rc == 0 || rc == ERR_NET || rc == ERR_NOTFOUND || rc == ERR_INVALID) return 0;
    return err_set(err, rc, "%s", why.msg);
}

/* The source of a store has read the others. */
static bool is_to_read(const struct model_file *f) {
    struct stat st;
    return !f->of_store || f->doubted || strcmp(status_of(f, &st), "stale") == 0;
}

int probe_weights(const struct probe_box *box, struct probe_out *out, struct err *err) {
    uint64_t until = clock_monotonic_ns() + HASH_NS;
    struct files files;
    int rc = read_files(box, &files, err);
    for (size_t i = 0; rc == 0 && i < files.n && clock_monotonic_ns() < until; i++) {
        rc = is_to_read(&files.file[i]) ? look_whole(&files.file[i], until, out, err) : 0;
    }
    free(files.file);
    return rc == 0 ? verify_store(box, until, err) : rc;
}
