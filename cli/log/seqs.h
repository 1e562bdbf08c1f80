/* The events that a command line chooses, by their seqs. */
#ifndef CLI_LOG_SEQS_H
#define CLI_LOG_SEQS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct seqs {
    uint64_t *seq; /* owned; free(seq) */
    size_t n, cap;
};

/* ERR_NOMEM: it is as it was. */
int seqs_add(struct seqs *seqs, uint64_t seq, struct err *err);
/* Ascending, each once. Returns how many are left of n. */
size_t seqs_sort(uint64_t *seq, size_t n);

#endif
