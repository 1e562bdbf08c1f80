/* SQLite itself, loaded when the first statement runs. */
#ifndef QUERY_SQL_LIBRARY_H
#define QUERY_SQL_LIBRARY_H

#include "base/err.h"

/* Sets sqlite3_api, once for the process. ERR_NOTFOUND: libsqlite3 is not installed; ERR_VERSION: it is too old. */
int sql_library_load(struct err *err);

/* Around everything that may call SQLite, which has locks of its own. In a child that was forked while another thread was
 * between the two, such a lock may never be released: ERR_INVALID. */
int sql_library_enter(struct err *err);
void sql_library_leave(void);

#endif
