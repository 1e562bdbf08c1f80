/* query and log: the events that match conditions, as rows, as counts, or by SQL. */
#include "cli/events/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/events/answer.h"
#include "cli/open/open.h"
#include "cli/print/pager.h"

enum {
    Q_KIND,
    Q_SUBJECT,
    Q_RUN,
    Q_ACTOR,
    Q_SOURCE,
    Q_GRADE,
    Q_KEY,
    Q_MODEL,
    Q_PACK,
    Q_ROUTE,
    Q_OUTCOME,
    Q_TIER,
    Q_SINCE,
    Q_UNTIL,
    Q_CLOCK,
    Q_GREP,
    Q_WHERE,
    Q_SQL,
    Q_LAST,
    Q_FIRST,
    Q_AROUND,
    Q_CONTEXT,
    Q_FOLLOW,
    Q_COUNT,
    Q_BY,
    Q_FIELDS,
    Q_PRIVATE,
    Q_FORMAT,
    Q_TIME,
    Q_EXPLAIN,
    Q_NO_INDEX,
    Q_TIME_LIMIT,
    Q_MEMORY_LIMIT
};
const struct opt query_options[] = {
    [Q_KIND] = {"kind", 'k', "GLOB", "events of these kinds: 'run.*'"},
    [Q_SUBJECT] = {"subject", 's', "SUBJECT", "about this subject; a trailing * matches a prefix, here and below"},
    [Q_RUN] = {"run", 'r', "RUN", "of this run"},
    [Q_ACTOR] = {"actor", 'a', "WHO", "caused by this actor"},
    [Q_SOURCE] = {"source", 0, "SOURCE", "from this source: cli, jsonl, otlp, ..."},
    [Q_GRADE] = {"grade", 'g', "GRADE", "measured, reported, declared, inferred"},
    [Q_KEY] = {"key", 0, "KEY", "with this idempotency key"},
    [Q_MODEL] = {"model", 'm', "MODEL", "of this model"},
    [Q_PACK] = {"pack", 0, "PACK", "of this pack"},
    [Q_ROUTE] = {"route", 0, "ROUTE", "of this route"},
    [Q_OUTCOME] = {"outcome", 0, "OUTCOME", "with this outcome: ok, error, timeout, ..."},
    [Q_TIER] = {"tier", 0, "TIER", "tool calls of this tier, as the policies judge it: T3, '>=T2', unknown"},
    [Q_SINCE] = {"since", 0, "WHEN", "from " WHEN_HELP},
    [Q_UNTIL] = {"until", 0, "WHEN", "up to and including this moment; for a date, its end"},
    [Q_CLOCK] = {"clock", 0, "CLOCK", ASK_CLOCK_HELP},
    [Q_GREP] = {"grep", 0, "TEXT", "with this text in the body; the case of ASCII letters is ignored"},
    [Q_WHERE] = {"where", 'w', "SQL-EXPR", "for which this is true: 'latency_ms > 2000 AND ok = 0'"},
    [Q_SQL] = {"sql", 0, "STATEMENT", "run one SELECT over the table 'events' instead"},
    [Q_LAST] = {"last", 'n', "N", "the newest N; 0: all"},
    [Q_FIRST] = {"first", 0, "N", "the first N; with --by the N largest"},
    [Q_AROUND] = {"around", 0, "SEQ", "this event and what happened just before and after it"},
    [Q_CONTEXT] = {"context", 0, "N", "N events on each side of it (default: 10)"},
    [Q_FOLLOW] = {"follow", 'f', NULL, "continue as events arrive, until interrupted"},
    [Q_COUNT] = {"count", 'c', NULL, "print only the number of matches"},
    [Q_BY] = {"by", 0, "FIELD[,FIELD]", "count the matches per value, largest first: model; day, hour"},
    [Q_FIELDS] = {"fields", 0, "FIELD,...", "show these fields"},
    [Q_PRIVATE] = {"private", 0, NULL, "show private fields too, and let --grep search them"},
    [Q_FORMAT] = {"format", 0, "FORMAT", "table (default), json, jsonl, csv, msgpack"},
    [Q_TIME] = {"time", 0, "HOW", "times in a table: utc (default), local, relative"},
    [Q_EXPLAIN] = {"explain", 0, NULL, "say which index was used, and how much was read"},
    [Q_NO_INDEX] = {"no-index", 0, NULL, "read every event"},
    [Q_TIME_LIMIT] = {"time-limit", 0, "DURATION", "let SQL run at most this long: 30s (default 5m), none"},
    [Q_MEMORY_LIMIT] = {"memory-limit", 0, "MIB", "let SQL use at most this many MiB (default 512)"},
    {0},
};

