/* diff: what changed in the states between two moments, and by which events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/log/ask.h"
#include "cli/log/corrected.h"
#include "cli/log/damage.h"
#include "cli/print/cell.h"
#include "cli/print/pager.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/print/when.h"
#include "cli/states/diff_events.h"
#include "cli/states/diff_runs.h"
#include "cli/states/diff_states.h"
#include "cli/view/asof.h"
#include "cli/view/asserted.h"
#include "cli/view/entity.h"
#include "projections/walk/matters.h"

enum { D_ALL, D_BEFORE, D_TABLE, D_CLOCK, D_TIME };
static const struct opt options[] = {
    [D_ALL] = {"all", 0, NULL, "include every table, also runs and scores"},
    [D_BEFORE] = {"before", 0, "RUN", "compare this run with the last good one of its pack before it"},
    [D_TABLE] = {"table", 0, "TABLE", "only this table; may be repeated"},
    [D_CLOCK] = {"clock", 0, "CLOCK", "show when events happened (source, default) or were recorded (ledger)"},
    [D_TIME] = {"time", 0, "HOW", "times: utc (default), local, relative"},
    {0},
};

#define TEXT_BYTES ((size_t)1 << 20)

struct diff {
    struct asof *view; /* of the later moment */
    struct state_view *from;
    enum when_style style;
    size_t clock; /* of the times of events: QUERY_HAPPENED or QUERY_TIME */
    uint64_t now, n;
    uint64_t before, first, last; /* changes recorded between the moments but dated before them; first and last date */
    struct asserted asserted;
    struct pager pager;
    struct table *table;
    size_t open;         /* the table being printed */
    struct buf left_out; /* columns that did not fit */
    struct diff_events events;
    struct corrected corrected; /* a correction may have declared a cause a mistake since */
    struct damage damage;
    struct obj list;
    bool of_runs; /* two runs are compared, and the states between them */
    struct diff_runs runs;
    struct obj compared; /* the runs, in JSON */
};

static const char *const names[] = {
    [DIFF_APPEARED] = "appeared", [DIFF_HEARD] = "first_heard", [DIFF_WENT] = "went", [DIFF_CHANGED] = "changed"};

/* NULL: no event did it, the cause is unknown, or it cannot be read, which was reported. */
static const struct diff_event *event_of(struct diff *d, const struct diff_change *change) {
    const struct diff_event *event = change->cause.known ? diff_events_find(&d->events, change->cause.seq) : NULL;
    if (event && event->happened < state_now(d->from)) {
        d->first = d->before == 0 || event->happened < d->first ? event->happened : d->first;
        d->last = d->before == 0 || event->happened > d->last ? event->happened : d->last;
        d->before++;
    }
    return event;
}

static bool is_by_time(const struct diff_change *change) {
    return change->cause.known && change->cause.seq == LOG_NO_SEQ;
}

/* A row is only first heard of when its event is unknown or does not say that it came into being; so is a model that is
 * used before any event registers it. */
static enum diff_what what_of(const struct diff_change *change, const struct diff_event *event) {
    size_t state = entity_state(change->row->table);
    bool used = state != SIZE_MAX && row_is(change->row, state, "unregistered");
    bool heard = event ? event->heard || used : !is_by_time(change);
    return change->what == DIFF_APPEARED && heard && diff_comes(change->row->table) ? DIFF_HEARD : change->what;
}

static int on_seqs(void *ctx, const uint64_t *seqs, size_t n, struct err *err) {
    struct diff *d = ctx;
    int rc = corrected_load_all(d->view->ledger, &d->damage, &d->corrected, err);
    if (rc == 0) rc = diff_events_read(&d->events, d->view->ledger, seqs, n, &d->damage, d->view->stop, err);
    return rc;
}

/* ---- text ---- */

/* Its earlier value: at the earlier moment or, for a row that came since, when it came. NULL: unknown. */
static const struct row *before_of(const struct diff_change *change) {
    return change->old || change->what != DIFF_CHANGED ? change->old : change->came;
}

/* The reason follows the state that it explains: "partial: no eval"; when it alone changed, the earlier reason is shown
 * too. */
