/* The entry point of build/<config>/ledger-sqlite.so, by the name under which SQLite looks for it. */
#ifndef QUERY_SQL_EXTENSION_H
#define QUERY_SQL_EXTENSION_H

struct sqlite3;
struct sqlite3_api_routines;

__attribute__((visibility("default"))) int sqlite3_ledgersqlite_init(struct sqlite3 *db, char **ret_why,
                                                                     const struct sqlite3_api_routines *functions);

#endif
