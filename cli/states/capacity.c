/* capacity: which models fit at once, what must be unloaded, what would be preempted. The plan is made in
 * projections/decide/capacity.h; recorded, it is hardware.planned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/act/decided.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "cli/view/asof.h"
#include "cli/view/entity.h"
#include "ledger/event/event.h"
#include "projections/decide/capacity.h"
#include "projections/ready/models.h"

#define WANTED_MAX 256
#define BODY_MAX   (4 * EVENT_BODY_MAX)

enum { C_HOST, C_ACTOR, C_DRY_RUN, C_AT };
static const struct opt options[] = {
    [C_HOST] = {"host", 0, "HOST", "which machine (default: the one profiled last)"},
    [C_ACTOR] = {"actor", 'a', "WHO", "who plans (default: user:<login name>)"},
    [C_DRY_RUN] = {"dry-run", 0, NULL, "write nothing: only show the plan"},
    [C_AT] = {"at", 0, "WHEN", ASOF_AT_HELP "; writes nothing"},
    {0},
};

struct planning {
    struct bytes host;
    struct bytes wanted[WANTED_MAX];
    char *names[WANTED_MAX]; /* what `wanted` borrows from */
    size_t n;
    struct capacity plan;
};

static int plan_body(void *ctx, struct state_view *view, struct buf *body, struct err *err) {
    struct planning *p = ctx;
    capacity_done(&p->plan);
    int rc = capacity_ask(view, p->host, p->wanted, p->n, &p->plan, err);
    return rc == 0 ? capacity_body(&p->plan, body, err) : rc;
}

/* ---- which models ---- */

static int take_wanted(void *ctx, const struct row *row, struct err *err) {
    struct planning *p = ctx;
    struct bytes digest = row_text(row, MODEL_DIGEST);
    if (p->n == WANTED_MAX) return err_set(err, ERR_LIMIT, "more than %d models are named", WANTED_MAX);
    if (row_is(row, MODEL_STATE, "remote")) {
        return err_set(err, ERR_INVALID, "model '%.*s' is a remote service: it takes no memory here", REASON_NAME(digest));
    }
    p->names[p->n] = strndup((const char *)digest.p, digest.n);
    if (p->names[p->n] == NULL) return err_set(err, ERR_NOMEM, "no memory for the models");
    p->wanted[p->n] = bytes_of(p->names[p->n]);
    p->n++;
    return 0;
}

static int find_wanted(struct asof *view, const struct opt_args *args, struct planning *p, struct err *err) {
    size_t table = entity_table(view, bytes_of("models"));
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < args->n_args; i++) {
        rc = entity_each(view, table, bytes_of(args->args[i]), take_wanted, p, err);
    }
    return rc;
}

/* ---- the answer ---- */

static void put_row(struct fact_table *table, const struct capacity *plan, const struct capacity_model *m) {
    char needs[32] = "unknown", why[320] = "";
    const char *by = m->by != SIZE_MAX ? plan->models[m->by].name : "";
    if (m->needs >= 0) snprintf(needs, sizeof(needs), "%.1f GiB", (double)m->needs / (double)(INT64_C(1) << 30));
    snprintf(why, sizeof(why), "%s%s%s", capacity_whys[m->why], by[0] != '\0' ? ": its room goes to " : "", by);
    const struct fact facts[] = {
        fact_text("MODEL", "model", m->name[0] != '\0' ? m->name : m->digest),
        fact_text("ROLE", "role", m->role),
        fact_count("PRIORITY", "priority", (uint64_t)m->priority),
        fact_text("NEEDS", "needs", needs),
        fact_text("NOW", "now", m->loaded ? "loaded" : "-"),
        fact_text("PLAN", "action", capacity_actions[m->action]),
        fact_text("WHERE", "pool", capacity_pools[m->pool]),
        fact_text("WHY", "why", why),
    };
    fact_row(table, facts, sizeof(facts) / sizeof(facts[0]));
}

static void put_room(struct cli *cli, const char *what, int64_t bytes) {
    if (bytes < 0) {
        out_printf(cli, "%s unknown", what);
    } else {
        out_printf(cli, "%s %.1f GiB", what, (double)bytes / (double)(INT64_C(1) << 30));
    }
}

static void print_machine(struct cli *cli, const struct capacity *c) {
    struct buf line = {.max = 4096};
    buf_printf(&line, "%s: tier %.*s by policy '%s'; for models: ", c->host.host[0] != '\0' ? c->host.host : "no profile",
               (int)c->limits.tier.name.n, (const char *)c->limits.tier.name.p, c->limits.policy);
    out_safe(cli, bytes_of_buf(&line));
    put_room(cli, "GPUs", c->rooms.gpu);
    put_room(cli, ", memory", c->rooms.memory);
    out_str(cli, "\n");
    if (c->host.gpus_unknown > 0) {
        out_printf(cli, "%lld of %lld GPUs do not state their memory, which is not counted\n",
                   (long long)c->host.gpus_unknown, (long long)c->host.gpus);
    }
    buf_done(&line);
}

static int print_people(struct cli *cli, const struct capacity *c, const struct log_receipt *receipt) {
    struct fact_table table = {.cli = cli};
    print_machine(cli, c);
    if (c->n == 0) out_str(cli, "no model is loaded or wanted\n");
    for (size_t i = 0; i < c->n; i++) {
        put_row(&table, c, &c->models[i]);
    }
    int exit_code = fact_end(&table, NULL, NULL);
    for (size_t i = 0; i < c->n_evidence; i++) {
        out_printf(cli, "%s%llu", i == 0 ? "rests on " : ", ", (unsigned long long)c->evidence[i]);
    }
    if (receipt != NULL) {
        out_printf(cli, "%srecorded as %llu", c->n_evidence > 0 ? "; " : "", (unsigned long long)receipt->seq);
    }
    if (receipt != NULL || c->n_evidence > 0) out_str(cli, "\n");
    return exit_code;
}