static const struct ask_option conditions[] = {
    {&query_options[Q_KIND], QUERY_KIND, NULL},
    {&query_options[Q_SUBJECT], QUERY_SUBJECT, NULL},
    {&query_options[Q_RUN], QUERY_RUN, NULL},
    {&query_options[Q_ACTOR], QUERY_ACTOR, NULL},
    {&query_options[Q_SOURCE], QUERY_SOURCE, NULL},
    {&query_options[Q_GRADE], QUERY_GRADE, NULL},
    {&query_options[Q_KEY], QUERY_KEY, NULL},
    {&query_options[Q_MODEL], 0, "model"},
    {&query_options[Q_PACK], 0, "pack"},
    {&query_options[Q_ROUTE], 0, "route"},
    {&query_options[Q_OUTCOME], 0, "outcome"},
    {NULL, 0, NULL},
};

#define TIME_LIMIT_NS    (300 * CLOCK_NS_PER_S)
#define MEMORY_LIMIT_MIN 2
#define MEMORY_LIMIT_MAX (1 << 20)
#define CONTEXT_DEFAULT  10
#define LOG_NUMBER       20
#define PRIVATE_MAX      ((size_t)32 << 20)

/* ---- the command line ---- */

/* Options that exclude each other: the first with any of the second set. */
static int check_pairs(struct cli *cli, const struct opt_args *args) {
    static const struct {
        int one, other;
    } pairs[] = {{Q_FIRST, Q_LAST},  {Q_AROUND, Q_FIRST}, {Q_AROUND, Q_LAST},  {Q_AROUND, Q_FOLLOW}, {Q_AROUND, Q_COUNT},
                 {Q_AROUND, Q_BY},   {Q_FOLLOW, Q_FIRST}, {Q_FOLLOW, Q_COUNT}, {Q_FOLLOW, Q_BY},     {Q_COUNT, Q_FIELDS},
                 {Q_BY, Q_FIELDS},   {Q_BY, Q_LAST},      {Q_COUNT, Q_LAST},   {Q_SQL, Q_WHERE},     {Q_SQL, Q_FIRST},
                 {Q_SQL, Q_LAST},    {Q_SQL, Q_AROUND},   {Q_SQL, Q_FOLLOW},   {Q_SQL, Q_COUNT},     {Q_SQL, Q_BY},
                 {Q_SQL, Q_FIELDS},  {Q_SQL, Q_SINCE},    {Q_SQL, Q_UNTIL},    {Q_SQL, Q_CLOCK},     {Q_SQL, Q_GREP},
                 {Q_SQL, Q_PRIVATE}, {Q_SQL, Q_TIER},     {Q_GREP, Q_TIER}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (opt_has(args, &query_options[pairs[i].one]) && opt_has(args, &query_options[pairs[i].other])) {
            return cli_usage(cli, "--%s and --%s do not go together", query_options[pairs[i].one].name,
                             query_options[pairs[i].other].name);
        }
    }
    for (const struct ask_option *c = conditions; c->option; c++) {
        if (opt_has(args, &query_options[Q_SQL]) && opt_has(args, c->option)) {
            return cli_usage(cli, "--sql and --%s do not go together: a WHERE of the statement says the same",
                             c->option->name);
        }
    }
    if (opt_has(args, &query_options[Q_GREP]) && opt_has(args, &query_options[Q_WHERE])) {
        return cli_usage(cli, "--grep and --where do not go together: \"body LIKE '%%TEXT%%'\" says the same in --where");
    }
    if (opt_has(args, &query_options[Q_CONTEXT]) && !opt_has(args, &query_options[Q_AROUND])) {
        return cli_usage(cli, "--context goes with --around");
    }
    return 0;
}

