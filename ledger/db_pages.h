/* LMDB's pages, read from the file and not through its mapping: for a file that may be cut, where touching what is not
 * there would end the process. */
#ifndef LEDGER_DB_PAGES_H
#define LEDGER_DB_PAGES_H

#include "base/bytes.h"

/* Whether the newest commit has all pages in [from, to) on its list of free ones, so that nobody misses them. false also
 * when the list cannot be read. Reads as many pages as the list has. */
bool db_pages_are_free(int fd, size_t page_bytes, uint64_t from, uint64_t to);

#endif
