/* Where findings about a row go: into a table for people, or into a list of objects. */
#ifndef CLI_VIEW_FINDINGS_H
#define CLI_VIEW_FINDINGS_H

#include "cli/print/table.h"
#include "cli/view/explanation.h"

struct findings {
    struct explanation *s;
    const struct table_column *columns;
    size_t n_columns;
    struct table *table; /* created with the first row; ended by the code that fills it */
    struct obj *list;    /* NULL: the table is printed instead */
    uint64_t n;          /* rows of the table */
};

/* The table, with a new row begun. */
struct table *findings_row(struct findings *findings);
/* Its next cell, with digests shortened. */
void findings_text(struct findings *findings, struct bytes text);

#endif
