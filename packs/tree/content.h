/* Reads the directory of a pack. What may be in it is narrow, so that a copy of it is the same everywhere: regular files
 * and directories, names that can be shown and typed, bounded numbers and sizes. Nothing outside is reached: each file is
 * opened by openat2 below the directory and through no symbolic link, and read once, so that what is hashed is what is
 * copied.
 *
 *   tree digest = SHA-256 of one line for each file, sorted by the bytes of its path:
 *                 mode SP sha256 SP size SP path LF
 *
 * mode: 755 for a file that its owner may execute, else 644. sha256: 64 lower-case hex digits, of the content. size: its
 * bytes, decimal. path: from the directory, with '/'. The file pack.sig, which signs the digest, is not part of it;
 * directories are only by the files in them. */
#ifndef PACKS_TREE_CONTENT_H
#define PACKS_TREE_CONTENT_H

#include "base/bytes.h"
#include "base/hash.h"

#define CONTENT_ENTRIES_MAX 10000 /* files and directories */
#define CONTENT_BYTES_MAX   ((uint64_t)1 << 30)
#define CONTENT_NAME_MAX    255
#define CONTENT_PATH_MAX    1024
#define CONTENT_KEPT_MAX    ((size_t)1 << 20) /* bytes of a file whose content is kept */
#define CONTENT_SIGNATURE   "pack.sig"

struct content_file {
    const char *path;
    bool program;
    uint64_t size;
    uint8_t digest[HASH_LEN];
};

/* Where the files are copied to while they are read, each once and in the order of their paths. A failure ends the reading
 * and is returned. */
struct content_sink {
    void *ctx;
    int (*begin)(void *ctx, const char *path, bool program, struct err *err);
    int (*put)(void *ctx, struct bytes piece, struct err *err);
    int (*end)(void *ctx, struct err *err);
};

/* Called for everything that may not be in a pack, with its path (not safe for a terminal) and a phrase. */
typedef void content_fault_fn(void *ctx, const char *path, const char *what);

struct content;
/* `sink` may be NULL. ERR_INVALID when `fault` was called: all of the directory's faults but those past a limit are found
 * before anything goes to the sink; a file that changes meanwhile may be one later. ERR_NOTFOUND, ERR_IO: the directory
 * cannot be read. *ret is set on success only; free with content_free, NULL is fine. */
int content_read(const char *dir, const struct content_sink *sink, content_fault_fn *fault, void *ctx, struct content **ret,
                 struct err *err);
void content_free(struct content *tree);

size_t content_count(const struct content *tree);
const struct content_file *content_at(const struct content *tree, size_t i); /* sorted by path */
const struct content_file *content_find(const struct content *tree, struct bytes path);
uint64_t content_bytes(const struct content *tree);
const uint8_t *content_digest(const struct content *tree); /* HASH_LEN bytes */
/* The content of pack.yaml, pack.json or pack.sig, as it was hashed. p is NULL when there is no such file, or it is larger
 * than CONTENT_KEPT_MAX. */
struct bytes content_kept(const struct content *tree, const char *path);

/* One file of a directory alone, by the same way: appends its content, at most CONTENT_KEPT_MAX bytes. For what can be said of
 * a directory with faults. ERR_NOTFOUND: there is no such regular file; ERR_LIMIT, ERR_IO. */
int content_read_file(const char *dir, const char *path, struct buf *out, struct err *err);

#endif
