/* The ledger.erased events that account for the erased bodies of what is exported. */
#ifndef EXPORT_CUT_ERASURES_H
#define EXPORT_CUT_ERASURES_H

#include "export/cut/lines.h"

struct erasure {
    uint64_t seq, by; /* an event whose body was erased; the event that says so */
};

struct erasures {
    struct erasure *of; /* by seq; owned */
    size_t n, cap;
    uint64_t *by_fields; /* events that say of private fields that are lacking that they were erased; owned */
    size_t n_by_fields, cap_by_fields;
};

/* Reads the log for them; needed when the cut has erased events. */
int erasures_find(struct erasures *e, struct cut *cut, struct err *err);
/* Which events say that private fields were erased which the cut was to disclose; they are counted in the cut. Reads the
 * log when an event of the cut lacks some. After the walk. */
int erasures_of_fields(struct erasures *e, struct cut *cut, struct err *err);
void erasures_done(struct erasures *e); /* a zeroed one is fine */
/* ERR_CONFLICT: no event below the head says that this one's body was erased: that came later. */
int erasures_by(const struct erasures *e, uint64_t seq, uint64_t *ret_by, struct err *err);
/* The lines of the member `erasures`, which are kept. */
int erasures_put(struct lines *lines, const struct erasures *e, struct cut *cut, struct err *err);

#endif
