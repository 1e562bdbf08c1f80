/* eval diff: compares two evaluations of one suite, score by score. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/evals/evals.h"
#include "cli/print/cell.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/view/entity.h"
#include "cli/view/explain.h"
#include "projections/ready/eval.h"
#include "projections/ready/eval_compare.h"

#define NAME_MAX_BYTES 4096

enum { D_AT };
static const struct opt diff_options[] = {
    [D_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    {0},
};

struct eval_diff {
    struct asof *view;
    struct row sides[2]; /* of evals: before, after */
    struct table *table;
    struct obj list;
    uint64_t n[EVAL_CHANGES], verdicts; /* scores by change; those with another verdict */
};

/* ---- which ---- */

static int take_id(void *ctx, const struct row *row, struct err *err) {
    struct buf *id = ctx;
    buf_clear(id);
    buf_put_bytes(id, row_text(row, EVAL_ID));
    return buf_check(id, "an evaluation's id", err);
}

static int find(struct asof *view, size_t table, const char *name, struct row *ret, struct err *err) {
    struct buf id = {.max = NAME_MAX_BYTES};
    int rc = entity_each(view, table, bytes_of(name), take_id, &id, err);
    const struct bytes key = bytes_of_buf(&id);
    if (rc == 0) rc = state_get(view->state, table, &key, 1, ret, err);
    buf_done(&id);
    return rc;
}

/* Numbers of different suites are not comparable, even where their tasks have the same names. */
static int check_suites(const struct eval_diff *d, struct err *err) {
    struct bytes suites[] = {row_text(&d->sides[0], EVAL_SUITE), row_text(&d->sides[1], EVAL_SUITE)};
    struct bytes digests[] = {row_text(&d->sides[0], EVAL_SUITE_DIGEST), row_text(&d->sides[1], EVAL_SUITE_DIGEST)};
    if (suites[0].n > 0 && suites[1].n > 0 && !bytes_eq(suites[0], suites[1])) {
        return err_set(err, ERR_INVALID, "they are of different suites, '%.*s' and '%.*s'", REASON_NAME(suites[0]),
                       REASON_NAME(suites[1]));
    }
    if (!bytes_eq(suites[0], suites[1])) {
        cli_note(d->view->cli, "ledger: eval diff: only one of them names its suite");
    } else if (!bytes_eq(digests[0], digests[1])) {
        cli_note(d->view->cli, "ledger: eval diff: they do not name the same version of their suite");
    }
    return 0;
}

/* ---- for people ---- */

static void put_score(const struct row *score, struct buf *out) {
    if (score == NULL) {
        buf_put_str(out, "-");
    } else if (row_has(score, EVAL_SCORE_VALUE)) {
        buf_printf(out, "%.6g", row_real(score, EVAL_SCORE_VALUE));
    } else {
        buf_put_bytes(out, row_text(score, EVAL_SCORE_LABEL));
    }
}

/* "misses", or where that changed "reaches -> misses". */
static void put_moved(const struct eval_pair *pair, size_t column, struct buf *out) {
    struct bytes was = pair->before != NULL ? row_text(pair->before, column) : (struct bytes){0};
    struct bytes is = pair->after != NULL ? row_text(pair->after, column) : was;
    bool moved = pair->before != NULL && pair->after != NULL && !bytes_eq(was, is);
    if (moved) {
        buf_put_bytes(out, was.n > 0 ? was : bytes_of("-"));
        buf_put_str(out, " -> ");
    }
    buf_put_bytes(out, is.n > 0 || !moved ? is : bytes_of("-"));
}

/* The suite's requirement may have changed since. */
static void put_asked(const struct eval_pair *pair, struct buf *out) {
    const struct row *rows[] = {pair->before, pair->after};
    for (size_t i = 0; i < 2; i++) {
        char asked[32] = "-";
        if (rows[i] && row_has(rows[i], EVAL_SCORE_ASKED)) {
            snprintf(asked, sizeof(asked), "%.6g", row_real(rows[i], EVAL_SCORE_ASKED));
        }
        if (i == 1 && rows[0] && rows[1] && !bytes_is(bytes_of_buf(out), asked)) {
            buf_printf(out, " -> %s", asked);
        } else if (rows[i] && out->n == 0) {
            buf_put_str(out, asked);
        }
    }
}

static void cell(struct eval_diff *d, struct buf *text) {
    table_cell(d->table, bytes_of_buf(text));
    buf_clear(text);
}

static bool is_moved(const struct eval_pair *pair) {
    return pair->before != NULL && pair->after != NULL &&
           !bytes_eq(row_text(pair->before, EVAL_SCORE_VERDICT), row_text(pair->after, EVAL_SCORE_VERDICT));
}

