/* doctor why CLAUSE: the clause with the events that it rests on, as `ledger why` explains any other state. */
#include <stdlib.h>

#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/print/say.h"
#include "cli/view/explain.h"
#include "projections/rows/named.h"

enum { W_PACK, W_AT };
static const struct opt options[] = {
    [W_PACK] = {"pack", 0, "PACK", "of this pack instead of the box"},
    [W_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    {0},
};

/* With the nearest clause of that subject. */
static int fail_unknown(struct asof *view, size_t table, struct bytes pack, const char *id, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct text_near near = {.text = id};
    char names[ANSWER_CLAUSES_MAX][64];
    size_t n = 0;
    int rc = state_rows_open(view->state, table, &pack, 1, &rows, err);
    while (rc == 0 && n < ANSWER_CLAUSES_MAX && (rc = state_rows_next_stored(rows, &row, err)) == 0) {
        struct bytes name = named_text(row, "clause");
        if (name.n >= sizeof(names[0])) continue;
        bytes_copy(names[n], name);
        names[n][name.n] = '\0';
        text_near_offer(&near, names[n++]);
    }
    state_rows_close(rows);
    if (rc < 0) return rc;
    return err_set(err, ERR_NOTFOUND, "there is no clause '%.100s'%s; 'ledger doctor --list' lists them", id,
                   text_near_words(&near));
}

static int explain_clause(struct asof *view, const struct clause *clause, uint64_t now, struct err *err) {
    struct explanation explanation;
    explanation_init(&explanation, view, WHEN_UTC, false);
    explanation.said = !view->cli->json;
    int rc = explanation.said ? page_clause(view->cli, clause, true, WHEN_UTC, now, NULL, err) : 0;
    if (rc == 0) rc = explain_row(&explanation, &clause->row, err);
    int exit_code = explain_end(&explanation, "ledger.doctor-why/1", state_table_find(view->state, "clauses"));
    return rc != 0 ? rc : exit_code;
}

static int explain(struct asof *view, struct bytes pack, const char *id, struct err *err) {
    const struct bytes only = bytes_of(id);
    struct answer *answer = calloc(1, sizeof(*answer));
    if (answer == NULL) return err_set(err, ERR_NOMEM, "no memory for the verdict");
    int rc = answer_read(view, &view->state, pack, &only, 1, answer, err);
    if (rc == 0 && answer->n == 0) {
        rc = fail_unknown(view, state_table_find(view->state, "clauses"), pack, id, err);
    } else if (rc == 0) {
        rc = explain_clause(view, &answer->clauses[0], answer->now, err);
    }
    answer_done(answer);
    free(answer);
    return rc;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct asof view;
    struct err err = {0};
    int exit_code = answer_open(&view, cli, opt_text(args, &options[W_AT]), false);
    if (exit_code == 0) {
        int rc = explain(&view, answer_pack(opt_text(args, &options[W_PACK])), args->args[0], &err);
        exit_code = rc < 0 ? asof_fail_lookup(&view, &err) : asof_exit(&view, rc);
    }
    asof_close(&view);
    return exit_code;
}

const struct spec doctor_why = {
    .synopsis = "CLAUSE [--pack PACK] [--at WHEN]",
    .about =
        "Explains one clause of the verdict: its question, its state and since when, what was found, the remedy, and the\n"
        "events that it rests on. It looks at nothing: it explains what is known. Exit code 1 if there is no such clause.",
    .examples = "ledger doctor why disk\nledger doctor why routes --pack pdf-ops-pack --at 2h",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
