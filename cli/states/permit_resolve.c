/* permit resolve and permit unused: one line for each finding, or one JSON object. What is found is decided in
 * projections/decide/resolve.h. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "cli/states/permit.h"
#include "cli/view/asof.h"
#include "cli/view/entity.h"
#include "projections/decide/resolve.h"
#include "projections/permissions/row.h"
#include "projections/view/look.h"

#define DAY_NS  UINT64_C(86400000000000)
#define SOON_NS (7 * DAY_NS)

enum { R_AT, R_WITHIN };
static const struct opt resolve_options[] = {
    [R_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    [R_WITHIN] = {"within", 0, "AGE", "a grant that ends within this time is expiring (default: 7d)"},
    {0},
};

struct told {
    struct fact_table table;
    size_t n[RESOLVED_UNUSED + 1];
};

static int tell(void *ctx, const struct resolved_item *item, struct err *err) {
    struct told *told = ctx;
    const char *word = resolved_word(item->is);
    const uint64_t expires = item->expires >= 0 ? (uint64_t)item->expires : UINT64_MAX;
    char limit[64] = "";
    struct bytes held = item->session.n > 0 ? item->session : item->lifetime;
    (void)err;
    if (held.n > 0 && expires == UINT64_MAX) {
        snprintf(limit, sizeof(limit), "%s%.*s", item->session.n > 0 ? "session " : "", (int)(held.n > 40 ? 40 : held.n),
                 (const char *)held.p);
    }
    bool asked = item->is <= RESOLVED_DENIED;
    const struct fact facts[] = {
        fact_text("ANSWER", "answer", word),
        fact_str("GROUP", "group", item->group),
        fact_said(fact_str("SCOPE", "scope", item->scope), item->scope.n > 0 ? NULL : "(everything)"),
        fact_str("TIER", "tier", item->tier.n > 0 ? item->tier : (struct bytes){0}),
        fact_text("NEED", "need",
                  !asked           ? NULL
                  : item->required ? "required"
                                   : "optional"),
        fact_text("HOLDS", "lifetime", limit[0] != '\0' ? limit : NULL),
        fact_time("UNTIL", "expires", expires),
        fact_time(NULL, "since", item->since >= 0 ? (uint64_t)item->since : UINT64_MAX),
        fact_count("EVENT", "seq", item->seq >= 0 ? (uint64_t)item->seq : UINT64_MAX),
        fact_text("WHY", "why", item->why[0] != '\0' ? item->why : NULL),
    };
    told->n[item->is]++;
    fact_row(&told->table, facts, sizeof(facts) / sizeof(facts[0]));
    return 0;
}

/* A NAME alone is a pack's. */
static struct bytes holder_of(const char *text, char room[FILE_PATH_MAX]) {
    if (strchr(text, '/') != NULL) return bytes_of(text);
    snprintf(room, FILE_PATH_MAX, "pack/%s", text);
    return bytes_of(room);
}

static void put_whole(struct asof *view, struct bytes who, const struct decision *decision, const struct told *told,
                      struct obj *obj) {
    struct obj seqs = {0}, counts = {0};
    obj_text(obj, "schema", "ledger.permit.resolve/1");
    obj_str(obj, "holder", who);
    obj_bool(obj, "complete", decision->yes);
    obj_text(obj, "reason", decision->yes ? NULL : decision->reason);
    for (size_t i = 0; i < decision->n_evidence; i++) {
        obj_uint(&seqs, NULL, decision->evidence[i]);
    }
    obj_list(obj, "evidence", &seqs);
    for (size_t i = 0; i <= RESOLVED_UNUSED; i++) {
        obj_uint(&counts, resolved_word((enum resolved)i), told->n[i]);
    }
    obj_obj(obj, "counts", &counts);
    asof_put(view, SIZE_MAX, obj);
}

static int print(struct asof *view, struct bytes who, const struct decision *decision, struct told *told) {
    struct cli *cli = view->cli;
    struct obj whole = {0};
    size_t n = 0;
    for (size_t i = 0; i <= RESOLVED_UNUSED; i++) {
        n += told->n[i];
    }
    put_whole(view, who, decision, told, &whole);
    int exit_code = fact_end(&told->table, &whole, "permissions");
    if (n == 0) {
        cli_note(cli, "ledger: permit resolve: '%.*s' asks for nothing and holds nothing", (int)who.n, (const char *)who.p);
    }
    return exit_code != 0 ? exit_code : n > 0 && decision->yes ? EXIT_GOOD : EXIT_NO;
}

