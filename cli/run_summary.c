/* What went wrong is read from the run's tree: calls and their returns are one there. What was a mistake, as a correction
 * says, did not happen: it is named with the correction, and counts neither there nor for what a run was made of
 * (run_made.h). Runs of which something cannot be read are not compared. */
#include "cli/run_summary.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/obj.h"
#include "cli/out.h"
#include "cli/run_made.h"
#include "cli/table.h"
#include "cli/tree.h"

#define WRONG_SHOWN 20
#define TEXT_MAX    ((size_t)1 << 16)

bool run_summary_is(const struct row *row) {
    return strcmp(row->table->name, "runs") == 0;
}

static struct bytes named(const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    return i != SIZE_MAX && row_has(row, i) ? row_text(row, i) : (struct bytes){0};
}

static int64_t number(const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    return i != SIZE_MAX && row_has(row, i) ? row_int(row, i) : -1;
}

/* ---- what went wrong ---- */

/* Marked as bad, or a step aside that explains the rest. The run's own beginning only says how its end was. */
static bool is_wrong(const struct tree *tree, const struct tree_node *node) {
    struct bytes kind = tree_text(tree, node->kind);
    bool aside = bytes_is(kind, "route.fell_back") || bytes_is(kind, "permission.denied");
    return !node->hidden && node->mark != TREE_CORRECTED &&
           (node->mark == TREE_GAP || aside ||
            (node->mark == TREE_EVENT && node->state == TREE_BAD && !bytes_is(kind, "run.started") &&
             !bytes_is(kind, "run.finished")));
}

static void put_wrong(const struct tree *tree, const struct tree_node *node, struct obj *list) {
    struct obj one = {0};
    obj_uint(&one, "seq", node->seq);
    obj_str(&one, "kind", tree_text(tree, node->kind));
    obj_str(&one, "name", tree_text(tree, node->name));
    obj_str(&one, "outcome", tree_text(tree, node->outcome));
    obj_str(&one, "text", tree_text(tree, node->rest));
    obj_obj(list, NULL, &one);
}

static void print_one_wrong(struct explanation *s, const struct tree *tree, const struct tree_node *node,
                            struct table *table) {
    struct buf text = {.max = TEXT_MAX};
    table_uint(table, node->seq);
    table_cell(table, tree_text(tree, node->kind));
    table_cell(table, tree_text(tree, node->name));
    buf_put_bytes(&text, tree_text(tree, node->outcome));
    if (node->rest.n > 0) {
        buf_put_str(&text, text.n > 0 ? "  " : "");
        buf_put_bytes(&text, tree_text(tree, node->rest));
    }
    cell_short(s->view->cli, &text, 0);
    table_color(table, node->state == TREE_BAD ? OUT_RED : OUT_YELLOW);
    table_cell(table, bytes_of_buf(&text));
    buf_done(&text);
}

/* How the run's own end was bad: its seq, or LEDGER_NO_SEQ when it was not. Appends "error, exit code 2". */
static uint64_t put_end(const struct row *row, struct buf *out) {
    const struct bytes outcome = named(row, "outcome"), error = named(row, "error");
    size_t code = projection_column(row->table, "exit_code");
    if (out_state(named(row, "state")) != OUT_RED) {
        return LEDGER_NO_SEQ;
    }
    buf_put_bytes(out, outcome.n > 0 ? outcome : named(row, "state"));
    if (row_has(row, code)) {
        buf_printf(out, ", exit code %lld", (long long)row_int(row, code));
    }
    if (error.n > 0 && !bytes_eq(error, outcome)) {
        buf_put_str(out, ", ");
        buf_put_bytes(out, error);
    }
    return (uint64_t)number(row, "since_seq");
}

static void print_end(const struct row *row, struct table *table) {
    struct buf text = {.max = TEXT_MAX};
    uint64_t seq = put_end(row, &text);
    if (seq != LEDGER_NO_SEQ) {
        table_uint(table, seq);
        table_text(table, "run.finished");
        table_cell(table, named(row, "run"));
        table_color(table, OUT_RED);
        table_cell(table, bytes_of_buf(&text));
    }
    buf_done(&text);
}

