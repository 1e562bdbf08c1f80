/* erase: content is removed for good; the event that records this, and every hash, stay. What will go is shown first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/evidence/erase_say.h"
#include "cli/log/ask.h"
#include "cli/log/expression.h"
#include "cli/log/seqs.h"
#include "cli/open/open.h"
#include "cli/print/confirm.h"
#include "cli/print/receipt.h"
#include "ledger/dedup/vouch.h"
#include "projections/act/checked.h"
#include "query/sql/sql.h"

#define WAIT_DEFAULT_NS (10 * CLOCK_NS_PER_S) /* for processes that have the old files open */
#define EVENTS_MAX      ((size_t)1 << 20)     /* that conditions may select */

enum {
    E_BODY,
    E_PRIVATE,
    E_ALL_PRIVATE,
    E_ARTIFACT,
    E_KIND,
    E_SUBJECT,
    E_RUN,
    E_ACTOR,
    E_SOURCE,
    E_SINCE,
    E_UNTIL,
    E_CLOCK,
    E_GREP,
    E_WHERE,
    E_REASON,
    E_NOTE,
    E_BY,
    E_DRY_RUN,
    E_YES,
    E_FINISH
};
static const struct opt options[] = {
    [E_BODY] = {"body", 0, NULL, "erase the bodies of these events"},
    [E_PRIVATE] = {"private", 0, "FIELDS", "erase these private fields: comma-separated names"},
    [E_ALL_PRIVATE] = {"all-private", 0, NULL, "erase all private fields of these events"},
    [E_ARTIFACT] = {"artifact", 0, "ID", "erase a stored file"},
    [E_KIND] = {"kind", 'k', "GLOB", "events of these kinds: 'run.*'; all conditions must match"},
    [E_SUBJECT] = {"subject", 's', "SUBJECT", "about this subject; a trailing * matches a prefix, here and below"},
    [E_RUN] = {"run", 'r', "RUN", "of this run"},
    [E_ACTOR] = {"actor", 'a', "WHO", "caused by this actor"},
    [E_SOURCE] = {"source", 0, "SOURCE", "from this source"},
    [E_SINCE] = {"since", 0, "WHEN", "from " WHEN_HELP},
    [E_UNTIL] = {"until", 0, "WHEN", "up to and including this moment; for a date, its end"},
    [E_CLOCK] = {"clock", 0, "CLOCK", ASK_CLOCK_HELP},
    [E_GREP] = {"grep", 0, "TEXT", "with this text in the body or a private field; the case of ASCII letters is ignored"},
    [E_WHERE] = {"where", 'w', "SQL-EXPR", "for which this is true, private fields included: \"private LIKE '%Ada%'\""},
    [E_REASON] = {"reason", 0, "WORD", "why, in one word, public: request, retention, mistake"},
    [E_NOTE] = {"note", 0, "TEXT", "why, in more words; kept private"},
    [E_BY] = {"by", 0, "WHO", "who erases it (default: user:<login name>)"},
    [E_DRY_RUN] = {"dry-run", 'n', NULL, "only show what would be erased, and what would not"},
    [E_YES] = {"yes", 'y', NULL, "do not ask for confirmation"},
    [E_FINISH] = {"finish", 0, NULL, "only remove old files that earlier erasures had to leave"},
    {0},
};

static const struct ask_option conditions[] = {
    {&options[E_KIND], QUERY_KIND, NULL},   {&options[E_SUBJECT], QUERY_SUBJECT, NULL}, {&options[E_RUN], QUERY_RUN, NULL},
    {&options[E_ACTOR], QUERY_ACTOR, NULL}, {&options[E_SOURCE], QUERY_SOURCE, NULL},   {0},
};

static const struct ask_options asked = {.fields = conditions,
                                         .since = &options[E_SINCE],
                                         .until = &options[E_UNTIL],
                                         .clock = &options[E_CLOCK],
                                         .grep = &options[E_GREP]};

