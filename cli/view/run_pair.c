/* Two runs are compared by what they were made of (run_made.h) and, when both are named, by how they ended and what they
 * used. A run with unreadable events is not compared by what it was made of. */
#include "cli/view/run_pair.h"

#include "cli/print/cell.h"
#include "cli/print/out.h"
#include "cli/view/explain_corrected.h"
#include "cli/view/findings.h"
#include "cli/view/run_made.h"

#define TEXT_MAX ((size_t)1 << 16)

/* ---- how two runs differ ---- */

static void put_value(struct obj *obj, const char *name, const struct buf *value) {
    if (value->n > 0) {
        obj_str(obj, name, bytes_of_buf(value));
    } else {
        obj_text(obj, name, NULL);
    }
}

static void add_difference(struct findings *to, const char *what, const struct buf *before, const struct buf *after) {
    struct obj one = {0};
    if (to->list) {
        obj_text(&one, "what", what);
        put_value(&one, "before", before);
        put_value(&one, "after", after);
        obj_obj(to->list, NULL, &one);
        return;
    }
    table_text(findings_row(to), what);
    findings_text(to, before->n > 0 ? bytes_of_buf(before) : bytes_of("-"));
    findings_text(to, after->n > 0 ? bytes_of_buf(after) : bytes_of("-"));
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
    if (rc == 0) rc = run_made_find(&plan, cell_named(then, "run"), &ret->then, err);
    if (rc == 0) rc = run_made_find(&plan, cell_named(now, "run"), &ret->now, err);
    return rc;
}

static void pair_done(struct pair *pair) {
    run_made_done(&pair->then);
    run_made_done(&pair->now);
}

/* Could every event be read that the comparison rests on? An unreadable event may also be a correction. */
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

/* Names the first damage found, the one reported on standard error. */
static void print_not_compared(struct explanation *s, const struct pair *pair) {
    const char *why = !pair->then.whole ? pair->then.why : !pair->now.whole ? pair->now.why : "";
    out_str(s->view->cli, "what they were made of could not be compared, because the log cannot be read");
    out_str(s->view->cli, *why != '\0' ? ": " : "");
    out_safe(s->view->cli, bytes_of(why));
    out_str(s->view->cli, "\n");
}

static void add_traits(struct findings *to, const struct pair *pair) {
    for (size_t i = 0; is_whole(to->s, pair) && i < RUN_TRAITS; i++) {
        if (run_made_differs(&pair->then, &pair->now, i)) {
            add_difference(to, run_trait(i), &pair->then.values[i], &pair->now.values[i]);
        }
    }
    table_end(to->table);
}

/* What changed in the states from the start of the good run to the end of this one. */
static void print_since(struct explanation *s, const struct row *row, const struct row *good) {
    struct buf self = {.max = TEXT_MAX};
    cli_self(s->view->cli, &self);
    out_str(s->view->cli, "what else changed up to its end:  ");
    out_safe(s->view->cli, bytes_of_buf(&self));
    out_printf(s->view->cli, " diff %lld %lld\n", (long long)cell_number(good, "first_seq"),
               (long long)cell_number(row, "last_seq"));
    buf_done(&self);
}

static void print_differences(struct explanation *s, const struct row *row, const struct row *good,
                              const struct pair *pair) {
    static const struct table_column columns[] = {
        {"DIFFERS", TABLE_WHOLE, 0}, {"LAST GOOD RUN", 0, 0}, {"THIS RUN", TABLE_WRAP, 0}};
    struct findings to = {.s = s, .columns = columns, .n_columns = sizeof(columns) / sizeof(columns[0])};
    struct cli *cli = s->view->cli;
    out_str(cli, "\nthe last good run before it: run/");
    out_safe(cli, cell_named(good, "run"));
    out_str(cli, "\n");
    if (!is_whole(s, pair)) {
        print_not_compared(s, pair);
    } else if (count_differences(s, pair) == 0) {
        out_str(cli, "nothing that the runs tell of themselves differs\n");
    } else {
        add_traits(&to, pair);
    }
    print_since(s, row, good);
}

/* What could not be compared must not look equal. */
static void put_compared(struct explanation *s, const struct pair *pair, struct obj *list, struct obj *ret) {
    obj_bool(ret, "compared", is_whole(s, pair));
    obj_list(ret, "differs", list);
}

