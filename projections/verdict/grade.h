/* How good the evidence of an answer is: as good as the weakest event among it. */
#ifndef PROJECTIONS_VERDICT_GRADE_H
#define PROJECTIONS_VERDICT_GRADE_H

#include "ledger/log.h"

/* The weakest grade of these events, from strong to weak: measured, reported, declared, inferred. *ret is static; NULL: there
 * are no events. Reads the log, so that no row has to carry it: a judge's row has the seqs. Fails as the reader does on an
 * event that cannot be read. ERR_NOTFOUND: an event that is beyond the log. */
int verdict_grade(struct ledger *ledger, const uint64_t *seqs, size_t n, const char **ret, struct err *err);

#endif
