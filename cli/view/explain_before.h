/* What changed shortly before the explained row came into a state that is not the good one. */
#ifndef CLI_VIEW_EXPLAIN_BEFORE_H
#define CLI_VIEW_EXPLAIN_BEFORE_H

#include "cli/view/explanation.h"
#include "projections/walk/causes.h"

/* Prints a few changes that could be the cause; nothing for a good state. */
int explain_before_print(struct explanation *explanation, const struct row *row, struct err *err);
/* Calls `each` for as many; `name`: of what changed, `change`: how, in words. */
typedef void explain_before_fn(void *ctx, const struct cause *cause, struct bytes name, struct bytes change);
int explain_before_each(struct explanation *explanation, const struct row *row, explain_before_fn *each, void *ctx,
                        struct err *err);
/* Puts them as "before"; null: they were not searched, the state is good. */
int explain_before_put(struct explanation *explanation, const struct row *row, struct obj *obj, struct err *err);

#endif
