/* LMDB's table of readers, which it gives out only as text. */
#ifndef LEDGER_STORE_DB_READERS_H
#define LEDGER_STORE_DB_READERS_H

#include <stdbool.h>
#include <stdint.h>

struct db_reader {
    uint64_t pid;
    bool reads;     /* it has a snapshot now */
    uint64_t txnid; /* of that */
};
/* One line of mdb_reader_list; false: it names no reader. */
bool db_reader_parse(const char *line, struct db_reader *ret);

struct db_readers {
    uint64_t n;          /* readers that have a place in it */
    uint64_t pid, txnid; /* of the one with the oldest snapshot; pid 0: nobody has one */
};

void db_readers_add(struct db_readers *readers, const struct db_reader *reader);
/* Takes one line of mdb_reader_list into a struct db_readers; lines that name no reader are fine. Always 0. */
int db_readers_line(const char *line, void *readers);

#endif
