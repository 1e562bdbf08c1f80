/* LMDB's table of readers, which it gives out only as text. */
#ifndef LEDGER_STORE_DB_READERS_H
#define LEDGER_STORE_DB_READERS_H

#include <stdint.h>

struct db_readers {
    uint64_t n;          /* readers that have a place in it */
    uint64_t pid, txnid; /* of the one with the oldest snapshot; pid 0: nobody has one */
};

/* Takes one line of mdb_reader_list into a struct db_readers; lines that name no reader are fine. Always 0. */
int db_readers_line(const char *line, void *readers);

#endif
