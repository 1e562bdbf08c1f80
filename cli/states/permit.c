/* permit: who may do what. list and show are those of every entity; here are the steps that a person takes, each judged
 * before it is written, and the answers about a holder as a whole. */
#include <string.h>

#include "base/clock.h"
#include "cli/act/submit.h"
#include "cli/call/command.h"
#include "cli/print/say.h"
#include "cli/states/entities.h"
#include "cli/states/permit.h"
#include "ledger/kinds/check.h"

enum { G_TIER, G_ONCE, G_SESSION, G_UNTIL, G_PERMANENT, G_REQUEST, G_SUBMIT };
static const struct opt grant_options[] = {
    [G_TIER] = {"tier", 't', "TIER", "T0 to T3 (default: that of the request it answers, else T0)"},
    [G_ONCE] = {"once", 0, NULL, "until the first use"},
    [G_SESSION] = {"session", 0, "ID", "in that session or run alone"},
    [G_UNTIL] = {"until", 0, "TIME", "until then: RFC 3339 with a zone, or ns since 1970"},
    [G_PERMANENT] = {"permanent", 0, NULL, "until it is revoked (the default, said aloud)"},
    [G_REQUEST] = {"request", 0, "ID", "the request that it answers"},
    SUBMIT_OPTIONS,
    {0},
};

enum { R_TIER, R_REQUEST, R_REQUIRED, R_SUBMIT };
static const struct opt request_options[] = {
    [R_TIER] = {"tier", 't', "TIER", "T0 to T3: how far it is to go"},
    [R_REQUEST] = {"request", 0, "ID", "your id of the request"},
    [R_REQUIRED] = {"required", 0, NULL, "the pack is blocked without it"},
    SUBMIT_OPTIONS,
    {0},
};

enum { D_REQUEST, D_SUBMIT };
static const struct opt deny_options[] = {
    [D_REQUEST] = {"request", 0, "ID", "the request that it answers"},
    SUBMIT_OPTIONS,
    {0},
};

enum { V_SUBMIT };
static const struct opt revoke_options[] = {
    SUBMIT_OPTIONS,
    {0},
};

/* The group, and the scope if there is one. An empty one is a variable that was not set: it does not mean everything. */
static int put_what(struct body *body, const struct opt_args *args, struct err *err) {
    if (args->n_args > 2 && args->args[2][0] == '\0') {
        return err_set(err, ERR_INVALID, "SCOPE is empty: leave it out for everything in the group");
    }
    int rc = submit_put(body, "group", args->args[1], err);
    if (rc == 0 && args->n_args > 2) rc = submit_put(body, "scope", args->args[2], err);
    return rc;
}

static int step(struct cli *cli, const struct opt_args *args, const struct opt *options, const char *kind,
                struct body *body, int rc, const struct err *err) {
    bool asks = strcmp(kind, "permission.requested") == 0;
    const struct submit what = {.kind = kind, .subject = args->args[0], .note_field = asks ? "reason" : NULL};
    if (rc == 0) return submit_step(cli, args, options, &what, body);
    body_free(body);
    return cli_fail_input(cli, err);
}

static int grant(struct cli *cli, const struct opt_args *args) {
    static const char *const lifetimes[] = {
        [G_ONCE] = "once", [G_SESSION] = "session", [G_UNTIL] = "until", [G_PERMANENT] = "permanent"};
    struct body *body = body_new(kind_find(bytes_of("permission.granted")));
    const char *lifetime = NULL;
    struct err err = {0};
    uint64_t end = 0;
    int given = 0;
    for (size_t i = G_ONCE; i <= G_PERMANENT; i++) {
        bool has = opt_has(args, &grant_options[i]);
        lifetime = has ? lifetimes[i] : lifetime;
        given += has;
    }
    const char *until = opt_text(args, &grant_options[G_UNTIL]);
    if (until != NULL && kind_time_parse(bytes_of(until), &end) && end <= clock_wall_ns()) {
        body_free(body);
        return cli_usage(cli, "--until is '%.60s', which is over: such a grant permits nothing", until);
    }
    if (given > 1) {
        body_free(body);
        return cli_usage(cli, "give one of --once, --session, --until and --permanent");
    }
    int rc = body != NULL ? put_what(body, args, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "tier", opt_text(args, &grant_options[G_TIER]), &err);
    if (rc == 0) rc = submit_put(body, "lifetime", lifetime, &err);
    if (rc == 0) rc = submit_put(body, "session", opt_text(args, &grant_options[G_SESSION]), &err);
    if (rc == 0) rc = submit_put(body, "expires", opt_text(args, &grant_options[G_UNTIL]), &err);
    if (rc == 0) rc = submit_put(body, "request", opt_text(args, &grant_options[G_REQUEST]), &err);
    return step(cli, args, &grant_options[G_SUBMIT], "permission.granted", body, rc, &err);
}

