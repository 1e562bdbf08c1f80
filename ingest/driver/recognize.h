/* What is this file? Asked when a source finds nothing of its own at the beginning of an input, so that the user is told
 * what he has in his hand, in one line, before anything of it is taken. Whether an input is a source's own, the source says
 * itself, by marks that only its own has; the words given here decide nothing. */
#ifndef INGEST_DRIVER_RECOGNIZE_H
#define INGEST_DRIVER_RECOGNIZE_H

#include "ingest/driver/intake.h"

/* How a source tells its own. */
struct recognize_own {
    const char *const *marks;                       /* any of these, NULL at the end, is in its inputs. May be NULL */
    bool (*is_line)(struct bytes line, bool alone); /* or this is a line of it; `alone`: the head has no other, and it may
                                                       continue after the head. May be NULL */
    bool lines;         /* it wants one object a line: a document over several of them is something else */
    const char *wanted; /* in words: "an event as a JSON object on each line" */
};

/* Looks at the beginning of an input, before its first gz_read. What is not the source's own and looks like something that
 * is known is rejected whole: then *ret_foreign is true, and nothing of it is to be taken. 0, INTAKE_STOP, or gz_peek's
 * errors with the path before them. What looks like nothing known is left to the source. */
int recognize_input(struct intake *run, struct gz *gz, const char *path, const struct recognize_own *own, bool *ret_foreign,
                    struct err *err);

/* What is known of the bytes, as a phrase: "looks like an Inspect log (inspect_ai); no source reads it". False, nothing
 * appended: nothing. */
bool recognize_words(struct bytes head, const char *path, struct buf *out);

#endif
