/* The files of a store: each is named by the SHA-256 of its content, so that it can be checked.
 *
 *   does it exist? -> has it the manifest's size? -> (with --verify) was it hashed before, unchanged? -> hash it
 *
 * Hashed files are remembered by digest, size, time of change and inode in cursors, from 1 MiB up; smaller ones are hashed
 * each time. Faults are remembered there too: a fault is an event once, when it is found and when it is gone, and a
 * rejection each time.
 *
 *   ingest/ollama/<id>/blobs-<page>   [1, generation, remembered, [bad ...]]
 *     remembered                      bin, 16 bytes a file
 *     bad                             [digest, what, file, generation]; file: 16 bytes that identify the file */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "ingest/ollama/ollama.h"

#define PAGES       16
#define FORM        1
#define ID_LEN      16
#define KNOWN_MAX   96 /* files in a page */
#define BAD_MAX     24
#define CURSOR_MAX  4096
#define BIG         ((uint64_t)1 << 20)
#define CHUNK       ((size_t)1 << 20)
#define SEEN_MAX    65536
#define CONTENT_MAX ((uint64_t)1 << 20)

enum what { WELL, MISSING, OTHER_SIZE, OTHER_BYTES };

struct bad {
    uint8_t digest[HASH_LEN], file[ID_LEN];
    enum what what;
    uint64_t gen;
};

struct page {
    bool loaded, dirty;
    uint64_t gen;
    size_t n_known, n_bad;
    uint8_t known[KNOWN_MAX][ID_LEN];
    bool used[KNOWN_MAX]; /* by this run */
    struct bad bad[BAD_MAX];
};

/* This run's result for a digest. */
struct result {
    uint8_t digest[HASH_LEN];
    bool there, hashed;
};

struct ollama_blobs {
    struct ollama_view view;
    char dir[FILE_PATH_MAX];
    char id[33];
    bool verify;
    uint8_t *chunk;
    struct page pages[PAGES];
    struct result *results; /* open addressing; a power of two, NULL at first */
    size_t n_results, cap;
};

/* A file. */
struct blob {
    const uint8_t *digest;
    char name[7 + 2 * HASH_LEN + 1]; /* "sha256-<hex>" */
    char path[FILE_PATH_MAX];
    int fd; /* -1: not there */
    struct stat st;
    uint8_t file[ID_LEN];
    enum what what;
    uint8_t found[HASH_LEN]; /* OTHER_BYTES */
    uint64_t wanted;         /* bytes, or MEMBER_NONE */
    bool hashed;
};

/* ---- cursors ------------------------------------------------------------------------------------------------------ */

static bool take_bad(struct mp_reader *r, struct bad *ret) {
    uint64_t what = 0;
    if (!mp_take_array(r, 4) || !mp_take_bin(r, ret->digest, HASH_LEN) || !mp_take_uint(r, OTHER_BYTES, &what) ||
        what < MISSING || !mp_take_bin(r, ret->file, ID_LEN) || !mp_take_uint(r, MP_INT_MAX, &ret->gen)) {
        return false;
    }
    ret->what = (enum what)what;
    return true;
}

static bool take_page(struct bytes value, struct page *p) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, value);
    if (!mp_take_array(&r, 4) || !mp_take(&r, MP_UINT, &item) || item.uint != FORM ||
        !mp_take_uint(&r, MP_INT_MAX, &p->gen) || !mp_take(&r, MP_BIN, &item) || item.data.n % ID_LEN != 0 ||
        item.data.n > sizeof(p->known)) {
        return false;
    }
    p->n_known = item.data.n / ID_LEN;
    if (item.data.n > 0) {
        memcpy(p->known, item.data.p, item.data.n);
    }
    if (!mp_take(&r, MP_ARRAY, &item) || item.count > BAD_MAX) return false;
    for (; p->n_bad < item.count; p->n_bad++) {
        if (!take_bad(&r, &p->bad[p->n_bad])) return false;
    }
    return r.p == r.end;
}

static void page_name(char ret[16], size_t number) {
    snprintf(ret, 16, "blobs-%zu", number);
}

