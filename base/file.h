/* Files: whole reads with a bound, durable whole writes, directories. Every open is O_CLOEXEC. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/bytes.h"

#define FILE_PATH_MAX  4096
#define FILE_TEMPORARY ".ledger-tmp-" /* what temporary names begin with */

/* Appends the whole file, refusing (ERR_LIMIT) what does not fit in out->max. A path of "-" is standard input. */
int file_read(const char *path, struct buf *out, struct err *err);
/* Writes to a temporary name in the same directory, syncs, renames over `path`, syncs the directory: afterwards either the
 * old or the new content is there, never a part. A symlink stays one: what it points to is replaced,
 * but not by way of a link that appears meanwhile, nor of another user's in a directory like /tmp. What is there and no
 * regular file (a FIFO, a device) is written through and stays what it is; `mode` is not applied to it. ERR_INVALID for a
 * terminal. */
int file_write_durable(const char *path, struct bytes data, mode_t mode, struct err *err);
/* The same for content that comes in pieces: begin, write to `fd`, then either commit or abort, which closes `fd`. After a
 * commit that failed nothing is left to do. */
struct file_out {
    int fd;
    char path[FILE_PATH_MAX];      /* what is replaced or written through, links resolved */
    char temporary[FILE_PATH_MAX]; /* empty: written through */
};
int file_out_begin(struct file_out *out, const char *path, mode_t mode, struct err *err);
int file_out_commit(struct file_out *out, struct err *err);
void file_out_abort(struct file_out *out);
/* A file that is not there yet: has its name when it is complete, and a kill leaves nothing behind, or, where the file
 * system knows no files without names, a temporary name (".ledger-tmp-..."). ERR_CONFLICT when `path` exists, be it a
 * dangling link. file_out_abort ends it without. */
int file_new_begin(struct file_out *out, const char *path, mode_t mode, struct err *err);
int file_new_commit(struct file_out *out, struct err *err);
/* The same of content at hand. */
int file_create_durable(const char *path, struct bytes data, mode_t mode, struct err *err);
/* Writes all of it. -1: errno says why not. */
int file_put_all(int fd, const uint8_t *p, size_t n);
/* Gives all of a file of one's own, which has `size` bytes, from its beginning on, in pieces of at most FILE_PIECE bytes.
 * What `take` answers other than 0 ends it. ERR_IO: it cannot be read, or has fewer. */
#define FILE_PIECE ((size_t)64 << 10)
typedef int file_take_fn(void *ctx, struct bytes piece, struct err *err);
int file_read_back(int fd, uint64_t size, file_take_fn *take, void *ctx, struct err *err);
/* A file without a name, which is gone when it is closed; on the file system of `beside`, a path of a file, or when that is
 * NULL where $TMPDIR says, or /tmp. */
int file_unnamed(const char *beside, int *ret_fd, struct err *err);
/* Overwrites the content with zeros, syncs, unlinks, syncs the directory. Absent is fine. A temporary name
 * ".ledger-tmp-..." is left alone while its writer lives, and its content when that has its final name by now. */
int file_wipe(const char *path, struct err *err);
int file_sync_dir(const char *path, struct err *err);
bool file_exists(const char *path);
/* Free room of the file system that the path is on, for this user, and all of it. False: it cannot be told. */
bool file_room(const char *path, uint64_t *ret_free, uint64_t *ret_all);
/* mkdir -p with mode 0700 for what is made. */
int file_make_dirs(const char *path, struct err *err);
/* Removes a directory tree that this program made; never follows links. */
int file_remove_tree(const char *path, struct err *err);
/* ERR_INVALID when `path` lies on a network file system (NFS, SMB, CIFS, 9p, AFS, Ceph), which LMDB cannot use. */
int file_check_local(const char *path, struct err *err);
/* The directory that holds `path`'s last part: "." for a bare name, "/" for what is in the root. */
int file_parent(char ret[FILE_PATH_MAX], const char *path, struct err *err);
int file_sync_parent(const char *path, struct err *err);
/* "a/b": snprintf into a fixed path buffer; ERR_LIMIT when it does not fit. */
int file_join(char ret[FILE_PATH_MAX], const char *dir, const char *name, struct err *err);

#endif
