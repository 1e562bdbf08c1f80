/* What went wrong is read from the run's tree: calls and their returns are one there. What a run was made of is gathered
 * from the bodies of its events, a set of values for each trait; two runs differ in a trait when the sets do. */
#include "cli/story_run.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/table.h"
#include "cli/tree.h"

#define WRONG_SHOWN 20
#define TEXT_MAX    ((size_t)1 << 16)

bool story_run_is(const struct row *row) {
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
    return !node->hidden && (node->mark == TREE_GAP || aside ||
                             (node->mark == TREE_EVENT && node->state == TREE_BAD && !bytes_is(kind, "run.started") &&
                              !bytes_is(kind, "run.finished")));
}

static void put_wrong(const struct tree *tree, const struct tree_node *node, struct obj *list) {
    struct obj one;
    obj_init(&one);
    obj_uint(&one, "seq", node->seq);
    obj_str(&one, "kind", tree_text(tree, node->kind));
    obj_str(&one, "name", tree_text(tree, node->name));
    obj_str(&one, "outcome", tree_text(tree, node->outcome));
    obj_str(&one, "text", tree_text(tree, node->rest));
    obj_obj(list, NULL, &one);
}

static void print_one_wrong(struct story *s, const struct tree *tree, const struct tree_node *node, struct table *table) {
    struct buf text;
    buf_init(&text, TEXT_MAX);
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
    struct buf text;
    buf_init(&text, TEXT_MAX);
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
    struct buf text;
    struct obj one;
    buf_init(&text, TEXT_MAX);
    uint64_t seq = put_end(row, &text);
    if (seq != LEDGER_NO_SEQ) {
        obj_init(&one);
        obj_uint(&one, "seq", seq);
        obj_text(&one, "kind", "run.finished");
        obj_str(&one, "name", named(row, "run"));
        obj_str(&one, "outcome", bytes_of_buf(&text));
        obj_text(&one, "text", "");
        obj_obj(list, NULL, &one);
    }
    buf_done(&text);
}

