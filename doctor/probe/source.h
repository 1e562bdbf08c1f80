/* Ingest sources as the eyes of a probe, and what their callers need to know of the ledger. */
#ifndef DOCTOR_PROBE_SOURCE_H
#define DOCTOR_PROBE_SOURCE_H

#include "doctor/probe/probe.h"
#include "ingest/driver/intake.h"
#include "projections/view/state.h"

/* Opens the ledger to append, and runs the source once. */
int source_run(const struct probe_box *box, const char *source, const struct ingest_options *options, struct err *err);
/* The directory in which Ollama has its models, if it can be read; false: there is none. `ret` has room for FILE_PATH_MAX. */
bool source_store(const struct probe_box *box, char *ret, size_t size);
/* Opens the ledger to read, and its present states without storing any. Both are NULL after a failure. */
int source_view(const struct probe_box *box, struct ledger **ret_ledger, struct state_view **ret_view, struct err *err);

#endif
