/* The files of an environment, data.mdb and lock.mdb, before LMDB gets their names: it opens and writes whatever is there. */
#ifndef LEDGER_STORE_DB_FILES_H
#define LEDGER_STORE_DB_FILES_H

#include <stddef.h>

#include "base/err.h"

/* ERR_INVALID: `dir` or one of the files is a symbolic link, or not a regular file. A missing file is fine. */
int db_files_check(const char *dir, struct err *err);
/* The same once LMDB has data.mdb open as `fd`. ERR_BUSY: that is another file than the one of this name. */
int db_files_check_open(const char *dir, int fd, struct err *err);
/* Fills `ret` with "'DIR/lock.mdb' cannot be read and written" for what this user lacks permission for, or with "". */
void db_files_forbidden(const char *dir, char *ret, size_t size);

#endif
