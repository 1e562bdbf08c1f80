/* status: the first screen, also of `ledger` alone. It has at most LINES lines of the terminal's width: 2 for the ledger,
 * 1 for damage, 1 for LOCKDOWN, 1 + CLAUSES for the verdict, SOURCES, WAITING, STATUS_FAILED and STATUS_NEXT. A long text continues in
 * lines that nothing else needs, and is cut when none are left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/print/table.h"
#include "cli/print/when.h"
#include "cli/states/status_facts.h"

#define LINES   23 /* the prompt that follows needs one more */
#define LEFT    11 /* columns of the labels */
#define SOURCES 5  /* lines for each part */
#define CLAUSES 4
#define WAITING 4
#define TEXT    ((size_t)1 << 18)

struct screen {
    struct cli *cli;
    const struct status *status;
    uint64_t now;
    struct buf line;
    size_t spare; /* lines in which long texts may continue */
};

/* ---- text ---- */

/* Prints a safe text in the columns that are left after `taken` ones: it continues in further lines while there are spare
 * ones, then is cut with a mark. */
static void put_rest(struct screen *s, struct bytes text, size_t taken) {
    struct cli *cli = s->cli;
    size_t line = out_width(cli), room = line > taken + 1 ? line - taken : 1, shown = 0;
    while (line != SIZE_MAX && table_fits(text, room, &shown) < text.n && s->spare > 0) {
        out_bytes(cli, table_line(&text, room));
        if (text.n > 0) {
            out_printf(cli, "\n%*s", (int)taken, "");
        }
        s->spare--;
    }
    if (line == SIZE_MAX || table_fits(text, room, &shown) == text.n) {
        out_bytes(cli, text);
    } else {
        out_bytes(cli, (struct bytes){text.p, table_fits(text, room - 1, &shown)});
        out_str(cli, table_mark(cli));
    }
}

/* A line: the label, a word with its colour, and text. */
static void put_line(struct screen *s, const char *label, struct bytes word, size_t width, struct bytes text) {
    struct cli *cli = s->cli;
    size_t taken = LEFT;
    struct buf safe = {.max = 8 * TEXT};
    out_printf(cli, "%s%-*s%s", out_color(cli, OUT_BOLD), LEFT, label, out_color(cli, OUT_PLAIN));
    if (width > 0) {
        enum out_color color = out_state(word);
        out_str(cli, out_color(cli, color));
        out_safe(cli, word);
        out_str(cli, color == OUT_PLAIN ? "" : out_color(cli, OUT_PLAIN));
        out_printf(cli, "%*s", text.n > 0 ? (int)(width > word.n ? width - word.n : 0) + 2 : 0, "");
        taken += (width > word.n ? width : word.n) + 2;
    }
    text_safe(&safe, text);
    put_rest(s, bytes_of_buf(&safe), taken);
    out_str(cli, "\n");
    buf_done(&safe);
}

static void put_text(struct screen *s, const char *label) {
    put_line(s, label, (struct bytes){0}, 0, bytes_of_buf(&s->line));
}

static void print_head(struct screen *s) {
    const struct asof *view = s->status->view;
    buf_clear(&s->line);
    buf_printf(&s->line, "%s  %llu event%s, the newest ", log_origin(view->ledger), (unsigned long long)view->head.size,
               text_s(view->head.size));
    when_text(&s->line, view->head.time, WHEN_RELATIVE, s->now);
    put_text(s, "ledger");
    buf_clear(&s->line);
    buf_put_str(&s->line, s->cli->dir);
    put_text(s, "in");
}

static size_t longest(const struct status_item *items, size_t n) {
    size_t width = 0;
    for (size_t i = 0; i < n; i++) {
        width = items[i].state.n > width ? items[i].state.n : width;
    }
    return width;
}

