/* What sources write against: one run over one or more inputs.
 *
 *   run_begin -> (run_add | run_reject | run_cursor | run_flush)* -> run_end, once for each input
 *
 * A function that gives RUN_STOP tells the source to clean up and return it: the run was strict and the input bad. */
#ifndef INGEST_RUN_H
#define INGEST_RUN_H

#include "ingest/ingest.h"
#include "ingest/lines.h"

#define RUN_STOP 2 /* no error code: the run knows why */

const struct ingest_options *run_options(const struct ingest_run *run);
/* NULL: a dry run without one. */
struct ledger *run_ledger(struct ingest_run *run);
const char *run_source(const struct ingest_run *run);
const char *run_actor(const struct ingest_run *run);
bool run_stopped(const struct ingest_run *run);
/* For hide_hash; borrowed. */
const uint8_t *run_secret(const struct ingest_run *run);

/* Starts an input. `name` is copied; it goes into the receipt, as a private field. */
int run_begin(struct ingest_run *run, const char *name, struct err *err);
/* Digest and length of the current input: whoever reads feeds it. Borrowed until run_end. */
struct lines_tap *run_tap(struct ingest_run *run);
/* Takes a copy of the draft; `at` is its source time or INGEST_NO_TIME. The run fills in source, and actor and grade
 * ("reported") where they are empty. A draft that the ledger refuses is rejected, which is no error but RUN_STOP. A cause
 * is a seq, or with LEDGER_CAUSE_BATCH the ticket of a draft before (queue.h). */
int run_add(struct ingest_run *run, const struct ledger_draft *draft, const struct ingest_place *place, uint64_t at,
            struct err *err);
/* The ticket of the draft added last; the same as before when the last one was rejected. */
uint64_t run_ticket(const struct ingest_run *run);
/* Counts and reports a rejection: 0 or RUN_STOP. `reason` is what the user reads; `group`, under which it is counted and
 * recorded, is the same when NULL. Secrets in both are masked, so that a message may quote the parser's words. */
int run_reject(struct ingest_run *run, const struct ingest_place *place, const char *group, const char *reason);
/* Counts a record that the source knows and that holds nothing it records. `what`: its name, or "". */
void run_pass(struct ingest_run *run, const struct ingest_place *place, const char *what);
/* Like run_reject for a whole file that cannot be read, or not to its end: `why` with its path taken off. `offset` is where
 * in the content that was. */
int run_reject_file(struct ingest_run *run, const char *file, uint64_t offset, const struct err *why);
/* Remembers a cursor, which is stored with what has been added so far; the newest one counts. Copied. */
int run_cursor(struct ingest_run *run, const char *name, struct bytes value, struct err *err);
/* Commits what has been added. Called by run_add when enough has come together. */
int run_flush(struct ingest_run *run, struct err *err);
/* Ends the input: commits, and writes its receipt when something was new. */
int run_end(struct ingest_run *run, struct err *err);
/* How many events of the current input were new so far. */
uint64_t run_accepted(const struct ingest_run *run);
/* How many rejections the current input has had so far, and the words of the newest ("" when there was none; borrowed until
 * the next one). */
uint64_t run_rejected(const struct ingest_run *run, const char **ret_newest);
/* Forgets what was added since the last commit. After a commit that failed with ERR_FULL or ERR_BUSY, of which nothing was
 * stored, the run may go on; not after other errors. */
void run_drop(struct ingest_run *run);
/* How many events the ledger has, with those that wait in the run. */
int run_size(struct ingest_run *run, uint64_t *ret, struct err *err);
/* Calls the progress callback, at most some ten times a second. */
void run_progress(struct ingest_run *run, uint64_t done, uint64_t total);
/* No receipt for this run: the source measures and imports nothing, or its event says all of it. Before run_end. */
void run_no_receipt(struct ingest_run *run);

/* For ingest.c alone. `run` counts into *result, which it borrows. */
int run_new(struct ledger *ledger, const char *source, const struct ingest_options *options, struct ingest_result *result,
            struct ingest_run **ret, struct err *err);
/* Closes an input that a source left open when it failed; turns RUN_STOP into its ERR_INVALID. Gives the code to return. */
int run_finish(struct ingest_run *run, int code, struct err *err);
void run_free(struct ingest_run *run);

#endif
