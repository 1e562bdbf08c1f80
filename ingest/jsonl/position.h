/* What a follower remembers: which file it was, and how far it was read. */
#ifndef INGEST_JSONL_POSITION_H
#define INGEST_JSONL_POSITION_H

#include "base/bytes.h"
#include "base/hash.h"

#define FILE_POSITION_HEAD_MAX ((uint64_t)1024)
#define FILE_POSITION_NAME_LEN 64

struct file_position {
    uint64_t ino, born; /* born: ns, 0 where the file system does not know */
    uint64_t offset;    /* where the next line begins */
    uint64_t generation;
    uint64_t head_n;        /* how many of the first bytes `head` covers, at most FILE_POSITION_HEAD_MAX */
    uint8_t head[HASH_LEN]; /* their SHA-256 */
};

/* The cursor's name, derived from the real path of the directory and the name in it, so that it holds while there is no
 * file. */
int file_position_name(const char *path, char ret[FILE_POSITION_NAME_LEN], struct err *err);
void file_position_encode(struct buf *out, const struct file_position *position);
/* ERR_CORRUPT when it does not parse. */
int file_position_decode(struct bytes value, struct file_position *ret);

/* Fills ino and born of the file at `path`, relative to `fd`; of `fd` itself when path is "". False when there is none. */
bool file_position_identify(int fd, const char *path, struct file_position *ret);
/* By ino and born. */
bool file_position_same_file(const struct file_position *a, const struct file_position *b);
/* Digest of the first n (at most FILE_POSITION_HEAD_MAX) bytes; false when there are fewer. */
bool file_position_head(int fd, uint64_t n, uint8_t ret[HASH_LEN]);
/* The file begins with the bytes that the position has seen, and is at least as long as what was read. */
bool file_position_same_content(const struct file_position *position, int fd);

#endif
