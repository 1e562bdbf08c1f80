/* What the two files of base/file.h share. Nobody else includes this. */
#ifndef BASE_FILE_PARTS_H
#define BASE_FILE_PARTS_H

#include "base/file.h"

#define FILE_TEMPORARY ".ledger-tmp-"

/* The directory that holds `path`'s last part: "." for a bare name, "/" for what stands in the root. */
int file_parent(char ret[FILE_PATH_MAX], const char *path, struct err *err);
int file_sync_parent(const char *path, struct err *err);

#endif