static int read_format(struct answer *a, const struct opt_args *args, bool as_log, struct err *err) {
    const char *format = opt_text(args, &query_options[Q_FORMAT]), *style = opt_text(args, &query_options[Q_TIME]);
    a->format = !a->cli->json ? ROWS_TABLE : a->follow || as_log ? ROWS_JSONL : ROWS_JSON;
    int rc = format ? rows_format(format, &a->format, err) : 0;
    if (rc == 0 && style) rc = when_style(style, &a->style, err);
    if (rc == 0 && a->format == ROWS_JSON && a->follow) {
        rc = err_set(err, ERR_INVALID, "--follow has no end, but a JSON document needs one (use --format jsonl)");
    }
    if (rc == 0 && a->format == ROWS_MSGPACK && a->cli->out_tty) {
        rc = err_set(err, ERR_INVALID, "--format msgpack is binary: write it to a file or a pipe, not to a terminal");
    }
    return rc;
}

/* The fields to show: as named, or the format's default. */
static int read_fields(struct answer *a, const struct opt_args *args, struct err *err) {
    static const char happened[] = "seq,happened,kind,subject,body", sealed[] = "seq,time,kind,subject,body",
                      csv[] = "seq,time,kind,schema,subject,actor,source,grade,run,cause,key,leaf,body";
    const char *list, *table = a->ask.clock == QUERY_TIME ? sealed : happened;
    size_t at = 0;
    int rc = 0;
    a->fields.clock = a->by.clock = a->ask.clock;
    while (rc == 0 && (list = opt_next(args, &query_options[Q_FIELDS], &at)) != NULL) {
        rc = pick_add(&a->fields, list, err);
    }
    if (rc == 0 && a->fields.n == 0 && (a->format == ROWS_TABLE || a->format == ROWS_CSV)) {
        rc = pick_add(&a->fields, a->format == ROWS_TABLE ? table : csv, err);
        if (rc == 0 && a->format != ROWS_TABLE && a->ask.private_) rc = pick_add(&a->fields, "private", err);
    }
    at = 0;
    while (rc == 0 && (list = opt_next(args, &query_options[Q_BY], &at)) != NULL) {
        rc = pick_add(&a->by, list, err);
    }
    if (rc == 0 && a->by.n > QUERY_BY_MAX) {
        rc = err_set(err, ERR_INVALID, "--by takes at most %d fields", QUERY_BY_MAX);
    }
    return rc;
}

static int read_limits(struct answer *a, const struct opt_args *args, struct err *err) {
    const char *time = opt_text(args, &query_options[Q_TIME_LIMIT]);
    a->context = CONTEXT_DEFAULT;
    int rc = opt_u64(args, &query_options[Q_FIRST], &a->first, err);
    if (rc == 0) rc = opt_u64(args, &query_options[Q_LAST], &a->last, err);
    if (rc == 0) rc = opt_u64(args, &query_options[Q_AROUND], &a->around, err);
    if (rc == 0) rc = opt_u64(args, &query_options[Q_CONTEXT], &a->context, err);
    a->has_last = opt_has(args, &query_options[Q_LAST]);
    if (rc == 0 && opt_has(args, &query_options[Q_FIRST]) && a->first == 0) {
        rc = err_set(err, ERR_INVALID, "--first takes a number of rows, 1 or more");
    }
    a->time_limit = TIME_LIMIT_NS;
    if (rc == 0 && time && strcmp(time, "none") == 0) {
        a->time_limit = 0;
    } else if (rc == 0 && time && (text_parse_duration(bytes_of(time), &a->time_limit) != 0 || a->time_limit == 0)) {
        rc = err_set(err, ERR_INVALID, "--time-limit '%.40s' is not a duration; expected: 30s, 5m, 1h, none", time);
    }
    if (rc == 0 && opt_has(args, &query_options[Q_MEMORY_LIMIT])) {
        uint64_t mib = 0;
        rc = opt_u64(args, &query_options[Q_MEMORY_LIMIT], &mib, err);
        if (rc == 0 && (mib < MEMORY_LIMIT_MIN || mib > MEMORY_LIMIT_MAX)) {
            rc = err_set(err, ERR_INVALID, "--memory-limit takes MiB, from %d to %d", MEMORY_LIMIT_MIN, MEMORY_LIMIT_MAX);
        }
        a->memory_limit = mib << 20;
    }
    return rc;
}