static void put_end_wrong(const struct row *row, struct obj *list) {
    struct buf text = {.max = TEXT_MAX};
    struct obj one = {0};
    uint64_t seq = put_end(row, &text);
    if (seq != LEDGER_NO_SEQ) {
        obj_uint(&one, "seq", seq);
        obj_text(&one, "kind", "run.finished");
        obj_str(&one, "name", named(row, "run"));
        obj_str(&one, "outcome", bytes_of_buf(&text));
        obj_text(&one, "text", "");
        obj_obj(list, NULL, &one);
    }
    buf_done(&text);
}

static int print_wrong(struct explanation *s, const struct row *row, const struct tree *tree, size_t root,
                       struct err *err) {
    static const struct table_column columns[] = {
        {"SEQ", TABLE_RIGHT, 0}, {"WENT WRONG", TABLE_KEEP, 0}, {"WHAT", 0, 30}, {"HOW", TABLE_WRAP, 0}};
    bool bad = out_state(named(row, "state")) == OUT_RED;
    struct table *table = NULL;
    uint64_t n = 0;
    if (bad) {
        table = table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
        if (!table) {
            return err_set(err, ERR_NOMEM, "no memory for the table");
        }
        out_str(s->view->cli, "\n");
        print_end(row, table);
    }
    for (size_t i = root; i != SIZE_MAX; i = tree_next(tree, i)) {
        if (!is_wrong(tree, &tree->nodes[i]) || n++ >= WRONG_SHOWN) {
            continue;
        }
        if (!table) {
            table = table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
            out_str(s->view->cli, "\n");
        }
        if (!table) {
            return err_set(err, ERR_NOMEM, "no memory for the table");
        }
        print_one_wrong(s, tree, &tree->nodes[i], table);
    }
    table_end(table);
    if (n > WRONG_SHOWN) {
        out_printf(s->view->cli, "and %llu more: 'ledger timeline' of the run shows all\n",
                   (unsigned long long)(n - WRONG_SHOWN));
    }
    return 0;
}

/* ---- what was a mistake ---- */

static void print_corrected(struct explanation *s, const struct corrected_one *one) {
    char words[CORRECTED_WORDS_MAX];
    corrected_words(one, words);
    out_printf(s->view->cli, "event %llu was ", (unsigned long long)one->seq);
    out_safe(s->view->cli, bytes_of(words));
    out_str(s->view->cli, "\n");
}

static void put_corrected(const struct corrected_one *one, struct obj *list) {
    struct obj item = {0};
    obj_uint(&item, "seq", one->seq);
    obj_uint(&item, "by", one->by);
    obj_text(&item, "reason", one->reason);
    obj_uint(&item, "replaced_by", one->replaced_by);
    obj_obj(list, NULL, &item);
}