static void print(struct eval_diff *d, const struct eval_pair *pair) {
    static const struct table_column columns[] = {
        {"TASK", TABLE_TAIL, 0},       {"METRIC", TABLE_KEEP, 0},      {"BEFORE", TABLE_RIGHT, 0},
        {"AFTER", TABLE_RIGHT, 0},     {"DIFFERENCE", TABLE_RIGHT, 0}, {"CHANGE", TABLE_WHOLE, 0},
        {"THRESHOLD", TABLE_RIGHT, 0}, {"SIDE", TABLE_WRAP, 0},        {"VERDICT", TABLE_WRAP, 0}};
    static const enum out_color colors[EVAL_CHANGES] = {
        [EVAL_CHANGE_BETTER] = OUT_GREEN, [EVAL_CHANGE_WORSE] = OUT_RED, [EVAL_CHANGE_MISSING] = OUT_YELLOW};
    const struct row *one = pair->after != NULL ? pair->after : pair->before;
    struct buf text = {.max = (size_t)1 << 20};
    d->table = d->table ? d->table : table_new(d->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
    table_cell(d->table, row_text(one, EVAL_SCORE_TASK));
    table_cell(d->table, row_text(one, EVAL_SCORE_METRIC));
    put_score(pair->before, &text);
    cell(d, &text);
    put_score(pair->after, &text);
    cell(d, &text);
    if (pair->before && pair->after && row_has(pair->before, EVAL_SCORE_VALUE) && row_has(pair->after, EVAL_SCORE_VALUE)) {
        double moved = row_real(pair->after, EVAL_SCORE_VALUE) - row_real(pair->before, EVAL_SCORE_VALUE);
        buf_printf(&text, "%s%.6g", moved > 0 ? "+" : "", moved == 0 ? 0 : moved);
    }
    cell(d, &text);
    table_color(d->table, colors[pair->change]);
    table_text(d->table, eval_change_words[pair->change]);
    put_asked(pair, &text);
    cell(d, &text);
    put_moved(pair, EVAL_SCORE_SIDE, &text);
    cell(d, &text);
    put_moved(pair, EVAL_SCORE_VERDICT, &text);
    cell(d, &text);
    buf_done(&text);
}

static void print_heads(struct eval_diff *d) {
    static const char *const words[] = {"before", "after "};
    for (size_t i = 0; i < 2; i++) {
        struct buf text = {.max = (size_t)1 << 20};
        const struct row *row = &d->sides[i];
        struct bytes model = row_text(row, row_has(row, EVAL_DIGEST) ? EVAL_DIGEST : EVAL_MODEL);
        entity_name(row, &text);
        buf_put_str(&text, ": ");
        buf_put_bytes(&text, row_text(row, EVAL_STATE));
        if (row_has(row, EVAL_VERDICT)) {
            buf_put_str(&text, ", verdict ");
            buf_put_bytes(&text, row_text(row, EVAL_VERDICT));
        }
        buf_put_str(&text, row_bool(row, EVAL_COUNTS) ? ", counts" : ", does not count");
        if (model.n > 0) {
            buf_put_str(&text, ", of ");
            buf_put_bytes(&text, model);
        }
        cell_short(d->view->cli, &text, 0);
        out_printf(d->view->cli, "%s  ", words[i]);
        out_safe(d->view->cli, bytes_of_buf(&text));
        out_str(d->view->cli, "\n");
        buf_done(&text);
    }
    out_str(d->view->cli, "\n");
}

static void print_counts(struct eval_diff *d) {
    static const enum eval_change order[] = {EVAL_CHANGE_WORSE,   EVAL_CHANGE_BETTER, EVAL_CHANGE_OTHER,
                                             EVAL_CHANGE_MISSING, EVAL_CHANGE_NEW,    EVAL_CHANGE_SAME};
    struct cli *cli = d->view->cli;
    bool any = false;
    for (size_t i = 0; i < EVAL_CHANGES; i++) {
        if (d->n[order[i]] > 0) {
            out_printf(cli, "%s%llu %s", any ? ", " : "\n", (unsigned long long)d->n[order[i]],
                       eval_change_words[order[i]]);
            any = true;
        }
    }
    out_str(cli, any ? "\n" : "neither has a score\n");
}

/* ---- JSON ---- */

static void put_side(const struct cli *cli, const char *name, const struct row *score, struct obj *obj) {
    struct obj side = {0};
    if (score == NULL) {
        obj_text(obj, name, NULL);
        return;
    }
    cell_put(cli, score, row_has(score, EVAL_SCORE_VALUE) ? EVAL_SCORE_VALUE : EVAL_SCORE_LABEL, &side);
    cell_put(cli, score, EVAL_SCORE_STDERR, &side);
    cell_put_as(cli, score, EVAL_SCORE_ASKED, "threshold", &side);
    cell_put(cli, score, EVAL_SCORE_SIDE, &side);
    cell_put(cli, score, EVAL_SCORE_VERDICT, &side);
    cell_put(cli, score, EVAL_SCORE_SEQ, &side);
    obj_obj(obj, name, &side);
}

static void put(struct eval_diff *d, const struct eval_pair *pair) {
    const struct row *row = pair->after != NULL ? pair->after : pair->before;
    struct obj one = {0};
    cell_put(d->view->cli, row, EVAL_SCORE_TASK, &one);
    cell_put(d->view->cli, row, EVAL_SCORE_METRIC, &one);
    put_side(d->view->cli, "before", pair->before, &one);
    put_side(d->view->cli, "after", pair->after, &one);
    obj_text(&one, "change", eval_change_words[pair->change]);
    obj_obj(&d->list, NULL, &one);
}

static int put_json(struct eval_diff *d, size_t table) {
    static const size_t columns[] = {EVAL_ID,           EVAL_STATE, EVAL_VERDICT, EVAL_COUNTS,      EVAL_SUITE,
                                     EVAL_SUITE_DIGEST, EVAL_MODEL, EVAL_DIGEST,  EVAL_FINISHED_SEQ};
    struct obj whole = {0}, side = {0}, counts = {0};
    obj_text(&whole, "schema", "ledger.eval_diff/1");
    asof_put(d->view, table, &whole);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
            cell_put(d->view->cli, &d->sides[i], columns[k], &side);
        }
        obj_obj(&whole, i == 0 ? "before" : "after", &side);
    }
    obj_list(&whole, "scores", &d->list);
    for (size_t i = 0; i < EVAL_CHANGES; i++) {
        obj_uint(&counts, eval_change_words[i], d->n[i]);
    }
    obj_obj(&whole, "counts", &counts);
    int exit_code = cli_print(d->view->cli, &whole, false);
    return exit_code;
}