static void put_reason(struct diff *d, const struct diff_change *change, size_t column, bool alone, struct buf *out) {
    size_t state = entity_state(change->row->table);
    bool stateless = alone && (state == SIZE_MAX || !row_has(change->row, state));
    if (alone && !stateless) {
        cell_brief(d->view->cli, change->row, state, d->style, d->now, out);
    }
    bool says_more = state == SIZE_MAX || !bytes_eq(row_text(change->row, column), row_text(change->row, state));
    if (row_text(change->row, column).n > 0 && says_more) {
        buf_put_str(out, stateless ? "" : ": ");
        cell_brief(d->view->cli, change->row, column, d->style, d->now, out);
    }
    const struct row *before = before_of(change);
    if (alone && before && row_text(before, column).n > 0 && !cell_same(before, change->row, column)) {
        buf_put_str(out, " (was: ");
        cell_brief(d->view->cli, before, column, d->style, d->now, out);
        buf_put_str(out, ")");
    }
}

/* Whether a changed score is better. */
static void put_trend(const struct diff_change *change, size_t column, struct buf *out) {
    size_t higher = projection_column(change->row->table, "higher_is_better");
    bool score = strcmp(change->row->table->columns[column].name, "value") == 0 && higher != SIZE_MAX;
    const struct row *before = before_of(change);
    if (score && before && row_has(change->row, higher) && row_has(change->row, column) && row_has(before, column) &&
        !cell_same(before, change->row, column)) {
        bool more = row_real(change->row, column) > row_real(before, column);
        buf_put_str(out, more == row_bool(change->row, higher) ? " (better)" : " (worse)");
    }
}

/* For a row that did not exist at the earlier moment: the earlier value that its event states, "version_before" of
 * "version". */
static bool put_before(struct diff *d, const struct row *row, size_t column, struct buf *out) {
    char name[80];
    snprintf(name, sizeof(name), "%s_before", row->table->columns[column].name);
    size_t before = projection_column(row->table, name);
    if (before != SIZE_MAX && row_has(row, before)) {
        cell_brief(d->view->cli, row, before, d->style, d->now, out);
        buf_put_str(out, " -> ");
        return true;
    }
    return false;
}

/* "parked -> "; for a row that came, changed and changed back, only " again". */
static const char *put_old(struct diff *d, const struct diff_change *change, size_t column, bool heard, struct buf *out) {
    const struct row *before = before_of(change);
    if (before && !change->old && cell_same(before, change->row, column)) return " again";
    if (before) {
        cell_brief(d->view->cli, before, column, d->style, d->now, out);
        buf_put_str(out, " -> ");
    } else if (heard || change->what == DIFF_CHANGED) {
        buf_put_str(out, put_before(d, change->row, column, out) || heard ? "" : "- -> ");
    }
    return "";
}

/* The state in which it came, when that has changed since. */
static void put_came(struct diff *d, const struct diff_change *change, size_t state, struct buf *out) {
    bool told = change->what != DIFF_APPEARED || state == SIZE_MAX;
    for (size_t i = 0; i < change->n; i++) {
        told = told || change->columns[i] == state;
    }
    if (!told && change->came && row_has(change->came, state)) {
        cell_brief(d->view->cli, change->came, state, d->style, d->now, out);
    }
}

/* "ready -> parked, model a -> b"; for a row that appeared "ready, model b". */
static void put_change(struct diff *d, const struct diff_change *change, bool heard, struct buf *out) {
    const struct state_table *table = change->row->table;
    size_t state = entity_state(table), reason = projection_column(table, "reason");
    buf_put_str(out, heard ? "first heard of: " : "");
    size_t start = out->n;
    put_came(d, change, state, out);
    for (size_t i = 0; i < change->n; i++) {
        size_t column = change->columns[i];
        if (column == reason) {
            put_reason(d, change, column, out->n == start, out);
            continue;
        }
        buf_put_str(out, out->n > start ? ", " : "");
        if (column != state) {
            buf_printf(out, "%s ", table->columns[column].name);
        }
        const char *again = put_old(d, change, column, heard, out);
        cell_brief(d->view->cli, change->row, column, d->style, d->now, out);
        buf_put_str(out, again);
        put_trend(change, column, out);
    }
    out->n -= heard && out->n == start ? 2 : 0; /* ": " */
}

/* The columns that did not fit are named once, below the last table. */
static int end_table(struct diff *d) {
    if (d->table) {
        table_flush(d->table);
        table_left_out(d->table, d->left_out.n == 0 ? &d->left_out : NULL);
    }
    int exit_code = table_end(d->table);
    d->table = NULL;
    return exit_code;
}