static int page_of(struct ollama_blobs *b, const uint8_t *digest, struct page **ret, struct err *err) {
    size_t number = digest[0] % PAGES;
    struct page *p = &b->pages[number];
    struct buf value = {.max = CURSOR_MAX};
    char name[16];
    bool there = false;
    int rc = 0;
    if (!p->loaded) {
        page_name(name, number);
        rc = ollama_cursor_get(b->view.run, b->id, name, &value, &there, err);
        if (rc == 0 && there && !take_page(bytes_of_buf(&value), p)) {
            rc = err_set(err, ERR_CORRUPT, "the stored cursor 'ingest/ollama/%s/%s' does not parse", b->id, name);
        }
        buf_done(&value);
        p->loaded = rc == 0;
    }
    *ret = p;
    return rc;
}

/* Stores the page with what has been added so far. */
static int put_page(struct ollama_blobs *b, struct page *p, struct err *err) {
    struct buf value = {.max = CURSOR_MAX};
    char name[16];
    page_name(name, (size_t)(p - b->pages));
    mp_put_array(&value, 4);
    mp_put_uint(&value, FORM);
    mp_put_uint(&value, p->gen);
    mp_put_bin(&value, (struct bytes){p->known[0], p->n_known * ID_LEN});
    mp_put_array(&value, (uint32_t)p->n_bad);
    for (size_t i = 0; i < p->n_bad; i++) {
        mp_put_array(&value, 4);
        mp_put_bin(&value, (struct bytes){p->bad[i].digest, HASH_LEN});
        mp_put_uint(&value, p->bad[i].what);
        mp_put_bin(&value, (struct bytes){p->bad[i].file, ID_LEN});
        mp_put_uint(&value, p->bad[i].gen);
    }
    int rc = buf_check(&value, "a cursor", err);
    if (rc == 0) rc = ollama_cursor_put(b->view.run, b->id, name, bytes_of_buf(&value), err);
    if (rc == 0) rc = intake_flush(b->view.run, err);
    buf_done(&value);
    p->dirty = p->dirty && rc != 0;
    return rc;
}

static bool is_known(struct page *p, const uint8_t file[ID_LEN]) {
    for (size_t i = 0; i < p->n_known; i++) {
        if (memcmp(p->known[i], file, ID_LEN) == 0) {
            p->used[i] = true;
            return true;
        }
    }
    return false;
}

static void forget_known(struct page *p, size_t i) {
    memmove(p->known[i], p->known[i + 1], (p->n_known - i - 1) * ID_LEN);
    memmove(&p->used[i], &p->used[i + 1], (p->n_known - i - 1) * sizeof(p->used[0]));
    p->n_known--;
    p->dirty = true;
}

static void remember_known(struct page *p, const uint8_t file[ID_LEN]) {
    if (p->n_known == KNOWN_MAX) {
        forget_known(p, 0); /* the oldest: it will be hashed again */
    }
    memcpy(p->known[p->n_known], file, ID_LEN);
    p->used[p->n_known++] = true;
    p->dirty = true;
}

static struct bad *find_bad(struct page *p, const uint8_t *digest) {
    for (size_t i = 0; i < p->n_bad; i++) {
        if (memcmp(p->bad[i].digest, digest, HASH_LEN) == 0) return &p->bad[i];
    }
    return NULL;
}

/* ---- a file ------------------------------------------------------------------------------------------------------- */

