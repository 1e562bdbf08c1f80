/* Files: whole reads with a bound, durable whole writes, directories. Every open is O_CLOEXEC. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/bytes.h"

/* Appends the whole file, refusing (ERR_LIMIT) what does not fit in out->max. A path of "-" is standard input. */
int file_read(const char *path, struct buf *out, struct err *err);
/* Writes to a temporary name in the same directory, syncs, renames over `path`, syncs the directory: afterwards either the
 * old or the new content is there, never a part. */
int file_write_durable(const char *path, struct bytes data, mode_t mode, struct err *err);
/* Creates `path` with O_EXCL and O_NOFOLLOW, writes, syncs file and directory. ERR_CONFLICT when it exists. */
int file_create_durable(const char *path, struct bytes data, mode_t mode, struct err *err);
/* Overwrites the content with zeros, syncs, unlinks, syncs the directory. Absent is fine. */
int file_wipe(const char *path, struct err *err);
int file_sync_dir(const char *path, struct err *err);
bool file_exists(const char *path);
/* mkdir -p with mode 0700 for what is made. */
int file_make_dirs(const char *path, struct err *err);
/* Removes a directory tree that this program made; never follows links. */
int file_remove_tree(const char *path, struct err *err);
/* ERR_INVALID when `path` lies on a network file system (NFS, SMB, CIFS, 9p, AFS, Ceph), which LMDB cannot use. */
int file_check_local(const char *path, struct err *err);
/* "a/b": snprintf into a fixed path buffer; ERR_LIMIT when it does not fit. */
#define FILE_PATH_MAX 4096
int file_join(char ret[FILE_PATH_MAX], const char *dir, const char *name, struct err *err);

#endif