struct request {
    struct log_erase_options o;
    struct seqs seqs;
    char *names; /* what `field` points into */
    const char *field[ERASE_FIELDS_MAX];
    struct ask ask;
    const char *where; /* may be NULL */
    bool conditions;   /* conditions select the events; else their seqs were given */
};

static int take_fields(const struct opt_args *args, struct request *w, struct err *err) {
    const char *text = opt_text(args, &options[E_PRIVATE]);
    size_t n = 0;
    w->names = strdup(text);
    if (w->names == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (char *at = w->names; at != NULL;) {
        char *end = strchr(at, ',');
        if (end != NULL) {
            *end++ = '\0';
        }
        if (*at == '\0') {
            return err_set(err, ERR_INVALID, "--private has an empty name (expected comma-separated names)");
        }
        if (n == ERASE_FIELDS_MAX) {
            return err_set(err, ERR_INVALID, "--private takes at most %d comma-separated names", ERASE_FIELDS_MAX);
        }
        for (size_t i = 0; i < n; i++) {
            if (strcmp(w->field[i], at) == 0) {
                return err_set(err, ERR_INVALID, "--private names '%.60s' twice", at);
            }
        }
        w->field[n++] = at;
        at = end;
    }
    w->o.fields = w->field;
    w->o.n_fields = n;
    return 0;
}

static int take_seqs(const struct opt_args *args, struct request *w, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < args->n_args; i++) {
        uint64_t seq;
        if (text_parse_u64(bytes_of(args->args[i]), &seq) != 0 || seq >= INT64_MAX) {
            return err_set(err, ERR_INVALID, "'%.100s' is not a sequence number (expected a decimal number)",
                           args->args[i]);
        }
        rc = seqs_add(&w->seqs, seq, err);
    }
    w->seqs.n = seqs_sort(w->seqs.seq, w->seqs.n);
    return rc;
}

static bool has_conditions(const struct opt_args *args) {
    bool any = opt_has(args, &options[E_GREP]) || opt_has(args, &options[E_SINCE]) || opt_has(args, &options[E_UNTIL]) ||
               opt_has(args, &options[E_WHERE]);
    for (const struct ask_option *c = conditions; c->option != NULL; c++) {
        any = any || opt_has(args, c->option);
    }
    return any;
}

/* Exactly one of seqs, conditions and an artifact. */
static int check_choice(const struct opt_args *args, const struct request *w, struct err *err) {
    if (w->o.artifact != NULL) {
        return args->n_args > 0 || w->conditions ? err_set(err, ERR_INVALID, "--artifact takes no events")
               : opt_has(args, &options[E_DRY_RUN])
                   ? err_set(err, ERR_INVALID, "--dry-run is for events; 'ledger artifact get' shows a stored file")
                   : 0;
    }
    if (args->n_args > 0 && w->conditions) {
        return err_set(err, ERR_INVALID, "events are chosen by their sequence numbers or by conditions, not by both");
    }
    return args->n_args == 0 && !w->conditions
               ? err_set(err, ERR_INVALID, "which events is missing: sequence numbers, or --run, --actor, --kind, ...")
               : 0;
}

