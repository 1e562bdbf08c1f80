/* A database in the directory for temporary files, of which nothing is left when it is closed or its owner dies. */
#ifndef LEDGER_STORE_SCRATCH_H
#define LEDGER_STORE_SCRATCH_H

#include "ledger/store/db.h"

/* Closed with db_close. */
int scratch_db_open(const char *const *tables, size_t n_tables, uint64_t map_bytes, struct db **ret, struct err *err);

#endif
