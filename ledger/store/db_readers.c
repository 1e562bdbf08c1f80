/* A line is "pid thread txnid" in columns, the thread in hex; the title and "(no active readers)" name no reader; an entry
 * whose owner is reading nothing at the moment has "-" for its snapshot. */
#include "ledger/store/db_readers.h"

#include <stdlib.h>

int db_readers_line(const char *line, void *readers) {
    struct db_readers *r = readers;
    char *at, *end;
    uint64_t pid = strtoull(line, &at, 10);
    if (at == line) return 0;
    r->n++;
    (void)strtoull(at, &end, 16);
    at = end;
    uint64_t txnid = strtoull(at, &end, 10);
    if (end != at && (r->pid == 0 || txnid < r->txnid)) {
        r->pid = pid;
        r->txnid = txnid;
    }
    return 0;
}
