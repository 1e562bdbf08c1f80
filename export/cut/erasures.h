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
    uint64_t *by_fields; /* the events that erased missing private fields; owned */
    size_t n_by_fields, cap_by_fields;
};

/* Reads the log for them; needed when the cut has erased events. */
int erasures_find(struct erasures *e, struct cut *cut, struct err *err);
/* Finds the events that erased private fields which the cut was to disclose; they are counted in the cut. Reads the log
 * when an event of the cut lacks some. Call after the walk. */
int erasures_of_fields(struct erasures *e, struct cut *cut, struct err *err);
void erasures_done(struct erasures *e); /* a zeroed one is fine */
/* ERR_CONFLICT: no event below the head says that this one's body was erased, so it was erased later. */
int erasures_by(const struct erasures *e, uint64_t seq, uint64_t *ret_by, struct err *err);
/* Appends the lines of the member `erasures`. */
int erasures_put(struct lines *lines, const struct erasures *e, struct cut *cut, struct err *err);

#endif