static int print_wrong(struct story *s, const struct row *row, const struct tree *tree, size_t root, struct err *err) {
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

static int tell_wrong(struct story *s, const struct row *row, struct obj *ret, struct err *err) {
    struct tree tree;
    struct query all;
    struct obj list;
    struct err why = {0};
    size_t root = SIZE_MAX;
    tree_init(&tree);
    query_init(&all);
    all.stop = s->view->stop;
    all.to = state_at(s->view->state);
    int rc = tree_add_run(&tree, s->view->ledger, named(row, "run"), &all, damage_note, &s->damage, &why);
    rc = rc != 0 || tree.n == 0 ? rc : tree_link(&tree, &why);
    rc = rc != 0 || tree.n == 0 ? rc : tree_order(&tree, &root, &why);
    if (rc != 0 && rc != ERR_LIMIT) { /* a run too large for a tree is told without it */
        *err = why;
    }
    if (rc == 0 && !ret) {
        rc = print_wrong(s, row, &tree, root, err);
    } else if (ret && (rc == 0 || rc == ERR_LIMIT)) {
        obj_init(&list);
        put_end_wrong(row, &list);
        for (size_t i = rc == 0 ? root : SIZE_MAX; i != SIZE_MAX; i = tree_next(&tree, i)) {
            if (is_wrong(&tree, &tree.nodes[i])) {
                put_wrong(&tree, &tree.nodes[i], &list);
            }
        }
        obj_list(ret, "wrong", &list);
    }
    tree_done(&tree);
    return rc == ERR_LIMIT ? 0 : rc;
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

static int find_good(struct story *s, const struct row *row, struct good *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *other = NULL;
    struct buf key;
    size_t table = state_table_find(s->view->state, "runs");
    buf_init(&key, TEXT_MAX);
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

/* ---- what a run was made of ---- */

static const struct trait {
    const char *field, *name;
    bool of_models; /* only where a model is called or chosen */
} traits[] = {{"pack_version", "pack version", false},
              {"agent", "agent", false},
              {"agent_version", "agent version", false},
              {"route", "route", false},
              {"model", "model", true},
              {"digest", "weights", true},
              {"runtime", "runtime", true},
              {"config_digest", "configuration", false},
              {"tool", "tools", false},
              {"permissions_digest", "permissions", false}};
#define TRAITS (sizeof(traits) / sizeof(traits[0]))

struct made {
    struct buf values[TRAITS]; /* with ", " between, in their order */
};

/* Into its place, once. */
static void add_value(struct buf *values, struct bytes value) {
    struct buf more;
    size_t at = 0;
    bool placed = false;
    buf_init(&more, TEXT_MAX);
    while (at < values->n) {
        const uint8_t *comma = memmem(values->p + at, values->n - at, ", ", 2);
        struct bytes one = {values->p + at, comma ? (size_t)(comma - values->p) - at : values->n - at};
        int order = placed ? 1 : bytes_cmp(value, one);
        if (order < 0) {
            buf_put_str(&more, more.n > 0 ? ", " : "");
            buf_put_bytes(&more, value);
        }
        placed = placed || order <= 0;
        buf_put_str(&more, more.n > 0 ? ", " : "");
        buf_put_bytes(&more, one);
        at += one.n + 2;
    }
    if (!placed) {
        buf_put_str(&more, more.n > 0 ? ", " : "");
        buf_put_bytes(&more, value);
    }
    if (more.fail) {
        buf_done(&more);
        return;
    }
    buf_done(values);
    *values = more;
}

static int take_traits(struct query_cursor *cursor, struct made *made, struct err *err) {
    struct query_value kind, value;
    int rc = query_get(cursor, QUERY_KIND, &kind, err);
    bool models = rc == 0 && (bytes_has_prefix(kind.text, "run.model_") || bytes_has_prefix(kind.text, "route."));
    for (size_t i = 0; rc == 0 && i < TRAITS; i++) {
        if (traits[i].of_models && !models) {
            continue;
        }
        rc = query_get_body(cursor, bytes_of(traits[i].field), &value, err);
        if (rc == 0 && value.type == QUERY_TEXT && value.text.n > 0) {
            add_value(&made->values[i], value.text);
        }
    }
    return rc;
}

static int find_made(struct story *s, struct bytes run, struct made *made, struct err *err) {
    struct query query;
    struct query_cursor *cursor = NULL;
    struct query_value value = {.type = QUERY_TEXT, .text = run};
    struct query_term term = {.field = QUERY_RUN, .op = QUERY_EQ, .values = &value, .n_values = 1};
    for (size_t i = 0; i < TRAITS; i++) {
        buf_init(&made->values[i], TEXT_MAX);
    }
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.to = state_at(s->view->state);
    query.stop = s->view->stop;
    int rc = query_open(s->view->ledger, &query, &cursor, err);
    while (rc == 0) {
        struct err why = {0};
        rc = query_next(cursor, &why);
        rc = rc != 0 ? rc : take_traits(cursor, made, &why);
        if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) {
            damage_note(&s->damage, &why);
            rc = 0;
        } else if (rc < 0) {
            *err = why;
        }
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

static void made_done(struct made *made) {
    for (size_t i = 0; i < TRAITS; i++) {
        buf_done(&made->values[i]);
    }
}

/* ---- how two runs differ ---- */

static void put_value(struct obj *obj, const char *name, const struct buf *value) {
    if (value->n > 0) {
        obj_str(obj, name, bytes_of_buf(value));
    } else {
        obj_text(obj, name, NULL);
    }
}

static void put_difference(size_t i, const struct made *then, const struct made *now, struct obj *list) {
    struct obj one;
    obj_init(&one);
    obj_text(&one, "what", traits[i].name);
    put_value(&one, "before", &then->values[i]);
    put_value(&one, "after", &now->values[i]);
    obj_obj(list, NULL, &one);
}

static void print_difference(struct story *s, size_t i, const struct made *then, const struct made *now,
                             struct table *table) {
    const struct buf *both[] = {&then->values[i], &now->values[i]};
    struct buf text;
    buf_init(&text, TEXT_MAX);
    table_text(table, traits[i].name);
    for (size_t k = 0; k < 2; k++) {
        buf_clear(&text);
        buf_put_bytes(&text, both[k]->n > 0 ? bytes_of_buf(both[k]) : bytes_of("-"));
        cell_short(s->view->cli, &text, 0);
        table_cell(table, bytes_of_buf(&text));
    }
    buf_done(&text);
}

static bool differs(size_t i, const struct made *then, const struct made *now) {
    return !bytes_eq(bytes_of_buf(&then->values[i]), bytes_of_buf(&now->values[i]));
}

static int print_differences(struct story *s, const struct row *row, const struct row *good, const struct made *then,
                             const struct made *now, struct err *err) {
    static const struct table_column columns[] = {
        {"DIFFERS", TABLE_WHOLE, 0}, {"LAST GOOD RUN", 0, 0}, {"THIS RUN", TABLE_WRAP, 0}};
    struct cli *cli = s->view->cli;
    struct table *table = NULL;
    struct buf self;
    out_str(cli, "\nthe last good run before it: run/");
    out_safe(cli, named(good, "run"));
    out_str(cli, "\n");
    for (size_t i = 0; i < TRAITS; i++) {
        if (differs(i, then, now)) {
            table = table ? table : table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
            if (!table) {
                return err_set(err, ERR_NOMEM, "no memory for the table");
            }
            print_difference(s, i, then, now, table);
        }
    }
    out_str(cli, table ? "" : "nothing that the runs tell of themselves differs\n");
    table_end(table);
    buf_init(&self, TEXT_MAX);
    cli_self(cli, &self);
    out_str(cli, "what else changed since:  ");
    out_safe(cli, bytes_of_buf(&self));
    out_printf(cli, " diff %lld %lld\n", (long long)number(good, "last_seq"), (long long)number(row, "first_seq"));
    buf_done(&self);
    return 0;
}

static int tell_differences(struct story *s, const struct row *row, const struct row *good, struct obj *ret,
                            struct err *err) {
    struct made then = {0}, now = {0};
    struct obj list;
    int rc = find_made(s, named(good, "run"), &then, err);
    rc = rc != 0 ? rc : find_made(s, named(row, "run"), &now, err);
    if (rc == 0 && !ret) {
        rc = print_differences(s, row, good, &then, &now, err);
    } else if (rc == 0) {
        obj_init(&list);
        for (size_t i = 0; i < TRAITS; i++) {
            if (differs(i, &then, &now)) {
                put_difference(i, &then, &now, &list);
            }
        }
        obj_list(ret, "differs", &list);
    }
    made_done(&then);
    made_done(&now);
    return rc;
}

int story_run(struct story *s, const struct row *row, struct obj *ret, struct err *err) {
    struct bytes state = named(row, "state"), error = named(row, "error");
    struct good good = {.found = false};
    bool well = bytes_is(state, "finished") || bytes_is(state, "running") || bytes_is(state, "observed") ||
                bytes_is(state, "unknown");
    if (!ret && error.n > 0) {
        out_str(s->view->cli, "error: ");
        out_safe(s->view->cli, error);
        out_str(s->view->cli, "\n");
    }
    int rc = tell_wrong(s, row, ret, err);
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

static void print_total(struct story *s, const struct row *before, const struct row *now, const char *name,
                        struct table *table) {
    const struct row *both[] = {before, now};
    size_t column = projection_column(now->table, name);
    struct buf text;
    buf_init(&text, TEXT_MAX);
    table_text(table, name);
    for (size_t k = 0; k < 2; k++) {
        buf_clear(&text);
        cell_text(both[k], column, s->style, s->now, &text);
        table_cell(table, text.n > 0 ? bytes_of_buf(&text) : bytes_of("-"));
    }
    buf_done(&text);
}

static int print_compared(struct story *s, const struct row *before, const struct row *now, const struct made *then,
                          const struct made *made, struct err *err) {
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
    for (size_t i = 0; i < TRAITS; i++) {
        if (differs(i, then, made)) {
            print_difference(s, i, then, made, table);
        }
    }
    table_end(table);
    return 0;
}

static void put_total(const struct row *before, const struct row *now, const char *name, struct obj *list) {
    const struct row *both[] = {before, now};
    size_t column = projection_column(now->table, name);
    struct obj one;
    obj_init(&one);
    obj_text(&one, "what", name);
    for (size_t k = 0; k < 2; k++) {
        cell_put_as(both[k], column, k == 0 ? "before" : "after", &one);
    }
    obj_obj(list, NULL, &one);
}

int story_run_compare(struct story *s, const struct row *before, const struct row *now, struct obj *ret, uint64_t *ret_n,
                      struct err *err) {
    struct made then = {0}, made = {0};
    struct obj list;
    int rc = find_made(s, named(before, "run"), &then, err);
    rc = rc != 0 ? rc : find_made(s, named(now, "run"), &made, err);
    *ret_n = 0;
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        *ret_n += total_differs(before, now, totals[i]);
    }
    for (size_t i = 0; rc == 0 && i < TRAITS; i++) {
        *ret_n += differs(i, &then, &made);
    }
    if (rc == 0 && !ret && *ret_n > 0) {
        rc = print_compared(s, before, now, &then, &made, err);
    } else if (rc == 0 && ret) {
        obj_init(&list);
        for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
            if (total_differs(before, now, totals[i])) {
                put_total(before, now, totals[i], &list);
            }
        }
        for (size_t i = 0; i < TRAITS; i++) {
            if (differs(i, &then, &made)) {
                put_difference(i, &then, &made, &list);
            }
        }
        obj_list(ret, "differs", &list);
    }
    made_done(&then);
    made_done(&made);
    return rc;
}

int story_run_good(struct story *s, const struct row *run, struct row *row, bool *ret, struct err *err) {
    struct good good = {.row = *row};
    int rc = find_good(s, run, &good, err);
    *row = good.row;
    *ret = rc == 0 && good.found;
    return rc;
}