/* Without a number, `log` shows the newest few. */
static bool wants_few(const struct opt_args *args) {
    static const int others[] = {Q_LAST, Q_FIRST, Q_SINCE, Q_AROUND, Q_FOLLOW, Q_COUNT, Q_BY, Q_SQL};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (opt_has(args, &query_options[others[i]])) return false;
    }
    return true;
}

static int read_question(struct answer *a, const struct opt_args *args, bool as_log) {
    static const struct ask_options asked = {conditions,
                                             &query_options[Q_SINCE],
                                             &query_options[Q_UNTIL],
                                             &query_options[Q_CLOCK],
                                             &query_options[Q_GREP],
                                             &query_options[Q_PRIVATE]};
    struct err err = {0};
    a->where = opt_text(args, &query_options[Q_WHERE]);
    a->statement = opt_text(args, &query_options[Q_SQL]);
    a->is_around = opt_has(args, &query_options[Q_AROUND]);
    a->follow = opt_has(args, &query_options[Q_FOLLOW]);
    a->count = opt_has(args, &query_options[Q_COUNT]);
    a->explain = opt_has(args, &query_options[Q_EXPLAIN]);
    a->no_index = opt_has(args, &query_options[Q_NO_INDEX]);
    int exit_code = check_pairs(a->cli, args);
    if (exit_code != 0) return exit_code;
    int rc = ask_read(&a->ask, args, &asked, &err);
    if (rc == 0)
        rc = answer_tier_read(a, args, &query_options[Q_TIER], &query_options[Q_FIELDS], &query_options[Q_BY], &err);
    if (rc != 0) {
        return rc == ERR_NOTFOUND ? cli_usage(a->cli, "%s", err.msg) : cli_fail_input(a->cli, &err);
    }
    if (read_limits(a, args, &err) != 0 || read_format(a, args, as_log, &err) != 0 || read_fields(a, args, &err) != 0) {
        return cli_usage(a->cli, "%s", err.msg);
    }
    if (as_log && wants_few(args)) {
        a->has_last = true;
        a->last = LOG_NUMBER;
    }
    return 0;
}

/* ---- answering ---- */

static void explain(struct answer *a) {
    const struct query_cost *c = &a->cost;
    struct buf took = {.max = 64};
    when_length(&took, (double)(clock_boot_ns() - a->start) / 1e6);
    out_error("plan: %s", c->plan);
    out_error("cost: %llu bundle%s read, %llu event%s looked at, %llu segment%s of the index, %.*s",
              (unsigned long long)c->bundles, text_s(c->bundles), (unsigned long long)c->events, text_s(c->events),
              (unsigned long long)c->segments, text_s(c->segments), (int)took.n, (const char *)took.p);
    out_error("index: %llu of %llu event%s", (unsigned long long)c->covered, (unsigned long long)a->size, text_s(a->size));
    buf_done(&took);
}

/* Ends the answer: rows held back, the end of the JSON document, what it cost. */
static int end(struct answer *a, uint64_t found) {
    struct obj tail = {0};
    int exit_code = 0;
    bool document = a->format == ROWS_JSON && a->rows;
    if (a->explain) {
        struct err ignored = {0};
        query_index_covered(a->ledger, &a->cost.covered, &ignored);
    }
    if (a->count || a->by.n > 0) {
        obj_uint(&tail, "total", found);
    }
    if (document) {
        answer_tail(a, &tail);
    }
    exit_code = rows_end(a->rows, &tail);
    a->rows = NULL;
    obj_done(&tail);
    if (a->explain && !document) {
        explain(a);
    }
    return exit_code;
}

/* Scripts use the exit code. */
static void say_nothing_matched(const struct answer *a) {
    bool whole_run = false;
    for (size_t i = 0; i < a->ask.n_conditions; i++) {
        whole_run = whole_run || (a->ask.condition[i].field == QUERY_RUN && a->ask.condition[i].plain);
    }
    if (a->cli->out_tty && a->format == ROWS_TABLE && (!a->count || a->by.n > 0)) {
        cli_note(a->cli, "ledger: query: nothing matched%s",
                 whole_run ? "; a run of which only the beginning is given ends in '*'" : "");
    }
}

