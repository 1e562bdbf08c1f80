/* Ledgers that several connections of one process share: a directory can be opened once only. */
#ifndef QUERY_SQL_POOL_H
#define QUERY_SQL_POOL_H

#include "ledger/log.h"

/* Opens it for reading, or gives the one that is open. */
int sql_pool_open(const char *dir, struct ledger **ret, struct err *err);
/* The last one who leaves closes it. NULL is fine. */
void sql_pool_close(struct ledger *ledger);

#endif
