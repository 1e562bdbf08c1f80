/* What went wrong is read from the run's tree, where a call and its return are one node. An event that a correction
 * declares a mistake does not count: it is named with the correction. */
#include "cli/view/run_summary.h"

#include <stdlib.h>
#include <string.h>

#include "cli/log/tree.h"
#include "cli/print/cell.h"
#include "cli/print/out.h"
#include "cli/view/explain_corrected.h"
#include "cli/view/findings.h"
#include "cli/view/run_pair.h"

#define WRONG_SHOWN 20
#define TEXT_MAX    ((size_t)1 << 16)

bool run_summary_is(const struct row *row) {
    return strcmp(row->table->name, "runs") == 0;
}

/* ---- what went wrong ---- */

/* Marked as bad, or a side step that explains the rest. The run's own start only shows how the run ended. */
static bool is_wrong(const struct tree *tree, const struct tree_node *node) {
    struct bytes kind = tree_text(tree, node->kind);
    bool aside = bytes_is(kind, "route.fell_back") || bytes_is(kind, "permission.denied");
    return !node->hidden && node->mark != TREE_CORRECTED &&
           (node->mark == TREE_GAP || aside ||
            (node->mark == TREE_EVENT && node->state == TREE_BAD && !bytes_is(kind, "run.started") &&
             !bytes_is(kind, "run.finished")));
}

static void add_wrong(struct findings *to, uint64_t seq, struct bytes kind, struct bytes name, struct bytes outcome,
                      struct bytes rest, enum out_color color) {
    struct buf text = {.max = TEXT_MAX};
    struct obj one = {0};
    if (to->list) {
        obj_uint(&one, "seq", seq);
        obj_str(&one, "kind", kind);
        obj_str(&one, "name", name);
        obj_str(&one, "outcome", outcome);
        obj_str(&one, "text", rest);
        obj_obj(to->list, NULL, &one);
        return;
    }
    out_str(to->s->view->cli, to->n == 0 ? "\n" : "");
    table_uint(findings_row(to), seq);
    table_cell(to->table, kind);
    table_cell(to->table, name);
    buf_put_bytes(&text, outcome);
    buf_put_str(&text, outcome.n > 0 && rest.n > 0 ? "  " : "");
    buf_put_bytes(&text, rest);
    table_color(to->table, color);
    findings_text(to, bytes_of_buf(&text));
    buf_done(&text);
}

/* How the run itself ended badly: returns the seq, or LOG_NO_SEQ when it did not. Appends "error, exit code 2". */
static uint64_t put_end(const struct row *row, struct buf *out) {
    const struct bytes outcome = cell_named(row, "outcome"), error = cell_named(row, "error");
    size_t code = projection_column(row->table, "exit_code");
    if (out_state(cell_named(row, "state")) != OUT_RED) return LOG_NO_SEQ;
    buf_put_bytes(out, outcome.n > 0 ? outcome : cell_named(row, "state"));
    if (row_has(row, code)) {
        buf_printf(out, ", exit code %lld", (long long)row_int(row, code));
    }
    if (error.n > 0 && !bytes_eq(error, outcome)) {
        buf_put_str(out, ", ");
        buf_put_bytes(out, error);
    }
    if (cell_number(row, "violation_seq") == cell_number(row, "since_seq")) { /* why its state differs from its outcome */
        buf_put_str(out, ": ");
        buf_put_bytes(out, cell_named(row, "violation"));
    }
    return (uint64_t)cell_number(row, "since_seq");
}

static void add_end(struct findings *to, const struct row *row) {
    struct buf text = {.max = TEXT_MAX};
    uint64_t seq = put_end(row, &text);
    if (seq != LOG_NO_SEQ) {
        add_wrong(to, seq, bytes_of("run.finished"), cell_named(row, "run"), bytes_of_buf(&text), (struct bytes){0},
                  OUT_RED);
    }
    buf_done(&text);
}

/* People see the first nodes and how many more there are. */
static void add_all_wrong(struct findings *to, const struct row *row, const struct tree *tree, size_t root) {
    uint64_t n = 0;
    add_end(to, row);
    for (size_t i = root; i != SIZE_MAX; i = tree_next(tree, i)) {
        const struct tree_node *node = &tree->nodes[i];
        if (is_wrong(tree, node) && (n++ < WRONG_SHOWN || to->list)) {
            add_wrong(to, node->seq, tree_text(tree, node->kind), tree_text(tree, node->name),
                      tree_text(tree, node->outcome), tree_text(tree, node->rest),
                      node->state == TREE_BAD ? OUT_RED : OUT_YELLOW);
        }
    }
    table_end(to->table);
    if (n > WRONG_SHOWN && !to->list) {
        out_printf(to->s->view->cli, "and %llu more: 'ledger timeline' of the run shows all\n",
                   (unsigned long long)(n - WRONG_SHOWN));
    }
}

/* ---- what was a mistake ---- */

/* Corrected events of the run and of the runs that it started. */
static int tell_corrected(struct explanation *s, const struct tree *tree, struct obj *ret, struct err *err) {
    struct obj list = {0};
    int rc = 0;
    bool any = false;
    for (size_t i = 0; rc == 0 && i < tree->n; i++) {
        const struct corrected_one *one = NULL;
        rc = tree->nodes[i].mark != TREE_CORRECTED
                 ? 0
                 : corrected_holds(&s->corrected, s->view->ledger, tree->nodes[i].seq, state_at(s->view->state), &one, err);
        if (rc != 0 || one == NULL) continue;
        explanation_cite(s, one->by);
        if (ret) {
            explain_put_corrected(one, &list);
            continue;
        }
        out_str(s->view->cli, any ? "" : "\n");
        explain_print_corrected(s, one);
        any = true;
    }
    if (ret) {
        obj_list(ret, "corrected", &list);
    } else {
        obj_done(&list);
    }
    return rc;
}

