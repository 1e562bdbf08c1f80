/* Rows of states, explained one after the other. */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include "cli/explanation.h"

/* Tells a row: prints it, or adds it to the JSON document. People are told so many, and how many there are more. A
 * thing_fn, the context is the story. */
int story_row(void *story, const struct row *row, struct err *err);
/* Prints the JSON document, if it is one, and frees. Returns the exit code: EXIT_INVALID when some events could not be
 * read. */
int story_end(struct story *story, const char *schema, size_t table);

#endif
