/* SQLite's temporary files, in memory that counts towards SQLite's own limit. */
#ifndef QUERY_SQL_TEMP_H
#define QUERY_SQL_TEMP_H

struct sqlite3;

/* Opens a connection to a database in memory that never opens a file: what it spills is freed with it. Returns SQLite's
 * code; *ret may be set on failure too, as with sqlite3_open_v2. */
int sql_temp_open(struct sqlite3 **ret);

#endif
