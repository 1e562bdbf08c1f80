/* attest: the digests of projections as events, so that whoever replays the log can compare. */
#include <stdio.h>

#include "base/mp.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/care/projections.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "projections/attest/digests.h"

enum { A_ACTOR };
static const struct opt options[] = {
    [A_ACTOR] = {"actor", 'a', "WHO", "who attests (default: user:<login name>)"},
    {0},
};

struct attested {
    struct fact_table table;
    size_t n;
};

static void put_event(struct attested *a, const struct log_event *event) {
    const struct fact facts[] = {fact_count("SEQ", "seq", event->seq),
                                 fact_str("PROJECTION", "projection", mp_get_text(event->body, "projection")),
                                 fact_count("VERSION", "version", mp_get_uint(event->body, "version", LOG_NO_SEQ)),
                                 fact_count("POSITION", "position", mp_get_uint(event->body, "position", LOG_NO_SEQ)),
                                 fact_count(NULL, "rows", mp_get_uint(event->body, "rows", LOG_NO_SEQ)),
                                 fact_str("DIGEST", "digest", mp_get_text(event->body, "digest")),
                                 fact_hash(NULL, "leaf", event->leaf)};
    a->n++;
    fact_row(&a->table, facts, sizeof(facts) / sizeof(facts[0]));
}

/* What was written, as it is in the log. Somebody else may have attested at the same time. */
static int read_back(struct attested *a, struct ledger *ledger, uint64_t from, size_t n, const char *actor,
                     struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    int rc = log_reader_open(ledger, from, LOG_NO_SEQ, &reader, err);
    while (rc == 0 && a->n < n && (rc = log_reader_next(reader, &event, err)) == 0) {
        if (bytes_is(event.kind, "ledger.projection_attested") && bytes_is(event.actor, actor)) {
            put_event(a, &event);
        }
    }
    log_reader_close(reader);
    return rc == 1 ? 0 : rc;
}

static int print(struct cli *cli, struct ledger *ledger, uint64_t from, size_t n, const char *actor) {
    struct attested a = {.table = {.cli = cli}};
    struct log_head head = {0};
    struct err err = {0};
    struct obj whole = {0};
    int rc = read_back(&a, ledger, from, n, actor, &err);
    if (rc == 0) rc = log_head(ledger, &head, &err);
    obj_text(&whole, "schema", "ledger.attest/1");
    obj_uint(&whole, "size", head.size);
    obj_hex(&whole, "root", head.root, LOG_HASH);
    int exit_code = fact_end(&a.table, rc == 0 ? &whole : NULL, "attested");
    obj_done(&whole);
    return rc != 0 ? cli_fail(cli, &err) : exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    char login[128];
    const char *actor = cli_actor(opt_text(args, &options[A_ACTOR]), login);
    struct state_options how;
    struct out_progress progress;
    struct ledger *ledger = NULL;
    struct log_head head = {0};
    struct err err = {0};
    uint32_t which = 0;
    size_t n = 0;
    int exit_code = projections_read(cli, args, &which);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    state_options_init(&how);
    out_progress_init(&progress, cli, "catching up");
    how.stop = stop_catch();
    how.progress = out_progress_draw;
    how.progress_ctx = &progress;
    int rc = log_head(ledger, &head, &err);
    if (rc == 0) rc = rebuild_attest(ledger, &how, which, actor, &n, &err);
    out_progress_end(&progress);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (n == 0) {
        exit_code = cli_refuse(cli, EXIT_NO, ERR_CONFLICT,
                               "nothing was attested: what was asked for is stale or stopped; 'ledger state' says why");
    } else {
        exit_code = print(cli, ledger, head.size, n, actor);
    }
    log_close(ledger);
    return exit_code;
}

const struct spec spec_attest = {
    .synopsis = "[NAME ...] [--actor WHO]",
    .about = "Writes, for each projection, an event with the digest of its states as of now\n"
             "(ledger.projection_attested). Anyone who has the log, or a bundle of it, can replay it and must\n"
             "get the same digest. Stale and stopped projections are skipped; exit code 1 if none is left.",
    .examples = "ledger attest\nledger attest packs routes permissions",
    .opts = options,
    .max_args = CLI_MANY,
    .run = run,
};
