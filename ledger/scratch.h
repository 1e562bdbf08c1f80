/* A derived environment in the directory for temporary files, of which nothing is left when it is closed or its owner dies.
 */
#ifndef LEDGER_SCRATCH_H
#define LEDGER_SCRATCH_H

#include "ledger/derived.h"

struct scratch_db {
    struct db *db;
};
int scratch_db_open(struct scratch_db *scratch, uint64_t map_bytes, struct err *err);
void scratch_db_close(struct scratch_db *scratch); /* a zeroed one is fine */

#endif
