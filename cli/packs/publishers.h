/* Keys of publishers: a file with one verifier key a line. */
#ifndef CLI_PACKS_PUBLISHERS_H
#define CLI_PACKS_PUBLISHERS_H

#include "ledger/tree/note.h"

/* Zeroed is empty. */
struct publishers {
    struct note_vkey *keys;
    size_t n, cap;
};
/* Empty lines and lines that begin with '#' do not count. `own`: a file of the ledger's directory, which must be a
 * regular one. */
int publishers_read(const char *path, bool own, struct publishers *ret, struct err *err);
void publishers_done(struct publishers *publishers);

#endif
