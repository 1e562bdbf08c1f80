/* Files: bounded whole reads, durable whole writes, directories. Every open is O_CLOEXEC. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/bytes.h"

#define FILE_PATH_MAX  4096
#define FILE_TEMPORARY ".ledger-tmp-" /* the prefix of temporary names */

/* Appends the whole file; ERR_LIMIT when it does not fit in out->max. A path of "-" is standard input. */
int file_read(const char *path, struct buf *out, struct err *err);
/* The same for a file of one's own, never standard input: a FIFO or a device is ERR_INVALID and nothing waits for it. */
int file_read_regular(const char *path, struct buf *out, struct err *err);
/* Writes to a temporary name in the same directory, syncs it, renames it over `path` and syncs the directory: afterwards
 * either the old or the new content is there, never a part. A symlink is kept and its target replaced, except through a
 * link that appears meanwhile, or another user's link in a directory like /tmp. An existing name that is not a regular
 * file (a FIFO, a device) is written through and stays what it is; `mode` is not applied to it. ERR_INVALID for a
 * terminal. */
int file_write_durable(const char *path, struct bytes data, mode_t mode, struct err *err);
/* The same for content that is written in pieces: begin, write to `fd`, then commit or abort, either of which closes
 * `fd`. A failed commit needs no abort. */
struct file_out {
    int fd;
    char path[FILE_PATH_MAX];      /* what is replaced or written through, links resolved */
    char temporary[FILE_PATH_MAX]; /* empty: written through */
};
int file_out_begin(struct file_out *out, const char *path, mode_t mode, struct err *err);
int file_out_commit(struct file_out *out, struct err *err);
void file_out_abort(struct file_out *out);
/* Creates a new file. It gets its name when it is complete; a kill leaves nothing or, where the file system does not
 * support unnamed files, a temporary name (".ledger-tmp-..."). ERR_CONFLICT when `path` exists, even as a dangling link.
 * file_out_abort discards it. */
int file_new_begin(struct file_out *out, const char *path, mode_t mode, struct err *err);
int file_new_commit(struct file_out *out, struct err *err);
/* The same for content in memory. */
int file_create_durable(const char *path, struct bytes data, mode_t mode, struct err *err);
/* Writes all of it. -1 with errno on failure; a broken pipe is EPIPE and a limit on the size of files EFBIG,
 * without their signals. */
int file_put_all(int fd, const uint8_t *p, size_t n);
/* Reads a private file of `size` bytes from its beginning, in pieces of at most FILE_PIECE bytes. A non-zero result of
 * `take` ends it and is returned. ERR_IO: it cannot be read, or is shorter. */
#define FILE_PIECE ((size_t)64 << 10)
typedef int file_take_fn(void *ctx, struct bytes piece, struct err *err);
int file_read_back(int fd, uint64_t size, file_take_fn *take, void *ctx, struct err *err);
/* An unnamed file, deleted when it is closed; on the file system of the path `beside` or, when that is NULL, in $TMPDIR
 * or /tmp. */
int file_unnamed(const char *beside, int *ret_fd, struct err *err);
/* Overwrites the content with zeros, syncs, unlinks, syncs the directory. A missing file is fine. A temporary name
 * ".ledger-tmp-..." is left alone while its writer lives, as is its content when it has its final name by now. */
int file_wipe(const char *path, struct err *err);
int file_sync_dir(const char *path, struct err *err);
bool file_exists(const char *path);
/* ERR_IO: nothing can be opened, because this process or the system has too many files open. */
int file_check_descriptors(struct err *err);
/* Free space (for this user) and size of the file system that holds the path. False when they are unknown. */
bool file_room(const char *path, uint64_t *ret_free, uint64_t *ret_all);
/* mkdir -p; new directories get mode 0700. */
int file_make_dirs(const char *path, struct err *err);
/* Removes a directory tree that this program made; never follows links. */
int file_remove_tree(const char *path, struct err *err);
/* ERR_INVALID when `path` is on a network file system (NFS, SMB, CIFS, 9p, AFS, Ceph), where LMDB does not work. */
int file_check_local(const char *path, struct err *err);
/* The directory that holds the last part of `path`: "." for a bare name, "/" for a name in the root. */
int file_parent(char ret[FILE_PATH_MAX], const char *path, struct err *err);
int file_sync_parent(const char *path, struct err *err);
/* "a/b": snprintf into a fixed path buffer; ERR_LIMIT when it does not fit. */
int file_join(char ret[FILE_PATH_MAX], const char *dir, const char *name, struct err *err);

#endif
