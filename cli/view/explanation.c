/* What the parts of an explanation share; each explains its own part of the row. */
#include "cli/view/explanation.h"

#include "base/clock.h"
#include "cli/print/words.h"
#include "cli/view/entity.h"
#include "projections/rows/list.h"

void explanation_init(struct explanation *explanation, struct asof *view, enum when_style style, bool whole) {
    *explanation = (struct explanation){.view = view, .style = style, .whole = whole, .now = clock_wall_ns()};
    damage_init(&explanation->damage, view->cli);
}

const char *explanation_words(const struct explanation *explanation, const char *english) {
    return explanation->said ? words(english) : english;
}

void explanation_state(const struct row *row, struct buf *out) {
    size_t state = entity_state(row->table), reason = projection_column(row->table, "reason");
    if (state != SIZE_MAX) {
        buf_put_bytes(out, row_text(row, state));
    }
    if (reason != SIZE_MAX && row_text(row, reason).n > 0) {
        buf_put_str(out, out->n > 0 ? ": " : "");
        buf_put_bytes(out, row_text(row, reason));
    }
}

bool explanation_lacks(const struct row *row, struct bytes about) {
    size_t column = projection_column(row->table, "missing");
    struct list list;
    struct bytes item, name;
    bool is = false;
    list_open(&list,
              column != SIZE_MAX && row->cells[column].type == CELL_LIST ? row->cells[column].text : (struct bytes){0});
    while (!is && list_next(&list, &item)) {
        is = list_text(item, "about", &name) && (about.n == 0 || bytes_eq(name, about));
    }
    return is;
}

int explanation_corrected(struct explanation *s, struct err *err) {
    int rc = s->has_corrected ? 0 : corrected_load_all(s->view->ledger, &s->damage, &s->corrected, err);
    s->has_corrected = rc == 0;
    return rc;
}

void explanation_cite(struct explanation *s, uint64_t seq) {
    if (s->n_also < ROW_SEQS_MAX) {
        s->also[s->n_also++] = seq;
    }
}

int explanation_event(struct explanation *s, uint64_t seq, struct log_event *ret, struct err *err) {
    struct err why = {0};
    int rc = s->reader ? 0 : log_reader_open(s->view->ledger, 0, s->view->head.size, &s->reader, err);
    if (rc != 0) return rc;
    log_reader_seek(s->reader, seq);
    rc = log_reader_next(s->reader, ret, &why);
    if (rc == 1) {
        rc = err_set(&why, ERR_CORRUPT, "event %llu is cited and not there", (unsigned long long)seq);
    }
    return rc != 0 && (rc = damage_pass(&s->damage, rc, &why, err)) == 0 ? 1 : rc;
}
