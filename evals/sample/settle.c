/* The order of samples, and one of each. */
#include "evals/sample/samples.h"

#include <stdlib.h>

static bool is_known(const struct sample *s) {
    return s->outcome == SAMPLE_PASSED || s->outcome == SAMPLE_MISSED || s->outcome == SAMPLE_LIMITED;
}

/* Most samples of an evaluation have one task, and the same copy of its name. */
static int order_of_case(const struct sample *x, struct bytes task, struct bytes id) {
    int c = x->task.p == task.p && x->task.n == task.n ? 0 : bytes_cmp(x->task, task);
    return c != 0 ? c : bytes_cmp(x->id, id);
}

int sample_order(const void *a, const void *b) {
    const struct sample *x = a, *y = b;
    int c = order_of_case(x, y->task, y->id);
    if (c == 0) c = bytes_cmp(x->filter, y->filter);
    if (c != 0) return c;
    if (x->repeat != y->repeat) return x->repeat < y->repeat ? -1 : 1;
    if (is_known(x) != is_known(y)) return is_known(x) ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static bool is_same(const struct sample *a, const struct sample *b) {
    return a->repeat == b->repeat && order_of_case(a, b->task, b->id) == 0 && bytes_eq(a->filter, b->filter);
}

/* They were often run in that order. */
static bool is_sorted(const struct sample *all, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (sample_order(&all[i - 1], &all[i]) > 0) return false;
    }
    return true;
}

uint64_t samples_settle(struct sample *all, size_t *n) {
    size_t left = 0;
    if (!is_sorted(all, *n)) qsort(all, *n, sizeof *all, sample_order);
    for (size_t i = 0; i < *n; i++) {
        if (left > 0 && is_same(&all[left - 1], &all[i])) continue;
        all[left++] = all[i];
    }
    uint64_t dropped = *n - left;
    *n = left;
    return dropped;
}

/* The first that is not before the case; with `after`, the first behind it. */
static size_t bound(const struct sample *all, size_t n, struct bytes task, struct bytes id, bool after) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = order_of_case(&all[middle], task, id);
        if (c < 0 || (after && c == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct sample *samples_find(const struct sample *all, size_t n, struct bytes task, struct bytes id, size_t *ret_n) {
    size_t first = bound(all, n, task, id, false), end = bound(all, n, task, id, true);
    *ret_n = end - first;
    return end > first ? &all[first] : NULL;
}