static int print_json(struct cli *cli, const struct planning *p, const struct buf *body, const struct log_receipt *receipt,
                      const struct log_head *head) {
    struct obj whole = {0}, put = {0};
    obj_text(&whole, "schema", "ledger.capacity/1");
    obj_text(&whole, "host", p->plan.host.host[0] != '\0' ? p->plan.host.host : NULL);
    obj_uint(&whole, "gpus_unknown", (uint64_t)p->plan.host.gpus_unknown);
    obj_raw(&whole, "plan", bytes_of_buf(body));
    if (receipt != NULL) {
        receipt_put(&put, receipt, head);
        obj_obj(&whole, "receipt", &put);
    } else {
        obj_text(&whole, "receipt", NULL);
    }
    return cli_print(cli, &whole, false);
}

/* Is there something that does not fit, or that nobody can tell? */
static int exit_code_of(const struct capacity *c) {
    bool all = true;
    for (size_t i = 0; i < c->n; i++) {
        all = all && (c->models[i].action == CAPACITY_KEEP || c->models[i].action == CAPACITY_LOAD ||
                      (c->models[i].action == CAPACITY_UNLOAD && !c->models[i].wanted));
    }
    return all ? EXIT_GOOD : EXIT_NO;
}

/* ---- the command ---- */

static int record_plan(struct cli *cli, const struct opt_args *args, struct planning *p) {
    struct buf body = {.max = BODY_MAX};
    struct ledger *ledger = NULL;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct log_draft draft;
    struct err err = {0};
    char actor[CLI_ACTOR_MAX], subject[300];
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    snprintf(subject, sizeof(subject), "host/%s", p->plan.host.host[0] != '\0' ? p->plan.host.host : "unknown");
    log_draft_init(&draft);
    draft.kind = bytes_of("hardware.planned");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(cli_actor(opt_text(args, &options[C_ACTOR]), actor));
    draft.source = bytes_of("capacity");
    draft.grade = bytes_of("inferred");
    int rc = decided_append(ledger, &draft, true, plan_body, p, &body, &receipt, &head, &err);
    log_close(ledger);
    exit_code = rc != 0     ? cli_fail(cli, &err)
                : cli->json ? print_json(cli, p, &body, &receipt, &head)
                            : print_people(cli, &p->plan, &receipt);
    buf_done(&body);
    return exit_code != 0 ? exit_code : exit_code_of(&p->plan);
}

static int show_plan(struct cli *cli, struct planning *p, const struct buf *body) {
    int exit_code = cli->json ? print_json(cli, p, body, NULL, NULL) : print_people(cli, &p->plan, NULL);
    return exit_code != 0 ? exit_code : exit_code_of(&p->plan);
}

static int make_plan(struct cli *cli, const struct opt_args *args, struct planning *p) {
    struct buf body = {.max = BODY_MAX};
    struct asof view = {0};
    struct err err = {0};
    bool dry = opt_has(args, &options[C_DRY_RUN]) || opt_has(args, &options[C_AT]);
    int exit_code = asof_open(&view, cli, opt_text(args, &options[C_AT]));
    if (exit_code == 0) {
        asof_warn(&view, SIZE_MAX);
        int rc = find_wanted(&view, args, p, &err);
        if (rc == 0) rc = plan_body(p, view.state, &body, &err);
        exit_code = rc != 0 ? asof_fail_lookup(&view, &err) : dry ? asof_exit(&view, show_plan(cli, p, &body)) : 0;
    }
    asof_close(&view);
    buf_done(&body);
    return exit_code != 0 || dry ? exit_code : record_plan(cli, args, p);
}

static int capacity(struct cli *cli, const struct opt_args *args) {
    struct planning *p = calloc(1, sizeof(*p));
    struct err err = {0};
    if (p == NULL) {
        err_set(&err, ERR_NOMEM, "no memory for the plan");
        return cli_fail(cli, &err);
    }
    p->host = bytes_of(opt_text(args, &options[C_HOST]));
    int exit_code = make_plan(cli, args, p);
    for (size_t i = 0; i < p->n; i++) {
        free(p->names[i]);
    }
    capacity_done(&p->plan);
    free(p);
    return exit_code;
}

const struct spec spec_capacity = {
    .synopsis = "[MODEL ...] [--host HOST] [--dry-run | --at WHEN]",
    .about = "Plans which models are loaded: what fits at once, what must be unloaded, what would be preempted by\n"
             "a model of higher priority. It is computed from the newest hardware profile, the limits of the\n"
             "machine's tier ('ledger policy'), and the size, priority and quota of each model that is loaded,\n"
             "has a role, serves a route or is named. What is not known is said to be unknown. The plan is\n"
             "recorded as hardware.planned, with the events it rests on; the same plan on the same events once.\n"
             "Exit code 1 if something that is wanted does not fit, or cannot be told.",
    .examples = "ledger model role llama3.2:3b planner --priority 5 --quota 6442450944\nledger capacity\n"
                "ledger capacity qwen2.5:14b --dry-run --json",
    .opts = options,
    .max_args = WANTED_MAX,
    .run = capacity,
};