static int read_request(const struct opt_args *args, struct request *w, struct err *err) {
    bool body = opt_has(args, &options[E_BODY]), all = opt_has(args, &options[E_ALL_PRIVATE]);
    bool some = opt_has(args, &options[E_PRIVATE]);
    w->o.artifact = opt_text(args, &options[E_ARTIFACT]);
    w->o.reason = opt_text(args, &options[E_REASON]);
    w->o.note = opt_text(args, &options[E_NOTE]);
    w->where = opt_text(args, &options[E_WHERE]);
    w->conditions = has_conditions(args);
    int asked_for = (body ? 1 : 0) + (all ? 1 : 0) + (some ? 1 : 0) + (w->o.artifact != NULL ? 1 : 0);
    if (opt_has(args, &options[E_FINISH])) {
        return asked_for == 0 && args->n_args == 0 && !w->conditions
                   ? 0
                   : err_set(err, ERR_INVALID, "--finish erases nothing else");
    }
    if (asked_for != 1) {
        return err_set(err, ERR_INVALID, "one of --body, --private, --all-private and --artifact is needed");
    }
    if (w->o.reason == NULL && !opt_has(args, &options[E_DRY_RUN])) {
        return err_set(err, ERR_INVALID, "--reason is needed: request, retention, mistake or another word");
    }
    w->o.what = body ? LOG_ERASE_BODY : w->o.artifact != NULL ? LOG_ERASE_ARTIFACT : LOG_ERASE_PRIVATE;
    int rc = check_choice(args, w, err);
    if (rc == 0 && some) rc = take_fields(args, w, err);
    if (rc == 0) rc = take_seqs(args, w, err);
    if (rc == 0 && w->where != NULL && opt_has(args, &options[E_GREP])) {
        return err_set(err, ERR_INVALID, "--grep and --where do not go together");
    }
    if (rc == 0) rc = ask_read(&w->ask, args, &asked, err);
    w->ask.private_ = true;
    ask_open_end(&w->ask); /* what a wrong clock dated into the future is erased too */
    return rc;
}

/* ---- choosing by conditions ---- */

static int add_seq(struct request *w, uint64_t seq, struct err *err) {
    if (w->seqs.n == EVENTS_MAX) {
        return err_set(err, ERR_LIMIT, "more than %zu events match: erase them in parts, by --since and --until",
                       EVENTS_MAX);
    }
    return seqs_add(&w->seqs, seq, err);
}

static int take_row(void *ctx, const struct sql_row *row, struct err *err) {
    return add_seq(ctx, (uint64_t)row->values[0].int_, err);
}

static int choose_where(struct ledger *ledger, struct request *w, struct err *err) {
    const struct sql_options proven = {.proven = true};
    struct sql *sql = NULL;
    struct buf statement = {.max = 1 << 20};
    if (expression_check(bytes_of(w->where), err) != 0) return err_prefix(err, "--where");
    buf_put_str(&statement, "SELECT seq FROM events WHERE ");
    ask_sql(&w->ask, &statement);
    buf_printf(&statement, " AND (\n%s\n)", w->where);
    int rc = buf_check(&statement, "the condition", err);
    if (rc == 0) rc = sql_open(ledger, &proven, &sql, err);
    if (rc == 0) rc = sql_run(sql, bytes_of_buf(&statement), NULL, take_row, w, err);
    sql_close(sql);
    buf_done(&statement);
    return rc;
}

