/* Inside the catalog: each kind's fields in the order of their names, for the walk of kind_sort. Built once. */
#ifndef LEDGER_KIND_INDEX_H
#define LEDGER_KIND_INDEX_H

#include "ledger/kind.h"

#define KIND_FIELDS_MAX 62 /* a kind's own; with the two that every kind has they fit 64 bits */

struct kind_slot {
    struct bytes name;
    const struct kind_field *field;
};

struct kind_index {
    const struct kind *kind;       /* NULL for the x.* kinds */
    const struct kind_slot *slots; /* by name, `at` and `at_text` among them */
    size_t n_slots;
    uint64_t required; /* a bit per slot */
};

/* NULL when the catalog does not know the kind. */
const struct kind_index *kind_index_find(struct bytes name);
/* What every x.* kind has: `at` and `at_text`. */
const struct kind_index *kind_index_custom(void);

#endif
