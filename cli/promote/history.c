/* promote history: the rows of live_versions. Each lasts until the next of the same entity. */
#include <stdio.h>
#include <string.h>

#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "cli/promote/promote.h"
#include "cli/view/asof.h"
#include "projections/ready/promotions.h"
#include "projections/view/look.h"

enum { H_AT };
static const struct opt history_options[] = {
    [H_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    {0},
};

/* One switch, copied: it is printed when the next one says until when it lasted. */
struct lasting {
    char of[2 * PROMOTE_TEXT], digest[PROMOTE_TEXT], version[PROMOTE_TEXT], promotion[PROMOTE_TEXT], by[16];
    char policy[PROMOTE_TEXT], policy_digest[PROMOTE_TEXT];
    uint64_t from, seq;
};

struct telling {
    struct fact_table table;
    struct lasting held;
    size_t n;
};

static void copy(const struct row *row, size_t column, char *ret, size_t size) {
    struct bytes text = row_text(row, column);
    snprintf(ret, size, "%.*s", REASON_PART(text, size - 1));
}

static void put_held(struct telling *t, uint64_t until) {
    const struct lasting *h = &t->held;
    if (h->of[0] == '\0') return;
    const struct fact facts[] = {
        fact_text("OF", "of", h->of),
        fact_time("FROM", "from", h->from),
        fact_said(fact_time("UNTIL", "until", until), until == UINT64_MAX ? "now" : NULL),
        fact_said(fact_text("DIGEST", "digest", h->digest[0] != '\0' ? h->digest : NULL), h->digest[0] != '\0' ? NULL
                                                                                          : strcmp(h->by, "promoted") == 0
                                                                                              ? "unknown"
                                                                                              : "nothing"),
        fact_text("VERSION", "version", h->version[0] != '\0' ? h->version : NULL),
        fact_text("PROMOTION", "promotion", h->promotion),
        fact_text("STEP", "step", h->by),
        fact_text("GATES", "policy", h->policy[0] != '\0' ? h->policy : NULL),
        fact_text(NULL, "policy_digest", h->policy_digest[0] != '\0' ? h->policy_digest : NULL),
        fact_count("EVENT", "seq", h->seq),
    };
    fact_row(&t->table, facts, sizeof(facts) / sizeof(facts[0]));
    t->n++;
}

static void take(struct telling *t, const struct row *row) {
    struct lasting next;
    copy(row, LIVE_OF, next.of, sizeof(next.of));
    copy(row, LIVE_DIGEST, next.digest, sizeof(next.digest));
    copy(row, LIVE_VERSION, next.version, sizeof(next.version));
    copy(row, LIVE_PROMOTION, next.promotion, sizeof(next.promotion));
    copy(row, LIVE_BY, next.by, sizeof(next.by));
    copy(row, LIVE_POLICY, next.policy, sizeof(next.policy));
    copy(row, LIVE_POLICY_DIGEST, next.policy_digest, sizeof(next.policy_digest));
    next.from = (uint64_t)row_int(row, LIVE_AT);
    next.seq = (uint64_t)row_int(row, LIVE_SEQ);
    put_held(t, strcmp(t->held.of, next.of) == 0 ? next.from : UINT64_MAX);
    t->held = next;
}

static int tell(struct asof *view, const struct opt_args *args) {
    struct telling t = {.table = {.cli = view->cli}};
    struct state_rows *rows = NULL;
    const struct row *row;
    struct obj whole = {0};
    struct err err = {0};
    struct bytes of = bytes_of(args->n_args > 0 ? args->args[0] : "");
    size_t table = state_table_find(view->state, "live_versions");
    asof_warn(view, table);
    asof_put(view, table, &whole);
    int rc = look_rows(view->state, "live_versions", &of, args->n_args > 0, &rows, &err);
    while (rc == 0 && (rc = look_next(rows, &row, &err)) == 0) {
        take(&t, row);
    }
    state_rows_close(rows);
    put_held(&t, UINT64_MAX);
    int exit_code = fact_end(&t.table, &whole, "live");
    if (rc < 0) return asof_fail_lookup(view, &err);
    if (exit_code == 0 && t.n == 0) {
        return cli_refuse(view->cli, EXIT_NO, ERR_NOTFOUND, "nothing was promoted%s%.120s", of.n > 0 ? " of " : "",
                          args->n_args > 0 ? args->args[0] : "");
    }
    return exit_code;
}

static int history(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, opt_text(args, &history_options[H_AT]));
    if (exit_code == 0) exit_code = asof_exit(&view, tell(&view, args));
    asof_close(&view);
    return exit_code;
}

const struct spec promote_history = {
    .synopsis = "[WHAT/NAME] [--at WHEN]",
    .about = "Shows which version was live from when until when: where a link leads to what is live, from the\n"
             "moment at which it was switched and read back; otherwise from the decision on. With --at, as the\n"
             "log told it then: the last line is what was live. Exit code 1 if nothing was promoted.",
    .examples = "ledger promote history route/summarise\nledger promote history route/summarise --at 2026-11-21",
    .opts = history_options,
    .max_args = 1,
    .run = history,
};
