/* What a clause says, in the reader's language: the judge gives message ids with arguments, and a translation of the message is
 * filled in. */
#ifndef CLI_DOCTOR_SAID_H
#define CLI_DOCTOR_SAID_H

#include "base/bytes.h"
#include "cli/doctor/answer.h"
#include "cli/print/when.h"

/* Appends the clause's messages, joined with "; "; its English reason where it has none. */
void said_reason(const struct clause *clause, struct buf *out);
/* Appends the translation of an English text of the judge's: a question, what to do first. */
void said_text(struct bytes english, struct buf *out);
/* Appends a time as by when_text. */
void said_time(uint64_t ns, enum when_style style, uint64_t now, struct buf *out);
/* Appends a text with one number or one text in its braces. */
void said_number(const char *text, const char *name, uint64_t n, struct buf *out);
void said_name(const char *text, const char *name, const char *value, struct buf *out);

#endif