static int resolve_in(struct asof *view, const struct opt_args *args, uint64_t within) {
    const struct resolve_options options = {.within_ns = within};
    struct told told = {.table = {.cli = view->cli}};
    struct decision decision;
    struct err err = {0};
    char room[FILE_PATH_MAX];
    struct bytes who = holder_of(args->args[0], room);
    asof_warn(view, SIZE_MAX);
    decide_begin(&decision);
    int rc = decide_resolve(view->state, who, &options, tell, &told, &decision, &err);
    if (rc == 0) return print(view, who, &decision, &told);
    fact_end(&told.table, NULL, NULL);
    return asof_fail_lookup(view, &err);
}

static int resolve(struct cli *cli, const struct opt_args *args) {
    const char *within = opt_text(args, &resolve_options[R_WITHIN]);
    uint64_t ns = SOON_NS;
    struct asof view = {0};
    if (within != NULL && text_parse_duration(bytes_of(within), &ns) != 0) {
        return cli_usage(cli, "--within is '%.60s'; expected a length of time: 12h, 7d", within);
    }
    int exit_code = asof_open(&view, cli, opt_text(args, &resolve_options[R_AT]));
    if (exit_code == 0) exit_code = asof_exit(&view, resolve_in(&view, args, ns));
    asof_close(&view);
    return exit_code;
}

/* ---- unused ---- */

enum { U_AT };
static const struct opt unused_options[] = {
    [U_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    {0},
};

static void tell_unused(struct fact_table *table, const struct row *row, int64_t since) {
    const struct fact facts[] = {
        fact_str("HOLDER", "holder", row_text(row, PERMISSIONS_WHO)),
        fact_str("GROUP", "group", row_text(row, PERMISSIONS_GROUP)),
        fact_said(fact_str("SCOPE", "scope", row_text(row, PERMISSIONS_SCOPE)),
                  row_text(row, PERMISSIONS_SCOPE).n > 0 ? NULL : "(everything)"),
        fact_str("TIER", "tier", row_has(row, PERMISSIONS_TIER) ? row_text(row, PERMISSIONS_TIER) : (struct bytes){0}),
        fact_time("SINCE", "since", since >= 0 ? (uint64_t)since : UINT64_MAX),
        fact_str("BY", "by", row_text(row, PERMISSIONS_BY)),
        fact_count("EVENT", "seq", (uint64_t)row_int(row, PERMISSIONS_DECIDED_SEQ)),
    };
    fact_row(table, facts, sizeof(facts) / sizeof(facts[0]));
}

static int list_unused(struct asof *view, const struct opt_args *args) {
    struct fact_table table = {.cli = view->cli};
    struct state_rows *rows = NULL;
    const struct row *row;
    struct obj whole = {0};
    struct err err = {0};
    char room[FILE_PATH_MAX];
    struct bytes who = args->n_args > 0 ? holder_of(args->args[0], room) : (struct bytes){0};
    int64_t since = -1;
    size_t n = 0;
    asof_warn(view, entity_table(view, bytes_of("permissions")));
    int rc = look_rows(view->state, "permissions", &who, args->n_args > 0, &rows, &err);
    while (rc == 0 && rows != NULL && (rc = state_rows_next(rows, &row, &err)) == 0) {
        if (!resolve_is_unused(row)) continue;
        rc = resolve_since(view->state, row, &since, &err);
        if (rc != 0) break;
        tell_unused(&table, row, since);
        n++;
    }
    state_rows_close(rows);
    obj_text(&whole, "schema", "ledger.permit.unused/1");
    asof_put(view, SIZE_MAX, &whole);
    int exit_code = fact_end(&table, &whole, "permissions");
    return rc < 0 ? asof_fail_lookup(view, &err) : exit_code != 0 ? exit_code : n > 0 ? EXIT_GOOD : EXIT_NO;
}

static int unused(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, opt_text(args, &unused_options[U_AT]));
    if (exit_code == 0) exit_code = asof_exit(&view, list_unused(&view, args));
    asof_close(&view);
    return exit_code;
}

const struct spec permit_resolve = {
    .synopsis = "HOLDER [--within AGE] [--at WHEN]",
    .about = "Sets what a holder asks for against what it holds, one line for each finding: held; expiring (it\n"
             "is held, and the grant ends within 7 days); missing; denied; wider (granted beyond what the\n"
             "installed pack lists); unused (granted and never used). A NAME without a slash is a pack's. Exit\n"
             "code 1 if something that is required is missing or denied, or nothing is known of the holder.",
    .examples = "ledger permit resolve pack/pdf-ops-pack\nledger permit resolve agent/claude-code --within 1d --json",
    .opts = resolve_options,
    .min_args = 1,
    .max_args = 1,
    .run = resolve,
};
const struct spec permit_unused = {
    .synopsis = "[HOLDER] [--at WHEN]",
    .about = "Lists grants in force that were never used, and since when. Exit code 1 if there is none.",
    .examples = "ledger permit unused\nledger permit unused pack/pdf-ops-pack",
    .opts = unused_options,
    .max_args = 1,
    .run = unused,
};