static int choose(struct cli *cli, struct ledger *ledger, struct request *w, struct err *err) {
    struct query_cursor *cursor = NULL;
    struct log_head head = {0};
    int rc = log_head(ledger, &head, err);
    if (rc == 0) rc = ask_check(&w->ask, cli, head.size, err);
    if (rc != 0) return rc;
    vouch_load(ledger, NULL); /* without the log key all events are read: an index cannot hide any */
    if (w->where != NULL) {
        rc = choose_where(ledger, w, err);
        w->seqs.n = seqs_sort(w->seqs.seq, w->seqs.n);
        return rc;
    }
    w->ask.query.proven = true;
    rc = query_open(ledger, &w->ask.query, &cursor, err);
    while (rc == 0 && (rc = query_next(cursor, err)) == 0) {
        rc = ask_rest(&w->ask, cursor, err);
        rc = rc == 0 ? add_seq(w, query_seq(cursor), err) : rc == 1 ? 0 : rc;
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

/* "sha256:<hex>" and "<hex>" also name artifacts. */
static void full_id(struct request *w, char id[LOG_ARTIFACT_ID + 32]) {
    if (w->o.artifact != NULL && strncmp(w->o.artifact, "sha256:", 7) == 0 && strlen(w->o.artifact) == 71) {
        memcpy(id, "artifact:", 9);
        memcpy(id + 9, w->o.artifact, 72);
        w->o.artifact = id;
    }
}

/* ---- doing it ---- */

/* Removes the old files; reports when that fails. *ret_gone: they are gone. */
static int finish(struct cli *cli, struct ledger *ledger, bool *ret_gone, uint64_t *ret_pid) {
    struct err err = {0};
    int rc = log_erase_finish(ledger, cli->wait_ns != 0 ? cli->wait_ns : WAIT_DEFAULT_NS, ret_pid, &err);
    *ret_gone = rc == 0;
    if (rc == 0) return EXIT_GOOD;
    if (rc != ERR_TAMPERED) { /* that one means a database that was rolled back */
        err_prefix(&err, "what was erased cannot be read any more, but old files still hold it ('ledger erase --finish' "
                         "removes them)");
    }
    return cli_fail(cli, &err);
}

static int only_finish(struct cli *cli, struct ledger *ledger) {
    struct obj obj = {0};
    bool gone = false;
    uint64_t pid = 0;
    int exit_code = finish(cli, ledger, &gone, &pid);
    if (cli->json) {
        erase_say_files(&obj, gone, pid);
        int printed = cli_print(cli, &obj, true);
        if (exit_code == 0) exit_code = printed;
    }
    return exit_code;
}

static int declined(struct cli *cli) {
    return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "nothing was erased");
}

static int erase_artifact(struct cli *cli, struct ledger *ledger, const struct request *w, bool yes) {
    struct erase_said said = {.cli = cli, .plan = NULL};
    struct log_receipt receipt = {0};
    struct err err = {0};
    if (checked_unlocked(ledger, "ledger.erased", &err) != 0) return cli_fail(cli, &err);
    if (!confirm(cli, yes, "This stored file goes for good.")) return declined(cli);
    int rc = log_erase(ledger, &w->o, &receipt, &err);
    if (rc != 0) return cli_fail_lookup(cli, &err);
    erase_say_done(&said, &w->o, &receipt);
    int exit_code = finish(cli, ledger, &said.gone, &said.pid);
    int printed = erase_say(&said, ledger);
    erase_said_done(&said);
    return exit_code != 0 ? exit_code : printed;
}

/* An event given by its seq that has to stay refuses the whole request: the seq is probably wrong. */
static int refuse(struct cli *cli, const struct request *w, const struct erase_plan *plan) {
    static const enum erase_bar hard[] = {ERASE_NO_EVENT, ERASE_KEPT, ERASE_SIGNED};
    struct err err = {0};
    for (size_t i = 0; !w->conditions && i < sizeof(hard) / sizeof(hard[0]); i++) {
        if (plan->barred[hard[i]].n > 0) {
            int rc = hard[i] == ERASE_NO_EVENT ? ERR_NOTFOUND : ERR_INVALID;
            err_set(&err, rc, "nothing was erased: event %llu is %s", (unsigned long long)plan->barred[hard[i]].seq[0],
                    erase_bar_text(plan, hard[i]));
            return cli_fail_lookup(cli, &err);
        }
    }
    if (plan->n > 0) return 0;
    for (int bar = ERASE_NO_EVENT; bar < ERASE_BARS; bar++) {
        if (plan->barred[bar].n > 0) {
            return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "nothing to erase: %llu event%s %s",
                              (unsigned long long)plan->barred[bar].n, plan->barred[bar].n == 1 ? " is" : "s are",
                              erase_bar_text(plan, (enum erase_bar)bar));
        }
    }
    return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "no event matches");
}

static int erase_planned(struct cli *cli, struct ledger *ledger, const struct request *w, struct erase_said *said,
                         bool yes) {
    struct err err = {0};
    if (checked_unlocked(ledger, "ledger.erased", &err) != 0) return cli_fail(cli, &err);
    if (!yes && cli->err_tty) {
        erase_say_before(said);
    }
    if (!confirm(cli, yes, "This goes for good.")) return declined(cli);
    int rc = erase_plan_run(said->plan, ledger, &w->o, erase_say_done, said, &err);
    int exit_code = rc == 0 ? EXIT_GOOD : cli_fail_lookup(cli, &err);
    if (said->n_done > 0) {
        int finished = finish(cli, ledger, &said->gone, &said->pid);
        int printed = erase_say(said, ledger);
        if (exit_code == 0) exit_code = finished != 0 ? finished : printed;
    }
    return exit_code;
}

