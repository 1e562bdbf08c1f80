/* why: the chain of causes that leads up from an event; why_state.c has the states. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/log/corrected.h"
#include "cli/log/damage.h"
#include "cli/log/tree.h"
#include "cli/open/open.h"
#include "cli/print/summary.h"
#include "cli/print/table.h"
#include "cli/print/when.h"
#include "cli/states/why_state.h"

enum { W_AT, W_TIME };
static const struct opt options[] = {
    [W_AT] = {"at", 0, "WHEN", "a state as of a sequence number, a time, the end of a date, or an age (2h, 7d)"},
    [W_TIME] = {"time", 0, "HOW", "times: utc (default), local, relative"},
    {0},
};

#define CHAIN_MAX 10000 /* events */

struct why {
    struct cli *cli;
    struct ledger *ledger;
    struct damage damage;
    struct log_reader *reader;
    struct tree tree; /* of the run used last */
    struct buf run;   /* its id */
    struct table *table;
    struct obj chain;
    enum when_style style;
    uint64_t now, size, shown;
    struct buf scratch;
    struct corrected corrected;
};

/* ---- one line ---- */

static void put_text(struct why *w, const struct log_event *event, enum tree_via via) {
    const char *name = tree_via_name(via);
    table_uint(w->table, event->seq);
    table_text(w->table, name ? name : "");
    buf_clear(&w->scratch);
    when_text(&w->scratch, event->time, w->style, w->now);
    table_cell(w->table, bytes_of_buf(&w->scratch));
    table_cell(w->table, event->kind);
    table_cell(w->table, event->subject);
    buf_clear(&w->scratch);
    corrected_put(&w->corrected, event->seq, &w->scratch);
    summary_put(event->kind, event->body, NULL, &w->scratch);
    table_cell(w->table, bytes_of_buf(&w->scratch));
}

static int put_json(struct why *w, const struct log_event *event, enum tree_via via, struct err *err) {
    struct obj step = {0};
    struct buf mp = {.max = LOG_BATCH_BYTES_MAX};
    buf_clear(&w->scratch);
    int rc = log_event_json(event, (struct bytes){0}, false, &w->scratch, err);
    if (rc == 0) rc = json_to_mp(bytes_of_buf(&w->scratch), &mp, err);
    if (rc == 0) {
        obj_text(&step, "via", tree_via_name(via));
        obj_raw(&step, "event", bytes_of_buf(&mp));
        const struct corrected_one *one = corrected_find(&w->corrected, event->seq);
        if (one != NULL) {
            obj_uint(&step, "corrected_by", one->by);
        }
        obj_obj(&w->chain, NULL, &step);
    }
    obj_done(&step);
    buf_done(&mp);
    return rc;
}

static int put(struct why *w, const struct log_event *event, enum tree_via via, struct err *err) {
    w->shown++;
    if (!w->cli->json) {
        put_text(w, event, via);
        return 0;
    }
    return put_json(w, event, via, err);
}

/* ---- going up ---- */

/* Finds what the event depends on within its run, where it names no cause itself. */
static int ask_run(struct why *w, uint64_t seq, struct bytes run, uint64_t *ret, enum tree_via *ret_via, struct err *err) {
    struct query all;
    int rc = 0;
    query_init(&all);
    if (run.n == 0) return 0;
    if (!bytes_eq(bytes_of_buf(&w->run), run)) {
        tree_done(&w->tree);
        tree_init(&w->tree);
        buf_clear(&w->run);
        buf_put_bytes(&w->run, run);
        rc = tree_add_run(&w->tree, w->ledger, bytes_of_buf(&w->run), &all, damage_note, &w->damage, err);
        if (rc == 0) rc = tree_link(&w->tree, err);
    }
    size_t at = rc == 0 ? tree_find(&w->tree, seq) : SIZE_MAX;
    if (at != SIZE_MAX && w->tree.nodes[at].parent != SIZE_MAX) {
        *ret = w->tree.nodes[w->tree.nodes[at].parent].seq;
        *ret_via = w->tree.nodes[at].via;
    }
    return rc;
}

