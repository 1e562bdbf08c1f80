/* Inside the room: thresholds. */
#ifndef EVALS_SUITE_THRESHOLDS_H
#define EVALS_SUITE_THRESHOLDS_H

#include "evals/suite/read.h"

/* The thresholds of the suite, sorted by metric; what no suite may ask, or this one never reaches, becomes a fault. After
 * the cases. */
int thresholds_read(struct reading *r, const struct form_suite *form, struct suite *suite, struct err *err);

#endif
