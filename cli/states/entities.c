/* One implementation for all of them: a command is a noun, and the noun selects the table. */
#include "cli/states/entities.h"

#include <stdio.h>
#include <string.h>

#include "cli/call/command.h"
#include "cli/print/say.h"
#include "cli/view/entity.h"
#include "cli/view/explain.h"
#include "cli/view/listing.h"

const struct opt entities_list_options[] = {
    LISTING_OPTIONS,
    {0},
};

enum { S_AT, S_TIME };
static const struct opt show_options[] = {
    [S_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    [S_TIME] = {"time", 0, "HOW", "times: utc (default), local, relative"},
    {0},
};

/* Commands are named after what users do with an entity, tables after what they hold. */
static size_t table_of(struct asof *view) {
    static const struct {
        const char *command, *table;
    } names[] = {{"permit", "permissions"}, {"promote", "promotions"}, {"recovery", "snapshots"}};
    const char *command = view->cli->command;
    struct bytes word = {(const uint8_t *)command, strcspn(command, " ")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_is(word, names[i].command)) {
            word = bytes_of(names[i].table);
        }
    }
    return entity_table(view, word);
}

static int no_table(struct asof *view) {
    return cli_refuse(view->cli, EXIT_SYSTEM, ERR_VERSION, "this program has no projection for it");
}

static int list(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, opt_text(args, &entities_list_options[L_AT]));
    if (exit_code == 0) {
        size_t table = table_of(&view);
        exit_code = table != SIZE_MAX ? listing_run(&view, table, args, entities_list_options) : no_table(&view);
        exit_code = asof_exit(&view, exit_code);
    }
    asof_close(&view);
    return exit_code;
}

/* A name may be given in full, as lists of other commands print it: "route/summarise". */
static struct bytes without_noun(struct asof *view, size_t table, const char *text) {
    const char *noun = state_table(view->state, table)->noun;
    size_t n = strlen(noun);
    return bytes_of(strncmp(text, noun, n) == 0 && text[n] == '/' ? text + n + 1 : text);
}

static int tell(struct asof *view, const struct opt_args *args, enum when_style style) {
    struct explanation explanation;
    struct err err = {0};
    size_t table = table_of(view);
    int rc = 0;
    if (table == SIZE_MAX) return no_table(view);
    asof_warn(view, table);
    explanation_init(&explanation, view, style, true);
    for (size_t i = 0; rc == 0 && i < args->n_args; i++) {
        rc = entity_each(view, table, without_noun(view, table, args->args[i]), explain_row, &explanation, &err);
    }
    int exit_code = explain_end(&explanation, "ledger.state/1", table);
    return rc != 0 ? asof_fail_lookup(view, &err) : exit_code;
}

static int show(struct cli *cli, const struct opt_args *args) {
    const char *time = opt_text(args, &show_options[S_TIME]);
    enum when_style style = WHEN_UTC;
    struct asof view = {0};
    struct err err = {0};
    if (time && when_style(time, &style, &err) != 0) return cli_usage(cli, "%s", err.msg);
    int exit_code = asof_open(&view, cli, opt_text(args, &show_options[S_AT]));
    view.look.depth = COMPARE_BYTES;
    if (exit_code == 0) exit_code = asof_exit(&view, tell(&view, args, style));
    asof_close(&view);
    return exit_code;
}

const struct spec entities_list = {
    .synopsis = "[--at WHEN] [--state STATE] [--pack PACK] [--with COLUMN=VALUE] [--last N] [--format FORMAT]",
    .about = "Lists the rows of this table, one per line, as they are now or, with --at, as they were then.\n"
             "Conditions of different options must all hold; several values of one option are alternatives. A\n"
             "table shows the main columns, --fields chooses others, and JSON has them all. Exit code 1 if\n"
             "nothing matched.",
    .opts = entities_list_options,
    .run = list,
};

const struct spec entities_show = {
    .synopsis = "NAME ... [--at WHEN]",
    .about = "Shows all that is known about one row: every field with its meaning, the reason for its state,\n"
             "and the events that decide it. A unique prefix of a NAME is enough. If a key has several parts\n"
             "(separated by '/'), its first parts select every row that has them. Exit code 1 if there is none\n"
             "(the nearest name is suggested), 30 if some of the events cannot be read.",
    .opts = show_options,
    .min_args = 1,
    .max_args = CLI_MANY,
    .run = show,
};