int run_pair_differs(struct explanation *s, const struct row *row, const struct row *good, struct obj *ret,
                     struct err *err) {
    struct pair pair;
    struct obj list = {0};
    int rc = find_pair(s, good, row, &pair, err);
    if (rc == 0 && !ret) {
        print_differences(s, row, good, &pair);
    } else if (rc == 0) {
        add_traits(&(struct findings){.s = s, .list = &list}, &pair);
        put_compared(s, &pair, &list, ret);
    }
    pair_done(&pair);
    return rc;
}

/* ---- any two runs ---- */

/* Columns of their rows; what they were made of follows. */
static const char *const totals[] = {"state",  "error",     "duration_ms", "tokens_in",  "tokens_out",
                                     "cost",   "steps",     "model_calls", "tool_calls", "errors",
                                     "denied", "artifacts", "egress"};

static bool total_differs(const struct row *before, const struct row *now, const char *name) {
    size_t column = projection_column(now->table, name);
    return column != SIZE_MAX && !cell_same(before, now, column);
}

static void add_total(struct findings *to, const struct row *before, const struct row *now, const char *name) {
    size_t column = projection_column(now->table, name);
    struct buf was = {.max = TEXT_MAX}, is = {.max = TEXT_MAX};
    struct obj one = {0};
    if (to->list) {
        obj_text(&one, "what", name);
        cell_put_as(to->s->view->cli, before, column, "before", &one);
        cell_put_as(to->s->view->cli, now, column, "after", &one);
        obj_obj(to->list, NULL, &one);
        return;
    }
    cell_text(to->s->view->cli, before, column, to->s->style, to->s->now, &was);
    cell_text(to->s->view->cli, now, column, to->s->style, to->s->now, &is);
    add_difference(to, name, &was, &is);
    buf_done(&was);
    buf_done(&is);
}

static void add_totals(struct findings *to, const struct row *before, const struct row *now) {
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        if (total_differs(before, now, totals[i])) {
            add_total(to, before, now, totals[i]);
        }
    }
}

/* Reports the mistakes among the events of both. */
static void tell_mistakes(struct explanation *s, const struct pair *pair, struct obj *ret) {
    const struct run_made *both[] = {&pair->then, &pair->now};
    const struct corrected_one *one;
    struct obj list = {0};
    bool any = run_made_corrected(both[0], 0) != NULL || run_made_corrected(both[1], 0) != NULL;
    out_str(s->view->cli, any && !ret ? "\n" : "");
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; (one = run_made_corrected(both[k], i)) != NULL; i++) {
            if (ret) {
                explain_put_corrected(one, &list);
            } else {
                explain_print_corrected(s, one);
            }
        }
    }
    if (ret) {
        obj_list(ret, "corrected", &list);
    } else {
        obj_done(&list);
    }
}

static void print_pair(struct explanation *s, const struct row *before, const struct row *now, const struct pair *pair,
                       uint64_t n) {
    static const struct table_column columns[] = {{"DIFFERS", TABLE_WHOLE, 0}, {"BEFORE", 0, 0}, {"NOW", TABLE_WRAP, 0}};
    struct findings to = {.s = s, .columns = columns, .n_columns = sizeof(columns) / sizeof(columns[0])};
    add_totals(&to, before, now);
    add_traits(&to, pair);
    if (!is_whole(s, pair)) {
        print_not_compared(s, pair);
    } else if (n == 0) {
        out_str(s->view->cli, "the runs do not differ in what they tell of themselves\n");
    }
    tell_mistakes(s, pair, NULL);
    out_str(s->view->cli, "\n");
}

int run_pair_compare(struct explanation *s, const struct row *before, const struct row *now, struct obj *ret,
                     uint64_t *ret_n, struct err *err) {
    struct pair pair;
    struct obj list = {0};
    struct findings to = {.s = s, .list = &list};
    int rc = find_pair(s, before, now, &pair, err);
    *ret_n = count_differences(s, &pair);
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        *ret_n += total_differs(before, now, totals[i]);
    }
    if (rc == 0 && !ret) {
        print_pair(s, before, now, &pair, *ret_n);
    } else if (rc == 0) {
        add_totals(&to, before, now);
        add_traits(&to, &pair);
        put_compared(s, &pair, &list, ret);
        tell_mistakes(s, &pair, ret);
    }
    pair_done(&pair);
    return rc;
}
