/* state: the projections, the rows of one of their tables, or one row. */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/print/cell.h"
#include "cli/print/say.h"
#include "cli/states/state_summary.h"
#include "cli/states/states_doc.h"
#include "cli/view/entity.h"
#include "cli/view/explain.h"
#include "cli/view/listing.h"
#include "projections/ready/readiness.h"
#include "projections/walk/since.h"

enum { S_DIGEST = LISTING_OPTS, S_NAMES, S_MARKDOWN, S_PROJECTIONS, S_RULES };
static const struct opt options[] = {
    LISTING_OPTIONS,
    [S_DIGEST] = {"digest", 0, NULL, "also the digest of each projection's rows; reads them all"},
    [S_NAMES] = {"names", 0, NULL, "only the names of the tables"},
    [S_MARKDOWN] = {"markdown", 0, NULL, "instead: a description of all tables and columns, as Markdown"},
    [S_PROJECTIONS] = {"projections", 0, NULL, "how far the projections are folded, and which are stale or stopped"},
    [S_RULES] = {"rules", 0, NULL,
                 "instead: the rules of readiness, which keep a pack, a route or an evaluation from counting"},
    {0},
};

#define DOC_MAX      ((size_t)4 << 20)
#define KEY_TEXT_MAX ((size_t)1 << 16)

/* ---- the projections ---- */

enum { C_NAME, C_CONDITION, C_VERSION, C_POSITION, C_LAG, C_ROWS, C_DIGEST, C_TABLES, C_STORED, C_STOPPED, C_WHY, C_N };

struct overview {
    struct asof *view;
    bool digest;
    enum rows_format format;
    struct rows_column columns[C_N];
    size_t which[C_N], n;
    struct rows *rows;
};

static void choose(struct overview *o) {
    static const char *const names[C_N] = {
        [C_NAME] = "projection", [C_CONDITION] = "condition", [C_VERSION] = "version", [C_POSITION] = "position",
        [C_LAG] = "lag",         [C_ROWS] = "rows",           [C_DIGEST] = "digest",   [C_TABLES] = "tables",
        [C_STORED] = "stored",   [C_STOPPED] = "stopped_seq", [C_WHY] = "stopped"};
    for (size_t i = 0; i < C_N; i++) {
        if ((i == C_DIGEST && !o->digest) || (i > C_TABLES && o->format == ROWS_TABLE)) continue;
        o->which[o->n] = i;
        snprintf(o->columns[o->n++].name, sizeof(o->columns[0].name), "%s", names[i]);
    }
}

static struct query_value number(uint64_t v) {
    return v <= INT64_MAX ? (struct query_value){.type = QUERY_INT, .int_ = (int64_t)v}
                          : (struct query_value){.type = QUERY_NULL};
}

static struct query_value text(const char *v) {
    return (struct query_value){.type = QUERY_TEXT, .text = bytes_of(v)};
}

/* Counts the rows of all its tables, as of the moment. */
static int count_rows(struct asof *view, size_t projection, uint64_t *ret, struct err *err) {
    uint64_t n = 0;
    int rc = 0;
    for (size_t t = 0; rc == 0 && t < state_tables(view->state); t++) {
        struct state_rows *rows = NULL;
        const struct row *row;
        if (state_table_projection(view->state, t) != projection) continue;
        rc = state_rows_open(view->state, t, NULL, 0, &rows, err);
        while (rc == 0 &&
               (rc = *view->stop ? err_set(err, ERR_BUSY, "interrupted") : state_rows_next_stored(rows, &row, err)) == 0) {
            n++;
        }
        state_rows_close(rows);
        rc = rc == 1 ? 0 : rc;
    }
    *ret = n;
    return rc;
}

/* Joined by commas, or as a list. */
static void put_tables(const struct projection *projection, bool plain, struct buf *out) {
    if (!plain) {
        mp_put_array(out, (uint32_t)projection->n_tables);
    }
    for (size_t t = 0; t < projection->n_tables; t++) {
        const char *name = projection->tables[t].name;
        if (plain) {
            buf_printf(out, "%s%s", t > 0 ? ", " : "", name);
        } else {
            mp_put_str(out, bytes_of(name));
        }
    }
}