/* ---- the run's tree ---- */

static int load_tree(struct explanation *s, struct bytes run, struct tree *tree, size_t *ret_root, struct err *err) {
    struct query all;
    query_init(&all);
    all.stop = s->view->stop;
    all.to = state_at(s->view->state);
    int rc = tree_add_run(tree, s->view->ledger, run, &all, damage_note, &s->damage, err);
    if (rc == 0) rc = tree_mark_corrected(tree, s->view->ledger, &s->corrected, all.to, err);
    if (rc == 0 && tree->n != 0) rc = tree_link(tree, err);
    if (rc == 0 && tree->n != 0) rc = tree_order(tree, ret_root, err);
    return rc;
}

static int tell_wrong(struct explanation *s, const struct row *row, struct obj *ret, struct err *err) {
    static const struct table_column columns[] = {
        {"SEQ", TABLE_RIGHT, 0}, {"WENT WRONG", TABLE_KEEP, 0}, {"WHAT", 0, 30}, {"HOW", TABLE_WRAP, 0}};
    struct tree tree;
    struct obj list = {0};
    struct findings to = {.s = s, .columns = columns, .n_columns = sizeof(columns) / sizeof(columns[0])};
    struct err why = {0};
    size_t root = SIZE_MAX;
    to.list = ret ? &list : NULL;
    tree_init(&tree);
    int rc = load_tree(s, cell_named(row, "run"), &tree, &root, &why);
    bool large = rc == ERR_LIMIT; /* too large for a tree: JSON is written without it */
    if (rc == 0 || (large && ret)) {
        add_all_wrong(&to, row, &tree, large ? SIZE_MAX : root);
        if (ret) {
            obj_list(ret, "wrong", &list);
        } else if (s->damage.n > 0) {
            out_str(s->view->cli, "\nnot all events can be read: what else went wrong in it is not known\n");
        }
        rc = tell_corrected(s, &tree, ret, err);
    } else if (!large) {
        *err = why;
    }
    tree_done(&tree);
    return large && rc == ERR_LIMIT ? 0 : rc;
}

/* ---- the last good run ---- */

struct good {
    struct row row; /* complete, when found */
    bool found;
    int64_t ended;
};

/* Of the same pack, or of the same agent where no pack is named; started before this one, and reported as successful. */
static bool is_like(const struct row *a, const struct row *b) {
    const char *by = cell_named(a, "pack").n > 0 ? "pack" : "agent";
    return cell_named(a, by).n > 0 && bytes_eq(cell_named(a, by), cell_named(b, by)) &&
           row_bool(b, projection_column(b->table, "succeeded")) &&
           cell_number(b, "first_seq") < cell_number(a, "first_seq");
}

static int find_good(struct explanation *s, const struct row *row, struct good *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *other = NULL;
    struct buf key = {.max = TEXT_MAX};
    size_t table = state_table_find(s->view->state, "runs");
    int rc = state_rows_open(s->view->state, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &other, err)) == 0) {
        int64_t ended = cell_number(other, "finished_at");
        if (*s->view->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (is_like(row, other) && (!ret->found || ended > ret->ended)) {
            ret->found = true;
            ret->ended = ended;
            buf_clear(&key);
            buf_put_bytes(&key, cell_named(other, "run"));
        }
    }
    state_rows_close(rows);
    rc = rc == 1 ? 0 : rc;
    if (rc == 0 && ret->found) {
        struct bytes part = bytes_of_buf(&key);
        rc = state_get(s->view->state, table, &part, 1, &ret->row, err);
    }
    buf_done(&key);
    return rc;
}

int run_summary(struct explanation *s, const struct row *row, struct obj *ret, struct err *err) {
    struct bytes state = cell_named(row, "state"), error = cell_named(row, "error");
    struct good good = {.found = false};
    bool well = bytes_is(state, "finished") || bytes_is(state, "partial") || bytes_is(state, "running") ||
                bytes_is(state, "observed") || bytes_is(state, "unknown");
    if (!ret && error.n > 0) {
        out_str(s->view->cli, "error: ");
        out_safe(s->view->cli, error);
        out_str(s->view->cli, "\n");
    }
    int rc = explanation_corrected(s, err);
    if (rc == 0) rc = tell_wrong(s, row, ret, err);
    row_init(&good.row, row->table);
    if (rc == 0 && !well) rc = find_good(s, row, &good, err);
    if (rc == 0 && ret && good.found) {
        obj_str(ret, "last_good", cell_named(&good.row, "run"));
    } else if (rc == 0 && ret) {
        obj_text(ret, "last_good", NULL);
    }
    if (rc == 0 && good.found) rc = run_pair_differs(s, row, &good.row, ret, err);
    row_done(&good.row);
    return rc;
}

int run_summary_good(struct explanation *s, const struct row *run, struct row *row, bool *ret, struct err *err) {
    struct good good = {.row = *row};
    int rc = find_good(s, run, &good, err);
    *row = good.row;
    *ret = rc == 0 && good.found;
    return rc;
}
