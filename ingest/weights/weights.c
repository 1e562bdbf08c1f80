/* The source weights: each file is one input with one receipt.
 *
 *   header -> model.observed                 grade declared: what the file says of itself
 *   all of it, with --verify -> model.identified   grade measured: the digest; what is beside it are still claims
 *
 * Nothing but the header is read unless --verify asks for it. A file is recognized by its header and size, so a copy of it, under
 * any name, is the same event. */
#include "ingest/weights/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "ingest/driver/load.h"
#include "ingest/input/keyed_hash.h"

#define BODY_MAX ((size_t)2 << 20)
#define PIECE    ((size_t)1 << 20)

uint64_t weights_le(const uint8_t *p, int n) {
    uint64_t v = 0;
    for (int i = n; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

int weights_read_at(int fd, uint64_t at, void *p, size_t n, struct err *err) {
    uint8_t *to = p;
    while (n > 0) {
        ssize_t got = pread(fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_set(err, ERR_IO, "cannot be read: %s", strerror(errno));
        if (got == 0) return err_set(err, ERR_CORRUPT, "the file ends at byte %llu", (unsigned long long)at);
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

/* 1: stopped. */
static int hash_file(struct intake *run, int fd, uint64_t size, uint8_t ret[HASH_LEN], struct err *err) {
    struct hash *hash = hash_new();
    uint8_t *piece = malloc(PIECE);
    int rc = hash != NULL && piece != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (uint64_t at = 0; rc == 0 && at < size;) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
        rc = intake_stopped(run) ? 1 : weights_read_at(fd, at, piece, n, err);
        if (rc == 0) hash_put(hash, piece, n);
        at += n;
        intake_progress(run, at, size);
    }
    if (rc == 0) hash_end(hash, ret);
    free(piece);
    hash_free(hash);
    return rc;
}

static int add(struct intake *run, const char *kind, const char *subject, const char *grade, const char *prefix,
               const struct bytes *parts, size_t n, const struct ingest_place *place, const struct buf *body,
               struct err *err) {
    char hex[KEYED_HASH_HEX], key[KEYED_HASH_HEX + 12];
    struct log_draft draft;
    keyed_hash_each(hex, intake_secret(run), parts, n);
    snprintf(key, sizeof(key), "%s:%s", prefix, hex);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of(grade);
    draft.body = bytes_of_buf(body);
    return intake_add(run, &draft, place, INGEST_NO_TIME, err);
}

static int add_all(struct intake *run, const struct weights *w, const uint8_t *digest, const char *path, struct err *err) {
    const struct ingest_place place = {.file = path};
    const struct bytes header = {w->header_digest, HASH_LEN}, whole = {digest, digest != NULL ? HASH_LEN : 0};
    char subject[WEIGHTS_NAME_MAX + 64], hex[2 * HASH_LEN + 1], size[24];
    struct buf body = {.max = BODY_MAX};
    if (w->name[0] != '\0') {
        snprintf(subject, sizeof(subject), "model/%s", w->name);
    } else {
        keyed_hash_parts(hex, intake_secret(run), &header, 1);
        snprintf(subject, sizeof(subject), "model/hash-%s", hex);
    }
    snprintf(size, sizeof(size), "%llu", (unsigned long long)w->bytes);
    const struct bytes parts[] = {header, bytes_of(size)};
    int rc = weights_put_observed(w, path, &body, err);
    if (rc == 0) rc = add(run, "model.observed", subject, "declared", "seen", parts, 2, &place, &body, err);
    if (rc == 0 && digest != NULL) {
        buf_clear(&body);
        text_hex(hex, digest, HASH_LEN);
        snprintf(subject, sizeof(subject), "model/sha256:%s", hex);
        rc = weights_put_identified(w, digest, path, &body, err);
        if (rc == 0) rc = add(run, "model.identified", subject, "measured", "weights", &whole, 1, &place, &body, err);
    }
    buf_done(&body);
    return rc;
}

/* ---- files ---- */

static int open_file(const char *path, int *ret_fd, uint64_t *ret_size, struct err *err) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s", strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, ERR_INVALID, "not a regular file; expected: a GGUF or safetensors file");
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

static int read_header(struct intake *run, int fd, uint64_t size, const char *path, struct weights *w, struct err *err) {
    uint8_t head[512];
    size_t n = size < sizeof(head) ? (size_t)size : sizeof(head);
    int rc = weights_read_at(fd, 0, head, n, err);
    if (rc != 0) return rc;
    if (n >= 4 && memcmp(head, "GGUF", 4) == 0) return weights_gguf_read(fd, size, intake_digest(run), w, err);
    if (n > 8 && head[8] == '{') return weights_safetensors_read(fd, size, intake_digest(run), w, err);
    err_set(err, ERR_INVALID, "neither 'GGUF' nor a safetensors header is at the beginning; expected: a file of weights");
    load_name_foreign(path, (struct bytes){head, n}, "ingest weights", err);
    return ERR_INVALID;
}

static int read_file(struct intake *run, const char *path, struct err *err) {
    struct weights w;
    struct err why = {0};
    uint8_t digest[HASH_LEN];
    bool verify = intake_options(run)->verify;
    uint64_t size = 0;
    int fd = -1;
    weights_init(&w);
    intake_begin(run, path);
    int rc = open_file(path, &fd, &size, &why);
    if (rc == 0) rc = read_header(run, fd, size, path, &w, &why);
    if (rc == 0 && verify) rc = hash_file(run, fd, size, digest, &why);
    if (load_is_bad(rc)) {
        rc = intake_reject_file(run, path, 0, &why);
    } else if (rc < 0) {
        rc = err_set(err, rc, "%s: %s", path, why.msg);
    } else if (rc == 0) {
        rc = add_all(run, &w, verify ? digest : NULL, path, err);
    }
    rc = rc == 0 || rc == 1 ? intake_end(run, err) : rc;
    if (fd >= 0) close(fd);
    weights_done(&w);
    return rc;
}

int weights_ingest(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    int rc = o->n_paths > 0 ? 0 : err_set(err, ERR_INVALID, "no files given; expected: GGUF or safetensors files");
    for (size_t i = 0; i < o->n_paths && rc == 0 && !intake_stopped(run); i++) {
        rc = read_file(run, o->paths[i], err);
    }
    return rc;
}