static void open_table(struct diff *d, const struct diff_change *change) {
    static const struct table_column happened_[] = {{"", TABLE_KEEP, 0},
                                                    {"WHAT", TABLE_TAIL, 0},
                                                    {"SEQ", TABLE_RIGHT | TABLE_WHOLE, 0},
                                                    {"HAPPENED", TABLE_WHOLE, 0},
                                                    {"KIND", TABLE_NARROW | TABLE_SPARE, 0},
                                                    {"CHANGE", TABLE_WRAP, 0}};
    static const struct table_column sealed[] = {{"", TABLE_KEEP, 0},
                                                 {"WHAT", TABLE_TAIL, 0},
                                                 {"SEQ", TABLE_RIGHT | TABLE_WHOLE, 0},
                                                 {"TIME", TABLE_WHOLE, 0},
                                                 {"KIND", TABLE_NARROW | TABLE_SPARE, 0},
                                                 {"CHANGE", TABLE_WRAP, 0}};
    struct cli *cli = d->view->cli;
    if (d->table && d->open == change->table) return;
    pager_begin(&d->pager, cli);
    end_table(d);
    out_printf(cli, "%s%s%s%s\n", d->n > 0 ? "\n" : "", out_color(cli, OUT_BOLD), change->row->table->name,
               out_color(cli, OUT_PLAIN));
    d->table = table_new(cli, d->clock == QUERY_TIME ? sealed : happened_, sizeof(sealed) / sizeof(sealed[0]));
    d->open = change->table;
}

static uint64_t seq_of(const struct diff_change *change) {
    return change->cause.known ? change->cause.seq : LOG_NO_SEQ;
}

/* The event; without one, what caused the change instead, or in place of the kind why the event is unknown. */
static void print_cause(struct diff *d, const struct diff_change *change, const struct diff_event *event,
                        struct buf *text) {
    const char *why = "";
    buf_clear(text);
    if (event) {
        table_uint(d->table, event->seq);
        when_text(text, d->clock == QUERY_TIME ? event->time : event->happened, d->style, d->now);
    } else if (is_by_time(change)) {
        table_text(d->table, "by time");
        when_text(text, change->cause.at, d->style, d->now);
    } else if (change->cause.known) {
        table_uint(d->table, change->cause.seq);
        why = "(unreadable)";
    } else {
        table_text(d->table, "unknown");
        why = d->damage.n > 0 ? "(unreadable)" : "(nobody can tell)";
    }
    table_cell(d->table, bytes_of_buf(text));
    table_cell(d->table, event ? event->kind : bytes_of(why));
}

static void print(struct diff *d, const struct diff_change *change) {
    static const char *const marks[] = {[DIFF_APPEARED] = "+", [DIFF_HEARD] = "*", [DIFF_WENT] = "-", [DIFF_CHANGED] = "~"};
    static const enum out_color colors[] = {
        [DIFF_APPEARED] = OUT_GREEN, [DIFF_HEARD] = OUT_PLAIN, [DIFF_WENT] = OUT_RED, [DIFF_CHANGED] = OUT_YELLOW};
    struct buf text = {.max = TEXT_BYTES};
    open_table(d, change);
    const struct diff_event *event = event_of(d, change);
    enum diff_what what = what_of(change, event);
    table_color(d->table, colors[what]);
    table_text(d->table, marks[what]);
    entity_keys(change->row, &text);
    if (text.n == 0) {
        buf_put_str(&text, CELL_NO_KEY);
    }
    cell_short(d->view->cli, &text, 0);
    table_cell(d->table, bytes_of_buf(&text));
    print_cause(d, change, event, &text);
    buf_clear(&text);
    corrected_put(&d->corrected, event ? event->seq : LOG_NO_SEQ, &text);
    put_change(d, change, what == DIFF_HEARD, &text);
    table_cell(d->table, bytes_of_buf(&text));
    buf_done(&text);
}

/* ---- JSON ---- */

