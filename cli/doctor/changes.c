/* doctor diff A B: the clauses whose state differs between two moments. Both answers are judged from the log. */
#include <stdlib.h>

#include "cli/doctor/doctor.h"
#include "cli/doctor/said.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/print/words.h"

enum { D_PACK };
static const struct opt options[] = {
    [D_PACK] = {"pack", 0, "PACK", "of this pack instead of the box"},
    {0},
};

struct two {
    struct answer before, after;
};

static int read_at(struct asof *view, const char *text, struct bytes pack, struct answer *ret) {
    struct asof_at at;
    struct state_view *state = NULL;
    struct err err = {0};
    if (asof_parse(view, text, true, &at, &err) != 0) return cli_fail_input(view->cli, &err);
    int rc = asof_state(view, &at, &state, &err);
    int exit_code = rc == 0 ? opening_unreadable(view->cli, state) : 0;
    if (rc == 0 && exit_code == 0) rc = answer_read(view, &state, pack, NULL, 0, ret, &err);
    state_close(state);
    return rc == 0 ? exit_code : asof_fail_lookup(view, &err);
}

/* A clause that one of them lacks is left out there. */
static enum clause_state state_in(const struct answer *answer, struct bytes id) {
    const struct clause *clause = answer_find(answer, id);
    return clause != NULL ? clause->state : CLAUSE_LEFT_OUT;
}

static void put_change(struct obj *list, const struct clause *clause, enum clause_state before, enum clause_state after) {
    struct obj one = {0};
    obj_str(&one, "clause", clause->id);
    obj_text(&one, "before", before == CLAUSE_LEFT_OUT ? NULL : clause_words[before]);
    obj_text(&one, "after", after == CLAUSE_LEFT_OUT ? NULL : clause_words[after]);
    obj_str(&one, "reason", clause->reason);
    if (clause->since != UINT64_MAX) obj_time(&one, "since", clause->since);
    obj_uint(&one, "since_seq", clause->since_seq);
    obj_obj(list, NULL, &one);
}

static void say_change(struct table *table, const struct clause *clause, enum clause_state before,
                       enum clause_state after) {
    struct buf text = {.max = (size_t)64 << 10};
    table_cell(table, clause->id);
    table_color(table, out_state(bytes_of(clause_words[before])));
    table_text(table, words(clause_words[before]));
    table_color(table, out_state(bytes_of(clause_words[after])));
    table_text(table, words(clause_words[after]));
    if (clause->since_seq != UINT64_MAX) buf_printf(&text, "%llu", (unsigned long long)clause->since_seq);
    table_cell(table, bytes_of_buf(&text));
    buf_clear(&text);
    said_reason(clause, &text);
    table_cell(table, bytes_of_buf(&text));
    buf_done(&text);
}

static int print(struct cli *cli, const struct two *two) {
    const struct table_column columns[] = {{words("CLAUSE"), TABLE_KEEP, 0},
                                           {words("BEFORE"), TABLE_WHOLE, 0},
                                           {words("AFTER"), TABLE_WHOLE, 0},
                                           {words("BY EVENT"), TABLE_RIGHT, 0},
                                           {words("WHAT WAS FOUND"), TABLE_WRAP, 0}};
    struct table *table = cli->json ? NULL : table_new(cli, columns, 5);
    struct obj obj = {0}, list = {0};
    size_t n = 0;
    for (size_t i = 0; i < two->after.n; i++) {
        const struct clause *clause = &two->after.clauses[i];
        enum clause_state before = state_in(&two->before, clause->id);
        if (before == clause->state) continue;
        n++;
        if (cli->json) {
            put_change(&list, clause, before, clause->state);
        } else {
            say_change(table, clause, before, clause->state);
        }
    }
    if (cli->json) {
        obj_text(&obj, "schema", "ledger.doctor-diff/1");
        obj_str(&obj, "pack", two->after.pack);
        obj_text(&obj, "before", clause_words[two->before.verdict]);
        obj_text(&obj, "after", clause_words[two->after.verdict]);
        obj_uint(&obj, "from", two->before.at);
        obj_uint(&obj, "to", two->after.at);
        obj_list(&obj, "changes", &list);
        return cli_print(cli, &obj, false);
    }
    if (n > 0) return table_end(table);
    table_drop(table);
    out_printf(cli, "%s\n", words("no clause has another state"));
    return 0;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct asof view;
    struct two *two = calloc(1, sizeof(*two));
    struct bytes pack = answer_pack(opt_text(args, &options[D_PACK]));
    if (two == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for two verdicts");
    int exit_code = asof_ledger(&view, cli);
    view.recorded = true;
    if (exit_code == 0) exit_code = read_at(&view, args->args[0], pack, &two->before);
    if (exit_code == 0) exit_code = read_at(&view, args->n_args > 1 ? args->args[1] : "now", pack, &two->after);
    if (exit_code == 0) exit_code = print(cli, two);
    answer_done(&two->before);
    answer_done(&two->after);
    free(two);
    asof_close(&view);
    return exit_code;
}

const struct spec doctor_diff = {
    .synopsis = "A [B] [--pack PACK]",
    .about =
        "Shows which clauses of the verdict have another state at moment B (default: now) than at A, by which event, and\n"
        "what was found then. A and B are sequence numbers, times or ages, as for --at.",
    .examples = "ledger doctor diff 2h\nledger doctor diff 118 204 --pack pdf-ops-pack",
    .opts = options,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