/* At most `room` lines; the last one says how many more items there are. */
static void print_items(struct screen *s, const char *label, const struct status_item *items, size_t n, size_t room,
                        uint64_t more) {
    size_t all = n;
    n = n + (more > 0 ? 1 : 0) > room ? room - 1 : n;
    more += all - n;
    size_t width = longest(items, n);
    for (size_t i = 0; i < n; i++) {
        buf_clear(&s->line);
        buf_put_bytes(&s->line, bytes_of_buf(&items[i].name));
        if (items[i].time > 0) {
            buf_put_str(&s->line, "  ");
            when_text(&s->line, items[i].time, WHEN_RELATIVE, s->now);
        }
        if (items[i].reason.n > 0) {
            buf_put_str(&s->line, "  ");
            buf_put_bytes(&s->line, bytes_of_buf(&items[i].reason));
        }
        put_line(s, i == 0 ? label : "", bytes_of_buf(&items[i].state), width, bytes_of_buf(&s->line));
    }
    if (more > 0) {
        buf_clear(&s->line);
        buf_printf(&s->line, "and %llu more", (unsigned long long)more);
        put_text(s, "");
    }
}

static void print_verdict(struct screen *s) {
    const struct status *status = s->status;
    buf_clear(&s->line);
    buf_printf(&s->line, "%lld pass, %lld warn, %lld fail, %lld unknown", (long long)status->passed,
               (long long)status->warned, (long long)status->failed, (long long)status->unknown);
    put_line(s, "verdict", bytes_of_buf(&status->verdict), status->verdict.n, bytes_of_buf(&s->line));
    print_items(s, "", status->clause, status->n_clauses, CLAUSES, 0);
}

static void print_sources(struct screen *s) {
    const struct status *status = s->status;
    size_t n = status->n_sources < SOURCES ? status->n_sources : SOURCES, width = 0;
    for (size_t i = 0; i < n; i++) {
        size_t w = strlen(status->source[i].name);
        width = w > width ? w : width;
    }
    for (size_t i = 0; i < n; i++) {
        const struct status_source *source = &status->source[i];
        buf_clear(&s->line);
        buf_printf(&s->line, "%-*s  %llu %sevent%s, the newest ", (int)width, source->name,
                   (unsigned long long)source->events, status->damage.msg[0] != '\0' ? "readable " : "",
                   text_s(source->events));
        when_text(&s->line, source->time, WHEN_RELATIVE, s->now);
        if (i + 1 == n && status->n_sources > n) {
            buf_printf(&s->line, "; and %zu older source%s", status->n_sources - n, text_s(status->n_sources - n));
        }
        put_text(s, i == 0 ? "sources" : "");
    }
}

