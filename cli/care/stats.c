/* stats: how large everything is; with --metrics, how well the work goes (metrics.h). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/care/metrics.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/view/asof.h"
#include "ledger/core/lead.h"

#define WIDTH     16 /* of labels */
#define WORDS_MAX 160

/* How the projections are stored. */
struct kept {
    struct state_status status[PROJECTIONS_MAX];
    size_t n;
};

static void put_projections(struct obj *obj, const struct kept *kept) {
    struct obj list = {0}, one = {0};
    char words[ASOF_WORDS];
    for (size_t i = 0; i < kept->n; i++) {
        const struct state_status *status = &kept->status[i];
        obj_text(&one, "projection", status->projection->name);
        obj_text(&one, "condition", asof_condition(status));
        obj_uint(&one, "stored", status->stored_position);
        obj_uint(&one, "lag", status->lag);
        obj_text(&one, "message", asof_describe(status, words) ? words : NULL);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "projections", &list);
}

/* One line for all good ones, and one for each other. */
static void print_projections(struct cli *cli, const struct kept *kept, uint64_t events) {
    char words[ASOF_WORDS];
    uint64_t least = LOG_NO_SEQ;
    size_t good = 0;
    for (size_t i = 0; i < kept->n; i++) {
        if (!asof_describe(&kept->status[i], words)) {
            good++;
            least = kept->status[i].stored_position < least ? kept->status[i].stored_position : least;
        }
    }
    out_printf(cli, "%-16s %zu good of %zu", "projections", good, kept->n);
    if (good > 0) {
        out_printf(cli, ", %llu of %llu event%s stored; reads fold the rest", (unsigned long long)least,
                   (unsigned long long)events, text_s(events));
    }
    out_str(cli, "\n");
    for (size_t i = 0; i < kept->n; i++) {
        if (asof_describe(&kept->status[i], words)) {
            out_printf(cli, "%-16s ", asof_condition(&kept->status[i]));
            out_safe(cli, bytes_of(words));
            out_str(cli, "\n");
        }
    }
}

static const char *place_word(struct ledger *ledger) {
    static const char *const words[] = {[LOG_PLACE_UNKNOWN] = "unknown",
                                        [LOG_PLACE_HOME] = "home",
                                        [LOG_PLACE_COPY] = "copy",
                                        [LOG_PLACE_BACKUP] = "backup"};
    enum log_place place = LOG_PLACE_UNKNOWN;
    log_place(ledger, &place, NULL);
    return words[place];
}

/* The disk may be full before the quota is; an erasure needs as much space again as is in use. */
static void put_room(const struct log_stats *s, uint64_t room, uint64_t all, char ret[WORDS_MAX]) {
    char free_[32], whole[32];
    out_size(free_, room);
    out_size(whole, all);
    const char *less = room < s->map_used ? "; too little for an erasure, which copies the database"
                       : s->map_used < s->map_bytes && room < s->map_bytes - s->map_used ? "; full before the quota is"
                                                                                         : "";
    snprintf(ret, WORDS_MAX, "%s of %s%s", free_, whole, less);
}

static void put_quota(const struct log_stats *s, char ret[WORDS_MAX]) {
    char used[32], map[32];
    out_size(used, s->map_used);
    out_size(map, s->map_bytes);
    snprintf(ret, WORDS_MAX, "%s of %s (%.1f %%)", used, map,
             s->map_bytes ? 100.0 * (double)s->map_used / (double)s->map_bytes : 0.0);
}

static void put_readers(const struct log_stats *s, char ret[WORDS_MAX], char ret_oldest[WORDS_MAX]) {
    snprintf(ret, WORDS_MAX, "%llu, and %llu dead ones cleared", (unsigned long long)s->readers,
             (unsigned long long)s->dead_readers);
    if (s->oldest_reader_pid != 0) {
        snprintf(ret_oldest, WORDS_MAX, "process %llu, %llu commit%s behind: what was freed since is not used again",
                 (unsigned long long)s->oldest_reader_pid, (unsigned long long)s->oldest_reader_commits,
                 text_s(s->oldest_reader_commits));
    }
}

