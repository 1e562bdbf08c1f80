/* What is mended is only what the floor doctor mends (doctor/fix/); the remedies that the page prints are for people. */
#include <stdlib.h>

#include "cli/call/stop.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/said.h"
#include "cli/evidence/report.h"
#include "cli/open/open.h"
#include "cli/open/setback.h"
#include "cli/print/say.h"
#include "cli/print/words.h"

#define LABEL 10 /* columns of the labels, as on the page */

static struct fix_options options_of(const struct doctor_ask *ask, const char *actor, const volatile int *stop) {
    return (struct fix_options){.clauses = ask->only, .n_clauses = ask->n_only, .actor = actor, .stop = stop};
}

/* The message, and what was done all the same: "mode-0600 of 'log.key', build-index". */
static int fail(const struct cli *cli, const struct fix *fix, const struct err *err) {
    struct buf done = {.max = ERR_MSG_MAX};
    struct err whole = {0};
    for (size_t i = 0; i < fix->n && !fix->recorded; i++) {
        const struct fix_repair *repair = &fix->list[i];
        if (repair->outcome != FIX_OK) continue;
        buf_printf(&done, "%s%s", done.n > 0 ? ", " : "", repair->remedy);
        if (repair->target[0] != '\0') buf_printf(&done, " of '%s'", repair->target);
    }
    if (done.n == 0) {
        whole = *err;
    } else {
        err_set(&whole, err->code, "carried out, and not recorded: %.*s; %s", (int)done.n, (const char *)done.p, err->msg);
    }
    buf_done(&done);
    return doctor_fail(cli, &whole);
}

int mend_run(struct opening *opening, const struct doctor_ask *ask, struct round_result *round, struct fix *ret) {
    char actor[CLI_ACTOR_MAX];
    struct fix_options options = options_of(ask, cli_actor(NULL, actor), opening->stop);
    struct out_progress progress;
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = opening_verify(opening, ask->all, round);
    if (exit_code != 0 || round->report.verdict >= LOG_CONTRADICTS) return exit_code;
    exit_code = cli_open(opening->cli, CLI_EXPOSED, &ledger);
    if (exit_code != 0) return exit_code;
    options.progress = out_progress_draw;
    options.progress_ctx = &progress;
    out_progress_init(&progress, opening->cli, "mending");
    int rc = fix_look(ledger, &options, ret, &err);
    if (rc == 0) rc = fix_carry_out(ledger, &options, ret, &err);
    out_progress_end(&progress);
    log_close(ledger);
    return rc == 0 ? 0 : fail(opening->cli, ret, &err);
}

/* Not by cli_open, whose reading clears dead readers. */
static int open_only(struct cli *cli, struct ledger **ret) {
    struct log_open_options options = {.read_only = true, .keep_readers = true};
    struct err err = {0};
    cli_patience(cli, &options);
    int rc = log_open(cli->dir, &options, ret, &err);
    return rc == 0 ? 0 : rc == ERR_NOTFOUND ? cli_fail_input(cli, &err) : cli_fail(cli, &err);
}

/* ---- in words ---- */

static void put_words(const struct fix_repair *repair, struct buf *out) {
    const char *text;
    switch (repair->what) {
    case FIX_KEYS:
        said_name(words("close the key file '{file}' to others"), "file", repair->target, out);
        break;
    case FIX_READERS:
        text = repair->at == LOG_EVIDENCE
                   ? words_n("clear {n} dead reader of the events", "clear {n} dead readers of the events", repair->n)
                   : words_n("clear {n} dead reader of derived data", "clear {n} dead readers of derived data", repair->n);
        said_number(text, "n", repair->n, out);
        break;
    case FIX_STATES:
        said_name(words("rebuild the states of '{projection}'"), "projection", repair->target, out);
        break;
    case FIX_INDEX:
        said_number(words_n("index {n} event", "index {n} events", repair->n), "n", repair->n, out);
        break;
    }
}

static void put_line(struct cli *cli, const struct fix_repair *repair) {
    struct buf line = {.max = (size_t)16 << 10};
    const char *label = repair->outcome == FIX_OK        ? words("mended")
                        : repair->outcome == FIX_PLANNED ? words("to mend")
                                                         : words("not done");
    out_printf(cli, "%-*s", LABEL, label);
    put_words(repair, &line);
    if (repair->why[0] != '\0') {
        buf_printf(&line, ": %s", repair->why);
    }
    report_wrapped(cli, bytes_of_buf(&line), LABEL);
    buf_done(&line);
}

static void put_lines(struct cli *cli, const struct fix *fix) {
    for (size_t i = 0; i < fix->n; i++) {
        put_line(cli, &fix->list[i]);
    }
    if (fix->n == 0) {
        out_str(cli, words("nothing to mend"));
        out_str(cli, "\n");
    }
}

void mend_page(struct cli *cli, const struct fix *fix) {
    put_lines(cli, fix);
    out_str(cli, "\n");
}

void mend_put(const struct fix *fix, struct obj *obj) {
    struct obj list = {0};
    for (size_t i = 0; i < fix->n; i++) {
        const struct fix_repair *repair = &fix->list[i];
        struct obj one = {0};
        obj_text(&one, "clause", repair->clause);
        obj_text(&one, "check", repair->check);
        obj_text(&one, "target", repair->target[0] != '\0' ? repair->target : NULL);
        obj_text(&one, "remedy", repair->remedy);
        obj_text(&one, "outcome", fix_outcome_words[repair->outcome]);
        obj_text(&one, "why", repair->why[0] != '\0' ? repair->why : NULL);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "repairs", &list);
}

/* ---- the plan alone ---- */

static int say_plan(struct cli *cli, const struct fix *fix, bool json) {
    struct obj obj = {0};
    if (!json) {
        put_lines(cli, fix);
        return cli_end(cli, EXIT_GOOD);
    }
    obj_text(&obj, "schema", "ledger.doctor-fix/1");
    mend_put(fix, &obj);
    return cli_print(cli, &obj, false);
}

int mend_plan(struct cli *cli, const struct doctor_ask *ask, bool json) {
    const struct fix_options options = options_of(ask, "", stop_catch());
    struct fix *fix = calloc(1, sizeof(*fix));
    struct ledger *ledger = NULL;
    struct err err = {0};
    if (fix == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the repairs");
    int exit_code = open_only(cli, &ledger);
    if (exit_code == 0 && setback_refuse(ledger, &err) != 0) exit_code = cli_fail(cli, &err);
    if (exit_code == 0) {
        int rc = fix_look(ledger, &options, fix, &err);
        exit_code = rc == 0 ? say_plan(cli, fix, json) : doctor_fail(cli, &err);
    }
    log_close(ledger);
    free(fix);
    return exit_code;
}