static int erase_events(struct cli *cli, struct ledger *ledger, struct request *w, const struct opt_args *args) {
    struct erase_plan plan = {.what = w->o.what, .fields = w->o.fields, .n_fields = w->o.n_fields};
    struct erase_left left = {0};
    struct erase_said said = {.cli = cli, .plan = &plan, .left = &left};
    struct err err = {0};
    int rc = w->conditions ? choose(cli, ledger, w, &err) : 0;
    int exit_code = rc == 0 ? 0 : rc == ERR_INVALID || rc == ERR_LIMIT ? cli_fail_input(cli, &err) : cli_fail(cli, &err);
    if (exit_code == 0) {
        rc = erase_plan_make(&plan, ledger, w->seqs.seq, w->seqs.n, &err);
        if (rc == 0) rc = erase_left_find(&left, &plan, ledger, &err);
        exit_code = rc == 0 ? refuse(cli, w, &plan) : cli_fail(cli, &err);
    }
    if (exit_code == 0) {
        bool dry = opt_has(args, &options[E_DRY_RUN]);
        exit_code =
            dry ? erase_say_plan(&said, ledger) : erase_planned(cli, ledger, w, &said, opt_has(args, &options[E_YES]));
    }
    erase_said_done(&said);
    erase_left_done(&left);
    erase_plan_done(&plan);
    return exit_code;
}

static int erase(struct cli *cli, const struct opt_args *args) {
    struct request w = {.field = {NULL}};
    struct ledger *ledger = NULL;
    struct err err = {0};
    char actor[128], id[LOG_ARTIFACT_ID + 32];
    w.o.actor = cli_actor(opt_text(args, &options[E_BY]), actor);
    int rc = read_request(args, &w, &err);
    full_id(&w, id);
    int exit_code = rc == ERR_INVALID    ? cli_usage(cli, "%s", err.msg)
                    : rc == ERR_NOTFOUND ? cli_fail_input(cli, &err)
                    : rc != 0            ? cli_fail(cli, &err)
                                         : 0;
    exit_code =
        exit_code != 0 ? exit_code : cli_open(cli, opt_has(args, &options[E_DRY_RUN]) ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code == 0) {
        exit_code = opt_has(args, &options[E_FINISH]) ? only_finish(cli, ledger)
                    : w.o.artifact != NULL            ? erase_artifact(cli, ledger, &w, opt_has(args, &options[E_YES]))
                                                      : erase_events(cli, ledger, &w, args);
    }
    log_close(ledger);
    ask_done(&w.ask);
    free(w.seqs.seq);
    free(w.names);
    return exit_code;
}

const struct spec spec_erase = {
    .synopsis = "SEQ... | CONDITIONS --body | --private FIELDS | --all-private; --artifact ID; --finish",
    .about = "Erases bodies, private fields or a stored file for good, and records that in a ledger.erased\n"
             "event. Headers and commitments stay, so every hash and signature still holds. The database is\n"
             "then copied without the erased content and the old files are overwritten, which needs as much\n"
             "space again. Earlier backups and bundles still contain it; the exports that disclosed it are\n"
             "named.\n\n"
             "Events that have none of this content are skipped; if an event named by its number must not be\n"
             "erased, nothing is. Asks for confirmation on a terminal. Exit code 1 if there is nothing (left)\n"
             "to erase, 4 if another process keeps the old files open: end it, then run 'ledger erase\n"
             "--finish'.",
    .examples = "ledger erase 118 --private prompt,output --reason request\n"
                "ledger erase --run 4f1c2a --private prompt --dry-run\n"
                "ledger erase --grep ada@example.org --all-private --reason request\n"
                "ledger erase 118 119 --body --reason mistake --note 'the wrong customer'\n"
                "ledger erase --artifact artifact:sha256:2c26...ae --reason retention",
    .opts = options,
    .max_args = CLI_MANY,
    .run = erase,
};
