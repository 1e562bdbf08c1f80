/* Everything that a view says, as text: digests of its projections, and every row, judged. */
#ifndef TESTS_PROJECTIONS_VIEW_TEXT_H
#define TESTS_PROJECTIONS_VIEW_TEXT_H

#include <inttypes.h>

#include "tests/projections/state_box.h"

static struct err why; /* of the last call */

static inline void put_cell(struct buf *out, const struct cell *cell) {
    switch (cell->type) {
    case CELL_NULL:
        buf_put_str(out, "-");
        break;
    case CELL_INT:
        buf_printf(out, "%" PRId64, cell->int_);
        break;
    case CELL_REAL:
        buf_printf(out, "%a", cell->real);
        break;
    case CELL_BOOL:
        buf_put_str(out, cell->boolean ? "yes" : "no");
        break;
    default:
        for (size_t i = 0; i < cell->text.n; i++) {
            buf_printf(out, "%02x", cell->text.p[i]);
        }
        break;
    }
}

static inline void put_rows(struct state_view *view, struct buf *out) {
    for (size_t t = 0; t < state_tables(view); t++) {
        struct state_rows *rows;
        const struct row *row;
        int rc;
        assert_int_equal(state_rows_open(view, t, NULL, 0, &rows, &why), 0);
        while ((rc = state_rows_next(rows, &row, &why)) == 0) {
            buf_printf(out, "%s:", row->table->name);
            for (size_t i = 0; i < row->table->n_columns; i++) {
                buf_printf(out, " %s=", row->table->columns[i].name);
                put_cell(out, &row->cells[i]);
            }
            buf_put_str(out, "\n");
        }
        if (rc != 1) {
            fail_msg("%s: %s", state_table(view, t)->name, why.msg);
        }
        state_rows_close(rows);
    }
    assert_int_equal(out->fail, 0);
}

static inline void put_view(struct state_view *view, struct buf *out) {
    uint8_t digest[LOG_HASH];
    uint64_t n;
    for (size_t p = 0; p < state_projections(view); p++) {
        struct state_status status;
        state_status(view, p, &status);
        if (status.failed_seq != LOG_NO_SEQ) {
            fail_msg("%s stopped at %llu: %s", status.projection->name, (unsigned long long)status.failed_seq,
                     status.failed);
        }
        assert_int_equal(state_digest(view, p, digest, &n, &why), 0);
        buf_printf(out, "%s %" PRIu64 " ", status.projection->name, n);
        for (size_t i = 0; i < sizeof(digest); i++) {
            buf_printf(out, "%02x", digest[i]);
        }
        buf_put_str(out, "\n");
    }
    put_rows(view, out);
}

#endif
