/* The rows of both runs are found as `run show` finds them; run_summary.c does the rest. */
#include "cli/states/diff_runs.h"

#include <string.h>

#include "base/obj.h"
#include "cli/print/out.h"
#include "cli/view/entity.h"
#include "cli/view/run_pair.h"
#include "cli/view/run_summary.h"

#define NAME_MAX_BYTES 4096

bool diff_runs_is(const char *text) {
    return strncmp(text, "run/", 4) == 0;
}

static int take_id(void *ctx, const struct row *row, struct err *err) {
    struct buf *id = ctx;
    buf_clear(id);
    buf_put_bytes(id, row_text(row, projection_column(row->table, "run")));
    return buf_check(id, "a run's id", err);
}

/* Finds a run by its id or a prefix of it. */
static int find(struct explanation *s, size_t table, const char *name, struct row *ret, struct err *err) {
    struct buf id = {.max = NAME_MAX_BYTES};
    int rc = entity_each(s->view, table, bytes_of(diff_runs_is(name) ? name + 4 : name), take_id, &id, err);
    const struct bytes key = bytes_of_buf(&id);
    if (rc == 0) rc = state_get(s->view->state, table, &key, 1, ret, err);
    buf_done(&id);
    return rc;
}

static uint64_t seq_of(const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    return i != SIZE_MAX && row_has(row, i) ? (uint64_t)row_int(row, i) : 0;
}

static void print_heads(struct explanation *s, const struct row *before, const struct row *now) {
    struct cli *cli = s->view->cli;
    const struct row *both[] = {before, now};
    for (size_t i = 0; i < 2; i++) {
        struct buf name = {.max = NAME_MAX_BYTES};
        entity_name(both[i], &name);
        out_str(cli, i == 0 ? "before  " : "now     ");
        out_safe(cli, bytes_of_buf(&name));
        out_printf(cli, ", events %llu to %llu\n", (unsigned long long)seq_of(both[i], "first_seq"),
                   (unsigned long long)seq_of(both[i], "last_seq"));
        buf_done(&name);
    }
    out_str(cli, "\n");
}

static int compare(struct explanation *s, const struct row *before, const struct row *now, struct obj *json,
                   struct diff_runs *ret, struct err *err) {
    ret->from = seq_of(before, "first_seq");
    ret->to = seq_of(now, "last_seq");
    if (ret->from > seq_of(now, "first_seq")) {
        return err_set(err, ERR_INVALID, "the run that is named first began later: the earlier one comes first");
    }
    if (!json) {
        print_heads(s, before, now);
        return run_pair_compare(s, before, now, NULL, &ret->n, err);
    }
    obj_str(json, "before", row_text(before, projection_column(before->table, "run")));
    obj_str(json, "after", row_text(now, projection_column(now->table, "run")));
    return run_pair_compare(s, before, now, json, &ret->n, err);
}

int diff_runs(struct explanation *s, const char *before, const char *now, struct obj *json, struct diff_runs *ret,
              struct err *err) {
    size_t table = state_table_find(s->view->state, "runs");
    struct row then, this;
    bool found = true;
    row_init(&then, state_table(s->view->state, table));
    row_init(&this, state_table(s->view->state, table));
    int rc = find(s, table, now, &this, err);
    if (rc == 0 && before) {
        rc = find(s, table, before, &then, err);
    } else if (rc == 0) {
        rc = run_summary_good(s, &this, &then, &found, err);
    }
    if (rc == 0 && !found) {
        rc = err_set(err, ERR_NOTFOUND, "no good run of the same pack came before '%.100s'", now);
    }
    if (rc == 0) rc = compare(s, &then, &this, json, ret, err);
    row_done(&then);
    row_done(&this);
    return rc;
}
