/* The events selected on a command line, by sequence number. */
#ifndef CLI_LOG_SEQS_H
#define CLI_LOG_SEQS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct seqs {
    uint64_t *seq; /* owned; free(seq) */
    size_t n, cap;
};

/* ERR_NOMEM: unchanged. */
int seqs_add(struct seqs *seqs, uint64_t seq, struct err *err);
/* Sorts and drops duplicates. Returns how many of n are left. */
size_t seqs_sort(uint64_t *seq, size_t n);

#endif
