/* Inside the room: what a suite is known by. Documented in docs/suites.md.
 *
 *   case  = SHA-256("ledger-suite-case/v0" LF  canonical MessagePack of the case as it is meant)
 *   suite = SHA-256("ledger-suite/v0" LF  canonical MessagePack of the suite, with its cases' digests in their order)
 *
 * As it is meant: defaults applied, durations in milliseconds, tags and thresholds sorted, values as compact canonical JSON,
 * files by their name and content. */
#ifndef EVALS_SUITE_DIGEST_H
#define EVALS_SUITE_DIGEST_H

#include "evals/suite/suite.h"

/* Fills the digests of all cases, whose files are hashed, and then of the suite. */
int digest_fill(struct suite_case *cases, struct suite *suite, struct err *err);

#endif