static bool is_in_chain(const uint64_t *chain, size_t n, uint64_t seq) {
    for (size_t i = 0; i < n; i++) {
        if (chain[i] == seq) return true;
    }
    return false;
}

static int climb(struct why *w, uint64_t seq, struct err *err) {
    enum tree_via via = TREE_ROOT;
    uint64_t *chain = calloc(CHAIN_MAX, sizeof(*chain));
    size_t n = 0;
    int rc = chain ? corrected_load(w->ledger, 0, &w->corrected, err) : err_set(err, ERR_NOMEM, "out of memory");
    while (rc == 0 && seq != LOG_NO_SEQ && !is_in_chain(chain, n, seq)) {
        struct log_event event;
        uint64_t up = LOG_NO_SEQ;
        if (n == CHAIN_MAX) {
            rc = err_set(err, ERR_LIMIT, "the chain is longer than %d events", CHAIN_MAX);
            break;
        }
        chain[n++] = seq;
        log_reader_seek(w->reader, seq);
        rc = log_reader_next(w->reader, &event, err);
        rc = rc == 1 ? err_set(err, ERR_CORRUPT, "event %llu is missing", (unsigned long long)seq) : rc;
        if (rc == 0) rc = put(w, &event, via, err);
        if (rc == 0 && event.has_cause) {
            up = event.cause;
            via = TREE_CAUSE;
        } else if (rc == 0) {
            rc = ask_run(w, seq, event.run, &up, &via, err);
        }
        seq = up;
    }
    corrected_done(&w->corrected);
    free(chain);
    return rc;
}

/* ---- the command ---- */

/* The newest event that states an artifact of this digest. */
static int find_artifact(struct why *w, struct bytes digest, uint64_t *ret, struct err *err) {
    const struct query_value kind = {.type = QUERY_TEXT, .text = bytes_of("run.artifact")};
    const struct query_value value = {.type = QUERY_TEXT, .text = digest};
    const struct query_term terms[] = {
        {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1},
        {.field = query_field_find(bytes_of("digest")), .op = QUERY_EQ, .values = &value, .n_values = 1}};
    struct query q;
    query_init(&q);
    q.terms = terms;
    q.n_terms = 2;
    int rc = tree_add_query(&w->tree, w->ledger, &q, damage_note, &w->damage, err);
    if (rc == 0 && w->tree.n == 0) {
        rc = err_set(err, ERR_NOTFOUND, "no event states an artifact of the digest '%.80s'", (const char *)digest.p);
    }
    *ret = 0;
    for (size_t i = 0; rc == 0 && i < w->tree.n; i++) {
        *ret = w->tree.nodes[i].seq > *ret ? w->tree.nodes[i].seq : *ret;
    }
    tree_done(&w->tree);
    tree_init(&w->tree);
    return rc;
}

static int print(struct why *w, uint64_t seq) {
    static const struct table_column columns[] = {{"SEQ", TABLE_RIGHT, 0},     {"VIA", TABLE_KEEP, 0},
                                                  {"TIME", TABLE_KEEP, 0},     {"KIND", TABLE_KEEP, 30},
                                                  {"SUBJECT", TABLE_TAIL, 36}, {"BODY", 0, 0}};
    struct err err = {0};
    struct log_head head = {0};
    struct obj whole = {0};
    int exit_code = 0;
    int rc = log_head(w->ledger, &head, &err);
    if (rc == 0 && seq >= head.size) {
        rc = err_set(&err, ERR_NOTFOUND, "there is no event %llu: the ledger has %llu, the newest is %llu",
                     (unsigned long long)seq, (unsigned long long)head.size, (unsigned long long)head.size - 1);
    }
    if (rc == 0) rc = log_reader_open(w->ledger, 0, head.size, &w->reader, &err);
    if (rc != 0) return cli_fail_lookup(w->cli, &err);
    w->table = w->cli->json ? NULL : table_new(w->cli, columns, sizeof(columns) / sizeof(columns[0]));
    rc = climb(w, seq, &err);
    if (w->cli->json && w->shown > 0) {
        obj_text(&whole, "schema", "ledger.why/1");
        obj_uint(&whole, "size", head.size);
        obj_list(&whole, "chain", &w->chain);
        damage_put(&w->damage, &whole);
        exit_code = cli_print(w->cli, &whole, false);
    } else if (w->shown > 0) {
        exit_code = table_end(w->table);
    } else {
        table_drop(w->table);
    }
    exit_code = exit_code == 0 && w->damage.n > 0 ? EXIT_INVALID : exit_code;
    return rc != 0 ? cli_fail_lookup(w->cli, &err) : exit_code;
}

