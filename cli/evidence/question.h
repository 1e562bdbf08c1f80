/* What a bundle was asked for and what else its range contains, for people. Everything here needs a known question. */
#ifndef CLI_EVIDENCE_QUESTION_H
#define CLI_EVIDENCE_QUESTION_H

#include "cli/call/cli.h"
#include "export/export.h"
#include "lib/json/question.h"

/* A row: a label, and a text that may contain a stranger's names and is not made safe. `stands_out`: events of a kind
 * that the filter names were left out. */
typedef void question_row_fn(void *ctx, const char *label, struct bytes text, bool stands_out);
/* The exporter's statement: filter, time, range, what is disclosed. */
void question_asked(const struct export_question *q, question_row_fn *row, void *ctx);
/* The counts from the headers: by kind, what is disclosed and what is not. */
void question_answered(const struct export_question *q, question_row_fn *row, void *ctx);
/* "another actor, outside the time": why an event that fails these is not in the answer. */
void question_misses(unsigned missed, struct buf *out);
/* The bounds of a good verdict: "complete for the question above, and for no other; ...". */
void question_bound(const struct export_question *q, struct buf *out);

/* Both, on standard output. */
void question_print(struct cli *cli, const struct export_question *q);

#endif
