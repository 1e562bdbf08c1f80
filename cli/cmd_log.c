/* log: what happened, a line an event, newest last. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/select.h"
#include "cli/summary.h"
#include "cli/table.h"

enum { L_NUMBER, L_KIND, L_SINCE, L_RUN, L_SUBJECT };
static const struct opt options[] = {
    [L_NUMBER] = {"number", 'n', "N", "the newest N that match, 0: all (default: 20, with --since all)"},
    [L_KIND] = {"kind", 'k', "GLOB", "events of these kinds: 'run.*'"},
    [L_SINCE] = {"since", 0, "WHEN", "from a seq (118), a time, a date, or so long ago (2h, 7d)"},
    [L_RUN] = {"run", 'r', "RUN", "events of this run; a prefix with * at its end"},
    [L_SUBJECT] = {"subject", 's', "SUBJECT", "events about this subject; a prefix with * at its end"},
    {0},
};

#define DEFAULT_NUMBER 20
#define LINE_MAX_BYTES ((size_t)32 << 20)

static void put_row(struct table *table, const struct ledger_event *event, struct buf *scratch) {
    char time[TEXT_TIME_MAX];
    text_time(time, event->time);
    if (time[10] == 'T') {
        time[10] = ' ';
        snprintf(time + 19, sizeof(time) - 19, "Z");
    }
    table_uint(table, event->seq);
    table_text(table, time);
    table_cell(table, event->kind);
    table_cell(table, event->subject);
    buf_clear(scratch);
    summary_put(event->kind, event->body, NULL, scratch);
    table_cell(table, bytes_of_buf(scratch));
}

static int put_json(struct cli *cli, const struct ledger_event *event, struct buf *scratch, struct err *err) {
    buf_clear(scratch);
    int rc = ledger_event_json(event, (struct bytes){0}, false, scratch, err);
    if (rc == 0) {
        out_json(cli, bytes_of_buf(scratch));
        out_str(cli, "\n");
    }
    return rc;
}

static int list(struct cli *cli, struct ledger *ledger, const struct select *select, uint64_t size, struct table *table) {
    struct ledger_reader *reader = NULL;
    struct ledger_event event;
    struct buf scratch;
    struct err err = {0};
    int exit_code = EXIT_GOOD;
    uint64_t shown = 0;
    buf_init(&scratch, LINE_MAX_BYTES);
    int rc = ledger_reader_open(ledger, select->from, size, &reader, &err);
    while (rc == 0 && out_good(cli)) {
        rc = ledger_reader_next(reader, &event, &err);
        if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) { /* said, and gone on after it */
            exit_code = cli_fail(cli, &err);
            rc = 0;
            continue;
        }
        if (rc == 0 && select_match(select, &event)) {
            shown++;
            if (table) {
                put_row(table, &event, &scratch);
            } else {
                rc = put_json(cli, &event, &scratch, &err);
            }
        }
    }
    ledger_reader_close(reader);
    buf_done(&scratch);
    if (rc < 0) {
        return cli_fail(cli, &err);
    }
    return exit_code == EXIT_GOOD && shown == 0 ? EXIT_NO : exit_code;
}

/* Where to begin, from --since and -n. */
static int find_start(struct cli *cli, struct ledger *ledger, const struct opt_args *args, uint64_t size,
                      struct select *select, struct err *err) {
    const char *since = opt_text(args, &options[L_SINCE]);
    uint64_t number = since ? 0 : DEFAULT_NUMBER;
    int rc = opt_u64(args, &options[L_NUMBER], &number, err);
    if (rc == 0 && since) {
        rc = select_since(ledger, since, size, &select->from, err);
        if (rc == 0 && strspn(since, "0123456789") != strlen(since)) { /* a time, no seq */
            cli_note_lead(cli, ledger);
        }
    }
    if (rc == 0 && number > 0) {
        rc = select_newest(ledger, select, size, number, &select->from, err);
    }
    return rc;
}

static int run_log(struct cli *cli, const struct opt_args *args) {
    static const struct table_column columns[] = {
        {"SEQ", true, 0}, {"TIME", false, 0}, {"KIND", false, 30}, {"SUBJECT", false, 36}, {"BODY", false, 0},
    };
    struct select select = {.kind = opt_text(args, &options[L_KIND]),
                            .run = opt_text(args, &options[L_RUN]),
                            .subject = opt_text(args, &options[L_SUBJECT])};
    struct ledger *ledger = NULL;
    struct ledger_head head = {0};
    struct err err = {0};
    uint64_t number = 0;
    if (opt_u64(args, &options[L_NUMBER], &number, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) {
        return exit_code;
    }
    int rc = ledger_head(ledger, &head, &err);
    rc = rc != 0 ? rc : find_start(cli, ledger, args, head.size, &select, &err);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else {
        struct table *table = cli->json ? NULL : table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
        if (!cli->json && !table) {
            err_set(&err, ERR_NOMEM, "no memory for the table");
            exit_code = cli_fail(cli, &err);
        } else {
            exit_code = list(cli, ledger, &select, head.size, table);
            int rc_table = table_end(table);
            exit_code = rc_table != 0 ? rc_table : exit_code;
        }
    }
    ledger_close(ledger);
    return exit_code;
}

const struct spec spec_log = {
    .synopsis = "[-n N] [--kind GLOB] [--since WHEN] [--run RUN] [--subject SUBJECT]",
    .about = "Lists events, newest last: seq, time (UTC), kind, subject, open body. With --json each event is\n"
             "one object on a line of its own. Every event that is read is recomputed up to its leaf; a\n"
             "damaged one is named on standard error, the others are listed, and the exit code is 30.\n"
             "Exit code 1 when nothing matched.",
    .examples = "ledger log --kind 'route.*' --since 2h\nledger log -n 0 --subject pack/pdf-ops-pack\n"
                "ledger log --json --since 2026-11-21 | jq .kind",
    .opts = options,
    .run = run_log,
};
