/* What a bundle was asked for, and what became of each event of its range: for the verifier. Inside of the export room. */
#ifndef EXPORT_VERIFY_QUESTION_H
#define EXPORT_VERIFY_QUESTION_H

#include "export/cut/manifest.h"

/* Takes the manifest's word; terms and names borrow from the manifest until question_end. */
void question_begin(struct export_question *q, struct manifest *m);
/* An event of the range whose header was checked. ERR_NOMEM. */
int question_count(struct export_question *q, const struct log_event *event, enum export_fate fate, struct err *err);
/* All was checked: the text that terms and names borrow from is the question's now. */
void question_end(struct export_question *q, struct manifest *m, const struct note_vkey *log);

#endif
