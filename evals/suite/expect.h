/* Inside the room: one expectation. */
#ifndef EVALS_SUITE_EXPECT_H
#define EVALS_SUITE_EXPECT_H

#include "evals/suite/read.h"

/* Fills the check; what is wrong becomes a fault. ERR_NOMEM, ERR_LIMIT. */
int expect_read(struct reading *r, const struct form_expectation *form, struct suite_check *ret, struct err *err);

#endif
