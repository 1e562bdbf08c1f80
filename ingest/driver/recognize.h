/* Names the format of a file that is not the source's own, so that it is refused in one line before any of it is read.
 * The source decides what is its own, by marks that only its own inputs have; the descriptions here decide nothing. */
#ifndef INGEST_DRIVER_RECOGNIZE_H
#define INGEST_DRIVER_RECOGNIZE_H

#include "ingest/driver/intake.h"

/* How a source recognizes its own inputs. */
struct recognize_own {
    const char *const *marks;                       /* its inputs contain one of these; NULL at the end. May be NULL */
    bool (*is_line)(struct bytes line, bool alone); /* or this is one of its lines; `alone`: the head has no other, and the
                                                       line may continue past the head. May be NULL */
    bool lines;         /* it takes one object per line: a document over several lines is foreign */
    const char *wanted; /* in words: "an event as a JSON object on each line" */
};

/* Looks at the beginning of an input, before its first gz_read. An input that is not the source's own and has a known
 * format is rejected whole: then *ret_foreign is true, and the source must not read it. 0, INTAKE_STOP, or gz_peek's errors
 * prefixed with the path. An unknown format is left to the source. */
int recognize_input(struct intake *run, struct gz *gz, const char *path, const struct recognize_own *own, bool *ret_foreign,
                    struct err *err);

/* Describes the format: "looks like an Inspect log (inspect_ai); no source reads it". False, and nothing appended, when it
 * is unknown. */
bool recognize_words(struct bytes head, const char *path, struct buf *out);

#endif
