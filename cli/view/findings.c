/* A table without findings is not printed: its head alone would suggest that there are some. */
#include "cli/view/findings.h"

#include "cli/print/cell.h"

#define TEXT_MAX ((size_t)1 << 16)

struct table *findings_row(struct findings *to) {
    if (to->n++ == 0) {
        to->table = table_new(to->s->view->cli, to->columns, to->n_columns);
    }
    return to->table;
}

void findings_text(struct findings *to, struct bytes text) {
    struct buf cell = {.max = TEXT_MAX};
    buf_put_bytes(&cell, text);
    cell_short(to->s->view->cli, &cell, 0);
    table_cell(to->table, bytes_of_buf(&cell));
    buf_done(&cell);
}
