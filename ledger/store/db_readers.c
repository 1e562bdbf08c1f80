/* A line is "pid thread txnid" in columns, the thread in hex; the title and "(no active readers)" name no reader; an entry
 * whose owner is reading nothing at the moment has "-" for its snapshot. */
#include "ledger/store/db_readers.h"

#include <stdlib.h>

bool db_reader_parse(const char *line, struct db_reader *ret) {
    char *at, *end;
    uint64_t pid = strtoull(line, &at, 10);
    if (at == line) return false;
    (void)strtoull(at, &end, 16);
    at = end;
    uint64_t txnid = strtoull(at, &end, 10);
    *ret = (struct db_reader){.pid = pid, .reads = end != at, .txnid = end != at ? txnid : 0};
    return true;
}

void db_readers_add(struct db_readers *readers, const struct db_reader *reader) {
    readers->n++;
    if (reader->reads && (readers->pid == 0 || reader->txnid < readers->txnid)) {
        readers->pid = reader->pid;
        readers->txnid = reader->txnid;
    }
}

int db_readers_line(const char *line, void *readers) {
    struct db_reader reader;
    if (db_reader_parse(line, &reader)) {
        db_readers_add(readers, &reader);
    }
    return 0;
}
