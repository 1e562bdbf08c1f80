/* Looks up a table by name first; an absent table has no rows. */
#include "projections/view/look.h"

#include "projections/view/view.h"

typedef int getter(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct row *row,
                   struct err *err);

static int look(getter *get, struct state_view *view, const char *name, const struct bytes *parts, size_t n,
                struct row *row, bool *ret_there, struct err *err) {
    size_t table = state_table_find(view, name);
    row_init(row, table != SIZE_MAX ? state_table(view, table) : NULL);
    int rc = table != SIZE_MAX ? get(view, table, parts, n, row, err) : ERR_NOTFOUND;
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    if (ret_there != NULL) {
        *ret_there = rc == 0;
    }
    return 0;
}

int look_stored(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err) {
    return look(state_get_stored, view, table, parts, n, row, ret_there, err);
}

int look_judged(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err) {
    return look(state_get, view, table, parts, n, row, ret_there, err);
}

int look_rows(struct state_view *view, const char *table, const struct bytes *parts, size_t n, struct state_rows **ret,
              struct err *err) {
    size_t t = state_table_find(view, table);
    *ret = NULL;
    return t == SIZE_MAX ? 0 : state_rows_open(view, t, parts, n, ret, err);
}

int look_next(struct state_rows *rows, const struct row **ret, struct err *err) {
    return rows == NULL ? 1 : state_rows_next_stored(rows, ret, err);
}

int look_sum(struct state_view *view, const char *table, const struct watch_question *question, size_t ret[WATCH_ANSWERS],
             bool *ret_known, struct err *err) {
    size_t number = state_table_find(view, table);
    *ret_known = false;
    if (number == SIZE_MAX || view->watched == NULL || view->watched->sum == NULL) return 0;
    return view->watched->sum(view->watched, number, question, ret, ret_known, err);
}