/* ---- the command ---- */

static int on_pair(void *ctx, const struct eval_pair *pair, struct err *err) {
    struct eval_diff *d = ctx;
    (void)err;
    d->n[pair->change]++;
    d->verdicts += is_moved(pair);
    if (d->view->cli->json) {
        put(d, pair);
    } else {
        print(d, pair);
    }
    return 0;
}

static int compare(struct eval_diff *d, const struct opt_args *args) {
    struct cli *cli = d->view->cli;
    size_t table = state_table_find(d->view->state, "evals");
    struct err err = {0};
    asof_warn(d->view, table);
    int rc = find(d->view, table, args->args[0], &d->sides[0], &err);
    if (rc == 0) rc = find(d->view, table, args->args[1], &d->sides[1], &err);
    if (rc != 0) return asof_fail_lookup(d->view, &err);
    rc = check_suites(d, &err);
    if (rc == 0 && !cli->json) {
        print_heads(d);
    }
    if (rc == 0) rc = eval_compare(d->view->state, &d->sides[0], &d->sides[1], on_pair, d, &err);
    int exit_code = table_end(d->table);
    if (rc != 0) return cli_fail(cli, &err);
    if (cli->json) {
        exit_code = put_json(d, table);
    } else {
        print_counts(d);
    }
    uint64_t all = d->verdicts;
    for (size_t i = EVAL_CHANGE_SAME + 1; i < EVAL_CHANGES; i++) {
        all += d->n[i];
    }
    return exit_code == 0 && all == 0 ? EXIT_NO : exit_code;
}

static int diff(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, opt_text(args, &diff_options[D_AT]));
    if (exit_code == 0) {
        struct eval_diff d = {.view = &view};
        size_t table = state_table_find(view.state, "evals");
        row_init(&d.sides[0], state_table(view.state, table));
        row_init(&d.sides[1], state_table(view.state, table));
        exit_code = asof_exit(&view, compare(&d, args));
        obj_done(&d.list);
        row_done(&d.sides[0]);
        row_done(&d.sides[1]);
    }
    asof_close(&view);
    return exit_code;
}

const struct spec evals_diff = {
    .synopsis = "EVAL EVAL [--at WHEN]",
    .about = "Compares the scores of two evaluations of one suite, the earlier one first: each task and metric\n"
             "side by side; what got better or worse, was added or is missing; and on which side of its\n"
             "threshold each score is. If neither the score nor the suite says whether higher is better, a\n"
             "score is only reported as changed. 'eval compare' compares samples instead, and says whether a\n"
             "difference is noise. Exit code 1 if nothing differs, 3 if they are of different suites.",
    .opts = diff_options,
    .min_args = 2,
    .max_args = 2,
    .run = diff,
};
