/* promote status: the state of one promotion, what it lacks, and the command that comes next; or a line for each that is in
 * progress or not applied. */
#include <stdio.h>
#include <string.h>

#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "cli/promote/closed.h"
#include "cli/promote/drift.h"
#include "cli/promote/follow.h"
#include "cli/promote/promote.h"
#include "cli/states/entities.h"
#include "cli/view/asof.h"
#include "cli/view/entity.h"
#include "cli/view/listing.h"
#include "projections/ready/promotions.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

enum { S_AT };
static const struct opt status_options[] = {
    [S_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    {0},
};

/* Does the link of this promotion lead elsewhere, or is its version not whole, where it answers for it? */
static int find_drift(struct asof *view, const struct row *row, bool whole, struct drift *ret, struct err *err) {
    struct promote_known known;
    struct follow follow;
    ret->is = false;
    int looked = follow_look(view->state, row, &follow, err);
    if (looked == 0 && follow.strays) {
        struct buf remedy = {.max = 4096};
        buf_clear(&ret->remedy);
        follow_say(&follow, ret->words, sizeof(ret->words), &remedy);
        cli_command(view->cli, bytes_of_buf(&remedy), &ret->remedy);
        buf_done(&remedy);
        ret->is = true;
    }
    if (looked != 0 || ret->is || !row_bool(row, PROMOTIONS_LINKED)) return looked;
    promote_take(row, &known);
    int rc = promotions_link_end(view->state, row, &known.end, err);
    if (rc == 0) drift_find(view->cli, view->ledger, &known, whole, ret);
    return rc;
}

struct telling {
    struct asof *view;
    struct fact_table table;
    struct buf next, lacks; /* the first remedy, and what for */
    size_t n;
    bool now, one; /* the links are looked at; only one was asked for */
    bool barred;   /* of the row: what bars it besides its own steps comes first */
    struct drift drift;
};

static void put_next(struct telling *t, struct bytes remedy, struct buf *out) {
    buf_clear(out);
    cli_command(t->view->cli, remedy, out);
}

/* What bars it besides its own steps comes first: a step taken before would be in vain. */
static bool bars(struct bytes item) {
    static const char *const rules[] = {"promotion.live", "promotion.pending", "promotion.debate"};
    struct bytes rule;
    for (size_t i = 0; list_text(item, "rule", &rule) && i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (bytes_is(rule, rules[i])) return true;
    }
    return false;
}

/* The first finding that helps, and its words. */
static bool take_finding(struct telling *t, const struct row *row, bool only_bars) {
    struct list list;
    struct bytes item, remedy, reason;
    list_open(&list, row_list(row, PROMOTIONS_MISSING));
    while (list_next(&list, &item)) {
        if ((only_bars && !bars(item)) || !list_text(item, "remedy", &remedy) || !list_text(item, "reason", &reason)) {
            continue;
        }
        put_next(t, remedy, &t->next);
        buf_put_bytes(&t->lacks, reason);
        return true;
    }
    return false;
}

/* The first remedy; of a promotion that lacks nothing the promotion itself. */
static void find_next(struct telling *t, const struct row *row) {
    buf_clear(&t->next);
    buf_clear(&t->lacks);
    t->barred = take_finding(t, row, true);
    if (t->barred || take_finding(t, row, false)) return;
    if (promotions_is_under_way(row)) {
        struct buf command = {.max = 4096};
        buf_put_str(&command, "ledger promote apply ");
        readiness_put_word(&command, row_text(row, PROMOTIONS_PROMOTION));
        buf_put_str(&command, row_is(row, PROMOTIONS_TIER, "T3") ? " --tripcode FILE" : "");
        put_next(t, bytes_of_buf(&command), &t->next);
        buf_done(&command);
    }
}

/* "promoted, not applied", "rolled back (regression)" */
static void say_state(const struct row *row, bool drifted, char *ret, size_t size) {
    struct bytes state = row_text(row, PROMOTIONS_STATE), why = row_text(row, PROMOTIONS_REASON);
    bool back = bytes_is(state, "idle") && row_has(row, PROMOTIONS_PLANNED_SEQ);
    bool ended = back || bytes_is(state, "aborted");
    snprintf(ret, size, "%.*s%s%.*s%s%s%s", REASON_PART(back ? bytes_of("rolled back") : state, 20),
             ended && why.n > 0 ? " (" : "", REASON_PART(ended ? why : (struct bytes){0}, 40),
             ended && why.n > 0 ? ")" : "", row_has(row, PROMOTIONS_UNAPPLIED) ? ", not applied" : "",
             drifted ? ", drift" : "");
}

static int tell_row(void *ctx, const struct row *row, struct err *err) {
    struct telling *t = ctx;
    struct buf of = {.max = 4 * ROW_TEXT_MAX};
    struct bytes state = row_text(row, PROMOTIONS_STATE), gate = row_text(row, PROMOTIONS_GATE);
    bool unapplied = row_has(row, PROMOTIONS_UNAPPLIED), over = !promotions_is_under_way(row);
    char words[128];
    int rc = t->now ? find_drift(t->view, row, t->one, &t->drift, err) : 0;
    bool drifted = rc == 0 && t->now && t->drift.is;
    promotions_put_of(row, &of);
    find_next(t, row);
    if (drifted) {
        buf_clear(&t->lacks);
        buf_put_str(&t->lacks, t->drift.words);
        buf_clear(&t->next);
        buf_put_bytes(&t->next, bytes_of_buf(&t->drift.remedy));
    }
    struct buf closed = {.max = 4096}, help = {.max = 16384};
    if (rc == 0) rc = closed_names(t->view->ledger, row, &closed, err);
    if (rc == 0) rc = closed_next(t->view->ledger, row, &help, err);
    if (help.n > 0 && !t->barred) put_next(t, bytes_of_buf(&help), &t->next);
    if (closed.n > 0) {
        buf_put_str(&t->lacks, " (closed: ");
        buf_put_bytes(&t->lacks, bytes_of_buf(&closed));
        buf_put_str(&t->lacks, ")");
    }
    over = over && !bytes_is(state, "promoted"); /* what the gates said then says nothing now */
    say_state(row, drifted, words, sizeof(words));
    const struct fact facts[] = {
        fact_str("PROMOTION", "promotion", row_text(row, PROMOTIONS_PROMOTION)),
        fact_said(fact_str("STATE", "state", state), words),
        fact_str("OF", "of", bytes_of_buf(&of)),
        fact_str("DIGEST", "digest",
                 row_has(row, PROMOTIONS_DIGEST) ? row_text(row, PROMOTIONS_DIGEST) : (struct bytes){0}),
        fact_str("DEBATE", "debate",
                 row_has(row, PROMOTIONS_DEBATE) ? row_text(row, PROMOTIONS_DEBATE) : (struct bytes){0}),
        fact_str("GATE", "gate", gate.n > 0 && !over ? gate : (struct bytes){0}),
        fact_str("GATES", "policy", row_has(row, PROMOTIONS_POLICY) ? row_text(row, PROMOTIONS_POLICY) : (struct bytes){0}),
        fact_str(NULL, "policy_digest", row_text(row, PROMOTIONS_POLICY_DIGEST)),
        fact_str(NULL, "policy_before", row_text(row, PROMOTIONS_POLICY_BEFORE)),
        fact_said(fact_str(NULL, "unapplied", unapplied ? row_text(row, PROMOTIONS_UNAPPLIED) : (struct bytes){0}), ""),
        fact_said(fact_text(NULL, "drift", drifted ? t->drift.words : NULL), ""),
        fact_str(NULL, "closed", closed.n > 0 ? bytes_of_buf(&closed) : (struct bytes){0}),
        fact_str("LACKS", "lacks", t->lacks.n > 0 ? bytes_of_buf(&t->lacks) : (struct bytes){0}),
        fact_str("NEXT", "next", t->next.n > 0 ? bytes_of_buf(&t->next) : (struct bytes){0}),
    };
    if (rc == 0) {
        fact_row(&t->table, facts, sizeof(facts) / sizeof(facts[0]));
        t->n++;
    }
    buf_done(&of);
    buf_done(&closed);
    buf_done(&help);
    return rc;
}

static int tell_all(struct telling *t, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    size_t table = state_table_find(t->view->state, "promotions");
    int rc = state_rows_open(t->view->state, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        bool open = promotions_is_under_way(row) || row_has(row, PROMOTIONS_UNAPPLIED);
        if (!open && t->now) rc = find_drift(t->view, row, false, &t->drift, err);
        if (rc == 0 && (open || (t->now && t->drift.is))) rc = tell_row(t, row, err);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

/* By which gates it was verified, and which of them are closed. */
static int tell_gates(struct telling *t, const struct row *row, struct err *err) {
    struct bytes name = row_text(row, PROMOTIONS_POLICY), digest = row_text(row, PROMOTIONS_POLICY_DIGEST),
                 before = row_text(row, PROMOTIONS_POLICY_BEFORE);
    if (digest.n > 0) {
        out_printf(t->view->cli, "  verified by gates '%.*s' (%.*s)%s%.*s\n", (int)name.n,
                   name.n > 0 ? (const char *)name.p : "", (int)digest.n, (const char *)digest.p,
                   before.n > 0 ? ", in place of " : "", (int)before.n, before.n > 0 ? (const char *)before.p : "");
    }
    return closed_print(t->view->cli, t->view->ledger, row, err);
}

/* What is lacking, below the line of one. */
static int tell_lacks(void *ctx, const struct row *row, struct err *err) {
    struct telling *t = ctx;
    struct list list;
    struct bytes item, reason, remedy;
    struct buf command = {.max = 16384};
    int rc = tell_gates(t, row, err);
    list_open(&list, row_list(row, PROMOTIONS_MISSING));
    while (list_next(&list, &item)) {
        remedy.n = 0;
        buf_clear(&command);
        if (!list_text(item, "reason", &reason)) continue;
        if (list_text(item, "remedy", &remedy)) {
            put_next(t, remedy, &command);
        }
        out_printf(t->view->cli, "  %.*s%s%.*s\n", (int)reason.n, (const char *)reason.p, command.n > 0 ? "\n      " : "",
                   (int)command.n, command.n > 0 ? (const char *)command.p : "");
    }
    buf_done(&command);
    return rc;
}

static int tell(struct asof *view, const struct opt_args *args) {
    struct telling t = {.view = view, .table = {.cli = view->cli}, .next = {.max = 16384}, .lacks = {.max = 4096}};
    struct err err = {0};
    drift_init(&t.drift);
    const char *id = args->n_args > 0 ? args->args[0] : NULL;
    t.now = !opt_has(args, &status_options[S_AT]);
    t.one = id != NULL;
    struct bytes name = bytes_of(id != NULL ? id + (strncmp(id, "promotion/", 10) == 0 ? 10 : 0) : "");
    size_t table = state_table_find(view->state, "promotions");
    struct obj whole = {0};
    asof_warn(view, table);
    asof_put(view, table, &whole);
    int rc = id == NULL ? tell_all(&t, &err) : entity_each(view, table, name, tell_row, &t, &err);
    int exit_code = fact_end(&t.table, &whole, "promotions");
    if (rc == 0 && exit_code == 0 && id != NULL && !view->cli->json) {
        rc = entity_each(view, table, name, tell_lacks, &t, &err);
    }
    buf_done(&t.next);
    buf_done(&t.lacks);
    drift_done(&t.drift);
    if (rc != 0) return asof_fail_lookup(view, &err);
    if (exit_code == 0 && t.n == 0) {
        cli_note(view->cli, "ledger: promote status: nothing is in progress");
    }
    return exit_code;
}

static int status(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, opt_text(args, &status_options[S_AT]));
    if (exit_code == 0) exit_code = asof_exit(&view, tell(&view, args));
    asof_close(&view);
    return exit_code;
}

const struct spec promote_status = {
    .synopsis = "[ID] [--at WHEN]",
    .about = "Shows where a promotion is, all that keeps it from being promoted, each with the command that\n"
             "helps, and the command that comes next. Without ID all that are in progress or not applied, and\n"
             "those whose link somebody else moved. Of one promotion what is live is read too, and compared with\n"
             "what was applied; with --at no link is looked at.",
    .examples = "ledger promote status\nledger promote status swap",
    .opts = status_options,
    .max_args = 1,
    .run = status,
};

/* ---- list ---- */

/* The rows come from the log alone; what the links say now is added below them. */
static int note_drift(struct asof *view) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct err err = {0};
    struct drift drift;
    drift_init(&drift);
    int rc = state_rows_open(view->state, state_table_find(view->state, "promotions"), NULL, 0, &rows, &err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, &err)) == 0) {
        rc = find_drift(view, row, false, &drift, &err);
        if (rc == 0 && drift.is) {
            cli_note(view->cli, "ledger: promote list: '%.*s': %s%s%.*s", REASON_NAME(row_text(row, PROMOTIONS_PROMOTION)),
                     drift.words, drift.remedy.n > 0 ? ": " : "", (int)drift.remedy.n,
                     drift.remedy.n > 0 ? (const char *)drift.remedy.p : "");
        }
    }
    state_rows_close(rows);
    drift_done(&drift);
    return rc < 0 ? asof_fail_lookup(view, &err) : EXIT_GOOD;
}

static int list(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = entities_list.run(cli, args);
    if (exit_code > EXIT_NO || opt_has(args, &entities_list_options[L_AT])) return exit_code;
    int opened = asof_again(&view, cli);
    if (opened == 0) opened = note_drift(&view);
    asof_close(&view);
    return opened != 0 ? opened : exit_code;
}

const struct spec promote_list = {
    .synopsis = "[--at WHEN] [--state STATE] [--with COLUMN=VALUE] [--last N] [--format FORMAT]",
    .about = "Lists promotions, one per line, as they are now or, with --at, as they were then. Conditions of\n"
             "different options must all hold. Without --at the links to what is live are looked at too: one that\n"
             "somebody else moved is named on standard error. Exit code 1 if nothing matched.",
    .opts = entities_list_options,
    .run = list,
};
