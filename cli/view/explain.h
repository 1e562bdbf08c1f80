/* Rows of states, explained one after the other. */
#ifndef CLI_VIEW_EXPLAIN_H
#define CLI_VIEW_EXPLAIN_H

#include "cli/view/explanation.h"

/* Explains a row: prints it, or adds it to the JSON document. Only the first rows are printed; the rest are counted. An
 * entity_fn whose context is the explanation. */
int explain_row(void *explanation, const struct row *row, struct err *err);
/* Prints the JSON document, if there is one, and frees the explanation. Returns the exit code: EXIT_INVALID when some
 * events could not be read. */
int explain_end(struct explanation *explanation, const char *schema, size_t table);

#endif
