/* Inside the room: the files that a suite names. */
#ifndef EVALS_SUITE_FILES_H
#define EVALS_SUITE_FILES_H

#include "evals/suite/read.h"

#define FILES_SIZE_MAX ((uint64_t)256 << 20)

/* Opens a file beneath the suite's directory. -1: *ret_why is what is wrong, as what follows "the file '...' ". */
int files_open(const struct reading *r, struct bytes path, const char **ret_why);
/* Hashes every file that a case names, each once, and all of them: *ret_data is the SHA-256 of the canonical list of their
 * different digests, sorted. What cannot be read becomes a fault. */
int files_hash(struct reading *r, uint8_t ret_data[HASH_LEN], struct err *err);

#endif