static void put(struct diff *d, const struct diff_change *change) {
    const struct diff_event *event = event_of(d, change);
    struct obj one = {0}, sides[2] = {0};
    struct buf name = {.max = TEXT_BYTES};
    entity_name(change->row, &name);
    obj_str(&one, "name", bytes_of_buf(&name));
    obj_text(&one, "table", change->row->table->name);
    obj_text(&one, "noun", change->row->table->noun);
    obj_text(&one, "change", names[what_of(change, event)]);
    for (size_t i = 0; i < 2; i++) {
        const struct row *row = i == 1 && change->what != DIFF_WENT   ? change->row
                                : i == 0 && change->what == DIFF_WENT ? change->row
                                : i == 0                              ? before_of(change)
                                                                      : NULL;
        for (size_t k = 0; row && k < change->n; k++) {
            cell_put(d->view->cli, row, change->columns[k], &sides[i]);
        }
        if (row) {
            obj_obj(&one, i == 0 ? "before" : "after", &sides[i]);
        } else {
            obj_text(&one, i == 0 ? "before" : "after", NULL);
        }
        obj_done(&sides[i]);
    }
    obj_uint(&one, "seq", seq_of(change));
    const struct corrected_one *mistake = corrected_find(&d->corrected, seq_of(change));
    obj_uint(&one, "corrected_by", mistake ? mistake->by : LOG_NO_SEQ);
    if (event) {
        obj_time(&one, "time", event->time);
        obj_time(&one, "happened", event->happened);
        obj_str(&one, "kind", event->kind);
    } else {
        if (is_by_time(change)) {
            obj_time(&one, "time", change->cause.at);
        } else {
            obj_text(&one, "time", NULL);
        }
        obj_text(&one, "happened", NULL);
        obj_text(&one, "kind", NULL);
    }
    obj_obj(&d->list, NULL, &one);
    buf_done(&name);
}

static int on_change(void *ctx, const struct diff_change *change, struct err *err) {
    struct diff *d = ctx;
    (void)err;
    if (d->view->cli->json) {
        put(d, change);
    } else {
        print(d, change);
    }
    d->n++;
    return 0;
}

/* ---- the command ---- */

static bool is_asked(const struct opt_args *args, struct asof *view, size_t table) {
    const char *name;
    size_t at = 0;
    if (!opt_has(args, &options[D_TABLE])) {
        return opt_has(args, &options[D_ALL]) || matters_table(state_table(view->state, table));
    }
    while ((name = opt_next(args, &options[D_TABLE], &at)) != NULL) {
        if (entity_table(view, bytes_of(name)) == table) return true;
    }
    return false;
}

/* A stale table has only its newest rows, so there is nothing to compare; asof_warn has reported it. */
static bool is_stale(struct diff *d, size_t table) {
    struct state_status from, to;
    size_t projection = state_table_projection(d->view->state, table);
    state_status(d->from, projection, &from);
    state_status(d->view->state, projection, &to);
    return from.stale || to.stale;
}

static int check_tables(const struct opt_args *args, struct asof *view) {
    const char *name;
    size_t at = 0;
    while ((name = opt_next(args, &options[D_TABLE], &at)) != NULL) {
        if (entity_table(view, bytes_of(name)) == SIZE_MAX) {
            struct text_near near = {.text = name};
            entity_suggest(view, true, &near);
            return cli_usage(view->cli, "unknown table '%.100s'%s ('ledger state' lists them)", name,
                             text_near_words(&near));
        }
    }
    return 0;
}

static int put_json(struct diff *d) {
    struct obj whole = {0}, from = {0};
    obj_text(&whole, "schema", "ledger.diff/1");
    obj_uint(&from, "at", state_at(d->from));
    obj_time(&from, "now", state_now(d->from));
    obj_obj(&whole, "from", &from);
    asof_put(d->view, SIZE_MAX, &whole);
    obj_list(&whole, "changes", &d->list);
    if (d->of_runs) {
        obj_obj(&whole, "runs", &d->compared);
    }
    obj_uint(&whole, "happened_before", d->before);
    asserted_put(&d->asserted, &whole);
    damage_put(&d->damage, &whole);
    int exit_code = cli_print(d->view->cli, &whole, false);
    return exit_code;
}

/* Reports what the answer leaves open: changes that were only recorded between the moments, and what was recorded
 * later. */