static void print_next(struct screen *s) {
    const struct status *status = s->status;
    size_t width = 0;
    for (size_t i = 0; i < status->n_next; i++) {
        width = status->next[i].command.n > width ? status->next[i].command.n : width;
    }
    for (size_t i = 0; i < status->n_next; i++) { /* in full, so that it can be copied; its reason gives way */
        const struct buf *command = &status->next[i].command;
        size_t line = out_width(s->cli), shown = 0;
        bool fits = line == SIZE_MAX || LEFT + width + 4 + strlen(status->next[i].why) <= line;
        table_fits(bytes_of_buf(command), SIZE_MAX, &shown);
        out_printf(s->cli, "%s%-*s%s", out_color(s->cli, OUT_BOLD), LEFT, i == 0 ? "next" : "",
                   out_color(s->cli, OUT_PLAIN));
        out_safe(s->cli, bytes_of_buf(command));
        if (fits) {
            out_printf(s->cli, "%*s# %s", (int)(width > shown ? width - shown : 0) + 2, "", status->next[i].why);
        }
        out_str(s->cli, "\n");
    }
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Uses that were not permitted take one of the lines for what is not ready. */
static size_t uses_lines(const struct status *status) {
    return status->unpermitted > 0 ? 1 : 0;
}

/* The lines that the parts need when no text continues in a further line. */
static size_t lines_of(const struct status *status) {
    size_t damage = (status->damage.msg[0] != '\0' ? 1 : 0) + (status->lockdown.yes ? 0 : 1),
           more = status->more_waiting > 0 ? 1 : 0;
    return damage + 3 + least(status->n_clauses, CLAUSES) + least(status->n_sources, SOURCES) + uses_lines(status) +
           least(status->n_waiting + more, WAITING - uses_lines(status)) + least(status->n_runs, STATUS_FAILED) +
           status->n_next;
}

static void print_screen(struct screen *s) {
    const struct status *status = s->status;
    size_t lines = lines_of(status);
    s->spare = lines < LINES ? LINES - lines : 0;
    if (status->damage.msg[0] != '\0') {
        put_line(s, "evidence", bytes_of("damaged"), strlen("damaged"), bytes_of(status->damage.msg));
    }
    print_head(s);
    if (!status->lockdown.yes) {
        put_line(s, "guards", bytes_of("refuse"), strlen("refuse"), bytes_of(status->lockdown.reason));
    }
    print_verdict(s);
    print_sources(s);
    print_items(s, "not ready", status->waiting, status->n_waiting, WAITING - uses_lines(status), status->more_waiting);
    if (status->unpermitted > 0) {
        buf_clear(&s->line);
        buf_printf(&s->line, "%lld use%s not permitted: the newest by event %lld, ", (long long)status->unpermitted,
                   status->unpermitted == 1 ? " was" : "s were", (long long)status->violation_seq);
        buf_put_bytes(&s->line, bytes_of_buf(&status->violation));
        put_text(s, "uses");
    }
    print_items(s, "failed", status->run, status->n_runs, STATUS_FAILED, 0);
    print_next(s);
}

/* ---- JSON ---- */

static void put_items(struct obj *obj, const char *name, const struct status_item *items, size_t n, bool remedy) {
    struct obj list = {0}, one = {0};
    for (size_t i = 0; i < n; i++) {
        obj_str(&one, "name", bytes_of_buf(&items[i].name));
        obj_str(&one, "state", bytes_of_buf(&items[i].state));
        obj_str(&one, "reason", bytes_of_buf(&items[i].reason));
        if (remedy && items[i].remedy.n > 0) {
            obj_str(&one, "remedy", bytes_of_buf(&items[i].remedy));
        } else if (remedy) {
            obj_text(&one, "remedy", NULL);
        }
        if (items[i].seq != LOG_NO_SEQ) {
            obj_uint(&one, "seq", items[i].seq);
            obj_time(&one, "time", items[i].time);
        }
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, name, &list);
}

static void put_verdict(struct obj *obj, const struct status *status) {
    struct obj verdict = {0};
    obj_str(&verdict, "state", bytes_of_buf(&status->verdict));
    obj_str(&verdict, "reason", bytes_of_buf(&status->reason));
    obj_int(&verdict, "passed", status->passed);
    obj_int(&verdict, "warned", status->warned);
    obj_int(&verdict, "failed", status->failed);
    obj_int(&verdict, "unknown", status->unknown);
    put_items(&verdict, "clauses", status->clause, status->n_clauses, true);
    obj_obj(obj, "verdict", &verdict);
}

static void put_sources(struct obj *obj, const struct status *status) {
    struct obj list = {0}, one = {0};
    for (size_t i = 0; i < status->n_sources; i++) {
        obj_text(&one, "source", status->source[i].name);
        obj_uint(&one, "events", status->source[i].events);
        obj_uint(&one, "seq", status->source[i].seq);
        obj_time(&one, "time", status->source[i].time);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "sources", &list);
}

static void put_next(struct obj *obj, const struct status *status) {
    struct obj list = {0}, one = {0};
    for (size_t i = 0; i < status->n_next; i++) {
        obj_str(&one, "command", bytes_of_buf(&status->next[i].command));
        obj_text(&one, "why", status->next[i].why);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "next", &list);
}

static int print_json(struct cli *cli, const struct status *status) {
    struct asof *view = status->view;
    struct obj obj = {0};
    obj_text(&obj, "schema", "ledger.status/1");
    obj_text(&obj, "dir", cli->dir);
    obj_text(&obj, "origin", view->ledger ? log_origin(view->ledger) : NULL);
    if (view->ledger) {
        asof_put(view, SIZE_MAX, &obj);
        obj_time(&obj, "time", view->head.time);
        obj_bool(&obj, "complete", status->damage.msg[0] == '\0');
        obj_text(&obj, "damage", status->damage.msg[0] == '\0' ? NULL : status->damage.msg);
        put_verdict(&obj, status);
        put_sources(&obj, status);
        put_items(&obj, "not_ready", status->waiting, status->n_waiting, false);
        obj_uint(&obj, "more_not_ready", status->more_waiting);
        put_items(&obj, "failed_runs", status->run, status->n_runs, false);
    }
    if (view->ledger) {
        obj_int(&obj, "unpermitted_uses", status->unpermitted);
        obj_bool(&obj, "lockdown", !status->lockdown.yes);
    }
    put_next(&obj, status);
    return cli_print(cli, &obj, false);
}

/* ---- the command ---- */

/* What to show before a ledger exists. */
static int print_none(struct cli *cli, struct status *status) {
    struct screen s = {.cli = cli, .status = status};
    status_begin(status);
    if (cli->json) return print_json(cli, status);
    out_str(cli, "ledger is a signed flight recorder for this machine: what was installed, granted,\n"
                 "routed, evaluated and run is written down so that nobody can quietly change it.\n");
    out_str(cli, "There is no ledger yet in ");
    out_safe(cli, bytes_of(cli->dir));
    out_str(cli, "\n\n");
    print_next(&s);
    out_str(cli, "\n'ledger help' lists all commands.\n");
    return EXIT_GOOD;
}

static bool is_there(struct cli *cli) {
    struct log_open_options options = {.read_only = true};
    struct ledger *ledger = NULL;
    cli_patience(cli, &options);
    int rc = log_open(cli->dir, &options, &ledger, NULL);
    log_close(ledger);
    return rc != ERR_NOTFOUND;
}

static int answer(struct asof *view, struct status *status) {
    struct cli *cli = view->cli;
    struct screen s = {.cli = cli, .status = status, .now = clock_wall_ns()};
    struct err err = {0};
    int exit_code = EXIT_GOOD;
    if (status_gather(status, view, &err) != 0) return cli_fail(cli, &err);
    asof_warn(view, SIZE_MAX);
    if (status->damage.msg[0] != '\0' && !view->said) { /* the states were folded before it */
        cli_fail(cli, &status->damage);
    }
    if (cli->json) {
        exit_code = print_json(cli, status);
    } else {
        buf_init(&s.line, TEXT);
        print_screen(&s);
        buf_done(&s.line);
    }
    return exit_code == EXIT_GOOD && status->damage.msg[0] != '\0' ? EXIT_INVALID : exit_code;
}

static int status(struct cli *cli, const struct opt_args *args) {
    (void)args;
    struct asof view = {.cli = cli};
    struct status *s = calloc(1, sizeof(*s));
    int exit_code;
    if (!s) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    s->view = &view;
    if (!is_there(cli)) {
        exit_code = print_none(cli, s);
    } else {
        exit_code = asof_open(&view, cli, NULL);
        if (exit_code == 0) exit_code = asof_exit(&view, answer(&view, s));
    }
    status_done(s);
    free(s);
    asof_close(&view);
    return exit_code;
}

const struct spec spec_status = {
    .synopsis = "",
    .about = "Shows one screen: the ledger and its newest event, the verdict over the box and what is wrong,\n"
             "the newest event of each source, packs and routes that are not ready, the most recent failed\n"
             "runs, how many uses were not permitted, and three commands worth running now. 'ledger' without a\n"
             "command does the same. If there is no ledger yet, it says how to create one. The exit code is 0\n"
             "even if something is wrong.",
    .examples = "ledger\nledger status --json | jq .verdict.state",
    .run = status,
};