static int print(struct cli *cli, struct ledger *ledger, const struct log_stats *s, const struct log_head *head,
                 const struct kept *kept) {
    char ahead[WORDS_MAX] = "", room[WORDS_MAX] = "", quota[WORDS_MAX], readers[WORDS_MAX], oldest[WORDS_MAX] = "";
    char event[WORDS_MAX] = "";
    uint64_t disk_free = LOG_NO_SEQ, disk = LOG_NO_SEQ;
    struct lead lead = {0};
    lead_now(ledger, &lead, NULL);
    if (lead.ns > 0) {
        lead_words(&lead, ahead, sizeof(ahead));
    }
    if (file_room(log_dir(ledger), &disk_free, &disk)) {
        put_room(s, disk_free, disk, room);
    }
    put_quota(s, quota);
    put_readers(s, readers, oldest);
    if (s->groups > 0) { /* before that, the size of the database says nothing about events */
        snprintf(event, sizeof(event), "%.1f bytes", (double)s->map_used / (double)s->events);
    }
    const struct fact facts[] = {fact_text("directory", "dir", log_dir(ledger)),
                                 fact_text("origin", "origin", log_origin(ledger)),
                                 fact_text("place", "place", place_word(ledger)),
                                 fact_count("events", "events", s->events),
                                 fact_hash("root", "root", head->root),
                                 fact_time("newest event", "time", head->time),
                                 fact_said(fact_count("clock", "time_ahead_ns", lead.ns), ahead),
                                 fact_count("full groups", "groups", s->groups),
                                 fact_count("tail", "tail", s->tail),
                                 fact_count("checkpoints", "checkpoints", s->checkpoints),
                                 fact_count("key epochs", "epochs", s->epochs),
                                 fact_count("artifacts", "artifacts", s->artifacts),
                                 fact_count("cursors", "cursors", s->cursors),
                                 fact_size("evidence", "evidence_bytes", s->evidence_bytes),
                                 fact_size("derived", "derived_bytes", s->derived_bytes)};
    const struct fact more[] = {fact_size("artifact files", "artifact_bytes", s->artifact_bytes),
                                fact_size(NULL, "map_bytes", s->map_bytes),
                                fact_said(fact_size("quota in use", "map_used", s->map_used), quota),
                                fact_said(fact_size("free on disk", "disk_free_bytes", disk_free), room),
                                fact_size(NULL, "disk_bytes", disk),
                                fact_said(fact_count("readers", "readers", s->readers), readers),
                                fact_count(NULL, "dead_readers", s->dead_readers),
                                fact_said(fact_count("oldest reader", "oldest_reader_pid", s->oldest_reader_pid), oldest),
                                fact_count(NULL, "oldest_reader_commits", s->oldest_reader_commits),
                                fact_said(fact_text("an event", NULL, ""), event)};
    const size_t n = sizeof(facts) / sizeof(facts[0]), n_more = sizeof(more) / sizeof(more[0]);
    if (!cli->json) {
        fact_lines(cli, facts, n, WIDTH);
        print_projections(cli, kept, head->size);
        fact_lines(cli, more, n_more, WIDTH);
        return EXIT_GOOD;
    }
    struct obj obj = {0};
    fact_put(&obj, facts, n);
    fact_put(&obj, more, n_more);
    put_projections(&obj, kept);
    return cli_print(cli, &obj, false);
}

enum { S_METRICS, S_SINCE, S_UNTIL, S_CLOCK, S_SLO, S_FORMAT };

static const struct opt stats_options[] = {
    [S_METRICS] = {"metrics", 0, NULL, "the metrics of the mission instead, each with the query that gives it"},
    [S_SINCE] = {"since", 0, "WHEN", "with --metrics: from " WHEN_HELP},
    [S_UNTIL] = {"until", 0, "WHEN", "up to and including this moment; for a date, its end"},
    [S_CLOCK] = {"clock", 0, "CLOCK", ASK_CLOCK_HELP},
    [S_SLO] = {"slo", 0, "NAME=TARGET",
               "with its error budget, for this share of good ones: probe_health=0.99; may be repeated"},
    [S_FORMAT] = {"format", 0, "FORMAT", "table (default), json, prometheus"},
    {0},
};

static int metrics_of(struct cli *cli, const struct opt_args *args) {
    static const struct ask_option none[] = {{0}};
    const struct ask_options asked = {.fields = none,
                                      .since = &stats_options[S_SINCE],
                                      .until = &stats_options[S_UNTIL],
                                      .clock = &stats_options[S_CLOCK]};
    struct ask ask;
    struct metric_slo slos[METRICS_SLOS_MAX];
    struct metrics_options options = {.ask = &ask, .format = opt_text(args, &stats_options[S_FORMAT]), .slos = slos};
    struct ledger *ledger = NULL;
    struct err err = {0};
    const char *text;
    size_t at = 0;
    int rc = ask_read(&ask, args, &asked, &err);
    while (rc == 0 && (text = opt_next(args, &stats_options[S_SLO], &at)) != NULL) {
        rc = options.slos_n < METRICS_SLOS_MAX ? metrics_slo(text, &slos[options.slos_n++], &err)
                                               : err_set(&err, ERR_INVALID, "more than %d objectives", METRICS_SLOS_MAX);
    }
    int exit_code =
        rc == 0 ? metrics_format(cli, &options) : cli_fail_as(cli, &err, rc == ERR_NOTFOUND ? EXIT_USAGE : EXIT_INPUT);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code == 0) exit_code = metrics_run(cli, ledger, &options);
    log_close(ledger);
    ask_done(&ask);
    return exit_code;
}

static int stats(struct cli *cli, const struct opt_args *args) {
    if (opt_has(args, &stats_options[S_METRICS])) return metrics_of(cli, args);
    for (size_t i = S_SINCE; i <= S_FORMAT; i++) {
        if (opt_has(args, &stats_options[i])) return cli_usage(cli, "--%s needs --metrics", stats_options[i].name);
    }
    struct ledger *ledger = NULL;
    struct log_stats s = {0};
    struct log_head head = {0};
    struct kept kept = {.n = 0};
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_head(ledger, &head, &err);
    if (rc == 0) rc = log_stats(ledger, &s, &err);
    if (rc == 0) rc = asof_stored(ledger, kept.status, &kept.n, &err);
    exit_code = rc == 0 ? print(cli, ledger, &s, &head, &kept) : cli_fail(cli, &err);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_stats = {
    .synopsis = "[--metrics [--since WHEN] [--until WHEN] [--slo NAME=TARGET] [--format FORMAT]]",
    .about = "Prints counts and sizes: events, checkpoints, epochs, artifacts, their space on disk, how much\n"
             "of the quota is in use, how much room the file system has, which projections are stale or\n"
             "stopped, and the process, if any, whose old snapshot keeps space from being reused.\n\n"
             "With --metrics: how plans, debates, trials, gates, evaluations, promotions, observations of\n"
             "health and tool calls went in a period, each as a figure with the query that gives it. A share of\n"
             "nothing has no value. With --slo also how much of an error budget is used up; the exit code is\n"
             "then 1 if an objective is missed, or nothing was measured for it.",
    .examples = "ledger stats --json | jq .map_used\n"
                "ledger stats --metrics --since 7d --slo probe_health=0.99\n"
                "ledger stats --metrics --format prometheus",
    .opts = stats_options,
    .run = stats,
};
