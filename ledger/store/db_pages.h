/* LMDB's pages, read from the file and not through its mapping: for a file that may be truncated or damaged, where touching
 * a missing page would end the process, and where LMDB believes every offset. */
#ifndef LEDGER_STORE_DB_PAGES_H
#define LEDGER_STORE_DB_PAGES_H

#include "base/bytes.h"

/* Whether the newest commit lists all pages in [from, to) as free, so that they are not missed. Also false when the list
 * cannot be read. Reads as many pages as the list has. */
bool db_pages_are_free(int fd, size_t page_bytes, uint64_t from, uint64_t to);

/* Walks the trees of one commit: its list of free pages, the root and each table. Each page must bear its own number, have
 * only one place, and be filled exactly by its nodes; keys ascend, also across pages; counts are those of the tree's
 * record. Data are not read. The caller holds a snapshot of the commit, so that none of its pages is reused.
 *
 * 0; 1: neither meta page is of that commit (any more); ERR_CORRUPT: *err names the page; ERR_NOMEM. */
int db_pages_check(int fd, size_t page_bytes, uint64_t commit, struct err *err);

/* Whether the two meta pages of a file name different versions of LMDB's format. LMDB writes its own version to both. */
bool db_pages_versions_differ(const char *path);

#endif