static void say_clocks(struct diff *d, const struct opt_args *args) {
    struct cli *cli = d->view->cli;
    char words[ASSERTED_WORDS], first[TEXT_TIME_MAX], last[TEXT_TIME_MAX];
    const char *to = args->n_args > 1 ? args->args[1] : NULL;
    bool said = asserted_words(&d->asserted, state_now(d->view->state), words);
    if (d->before > 0) {
        text_time(first, d->first);
        text_time(last, d->last);
        bool one_day = memcmp(first, last, 10) == 0;
        cli_note(cli, "ledger: diff: %llu of these changes %s recorded in that time and happened before it, %s%.10s%s%.10s",
                 (unsigned long long)d->before, d->before == 1 ? "was" : "were", one_day ? "on " : "from ", first,
                 one_day ? "" : " to ", one_day ? "" : last);
    }
    if (said && d->asserted.n > 0) {
        struct buf self = {.max = 2 * FILE_PATH_MAX};
        cli_self(cli, &self);
        cli_note(cli, "ledger: diff: %s; '%.*s query --since %.60s%s%.60s' shows them", words, (int)self.n,
                 (const char *)self.p, args->args[0], to ? " --until " : "", to ? to : "");
        buf_done(&self);
    } else if (d->n == 0) {
        cli_note(cli, "ledger: diff: %s%s", said ? words : "nothing changed",
                 d->asserted.begun > state_now(d->view->state) ? ": there are no states of that time to compare" : "");
    }
    if (d->asserted.begun > state_now(d->from) && d->n > 0) {
        text_time(first, d->asserted.begun);
        cli_note(cli, "ledger: diff: the log began on %.10s, after the first moment ('%.60s'): nothing is known of before",
                 first, args->args[0]);
    }
}

static int answer(struct diff *d, const struct opt_args *args) {
    struct cli *cli = d->view->cli;
    struct err err = {0};
    int rc = 0;
    int exit_code = check_tables(args, d->view);
    if (exit_code != 0) return exit_code;
    asof_warn(d->view, SIZE_MAX);
    bool *tables = calloc(state_tables(d->view->state) + 1, sizeof(*tables));
    const struct diff_plan plan = {d->view->ledger, d->from, d->view->state, tables, d->view->stop, &d->damage,
                                   on_change,       d,       on_seqs};
    for (size_t i = 0; tables && i < state_tables(d->view->state); i++) {
        tables[i] = is_asked(args, d->view, i) && !is_stale(d, i);
    }
    rc = tables ? diff_run(&plan, &err) : err_set(&err, ERR_NOMEM, "out of memory");
    free(tables);
    if (rc == 0) rc = asserted_of(d->view->ledger, state_now(d->from), state_now(d->view->state), &d->asserted, &err);
    exit_code = cli->json && rc == 0 ? put_json(d) : end_table(d);
    table_say_left_out(cli, bytes_of_buf(&d->left_out));
    pager_end(&d->pager, cli);
    if (rc != 0 && out_good(cli)) return cli_fail(cli, &err);
    if (exit_code == 0 && d->damage.n > 0) return EXIT_INVALID;
    if (exit_code == 0 && !d->of_runs) {
        say_clocks(d, args);
    } else if (exit_code == 0 && d->n == 0) {
        cli_note(cli, "ledger: diff: no state changed from the beginning of the one to the end of the other");
    }
    return exit_code == 0 && d->n + d->runs.n == 0 ? EXIT_NO : exit_code;
}

/* Opens both moments, the later one first: that brings the stored states up to date. */
static int open_views(struct diff *d, const struct opt_args *args) {
    struct asof *view = d->view;
    struct asof_at from, to;
    struct err err = {0};
    int rc = asof_parse(view, args->args[0], false, &from, &err);
    if (rc == 0) rc = asof_parse(view, args->n_args > 1 ? args->args[1] : NULL, true, &to, &err);
    if (rc == 0 && (from.at > to.at || (from.now != 0 && to.now != 0 && from.now > to.now))) {
        rc = err_set(&err, ERR_INVALID, "'%.60s' is after '%.60s': the earlier moment comes first", args->args[0],
                     args->n_args > 1 ? args->args[1] : "now");
    }
    if (rc == 0) rc = asof_state(view, &to, &view->state, &err);
    if (rc == 0) rc = asof_state(view, &from, &d->from, &err);
    return rc == 0 ? 0 : cli_fail(view->cli, &err);
}

/* The runs are compared as they are now, the states as of the start of the first run and the end of the later one. */
static int open_runs(struct diff *d, const char *before, const char *now) {
    struct asof *view = d->view;
    struct asof_at whole = {.at = LOG_NO_SEQ, .now = clock_wall_ns()}, from = {0}, to = {0};
    struct explanation explanation;
    struct err err = {0};
    int rc = asof_state(view, &whole, &view->state, &err);
    if (rc == 0) {
        asof_warn(view, SIZE_MAX);
        explanation_init(&explanation, view, d->style, false);
        explanation.damage = d->damage;
        if (!view->cli->json) {
            pager_begin(&d->pager, view->cli);
        }
        rc = diff_runs(&explanation, before, now, view->cli->json ? &d->compared : NULL, &d->runs, &err);
        d->damage = explanation.damage;
        log_reader_close(explanation.reader);
        corrected_done(&explanation.corrected);
        obj_done(&explanation.list);
    }
    if (rc != 0) {
        pager_end(&d->pager, view->cli);
        return asof_exit(view, asof_fail_lookup(view, &err));
    }
    from.at = d->runs.from + 1;
    to.at = d->runs.to + 1;
    state_close(view->state);
    view->state = NULL;
    rc = asof_state(view, &to, &view->state, &err);
    if (rc == 0) rc = asof_state(view, &from, &d->from, &err);
    return rc == 0 ? 0 : cli_fail(view->cli, &err);
}

