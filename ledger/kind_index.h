/* Inside the catalog: each kind's fields in the order of their names, for the walk of kind_sort. Built once. */
#ifndef LEDGER_KIND_INDEX_H
#define LEDGER_KIND_INDEX_H

#include "ledger/kind.h"

#define KIND_FIELDS_MAX 62 /* a kind's own; with the two that every kind has they fit 64 bits */

/* The first bytes of a name as one number, so that most comparisons are one of numbers: a smaller name never has the larger
 * prefix, and names of up to 8 bytes without NUL differ when their prefixes do. */
static inline uint64_t kind_prefix(struct bytes name) {
    uint64_t v = 0;
    if (name.n >= sizeof(v)) {
        return be64_get(name.p);
    }
    for (size_t i = 0; i < sizeof(v); i++) {
        v = v << 8 | (i < name.n ? name.p[i] : 0);
    }
    return v;
}

struct kind_slot {
    uint64_t prefix;
    struct bytes name;
    const struct kind_field *field;
};

struct kind_index {
    const struct kind *kind; /* NULL for the x.* kinds */
    struct bytes name;
    const struct kind_slot *slots; /* by name, `at` and `at_text` among them */
    size_t n_slots;
    uint64_t required; /* a bit per slot */
};

/* NULL when the catalog does not know the kind. */
const struct kind_index *kind_index_find(struct bytes name);
/* What every x.* kind has: `at` and `at_text`. */
const struct kind_index *kind_index_custom(void);

#endif
