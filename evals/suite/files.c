/* The names are sorted, so that a file that many cases name is read once. */
#include "evals/suite/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mp.h"
#include "base/tree/beneath.h"
#include "packs/manifest/value.h"

#define PIECE    ((size_t)64 << 10)
#define S(text_) (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p

int files_open(const struct reading *r, struct bytes path, const char **ret_why) {
    struct stat st;
    int fd = beneath_open(r->root, (const char *)path.p, O_RDONLY);
    if (fd < 0) {
        *ret_why = errno == ENOENT || errno == ENOTDIR ? "does not exist"
                   : errno == ELOOP                    ? "is a link, or there is one on the way to it"
                   : errno == EACCES                   ? "may not be read"
                   : errno == EXDEV                    ? "is not beneath the suite's directory"
                                                       : "cannot be opened";
        return -1;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        *ret_why = "is not a regular file";
        close(fd);
        return -1;
    }
    return fd;
}

/* NULL, or what is wrong. */
static const char *hash_file(const struct reading *r, struct hash *hash, uint8_t *piece, struct suite_file *file) {
    const char *why = NULL;
    ssize_t got = 0;
    int fd = files_open(r, file->path, &why);
    if (fd < 0) return why;
    file->size = 0;
    while (file->size <= FILES_SIZE_MAX && (got = read(fd, piece, PIECE)) > 0) {
        hash_put(hash, piece, (size_t)got);
        file->size += (uint64_t)got;
    }
    hash_end(hash, file->digest);
    close(fd);
    return got < 0 ? "cannot be read" : file->size > FILES_SIZE_MAX ? "is larger than 256 MiB" : NULL;
}

static int by_path(const void *a, const void *b) {
    return bytes_cmp(((const struct reading_file *)a)->file->path, ((const struct reading_file *)b)->file->path);
}

static int by_digest(const void *a, const void *b) {
    return memcmp(a, b, HASH_LEN);
}

static int hash_all(struct reading *r, struct hash *hash, uint8_t *piece, uint8_t *digests, size_t *ret_n) {
    const char *why = NULL;
    size_t n = 0;
    for (size_t i = 0; i < r->files_n; i++) {
        struct suite_file *file = r->files[i].file, *before = i > 0 ? r->files[i - 1].file : NULL;
        if (file->path.n == 0 || value_fault(FIELD_PATH, file->path) != NULL) continue; /* that was said */
        if (before != NULL && bytes_eq(before->path, file->path)) {
            file->size = before->size;
            memcpy(file->digest, before->digest, HASH_LEN);
        } else {
            why = hash_file(r, hash, piece, file);
            memcpy(digests + HASH_LEN * n++, file->digest, HASH_LEN);
        }
        if (why != NULL) {
            suite_read_fault(r, r->files[i].at, "the file '%.*s' %s", S(file->path), why);
        }
    }
    *ret_n = n;
    return 0;
}

int files_hash(struct reading *r, uint8_t ret_data[HASH_LEN], struct err *err) {
    uint8_t *digests = calloc(r->files_n + 1, HASH_LEN), *piece = malloc(PIECE);
    struct hash *hash = hash_new();
    struct buf mp = {.max = SIZE_MAX / 2};
    size_t n = 0, distinct = 0;
    int rc = digests != NULL && piece != NULL && hash != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) {
        if (r->files_n > 0) qsort(r->files, r->files_n, sizeof(*r->files), by_path);
        rc = hash_all(r, hash, piece, digests, &n);
    }
    if (rc == 0) {
        qsort(digests, n, HASH_LEN, by_digest);
        for (size_t i = 0; i < n; i++) {
            if (distinct > 0 && memcmp(digests + HASH_LEN * (distinct - 1), digests + HASH_LEN * i, HASH_LEN) == 0)
                continue;
            memmove(digests + HASH_LEN * distinct++, digests + HASH_LEN * i, HASH_LEN);
        }
        mp_put_array(&mp, (uint32_t)distinct);
        for (size_t i = 0; i < distinct; i++) {
            mp_put_bin(&mp, (struct bytes){digests + HASH_LEN * i, HASH_LEN});
        }
        rc = buf_check(&mp, "the files", err);
    }
    if (rc == 0) {
        const struct bytes all = bytes_of_buf(&mp);
        hash_parts(ret_data, &all, 1);
    }
    buf_done(&mp);
    hash_free(hash);
    free(piece);
    free(digests);
    return rc;
}