static int blob_open(const struct ollama_blobs *b, const struct ollama_digest *digest, uint64_t wanted, struct blob *ret,
                     struct err *err) {
    uint8_t numbers[24], id[HASH_LEN];
    char file[sizeof(ret->name) + 8];
    memset(ret, 0, sizeof(*ret));
    ret->digest = digest->sha256;
    ret->wanted = wanted;
    memcpy(ret->name, "sha256-", 7);
    text_hex(ret->name + 7, digest->sha256, HASH_LEN);
    snprintf(file, sizeof(file), "blobs/%s", ret->name);
    int rc = file_join(ret->path, b->dir, file, err);
    if (rc != 0) return rc;
    ret->fd = open(ret->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (ret->fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
        return err_errno(err, errno, "%s: cannot be opened", ret->name);
    }
    if (ret->fd < 0 || fstat(ret->fd, &ret->st) != 0 || !S_ISREG(ret->st.st_mode)) {
        ret->what = MISSING;
    } else if (wanted != MEMBER_NONE && (uint64_t)ret->st.st_size != wanted) {
        ret->what = OTHER_SIZE;
    }
    be64_put(numbers, (uint64_t)ret->st.st_size);
    be64_put(numbers + 8, (uint64_t)ret->st.st_mtim.tv_sec * 1000000000U + (uint64_t)ret->st.st_mtim.tv_nsec);
    be64_put(numbers + 16, (uint64_t)ret->st.st_ino);
    const struct bytes parts[] = {{digest->sha256, HASH_LEN}, {numbers, sizeof(numbers)}};
    hash_parts(id, parts, 2);
    memcpy(ret->file, id, ID_LEN);
    return 0;
}

static void blob_close(struct blob *blob) {
    if (blob->fd >= 0) {
        close(blob->fd);
    }
    blob->fd = -1;
}

static bool same_stat(const struct stat *a, const struct stat *b) {
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Hashes it. *ret_whole is false when the run was stopped before its end. ERR_IO; ERR_CONFLICT: it changed meanwhile. */
static int blob_hash(struct ollama_blobs *b, struct blob *blob, bool *ret_whole, struct err *err) {
    struct hash *hash = hash_new();
    struct stat after;
    uint64_t done = 0, total = (uint64_t)blob->st.st_size;
    ssize_t n = 1;
    int rc = hash != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    posix_fadvise(blob->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    while (rc == 0 && n > 0 && done <= total && !intake_stopped(b->view.run)) {
        n = read(blob->fd, b->chunk, CHUNK);
        if (n < 0 && errno == EINTR) {
            n = 1;
            continue;
        }
        if (n < 0) {
            rc = err_errno(err, errno, "%s: cannot be read at byte %llu", blob->name, (unsigned long long)done);
        } else {
            hash_put(hash, b->chunk, (size_t)n);
            done += (uint64_t)n;
            intake_progress(b->view.run, done, total);
        }
    }
    *ret_whole = rc == 0 && n == 0;
    if (*ret_whole && (fstat(blob->fd, &after) != 0 || !same_stat(&blob->st, &after))) {
        rc = err_set(err, ERR_CONFLICT, "%s: it changed while it was read", blob->name);
    }
    if (rc == 0 && done > total) {
        rc = err_set(err, ERR_CONFLICT, "%s: it grew while it was read", blob->name);
    }
    if (hash != NULL) {
        hash_end(hash, blob->found);
    }
    hash_free(hash);
    return rc;
}

/* ---- faults ------------------------------------------------------------------------------------------------------- */

static void put_sizes(struct mp_map *f, const struct blob *blob) {
    mp_map_uint(f, "value", (uint64_t)blob->st.st_size);
    mp_map_uint(f, "limit", blob->wanted);
    mp_map_text(f, "unit", bytes_of("bytes"));
}

static int add_check(struct ollama_blobs *b, const struct blob *blob, uint64_t gen, struct err *err) {
    static const char *const status[] = {
        [WELL] = "ok", [MISSING] = "missing", [OTHER_SIZE] = "mismatch", [OTHER_BYTES] = "mismatch"};
    struct mp_map open, private_;
    struct ollama_digest found = {.there = blob->what == OTHER_BYTES};
    char target[7 + 2 * HASH_LEN + 1];
    const uint8_t what = (uint8_t)blob->what;
    uint8_t content[HASH_LEN];
    const struct bytes parts[] = {{&what, 1}, {blob->file, ID_LEN}, {blob->found, found.there ? HASH_LEN : 0}};
    hash_parts(content, parts, 3);
    memcpy(found.sha256, blob->found, HASH_LEN);
    snprintf(target, sizeof(target), "sha256:%s", blob->name + 7);
    mp_map_init(&open, 4096);
    mp_map_init(&private_, 2 * FILE_PATH_MAX);
    mp_map_text(&open, "check", bytes_of("ollama-blob"));
    mp_map_text(&open, "target", bytes_of(target));
    mp_map_text(&open, "status", bytes_of(status[blob->what]));
    if (blob->what == OTHER_SIZE) {
        put_sizes(&open, blob);
    } else if (blob->what == OTHER_BYTES) {
        ollama_put_digest(&open, "digest", &found);
        mp_map_text(&open, "limit", bytes_of(target));
    }
    mp_map_text(&private_, "path", bytes_of(blob->path));
    const struct ollama_event event = {
        .kind = "doctor.observed",
        .subject = "check/ollama-blob",
        .grade = "measured",
        .key = {.what = "blob", .gen = gen, .name = bytes_of(target), .content = {content, HASH_LEN}},
        .open = &open,
        .private_ = &private_,
        .at = INGEST_NO_TIME};
    int rc = ollama_event_add(&b->view, &event, err);
    mp_map_done(&open);
    mp_map_done(&private_);
    return rc;
}

static int reject(struct ollama_blobs *b, const struct blob *blob) {
    char why[320], found[2 * HASH_LEN + 1];
    static const char *const group[] = {[MISSING] = "a file named by a manifest is missing",
                                        [OTHER_SIZE] = "a file's size differs from its manifest",
                                        [OTHER_BYTES] = "a file's content does not match its name"};
    text_hex(found, blob->found, HASH_LEN);
    if (blob->what == MISSING) {
        snprintf(why, sizeof(why), "%s: the file is not there", blob->name);
    } else if (blob->what == OTHER_SIZE) {
        snprintf(why, sizeof(why), "%s: the file has %llu bytes, its manifest says %llu", blob->name,
                 (unsigned long long)blob->st.st_size, (unsigned long long)blob->wanted);
    } else if (blob->hashed) {
        snprintf(why, sizeof(why), "%s: the content does not match the name; its SHA-256 is %s", blob->name, found);
    } else {
        snprintf(why, sizeof(why), "%s: the content does not match the name, as was found before", blob->name);
    }
    return intake_reject(b->view.run, &b->view.place, group[blob->what], why);
}

/* Compares the result with the previous one. */
static int record_result(struct ollama_blobs *b, struct page *p, struct blob *blob, struct err *err) {
    struct bad *bad = find_bad(p, blob->digest);
    bool same =
        bad != NULL && bad->what == blob->what && (blob->what == MISSING || memcmp(bad->file, blob->file, ID_LEN) == 0);
    /* A file that once had other bytes was not hashed this time. */
    bool unsure = bad != NULL && bad->what == OTHER_BYTES && blob->what == WELL && !blob->hashed;
    int rc = 0;
    if (blob->what == WELL && (bad == NULL || unsure)) return 0;
    if (same) return reject(b, blob);
    rc = add_check(b, blob, p->gen + 1, err);
    if (rc != 0) return rc;
    p->gen++;
    p->dirty = true;
    if (blob->what == WELL) {
        *bad = p->bad[--p->n_bad];
    } else if (bad == NULL && p->n_bad < BAD_MAX) {
        bad = &p->bad[p->n_bad++];
    }
    if (blob->what != WELL && bad != NULL) {
        memcpy(bad->digest, blob->digest, HASH_LEN);
        memcpy(bad->file, blob->file, ID_LEN);
        bad->what = blob->what;
        bad->gen = p->gen;
    }
    rc = put_page(b, p, err);
    if (rc == 0 && blob->what != WELL) rc = reject(b, blob);
    return rc;
}

/* ---- checking ----------------------------------------------------------------------------------------------------- */

static int verify(struct ollama_blobs *b, struct page *p, struct blob *blob, struct err *err) {
    struct bad *bad = find_bad(p, blob->digest);
    bool big = (uint64_t)blob->st.st_size >= BIG, whole = false;
    struct err why = {0};
    if (big && is_known(p, blob->file)) {
        blob->hashed = true;
        return 0;
    }
    if (big && bad != NULL && bad->what == OTHER_BYTES && memcmp(bad->file, blob->file, ID_LEN) == 0) {
        blob->what = OTHER_BYTES; /* as it was */
        return 0;
    }
    int rc = blob_hash(b, blob, &whole, &why);
    if (rc == ERR_IO || rc == ERR_CONFLICT) {
        return intake_reject(b->view.run, &b->view.place, NULL, why.msg);
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    if (!whole) {
        return 0; /* stopped */
    }
    blob->hashed = true;
    if (memcmp(blob->found, blob->digest, HASH_LEN) != 0) {
        blob->what = OTHER_BYTES;
        return 0;
    }
    if (big) {
        remember_known(p, blob->file);
        rc = put_page(b, p, err); /* hashing took long: keep the result */
    }
    return rc;
}

static size_t slot_of(const struct ollama_blobs *b, const uint8_t *digest) {
    size_t i = (size_t)be64_get(digest) & (b->cap - 1);
    while (b->results[i].there && memcmp(b->results[i].digest, digest, HASH_LEN) != 0) {
        i = (i + 1) & (b->cap - 1);
    }
    return i;
}

static int grow(struct ollama_blobs *b, struct err *err) {
    struct result *old = b->results;
    size_t n = b->cap;
    if (b->n_results * 2 < b->cap) return 0;
    struct result *more = calloc(n == 0 ? 64 : 2 * n, sizeof(*more));
    if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    b->results = more;
    b->cap = n == 0 ? 64 : 2 * n;
    for (size_t i = 0; i < n; i++) {
        if (old[i].there) {
            more[slot_of(b, old[i].digest)] = old[i];
        }
    }
    free(old);
    return 0;
}

static int check(struct ollama_blobs *b, const struct ollama_digest *digest, uint64_t bytes, bool *ret_hashed,
                 struct err *err) {
    struct page *p = NULL;
    struct blob blob;
    struct err why = {0};
    int rc = page_of(b, digest->sha256, &p, err);
    if (rc != 0) return rc;
    rc = blob_open(b, digest, bytes, &blob, &why);
    if (rc != 0) return intake_reject(b->view.run, &b->view.place, NULL, why.msg);
    const struct bad *bad = find_bad(p, digest->sha256);
    if (blob.what == WELL && b->verify) {
        rc = verify(b, p, &blob, err);
    } else if (blob.what == WELL && bad != NULL && bad->what == OTHER_BYTES && memcmp(bad->file, blob.file, ID_LEN) == 0) {
        blob.what = OTHER_BYTES; /* the same file as when that was found */
    }
    blob_close(&blob);
    if (rc == 0) rc = record_result(b, p, &blob, err);
    *ret_hashed = blob.what == WELL && blob.hashed;
    return rc;
}

int ollama_blobs_check(struct ollama_blobs *b, const struct ollama_digest *digest, uint64_t bytes, bool *ret_hashed,
                       struct err *err) {
    *ret_hashed = false;
    if (!digest->there || b->n_results >= SEEN_MAX) return 0;
    int rc = grow(b, err);
    if (rc != 0) return rc;
    size_t i = slot_of(b, digest->sha256);
    if (b->results[i].there) {
        *ret_hashed = b->results[i].hashed;
        return 0;
    }
    rc = check(b, digest, bytes, ret_hashed, err);
    memcpy(b->results[i].digest, digest->sha256, HASH_LEN);
    b->results[i].there = true;
    b->results[i].hashed = *ret_hashed;
    b->n_results++;
    return rc;
}

int ollama_blobs_content(struct ollama_blobs *b, const struct ollama_digest *digest, struct buf *out, struct err *err) {
    struct blob blob;
    uint8_t found[HASH_LEN];
    int rc = blob_open(b, digest, MEMBER_NONE, &blob, err);
    if (rc == 0 && blob.what == MISSING) {
        rc = err_set(err, ERR_NOTFOUND, "%s: the file is not there", blob.name);
    }
    if (rc == 0 && (uint64_t)blob.st.st_size > CONTENT_MAX) {
        rc = err_set(err, ERR_LIMIT, "%s: the file has more than %llu bytes", blob.name, (unsigned long long)CONTENT_MAX);
    }
    blob_close(&blob);
    if (rc == 0) rc = file_read(blob.path, out, err);
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(out);
        hash_parts(found, &whole, 1);
        if (memcmp(found, digest->sha256, HASH_LEN) != 0) {
            rc = err_set(err, ERR_TAMPERED, "%s: the file holds other bytes", blob.name);
        }
    }
    return rc;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

int ollama_blobs_new(const struct ollama_view *view, const char *dir, const char *id, struct ollama_blobs **ret,
                     struct err *err) {
    struct ollama_blobs *b = calloc(1, sizeof(*b));
    if (b == NULL || (b->chunk = malloc(CHUNK)) == NULL) {
        free(b);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    b->view = *view;
    b->view.saved = false;
    snprintf(b->dir, sizeof(b->dir), "%s", dir);
    snprintf(b->id, sizeof(b->id), "%s", id);
    b->verify = intake_options(view->run)->verify;
    *ret = b;
    return 0;
}

void ollama_blobs_free(struct ollama_blobs *b) {
    if (b != NULL) {
        free(b->chunk);
        free(b->results);
        free(b);
    }
}

int ollama_blobs_end(struct ollama_blobs *b, struct err *err) {
    int rc = 0;
    for (size_t k = 0; k < PAGES && rc == 0; k++) {
        struct page *p = &b->pages[k];
        for (size_t i = p->n_known; b->verify && p->loaded && !intake_stopped(b->view.run) && i > 0; i--) {
            if (!p->used[i - 1]) {
                forget_known(p, i - 1);
            }
        }
        if (p->dirty) rc = put_page(b, p, err);
    }
    return rc;
}
