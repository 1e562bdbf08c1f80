/* Rows of states, explained one after the other. */
#ifndef CLI_VIEW_EXPLAIN_H
#define CLI_VIEW_EXPLAIN_H

#include "cli/view/explanation.h"

/* Tells a row: prints it, or adds it to the JSON document. People are told so many, and how many there are more. A
 * entity_fn, the context is the explanation. */
int explain_row(void *explanation, const struct row *row, struct err *err);
/* Prints the JSON document, if it is one, and frees. Returns the exit code: EXIT_INVALID when some events could not be
 * read. */
int explain_end(struct explanation *explanation, const char *schema, size_t table);

#endif