static int open_all(struct diff *d, const struct opt_args *args) {
    const char *before = opt_text(args, &options[D_BEFORE]);
    size_t runs = 0;
    for (size_t i = 0; i < args->n_args; i++) {
        runs += diff_runs_is(args->args[i]);
    }
    if (before ? args->n_args > 0 : args->n_args == 0) {
        return cli_usage(d->view->cli, before ? "--before names the run, and takes no other moments"
                                              : "what is compared? a moment, two moments, two runs, or --before RUN");
    }
    if (runs > 0 && (runs != 2 || args->n_args != 2)) {
        return cli_usage(d->view->cli, "a run is compared with a run: two of run/ID, or --before RUN");
    }
    d->of_runs = before || runs == 2;
    return !d->of_runs ? open_views(d, args) : open_runs(d, before ? NULL : args->args[0], before ? before : args->args[1]);
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    struct diff d = {.view = &view, .now = clock_wall_ns()};
    const char *time = opt_text(args, &options[D_TIME]), *clock = opt_text(args, &options[D_CLOCK]);
    struct err err = {0};
    if (ask_clock(clock, &d.clock, &err) != 0) return cli_usage(cli, "%s", err.msg);
    if (time && when_style(time, &d.style, &err) != 0) return cli_usage(cli, "%s", err.msg);
    if (opt_has(args, &options[D_ALL]) && opt_has(args, &options[D_TABLE])) {
        return cli_usage(cli, "--all and --table do not go together");
    }
    d.pager.wanted = !cli->json;
    buf_init(&d.left_out, TEXT_BYTES);
    damage_init(&d.damage, cli);
    int exit_code = asof_ledger(&view, cli);
    if (exit_code == 0) exit_code = open_all(&d, args);
    if (exit_code == 0) exit_code = asof_exit(&view, answer(&d, args));
    diff_events_done(&d.events);
    corrected_done(&d.corrected);
    state_close(d.from);
    asof_close(&view);
    obj_done(&d.list);
    obj_done(&d.compared);
    damage_done(&d.damage);
    buf_done(&d.left_out);
    return exit_code;
}

const struct spec spec_diff = {
    .synopsis = "WHEN [WHEN] [--all | --table TABLE] | run/ID run/ID | --before run/ID",
    .about = "Shows what changed between two moments; the second defaults to now. Each change is one line: +\n"
             "new, - gone, ~ changed, * first heard of, by an event that does not say when it appeared (an\n"
             "upgrade, an inventory); with the old and the new value and the event that caused it (the last\n"
             "one that made it what it is). Changes without an event were caused by time alone, such as a\n"
             "grant that expired. It covers packages, models and the names that point to them, grants, tools\n"
             "and how far their calls can go, routes, packs and verdicts. Counters, measurements and times do\n"
             "not count as changes; runs, evaluations, imports and epoch keys are included only with --all or\n"
             "--table.\n\n"
             "A moment is a sequence number (what came after that event), a time, a date (the first means its\n"
             "beginning, the second its end) or an age (2h, 7d). Moments refer to the ledger's clock: notes on\n"
             "standard error name changes that happened earlier, and what was recorded later.\n\n"
             "For two runs, the earlier one first, or for the run of --before and the last good run of its\n"
             "pack, it shows how they ended, what they used and consumed, and what changed in the states from\n"
             "the beginning of the first to the end of the second. Exit code 1 if nothing changed.",
    .examples = "ledger diff 2h\nledger diff 2026-11-20 2026-11-20\nledger diff 118 204 --json\n"
                "ledger diff 7d --table installs --table model_names\nledger diff --before run/4f1c\n"
                "ledger diff run/4f1b run/4f1c",
    .opts = options,
    .max_args = 2,
    .run = run,
};