static int put_projection(struct overview *o, size_t i, struct err *err) {
    struct query_value all[C_N] = {{0}}, values[C_N];
    struct state_status status;
    struct buf tables = {.max = KEY_TEXT_MAX};
    uint8_t hash[LOG_HASH];
    char digest[8 + 2 * LOG_HASH] = "sha256:";
    int rc = 0;
    state_status(o->view->state, i, &status);
    if (o->digest) {
        rc = state_digest(o->view->state, i, hash, &status.rows, err);
        text_hex(digest + 7, hash, sizeof(hash));
    } else {
        rc = count_rows(o->view, i, &status.rows, err);
    }
    if (rc != 0) return rc;
    put_tables(status.projection, o->format == ROWS_TABLE, &tables);
    all[C_NAME] = text(status.projection->name);
    all[C_CONDITION] = text(asof_condition(&status));
    all[C_VERSION] = number(status.stored ? status.version : status.projection->version);
    all[C_POSITION] = number(status.position);
    all[C_LAG] = number(status.lag);
    all[C_ROWS] = number(status.rows);
    all[C_DIGEST] = text(digest);
    all[C_TABLES].type = o->format == ROWS_TABLE ? QUERY_TEXT : QUERY_OTHER;
    all[C_TABLES].text = bytes_of_buf(&tables);
    all[C_STORED] = number(status.stored_position);
    all[C_STOPPED] = number(status.failed_seq);
    if (status.failed_seq != LOG_NO_SEQ) {
        all[C_WHY] = text(status.failed);
    }
    for (size_t k = 0; k < o->n; k++) {
        values[k] = all[o->which[k]];
    }
    rows_values(o->rows, values);
    buf_done(&tables);
    return 0;
}

static int overview(struct asof *view, const struct opt_args *args) {
    struct cli *cli = view->cli;
    struct overview o = {.view = view, .digest = opt_has(args, &options[S_DIGEST])};
    const char *format = opt_text(args, &options[L_FORMAT]);
    struct err err = {0};
    struct obj head = {0};
    o.format = cli->json ? ROWS_JSON : ROWS_TABLE;
    if (format && rows_format(format, &o.format, &err) != 0) return cli_usage(cli, "%s", err.msg);
    if (o.format == ROWS_TABLE && !o.digest && !opt_has(args, &options[S_PROJECTIONS])) {
        return state_summary(view);
    }
    choose(&o);
    asof_put(view, SIZE_MAX, &head);
    struct rows_options how = {.format = o.format,
                               .schema = "ledger.projections/1",
                               .list = "projections",
                               .head = &head,
                               .n = o.n,
                               .columns = o.columns};
    o.rows = rows_begin(cli, &how);
    obj_done(&head);
    int rc = o.rows ? 0 : err_set(&err, ERR_NOMEM, "no memory for the answer");
    for (size_t i = 0; rc == 0 && i < state_projections(view->state) && out_good(cli); i++) {
        rc = put_projection(&o, i, &err);
    }
    int exit_code = rows_end(o.rows, NULL);
    out_flush(cli);
    asof_warn(view, SIZE_MAX);
    return rc != 0 ? cli_fail(cli, &err) : exit_code;
}

static int list_names(struct cli *cli) {
    for (size_t p = 0; projection_all[p]; p++) {
        for (size_t t = 0; t < projection_all[p]->n_tables; t++) {
            out_printf(cli, "%s\n", projection_all[p]->tables[t].name);
        }
    }
    return EXIT_GOOD;
}

static int describe(struct cli *cli, void (*doc_of)(struct buf *out)) {
    struct buf doc = {.max = DOC_MAX};
    struct err err = {0};
    doc_of(&doc);
    int rc = buf_check(&doc, "the description", &err);
    if (rc == 0) {
        out_bytes(cli, bytes_of_buf(&doc));
    }
    buf_done(&doc);
    return rc == 0 ? EXIT_GOOD : cli_fail(cli, &err);
}

/* ---- one row ---- */

/* Takes the words as the keys when their number matches; else as one text that is split by trying. */
static int explain_keys(struct explanation *explanation, size_t table, char **words, size_t n, struct err *err) {
    struct asof *view = explanation->view;
    struct bytes parts[KEY_PARTS_MAX];
    struct row row;
    int rc = ERR_NOTFOUND;
    row_init(&row, state_table(view->state, table));
    if (n == entity_key_columns(state_table(view->state, table))) {
        for (size_t i = 0; i < n; i++) {
            parts[i] = bytes_of(words[i]);
        }
        rc = state_get(view->state, table, parts, n, &row, err);
        if (rc == 0) rc = since_find(view->state, &row, err);
        if (rc == 0) rc = explain_row(explanation, &row, err);
    }
    row_done(&row);
    if (rc == ERR_NOTFOUND) {
        struct buf joined = {.max = KEY_TEXT_MAX};
        for (size_t i = 0; i < n; i++) {
            buf_put_str(&joined, i > 0 ? "/" : "");
            buf_put_str(&joined, words[i]);
        }
        rc = buf_check(&joined, "the key", err);
        if (rc == 0) rc = entity_each(view, table, bytes_of_buf(&joined), explain_row, explanation, err);
        buf_done(&joined);
    }
    return rc;
}