static int answer(struct answer *a) {
    struct err err = {0};
    struct log_head head = {0};
    struct rows_column *columns = NULL;
    uint64_t found = 0;
    bool counts = a->count || a->by.n > 0;
    int rc = log_head(a->ledger, &head, &err);
    a->size = head.size;
    if (rc == 0 && ask_check(&a->ask, a->cli, a->size, &err) != 0) {
        return cli_fail_input(a->cli, &err);
    }
    if (rc == 0) {
        rc = a->statement ? answer_sql(a, &columns, &err) : counts ? answer_count(a, &found, &err) : answer_rows(a, &err);
    }
    a->damage.cut_off = rc != 0;
    if (rc == 0) {
        answer_tier_count(a);
    }
    found = a->rows && !counts ? rows_count(a->rows) : found;
    int exit_code = end(a, found);
    free(columns);
    if (rc != 0 && out_good(a->cli)) {
        exit_code = a->statement || a->where ? cli_fail(a->cli, &err) : cli_fail_lookup(a->cli, &err);
    }
    if (exit_code == 0 && a->damage.n > 0) {
        exit_code = EXIT_INVALID;
    }
    if (exit_code != 0 || found > 0 || a->follow) return exit_code;
    say_nothing_matched(a);
    return EXIT_NO;
}

int query_run(struct cli *cli, const struct opt_args *args, bool as_log) {
    struct answer *a = calloc(1, sizeof(*a));
    if (!a) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "out of memory");
    a->cli = cli;
    a->start = clock_boot_ns();
    pick_init(&a->fields);
    pick_init(&a->by);
    damage_init(&a->damage, cli);
    buf_init(&a->note, 4096);
    buf_init(&a->private_fields, PRIVATE_MAX);
    buf_init(&a->remark, PRIVATE_MAX);
    buf_init(&a->tier, 4096);
    int exit_code = read_question(a, args, as_log);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_READ, &a->ledger);
    if (exit_code == 0) {
        a->pager.wanted = !a->follow && a->format != ROWS_MSGPACK;
        a->stop = stop_catch();
        if (a->ask.has_times) {
            cli_note_lead(cli, a->ledger);
        }
        exit_code = answer(a);
        answer_say_clock(a);
        tier_count_say(cli, &a->tiers);
        pager_end(&a->pager, cli);
    }
    sql_close(a->sql);
    log_close(a->ledger);
    ask_done(&a->ask);
    pick_done(&a->fields);
    pick_done(&a->by);
    damage_done(&a->damage);
    buf_done(&a->note);
    buf_done(&a->private_fields);
    buf_done(&a->remark);
    corrected_done(&a->corrected);
    buf_done(&a->tier);
    free(a);
    return exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    return query_run(cli, args, false);
}

const struct spec spec_query = {
    .synopsis = "[CONDITIONS] [--last N] [--count] [--by FIELD] [--fields FIELD,...] [--format FORMAT]",
    .about = "Shows the events that match all conditions, oldest first. A condition given several times\n"
             "matches any of its values. Fields are those of an event's header (seq, time, kind, schema,\n"
             "subject, actor, source, grade, run, cause, key), happened, at, day, hour, minute, leaf, author,\n"
             "body, private, every open field of the catalog, and body.NAME for fields of your own kinds.\n"
             "Header fields and indexed fields are looked up in the index; events that it does not cover yet\n"
             "are read.\n\n"
             "Times, days, hours and minutes refer to when an event happened, by its source's clock, or by the\n"
             "ledger's if the source gives no time. With --clock ledger they refer to when it was recorded.\n\n"
             "Each event shown in full is rehashed up to its leaf. Events that cannot be read are named on\n"
             "standard error, the others are shown, and the exit code is 30. It is 1 if nothing matched.",
    .examples = "ledger query --kind 'run.*' --outcome error --since 2d\n"
                "ledger query --run 4f1c --fields seq,at,kind,model,latency_ms\n"
                "ledger query --kind run.model_called --by model,outcome\n"
                "ledger query --where 'latency_ms > 2000' --last 20\n"
                "ledger query --sql 'SELECT model, p95(latency_ms) FROM events GROUP BY model'\n"
                "ledger query --around 118 --context 5",
    .opts = query_options,
    .run = run,
};
