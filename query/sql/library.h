/* SQLite itself, loaded when the first statement runs. */
#ifndef QUERY_SQL_LIBRARY_H
#define QUERY_SQL_LIBRARY_H

#include "base/err.h"

/* Sets sqlite3_api, once for the process. ERR_NOTFOUND: libsqlite3 is not installed; ERR_VERSION: it is too old. */
int sql_library_load(struct err *err);

#endif
