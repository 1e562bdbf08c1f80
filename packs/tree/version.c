/* A file is read once, from its beginning to its end; a directory as content.c reads it. */
#include "packs/tree/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "packs/tree/content.h"

static void put_digest(const uint8_t digest[HASH_LEN], char ret[VERSION_DIGEST_MAX]) {
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, digest, HASH_LEN);
}

static int digest_file(const char *path, char ret[VERSION_DIGEST_MAX], struct err *err) {
    uint8_t digest[HASH_LEN], *piece = malloc(FILE_PIECE);
    struct hash *hash = hash_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc = piece == NULL || hash == NULL ? err_set(err, ERR_NOMEM, "no memory for a file")
             : fd < 0                      ? err_errno(err, errno, "'%.300s' cannot be read", path)
                                           : 0;
    ssize_t n = 1;
    while (rc == 0 && n > 0) {
        n = read(fd, piece, FILE_PIECE);
        if (n < 0) rc = err_errno(err, errno, "'%.300s' cannot be read", path);
        if (n > 0) hash_put(hash, piece, (size_t)n);
    }
    if (rc == 0) {
        hash_end(hash, digest);
        put_digest(digest, ret);
    }
    if (fd >= 0) {
        close(fd);
    }
    hash_free(hash);
    free(piece);
    return rc;
}

static void note_fault(void *ctx, const char *path, const char *what) {
    char *first = ctx;
    if (first[0] == '\0') {
        snprintf(first, 256, "%.120s: %.120s", path, what);
    }
}

static int digest_tree(const char *path, char ret[VERSION_DIGEST_MAX], uint64_t *ret_bytes, struct err *err) {
    struct content *tree = NULL;
    char fault[256] = "";
    int rc = content_read(path, NULL, note_fault, fault, &tree, err);
    if (rc == ERR_INVALID && fault[0] != '\0') err_set(err, rc, "'%.200s' has no digest: %s", path, fault);
    if (rc == 0) {
        put_digest(content_digest(tree), ret);
        *ret_bytes = content_bytes(tree);
    }
    content_free(tree);
    return rc;
}

int version_digest(const char *path, char ret[VERSION_DIGEST_MAX], uint64_t *ret_bytes, struct err *err) {
    struct stat st;
    uint64_t bytes = 0;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return err_set(err, ERR_NOTFOUND, "'%.300s' does not exist", path);
        return err_errno(err, errno, "'%.300s' cannot be read", path);
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return err_set(err, ERR_INVALID, "'%.300s' is neither a file nor a directory", path);
    }
    bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    int rc = S_ISDIR(st.st_mode) ? digest_tree(path, ret, &bytes, err) : digest_file(path, ret, err);
    if (rc == 0 && ret_bytes != NULL) {
        *ret_bytes = bytes;
    }
    return rc;
}
