/* Corrections that an explained row rests on and that no row cites. */
#ifndef CLI_VIEW_EXPLAIN_CORRECTED_H
#define CLI_VIEW_EXPLAIN_CORRECTED_H

#include "cli/view/explanation.h"

/* Also lists the corrections of evaluations that these events are about: a withdrawn score has no row to cite them. */
int explain_corrected(struct explanation *explanation, const uint64_t *seqs, size_t n, struct err *err);

/* "event 9 was corrected by event 12: oops", or the same as an item of a list. */
void explain_print_corrected(struct explanation *explanation, const struct corrected_one *one);
void explain_put_corrected(const struct corrected_one *one, struct obj *list);

#endif