/* Those of the run's events, and of the runs that it started. */
static int tell_corrected(struct explanation *s, const struct tree *tree, struct obj *ret, struct err *err) {
    struct obj list = {0};
    int rc = 0;
    bool any = false;
    for (size_t i = 0; rc == 0 && i < tree->n; i++) {
        const struct corrected_one *one = NULL;
        rc = tree->nodes[i].mark != TREE_CORRECTED
                 ? 0
                 : corrected_holds(&s->corrected, s->view->ledger, tree->nodes[i].seq, state_at(s->view->state), &one, err);
        if (rc != 0 || one == NULL) {
            continue;
        }
        explanation_cite(s, one->by);
        if (ret) {
            put_corrected(one, &list);
            continue;
        }
        out_str(s->view->cli, any ? "" : "\n");
        print_corrected(s, one);
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
    rc = rc != 0 ? rc : tree_mark_corrected(tree, s->view->ledger, &s->corrected, all.to, err);
    rc = rc != 0 || tree->n == 0 ? rc : tree_link(tree, err);
    return rc != 0 || tree->n == 0 ? rc : tree_order(tree, ret_root, err);
}

static int print_tree(struct explanation *s, const struct row *row, const struct tree *tree, size_t root, struct err *err) {
    int rc = print_wrong(s, row, tree, root, err);
    if (s->damage.n > 0) {
        out_str(s->view->cli, "\nnot all events can be read: what else went wrong in it is not known\n");
    }
    return rc != 0 ? rc : tell_corrected(s, tree, NULL, err);
}

static int tell_wrong(struct explanation *s, const struct row *row, struct obj *ret, struct err *err) {
    struct tree tree;
    struct obj list = {0};
    struct err why = {0};
    size_t root = SIZE_MAX;
    tree_init(&tree);
    int rc = load_tree(s, named(row, "run"), &tree, &root, &why);
    bool large = rc == ERR_LIMIT; /* for a tree: it is told without it */
    if (rc != 0 && !large) {
        *err = why;
    }
    if (rc == 0 && !ret) {
        rc = print_tree(s, row, &tree, root, err);
    } else if (ret && (rc == 0 || large)) {
        put_end_wrong(row, &list);
        for (size_t i = large ? SIZE_MAX : root; i != SIZE_MAX; i = tree_next(&tree, i)) {
            if (is_wrong(&tree, &tree.nodes[i])) {
                put_wrong(&tree, &tree.nodes[i], &list);
            }
        }
        obj_list(ret, "wrong", &list);
        rc = tell_corrected(s, &tree, ret, err);
    }
    tree_done(&tree);
    return large && rc == ERR_LIMIT ? 0 : rc;
}

/* ---- the last good run ---- */

struct good {
    struct row row; /* whole, when found */
    bool found;
    int64_t ended;
};

/* Of the same pack, or where no pack is named of the same agent; begun before this one, and said to have gone well. */
static bool is_like(const struct row *a, const struct row *b) {
    const char *by = named(a, "pack").n > 0 ? "pack" : "agent";
    return named(a, by).n > 0 && bytes_eq(named(a, by), named(b, by)) &&
           row_bool(b, projection_column(b->table, "succeeded")) && number(b, "first_seq") < number(a, "first_seq");
}

static int find_good(struct explanation *s, const struct row *row, struct good *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *other = NULL;
    struct buf key = {.max = TEXT_MAX};
    size_t table = state_table_find(s->view->state, "runs");
    int rc = state_rows_open(s->view->state, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &other, err)) == 0) {
        int64_t ended = number(other, "finished_at");
        if (*s->view->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (is_like(row, other) && (!ret->found || ended > ret->ended)) {
            ret->found = true;
            ret->ended = ended;
            buf_clear(&key);
            buf_put_bytes(&key, named(other, "run"));
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

/* ---- how two runs differ ---- */

static void put_value(struct obj *obj, const char *name, const struct buf *value) {
    if (value->n > 0) {
        obj_str(obj, name, bytes_of_buf(value));
    } else {
        obj_text(obj, name, NULL);
    }
}

static void put_difference(size_t i, const struct run_made *then, const struct run_made *now, struct obj *list) {
    struct obj one = {0};
    obj_text(&one, "what", run_trait(i));
    put_value(&one, "before", &then->values[i]);
    put_value(&one, "after", &now->values[i]);
    obj_obj(list, NULL, &one);
}

static void print_difference(struct explanation *s, size_t i, const struct run_made *then, const struct run_made *now,
                             struct table *table) {
    const struct buf *both[] = {&then->values[i], &now->values[i]};
    struct buf text = {.max = TEXT_MAX};
    table_text(table, run_trait(i));
    for (size_t k = 0; k < 2; k++) {
        buf_clear(&text);
        buf_put_bytes(&text, both[k]->n > 0 ? bytes_of_buf(both[k]) : bytes_of("-"));
        cell_short(s->view->cli, &text, 0);
        table_cell(table, bytes_of_buf(&text));
    }
    buf_done(&text);
}

/* Both runs, as of the view. */
struct pair {
    struct run_made then, now;
};

static int find_pair(struct explanation *s, const struct row *then, const struct row *now, struct pair *ret,
                     struct err *err) {
    *ret = (struct pair){.then = {.whole = true}, .now = {.whole = true}};
    int rc = explanation_corrected(s, err);
    const struct run_made_plan plan = {s->view->ledger, &s->corrected, state_at(s->view->state), s->view->stop, &s->damage};
    rc = rc != 0 ? rc : run_made_find(&plan, named(then, "run"), &ret->then, err);
    return rc != 0 ? rc : run_made_find(&plan, named(now, "run"), &ret->now, err);
}

static void pair_done(struct pair *pair) {
    run_made_done(&pair->then);
    run_made_done(&pair->now);
}

/* Could all events be read that the comparison rests on? What cannot be read may be a correction, too. */
static bool is_whole(const struct explanation *s, const struct pair *pair) {
    return pair->then.whole && pair->now.whole && s->damage.n == 0;
}

static uint64_t count_differences(const struct explanation *s, const struct pair *pair) {
    uint64_t n = 0;
    for (size_t i = 0; is_whole(s, pair) && i < RUN_TRAITS; i++) {
        n += run_made_differs(&pair->then, &pair->now, i);
    }
    return n;
}

/* With the first damage that was met: it is the one that was said on standard error. */
static void print_not_compared(struct explanation *s, const struct pair *pair) {
    const char *why = !pair->then.whole ? pair->then.why : !pair->now.whole ? pair->now.why : "";
    out_str(s->view->cli, "what they were made of could not be compared, because the log cannot be read");
    out_str(s->view->cli, *why != '\0' ? ": " : "");
    out_safe(s->view->cli, bytes_of(why));
    out_str(s->view->cli, "\n");
}

static void print_traits(struct explanation *s, const struct pair *pair, struct table *table) {
    for (size_t i = 0; is_whole(s, pair) && i < RUN_TRAITS; i++) {
        if (run_made_differs(&pair->then, &pair->now, i)) {
            print_difference(s, i, &pair->then, &pair->now, table);
        }
    }
    table_end(table);
}

/* What changed in the states from the beginning of the good one up to the end of this one. */
static void print_since(struct explanation *s, const struct row *row, const struct row *good) {
    struct buf self = {.max = TEXT_MAX};
    cli_self(s->view->cli, &self);
    out_str(s->view->cli, "what else changed up to its end:  ");
    out_safe(s->view->cli, bytes_of_buf(&self));
    out_printf(s->view->cli, " diff %lld %lld\n", (long long)number(good, "first_seq"), (long long)number(row, "last_seq"));
    buf_done(&self);
}

static int print_differences(struct explanation *s, const struct row *row, const struct row *good, const struct pair *pair,
                             struct err *err) {
    static const struct table_column columns[] = {
        {"DIFFERS", TABLE_WHOLE, 0}, {"LAST GOOD RUN", 0, 0}, {"THIS RUN", TABLE_WRAP, 0}};
    struct cli *cli = s->view->cli;
    out_str(cli, "\nthe last good run before it: run/");
    out_safe(cli, named(good, "run"));
    out_str(cli, "\n");
    if (!is_whole(s, pair)) {
        print_not_compared(s, pair);
    } else if (count_differences(s, pair) == 0) {
        out_str(cli, "nothing that the runs tell of themselves differs\n");
    } else {
        struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
        if (!table) {
            return err_set(err, ERR_NOMEM, "no memory for the table");
        }
        print_traits(s, pair, table);
    }
    print_since(s, row, good);
    return 0;
}

static void put_traits(struct explanation *s, const struct pair *pair, struct obj *list) {
    for (size_t i = 0; is_whole(s, pair) && i < RUN_TRAITS; i++) {
        if (run_made_differs(&pair->then, &pair->now, i)) {
            put_difference(i, &pair->then, &pair->now, list);
        }
    }
}

/* Nobody is to take what could not be compared for what is the same. */
static void put_compared(struct explanation *s, const struct pair *pair, struct obj *list, struct obj *ret) {
    obj_bool(ret, "compared", is_whole(s, pair));
    obj_list(ret, "differs", list);
}

static int tell_differences(struct explanation *s, const struct row *row, const struct row *good, struct obj *ret,
                            struct err *err) {
    struct pair pair;
    struct obj list = {0};
    int rc = find_pair(s, good, row, &pair, err);
    if (rc == 0 && !ret) {
        rc = print_differences(s, row, good, &pair, err);
    } else if (rc == 0) {
        put_traits(s, &pair, &list);
        put_compared(s, &pair, &list, ret);
    }
    pair_done(&pair);
    return rc;
}

int run_summary(struct explanation *s, const struct row *row, struct obj *ret, struct err *err) {
    struct bytes state = named(row, "state"), error = named(row, "error");
    struct good good = {.found = false};
    bool well = bytes_is(state, "finished") || bytes_is(state, "running") || bytes_is(state, "observed") ||
                bytes_is(state, "unknown");
    if (!ret && error.n > 0) {
        out_str(s->view->cli, "error: ");
        out_safe(s->view->cli, error);
        out_str(s->view->cli, "\n");
    }
    int rc = explanation_corrected(s, err);
    rc = rc != 0 ? rc : tell_wrong(s, row, ret, err);
    row_init(&good.row, row->table);
    rc = rc != 0 || well ? rc : find_good(s, row, &good, err);
    if (rc == 0 && ret && good.found) {
        obj_str(ret, "last_good", named(&good.row, "run"));
    } else if (rc == 0 && ret) {
        obj_text(ret, "last_good", NULL);
    }
    if (rc == 0 && good.found) {
        rc = tell_differences(s, row, &good.row, ret, err);
    }
    row_done(&good.row);
    return rc;
}

/* ---- any two runs ---- */

/* Of their rows; what they were made of comes after. */
static const char *const totals[] = {"state",  "error",     "duration_ms", "tokens_in",  "tokens_out",
                                     "cost",   "steps",     "model_calls", "tool_calls", "errors",
                                     "denied", "artifacts", "egress"};

static bool total_differs(const struct row *before, const struct row *now, const char *name) {
    size_t column = projection_column(now->table, name);
    return column != SIZE_MAX && !cell_same(before, now, column);
}

static void print_total(struct explanation *s, const struct row *before, const struct row *now, const char *name,
                        struct table *table) {
    const struct row *both[] = {before, now};
    size_t column = projection_column(now->table, name);
    struct buf text = {.max = TEXT_MAX};
    table_text(table, name);
    for (size_t k = 0; k < 2; k++) {
        buf_clear(&text);
        cell_text(both[k], column, s->style, s->now, &text);
        table_cell(table, text.n > 0 ? bytes_of_buf(&text) : bytes_of("-"));
    }
    buf_done(&text);
}

static int print_compared(struct explanation *s, const struct row *before, const struct row *now, const struct pair *pair,
                          struct err *err) {
    static const struct table_column columns[] = {{"DIFFERS", TABLE_WHOLE, 0}, {"BEFORE", 0, 0}, {"NOW", TABLE_WRAP, 0}};
    struct table *table = table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
    if (!table) {
        return err_set(err, ERR_NOMEM, "no memory for the table");
    }
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        if (total_differs(before, now, totals[i])) {
            print_total(s, before, now, totals[i], table);
        }
    }
    print_traits(s, pair, table);
    return 0;
}

static void put_total(const struct row *before, const struct row *now, const char *name, struct obj *list) {
    const struct row *both[] = {before, now};
    size_t column = projection_column(now->table, name);
    struct obj one = {0};
    obj_text(&one, "what", name);
    for (size_t k = 0; k < 2; k++) {
        cell_put_as(both[k], column, k == 0 ? "before" : "after", &one);
    }
    obj_obj(list, NULL, &one);
}

/* The mistakes among the events of both. */
static void tell_mistakes(struct explanation *s, const struct pair *pair, struct obj *ret) {
    const struct run_made *both[] = {&pair->then, &pair->now};
    const struct corrected_one *one;
    struct obj list = {0};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; (one = run_made_corrected(both[k], i)) != NULL; i++) {
            if (ret) {
                put_corrected(one, &list);
            } else {
                print_corrected(s, one);
            }
        }
    }
    if (ret) {
        obj_list(ret, "corrected", &list);
    } else {
        obj_done(&list);
    }
}

