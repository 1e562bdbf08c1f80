/* Inside the catalog: each kind's fields in the order of their names, for the walk of kind_sort. Built once, on first
 * use. */
#ifndef LEDGER_KINDS_INDEX_H
#define LEDGER_KINDS_INDEX_H

#include "ledger/kinds/form.h"

#define KIND_FIELDS_MAX 62 /* a kind's own; with the two that every kind has they fit 64 bits */

/* Eight bytes as a number with the same order; one load. */
static inline uint64_t kind_word(const uint8_t *p) {
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | p[7];
}

/* The first bytes of a name as one number, so that most comparisons compare numbers: a smaller name never has the larger
 * prefix, and names of up to 8 bytes without NUL differ when their prefixes or lengths do. `room` bytes may be read there,
 * at least those of the name. */
static inline uint64_t kind_prefix(struct bytes name, size_t room) {
    uint64_t v = 0;
    if (room >= sizeof(v) && name.n > 0) {
        v = kind_word(name.p);
        return name.n >= sizeof(v) ? v : v & ~(UINT64_MAX >> (8 * name.n));
    }
    for (size_t i = 0; i < name.n; i++) {
        v |= (uint64_t)name.p[i] << (56 - 8 * i);
    }
    return v;
}

/* The last bytes of a name of more than 8; its prefix and length with these are all of a name of up to 16. */
static inline uint64_t kind_tail(struct bytes name) {
    return name.n > sizeof(uint64_t) ? kind_word(name.p + name.n - sizeof(uint64_t)) : 0;
}

struct kind_slot {
    uint64_t prefix, tail;
    uint64_t bit; /* one of 64, different for each slot of a kind */
    struct bytes name;
    const struct kind_field *field; /* NULL: the end of a kind's slots, after every name */
    unsigned accepts;               /* kind_accepts() */
    uint32_t letters;               /* kind_letters() of the name */
    uint16_t id;                    /* from 1, of all kinds' fields */
    bool open;                      /* it stays in the body */
    bool decides, exact;            /* KIND_DECIDES, KIND_EXACT */
    bool free;                      /* its text can be anything, such as a secret or a path */
    bool ids;                       /* KIND_ID */
    bool restates;                  /* it may repeat a part of the subject (ledger/kinds/subject.h) */
};

struct kind_index {
    const struct kind *kind; /* NULL for the x.* kinds */
    struct bytes name;
    const struct kind_slot *slots; /* by name, with `at` and `at_text`, and one more for the end */
    size_t n_slots;                /* without the end */
    uint64_t required;             /* the bits of slots */
    bool closed;                   /* KIND_CLOSES */
    struct kind_form forms[KIND_FORMS_MAX];
    size_t n_forms;
};

/* NULL when the catalog does not know the kind. */
const struct kind_index *kind_index_find(struct bytes name);
/* The index of all x.* kinds: `at` and `at_text`. */
const struct kind_index *kind_index_custom(void);

#endif
