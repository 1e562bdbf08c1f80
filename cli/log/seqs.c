/* Options and conditions may give them in any order, and repeatedly. */
#include "cli/log/seqs.h"

#include <stdlib.h>

#include "base/array.h"

int seqs_add(struct seqs *seqs, uint64_t seq, struct err *err) {
    int rc = array_room(&seqs->seq, seqs->n + 1, &seqs->cap, sizeof(*seqs->seq), err);
    if (rc == 0) {
        seqs->seq[seqs->n++] = seq;
    }
    return rc;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

size_t seqs_sort(uint64_t *seq, size_t n) {
    size_t unique = 0;
    if (n > 1) {
        qsort(seq, n, sizeof(*seq), by_number);
    }
    for (size_t i = 0; i < n; i++) {
        if (unique == 0 || seq[i] != seq[unique - 1]) {
            seq[unique++] = seq[i];
        }
    }
    return unique;
}
