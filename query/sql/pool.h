/* Ledgers shared by the connections of one process: a directory can be opened only once. */
#ifndef QUERY_SQL_POOL_H
#define QUERY_SQL_POOL_H

#include "ledger/log.h"

/* Opens it for reading, or returns the one that is already open. */
int sql_pool_open(const char *dir, struct ledger **ret, struct err *err);
/* The last user closes it. NULL is fine. */
void sql_pool_close(struct ledger *ledger);

#endif
