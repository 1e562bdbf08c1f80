/* What a follower remembers of a file: which one it was, and how far it was read. */
#ifndef INGEST_MARK_H
#define INGEST_MARK_H

#include "base/bytes.h"
#include "base/hash.h"

#define MARK_HEAD_MAX ((uint64_t)1024)
#define MARK_NAME_LEN 64

struct mark {
    uint64_t ino, born; /* born: ns, 0 where the file system does not know */
    uint64_t offset;    /* where the next line begins */
    uint64_t generation;
    uint64_t head_n;        /* how many of the first bytes `head` covers, at most MARK_HEAD_MAX */
    uint8_t head[HASH_LEN]; /* their SHA-256 */
};

/* The cursor's name: by the real path of the directory and the name in it, so that it holds while the file is away. */
int mark_name(const char *path, char ret[MARK_NAME_LEN], struct err *err);
void mark_encode(struct buf *out, const struct mark *mark);
/* ERR_CORRUPT when it is no mark. */
int mark_decode(struct bytes value, struct mark *ret);

/* Fills ino and born of what `path` stands for, relative to `fd`; of `fd` itself when path is "". False when there is none.
 */
bool mark_identify(int fd, const char *path, struct mark *ret);
/* By ino and born. */
bool mark_same_file(const struct mark *a, const struct mark *b);
/* Digest of the first n (at most MARK_HEAD_MAX) bytes; false when there are fewer. */
bool mark_head(int fd, uint64_t n, uint8_t ret[HASH_LEN]);
/* The file behind fd begins with what the mark has seen of it, and is at least as long as what was read. */
bool mark_same_content(const struct mark *mark, int fd);

#endif
