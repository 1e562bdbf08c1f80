/* journalctl as a child, for a source that follows this machine's journal: started without a shell by its absolute path, and it ends
 * with its parent, however that ends. */
#ifndef INGEST_JOURNAL_CHILD_H
#define INGEST_JOURNAL_CHILD_H

#include <sys/types.h>

#include "base/file.h"

#define JOURNAL_CURSOR_MAX 256

struct journal_child {
    pid_t pid; /* 0: none */
    char out
        [FILE_PATH_MAX]; /* a name under which its standard output can be opened for reading, while the descriptor is open */
    int out_fd, errors_fd;
};

/* Starts ROOT/usr/bin/journalctl, or ROOT/bin's; `root` NULL: "/". It prints the entries after `cursor` ("": all that there are), as
 * an export, and goes on: only those of the manager, of users' managers and of the kernel, the only ones that are believed.
 * ERR_NOTFOUND: there is no such program. ERR_IO: it cannot be started. On failure nothing is to be ended. */
int journal_child_start(struct journal_child *child, const char *root, const char *cursor, struct err *err);
/* Ends it, and frees. `stopped`: it was to go on until now, and its end is a good one. Else ERR_IO, with what it wrote to standard
 * error. */
int journal_child_end(struct journal_child *child, bool stopped, struct err *err);

#endif