static int print_pair(struct explanation *s, const struct row *before, const struct row *now, const struct pair *pair,
                      uint64_t n, struct err *err) {
    int rc = n > 0 ? print_compared(s, before, now, pair, err) : 0;
    if (rc == 0 && !is_whole(s, pair)) {
        print_not_compared(s, pair);
    } else if (rc == 0 && n == 0) {
        out_str(s->view->cli, "the runs do not differ in what they tell of themselves\n");
    }
    if (rc == 0) {
        tell_mistakes(s, pair, NULL);
        out_str(s->view->cli, "\n");
    }
    return rc;
}

int run_summary_compare(struct explanation *s, const struct row *before, const struct row *now, struct obj *ret,
                        uint64_t *ret_n, struct err *err) {
    struct pair pair;
    struct obj list = {0};
    int rc = find_pair(s, before, now, &pair, err);
    *ret_n = count_differences(s, &pair);
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        *ret_n += total_differs(before, now, totals[i]);
    }
    if (rc == 0 && !ret) {
        rc = print_pair(s, before, now, &pair, *ret_n, err);
    } else if (rc == 0) {
        for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
            if (total_differs(before, now, totals[i])) {
                put_total(before, now, totals[i], &list);
            }
        }
        put_traits(s, &pair, &list);
        put_compared(s, &pair, &list, ret);
        tell_mistakes(s, &pair, ret);
    }
    pair_done(&pair);
    return rc;
}

int run_summary_good(struct explanation *s, const struct row *run, struct row *row, bool *ret, struct err *err) {
    struct good good = {.row = *row};
    int rc = find_good(s, run, &good, err);
    *row = good.row;
    *ret = rc == 0 && good.found;
    return rc;
}
