/* What a bundle was asked for, and what it has of each event of its range: for the verifier. Internal to the export
 * floor. */
#ifndef EXPORT_VERIFY_QUESTION_H
#define EXPORT_VERIFY_QUESTION_H

#include "export/cut/manifest.h"

/* Records the manifest's claim; terms and names borrow from the manifest until question_end. */
void question_begin(struct export_question *q, struct manifest *m);
/* Counts an event of the range whose header was checked. ERR_NOMEM. */
int question_count(struct export_question *q, const struct log_event *event, enum export_fate fate, struct err *err);
/* Called when everything was checked: the text that terms and names borrow from moves to the question. */
void question_end(struct export_question *q, struct manifest *m, const struct note_vkey *log);

#endif