/* A request's words are its reason, which people read before they answer. */
static int request(struct cli *cli, const struct opt_args *args) {
    struct body *body = body_new(kind_find(bytes_of("permission.requested")));
    struct err err = {0};
    int rc = body != NULL ? put_what(body, args, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "tier", opt_text(args, &request_options[R_TIER]), &err);
    if (rc == 0) rc = submit_put(body, "request", opt_text(args, &request_options[R_REQUEST]), &err);
    if (rc == 0 && opt_has(args, &request_options[R_REQUIRED])) rc = body_word(body, "required:=true", &err);
    return step(cli, args, &request_options[R_SUBMIT], "permission.requested", body, rc, &err);
}

static int deny(struct cli *cli, const struct opt_args *args) {
    struct body *body = body_new(kind_find(bytes_of("permission.denied")));
    struct err err = {0};
    int rc = body != NULL ? put_what(body, args, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "request", opt_text(args, &deny_options[D_REQUEST]), &err);
    return step(cli, args, &deny_options[D_SUBMIT], "permission.denied", body, rc, &err);
}

static int revoke(struct cli *cli, const struct opt_args *args) {
    struct body *body = body_new(kind_find(bytes_of("permission.revoked")));
    struct err err = {0};
    int rc = body != NULL ? put_what(body, args, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    return step(cli, args, &revoke_options[V_SUBMIT], "permission.revoked", body, rc, &err);
}

#define HOLDERS                                                                                                            \
    "HOLDER is pack/NAME, agent/NAME, tool/NAME or server/NAME. GROUP is filesystem.read,\n"                               \
    "filesystem.write, exec, network.egress, model.invoke, secrets.read or gpu. SCOPE is a path, a\n"                      \
    "host or a model, or a pattern of them; without it, everything in the group. docs/permissions.md\n"                    \
    "has the rules."

static const struct spec spec_request = {
    .synopsis = "HOLDER GROUP [SCOPE] [--tier TIER] [--required] [--request ID] [--note TEXT] [OPTIONS]",
    .about = "Asks for a permission. It is in force only once somebody grants it.\n\n" HOLDERS,
    .examples = "ledger permit request pack/pdf-ops network.egress api.example.org:443 --tier T1 --note 'rates'",
    .opts = request_options,
    .min_args = 2,
    .max_args = 3,
    .run = request,
};
static const struct spec spec_grant = {
    .synopsis = "HOLDER GROUP [SCOPE] [--tier TIER] [--once | --session ID | --until TIME | --permanent] [OPTIONS]",
    .about = "Grants a permission and prints the event's receipt. Without a tier it has that of the request\n"
             "that it answers, else T0. With --sign-as the event is signed with your own key, which others can\n"
             "check without trusting the ledger. Exit code 1 if the grant would be without effect.\n\n" HOLDERS,
    .examples = "ledger permit grant pack/pdf-ops filesystem.read 'inbox/**'\n"
                "ledger permit grant agent/claude-code exec /usr/bin/make --tier T2 --session 4f1c\n"
                "ledger permit grant pack/pdf-ops gpu --until 2026-12-31T00:00:00Z --sign-as alice.key",
    .opts = grant_options,
    .min_args = 2,
    .max_args = 3,
    .run = grant,
};
static const struct spec spec_deny = {
    .synopsis = "HOLDER GROUP [SCOPE] [--request ID] [--note TEXT] [OPTIONS]",
    .about = "Refuses a permission: in every session, at every tier, until a newer grant.\n\n" HOLDERS,
    .examples = "ledger permit deny pack/pdf-ops network.egress --note 'no need'",
    .opts = deny_options,
    .min_args = 2,
    .max_args = 3,
    .run = deny,
};
static const struct spec spec_revoke = {
    .synopsis = "HOLDER GROUP [SCOPE] [--note TEXT] [OPTIONS]",
    .about = "Takes a grant back, or a part of a wider one. It takes effect at once. A pattern, or everything in\n"
             "the group, ends narrower grants too. Exit code 1 if nobody granted a single scope: 'permit deny'\n"
             "refuses what nobody granted.\n\n" HOLDERS,
    .examples = "ledger permit revoke pack/pdf-ops filesystem.write 'outbox/**'",
    .opts = revoke_options,
    .min_args = 2,
    .max_args = 3,
    .run = revoke,
};

static const struct command permit[] = {
    {"request", "ask for a permission", &spec_request},
    {"grant", "grant a permission, for a while or for good", &spec_grant},
    {"deny", "refuse a permission", &spec_deny},
    {"revoke", "take a grant back, or a part of it", &spec_revoke},
    {"list", "list permissions that were asked for, granted or denied", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {"resolve", "set what a holder asks for against what it holds", &permit_resolve},
    {"unused", "list what was granted and never used", &permit_unused},
    {0},
};

const struct spec spec_permit = {
    .synopsis = "request | grant | deny | revoke | list | show | resolve | unused",
    .about = "Permissions of packs, agents, tools and servers: WHO/GROUP/SCOPE. Of show, a NAME may stop after\n"
             "any of these parts, and the leading pack/ or tool/ may be omitted.",
    .examples = "ledger permit grant pack/pdf-ops-pack exec /usr/bin/pdftotext --tier T1\n"
                "ledger permit resolve pack/pdf-ops-pack\nledger permit list --pack pdf-ops-pack\n"
                "ledger permit show pack/pdf-ops-pack/exec",
    .subs = permit,
};
