/* Names that moved, shown with the name and with the models that it led to: from where, to where, by which event. */
#include "cli/view/explain_moved.h"

#include <string.h>

#include "cli/print/cell.h"
#include "cli/print/out.h"
#include "cli/view/entity.h"

#define TEXT_BYTES ((size_t)1 << 20)

/* A digest in the form that lists use. */
static void out_digest(struct explanation *s, const struct row *row, const char *weights, const char *or_manifest) {
    size_t column = projection_column(row->table, weights), other = projection_column(row->table, or_manifest);
    bool manifest = column != SIZE_MAX && other != SIZE_MAX && !row_has(row, column) && row_has(row, other);
    struct buf text = {.max = TEXT_BYTES};
    buf_put_str(&text, manifest ? "manifest " : "");
    size_t at = text.n;
    cell_text(s->view->cli, row, manifest ? other : column, s->style, s->now, &text);
    cell_short(s->view->cli, &text, at);
    out_safe(s->view->cli, text.n > 0 ? bytes_of_buf(&text) : bytes_of("nothing"));
    buf_done(&text);
}

/* A name that moved: from where, to where, by which event. `name`: print the row's name, where it is not the
 * headline's. */
static void print_moved(struct explanation *s, const struct row *row, bool name) {
    size_t moved = projection_column(row->table, "moved"), seq = projection_column(row->table, "moved_seq");
    struct cli *cli = s->view->cli;
    struct buf text = {.max = TEXT_BYTES};
    if (moved == SIZE_MAX || seq == SIZE_MAX || projection_column(row->table, "digest_before") == SIZE_MAX ||
        projection_column(row->table, "digest") == SIZE_MAX || row_int(row, moved) <= 0) {
        return;
    }
    entity_name(row, &text);
    out_safe(cli, name ? bytes_of_buf(&text) : bytes_of("it"));
    buf_done(&text);
    out_printf(cli, " moved %lld time%s, last by event %lld: ", (long long)row_int(row, moved),
               row_int(row, moved) == 1 ? "" : "s", (long long)row_int(row, seq));
    out_digest(s, row, "digest_before", "");
    out_str(cli, " -> ");
    out_digest(s, row, "digest", "manifest_digest");
    out_str(cli, "\n");
}

int explain_moved(struct explanation *s, const struct row *row, struct err *err) {
    size_t names = state_table_find(s->view->state, "model_names");
    struct bytes digest = row_text(row, 0);
    struct state_rows *rows = NULL;
    const struct row *name = NULL;
    print_moved(s, row, false);
    if (strcmp(row->table->name, "models") != 0 || names == SIZE_MAX) return 0;
    int rc = state_rows_open(s->view->state, names, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &name, err)) == 0) {
        static const char *const ends[] = {"digest", "manifest_digest", "digest_before"};
        bool leads = false;
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            size_t column = projection_column(name->table, ends[i]);
            leads = leads || (column != SIZE_MAX && bytes_eq(row_text(name, column), digest));
        }
        if (leads) {
            print_moved(s, name, true);
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}
