/* DIR/sources/: what a running source leaves beside the ledger, and the locks that say who runs it.
 *
 *   NAME.lock    two bytes to lock, with the locks of fcntl, which end with their process however it ends:
 *                byte 0 is held by the process that keeps the source running, byte 1 by the one that records
 *   NAME.status  what it writes about itself (status.h)
 *   conf.lock    held while sources.conf is changed
 *
 * All of it may be deleted while nothing runs. A lock is never a file's existence, so nothing is stale after a crash. */
#ifndef CAPTURE_SOURCES_PLACE_H
#define CAPTURE_SOURCES_PLACE_H

#include <sys/types.h>

#include "base/file.h"

#define SOURCES_DIR "sources"

enum sources_role { SOURCES_KEEPS, SOURCES_RECORDS };

/* DIR/sources/NAME.status. */
int sources_place_status(char ret[FILE_PATH_MAX], const char *dir, const char *name, struct err *err);
/* Opens NAME.lock, creating it and the directory. One descriptor a process and name: closing any gives up all its locks. */
int sources_place_open(const char *dir, const char *name, int *ret_fd, struct err *err);
/* Takes the role. ERR_BUSY: another process has it; the message names it. */
int sources_place_take(int fd, enum sources_role role, const char *name, struct err *err);
/* Who has the role: its process id, 0: nobody, -1: a process that cannot be seen from here. */
pid_t sources_place_holder(const char *dir, const char *name, enum sources_role role);
/* Waits for conf.lock. */
int sources_place_lock_conf(const char *dir, int *ret_fd, struct err *err);

#endif