static int why(struct cli *cli, const struct opt_args *args) {
    struct why w = {.cli = cli, .now = clock_wall_ns()};
    const char *style = opt_text(args, &options[W_TIME]);
    struct err err = {0};
    uint64_t seq = 0;
    if (style && when_style(style, &w.style, &err) != 0) return cli_usage(cli, "%s", err.msg);
    const struct bytes word = bytes_of(args->args[0]);
    bool artifact = bytes_has_prefix(word, "sha256:");
    if (why_state_is(args->args[0]) && !artifact) {
        return why_state(cli, args->args[0], opt_text(args, &options[W_AT]), w.style);
    }
    if (!artifact && (text_parse_u64(word, &seq) != 0 || seq >= INT64_MAX)) {
        return cli_usage(
            cli, "'%.100s' is not a sequence number, NOUN/NAME or digest (expected for example 118 or pack/pdf-ops-pack)",
            args->args[0]);
    }
    if (opt_has(args, &options[W_AT])) {
        return cli_usage(cli, "--at is for things with a state; what led to an event does not change");
    }
    int exit_code = cli_open(cli, CLI_READ, &w.ledger);
    if (exit_code != 0) return exit_code;
    tree_init(&w.tree);
    damage_init(&w.damage, cli);
    buf_init(&w.run, 4096);
    buf_init(&w.scratch, LOG_BATCH_BYTES_MAX);
    int rc = artifact ? find_artifact(&w, word, &seq, &err) : 0;
    bool other = rc == ERR_NOTFOUND; /* things that have a state may be named by a digest as well */
    exit_code = rc == 0 ? print(&w, seq) : other ? 0 : cli_fail_lookup(cli, &err);
    log_reader_close(w.reader);
    buf_done(&w.scratch);
    buf_done(&w.run);
    obj_done(&w.chain);
    damage_done(&w.damage);
    tree_done(&w.tree);
    log_close(w.ledger);
    return other ? why_state(cli, args->args[0], opt_text(args, &options[W_AT]), w.style) : exit_code;
}

const struct spec spec_why = {
    .synopsis = "[NOUN/]NAME [--at WHEN] | SEQ | DIGEST",
    .about = "NOUN/NAME names something that has a state (pack/..., route/..., model/..., permission/...,\n"
             "package/..., run/..., verdict/...). Shows its state and the reason, what belongs to it, and the\n"
             "events behind it; for a failed run, what went wrong and how it differs from the last good run of\n"
             "its pack. Corrected events do not count there, and are named. The NOUN may be omitted if the\n"
             "NAME is unique.\n\n"
             "With a SEQ, shows what led to the event: the event, its cause, the cause of that and so on, one\n"
             "per line, up to an event that has none. If no cause is recorded, the run's calls and spans say\n"
             "what the event belongs to; the column VIA says which it was: cause, call, span or run. With the\n"
             "DIGEST of an artifact of a run, sha256:..., the same of the newest event that states it.\n\n"
             "Exit code 1 if there is no such entity or event (the nearest name is suggested), 30 if events\n"
             "that the answer needs cannot be read.",
    .examples = "ledger why pack/pdf-ops-pack\nledger why route/summarise --at 2026-11-20\n"
                "ledger why 118\nledger why sha256:$(sha256sum <made/report | cut -c1-64)\nledger why 118 --json | jq "
                "'.chain[].event.kind'",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = why,
};
