/* Temporary files of SQLite that are no files: memory, which counts in SQLite's own limit. */
#ifndef QUERY_SQL_TEMP_H
#define QUERY_SQL_TEMP_H

struct sqlite3;

/* A new connection to a database in memory, which opens no file ever: what it puts aside is forgotten with it. Returns
 * SQLite's code; *ret may be set on failure, too, as sqlite3_open_v2 does. */
int sql_temp_open(struct sqlite3 **ret);

#endif