static int show_one(struct asof *view, size_t table, const struct opt_args *args) {
    struct explanation explanation;
    struct err err = {0};
    enum when_style style = WHEN_UTC;
    const char *time = opt_text(args, &options[L_TIME]);
    if (listing_refuse(view->cli, args, options) != 0) return EXIT_USAGE;
    if (time && when_style(time, &style, &err) != 0) return cli_usage(view->cli, "%s", err.msg);
    asof_warn(view, table);
    explanation_init(&explanation, view, style, true);
    int rc = explain_keys(&explanation, table, args->args + 1, args->n_args - 1, &err);
    int exit_code = explain_end(&explanation, "ledger.state/1", table);
    return rc != 0 ? asof_fail_lookup(view, &err) : exit_code;
}

/* A projection has no rows of its own: names its tables. */
static int name_tables(struct asof *view, size_t i) {
    struct state_status status;
    struct buf names = {.max = KEY_TEXT_MAX};
    state_status(view->state, i, &status);
    put_tables(status.projection, true, &names);
    int exit_code = cli_usage(view->cli, "'%s' is a projection; its tables are %.*s", status.projection->name, (int)names.n,
                              (const char *)names.p);
    buf_done(&names);
    return exit_code;
}

static int answer(struct asof *view, const struct opt_args *args) {
    struct cli *cli = view->cli;
    if (args->n_args == 0) return overview(view, args);
    struct bytes word = bytes_of(args->args[0]);
    size_t table = entity_table(view, word);
    size_t projection = table == SIZE_MAX ? state_find(view->state, args->args[0]) : SIZE_MAX;
    if (projection != SIZE_MAX) return name_tables(view, projection);
    if (table == SIZE_MAX) {
        struct text_near near = {.text = args->args[0]};
        entity_suggest(view, true, &near);
        return cli_usage(cli, "unknown table '%.100s'%s ('ledger state' lists them)", near.text, text_near_words(&near));
    }
    if (opt_has(args, &options[S_DIGEST]) || opt_has(args, &options[S_PROJECTIONS])) {
        return cli_usage(cli, "--%s is about whole projections: no TABLE with it",
                         opt_has(args, &options[S_DIGEST]) ? "digest" : "projections");
    }
    return args->n_args == 1 ? listing_run(view, table, args, options) : show_one(view, table, args);
}

static int state(struct cli *cli, const struct opt_args *args) {
    static const int of_tables[] = {L_STATE, L_PACK, L_WITH, L_LAST, L_FIELDS};
    struct asof view = {0};
    static const int alone[] = {S_NAMES, S_MARKDOWN, S_RULES};
    int asked = 0, which = 0;
    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        which = opt_has(args, &options[alone[i]]) ? alone[i] : which;
        asked += opt_has(args, &options[alone[i]]);
    }
    if (asked > 1 || (asked > 0 && args->n_args > 0)) {
        return cli_usage(cli, "--%s takes no TABLE and no other of --names, --markdown and --rules", options[which].name);
    }
    if (asked > 0) {
        return which == S_NAMES ? list_names(cli) : describe(cli, which == S_RULES ? readiness_doc : states_doc);
    }
    for (size_t i = 0; args->n_args == 0 && i < sizeof(of_tables) / sizeof(of_tables[0]); i++) {
        if (opt_has(args, &options[of_tables[i]])) {
            return cli_usage(cli, "--%s goes with a TABLE: 'ledger state' lists them", options[of_tables[i]].name);
        }
    }
    int exit_code = asof_open(&view, cli, opt_text(args, &options[L_AT]));
    if (exit_code == 0) exit_code = asof_exit(&view, answer(&view, args));
    asof_close(&view);
    return exit_code;
}

const struct spec spec_state = {
    .synopsis = "[TABLE [KEY ...]] [--at WHEN] [CONDITIONS] [--fields COLUMN,...] [--format FORMAT]",
    .about = "Shows what is true now, folded from the events. Without arguments: the tables that have rows,\n"
             "and how many rows are in each state. With a TABLE: its rows. With a KEY too: one row with all\n"
             "its fields and the events that decide it.\n\n"
             "--projections, and --json without a TABLE, show how many events each projection has folded\n"
             "(position), how many are in the log but not stored yet (lag), and which projections are stale\n"
             "(stored by another version of the program) or stopped (at an event they cannot process). All of\n"
             "it is derived: 'ledger rebuild' computes it again from the log.\n\n"
             "--at answers as of then: right after an event, or at a time. Exit code 1 if nothing matched, 3\n"
             "for an invalid time or an event that does not exist yet.",
    .examples = "ledger state\nledger state routes --state 'declared*'\nledger state package dpkg curl\n"
                "ledger state permissions --at 2026-11-20 --json\nledger state model_names --with runtime=ollama",
    .opts = options,
    .max_args = CLI_MANY,
    .run = state,
};
