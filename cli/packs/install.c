/* pack install, pack upgrade: the plan first; then, on a terminal, a question for each group of permissions; then the change. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "cli/open/open.h"
#include "cli/packs/held.h"
#include "cli/packs/packs.h"
#include "cli/packs/publishers.h"
#include "cli/packs/show_plan.h"
#include "cli/print/confirm.h"
#include "cli/print/say.h"
#include "ingest/dpkg/admin.h"
#include "packs/life/assess.h"
#include "packs/life/change.h"
#include "packs/life/in_use.h"

#define GRANT_FILE_MAX ((size_t)1 << 20)
#define T(text)        (int)(text).n, (text).n > 0 ? (const char *)(text).p : ""

enum { I_DRY_RUN, I_GRANTS, I_PUBLISHERS, I_ACTOR, I_DOWNGRADE };
#define INSTALL_OPTIONS                                                                                                    \
    [I_DRY_RUN] = {"dry-run", 0, NULL, "print the plan and write nothing"},                                                \
    [I_GRANTS] = {"grant-file", 0, "FILE", "answers to what the pack asks for"},                                           \
    [I_PUBLISHERS] = {"publishers", 0, "FILE", "verifier keys; one of them must have signed the pack"},                    \
    [I_ACTOR] = {"actor", 'a', "WHO", "who installs it (default: user:<login name>)"}
static const struct opt install_options[] = {INSTALL_OPTIONS, {0}};
static const struct opt upgrade_options[] = {
    INSTALL_OPTIONS, [I_DOWNGRADE] = {"downgrade", 0, NULL, "also to an older version"}, {0}};

struct installing {
    struct cli *cli;
    const char *from;
    bool dry_run;
    struct ledger *ledger;
    struct depot depot;
    struct publishers publishers;
    struct grants grants;
    struct plan plan;
    struct change change;
    struct obj swept, held;
    char actor[CLI_ACTOR_MAX];
};

/* ---- what is given ---------------------------------------------------------------------------------------------------- */

static int read_grants(struct installing *in, const char *path) {
    struct buf text = {.max = GRANT_FILE_MAX};
    struct finding_list found = {0};
    struct err err = {0};
    int exit_code = 0;
    int rc = file_read(path, &text, &err);
    if (rc == 0) rc = grants_read(bytes_of_buf(&text), path, &in->grants, &found, &err);
    if (rc != 0) {
        finding_sort(&found);
        show_plan_findings(&found);
        exit_code = cli_fail_input(in->cli, &err);
    }
    finding_done(&found);
    buf_done(&text);
    return exit_code;
}

/* Those that are named, else DIR/publishers where there is one. */
static int read_publishers(struct installing *in, const char *given, struct err *err) {
    char path[FILE_PATH_MAX];
    if (given != NULL) return publishers_read(given, false, &in->publishers, err);
    int rc = file_join(path, in->cli->dir, "publishers", err);
    return rc == 0 && file_exists(path) ? publishers_read(path, true, &in->publishers, err) : rc;
}

static int read_plan(struct installing *in, const struct plan_options *o) {
    struct err err = {0};
    int rc = assess_read(&in->plan, o, &err);
    if (rc == 0) return 0;
    show_plan_findings(&in->plan.found);
    return cli_fail_input(in->cli, &err);
}

/* Answers to what the pack does not ask for are of no use, and may be mistakes. */
static void note_needless(struct installing *in, const char *path) {
    const struct manifest_pack *pack = &in->plan.manifest->pack;
    struct finding_list found = {0};
    for (size_t i = 0; i < in->grants.n; i++) {
        const struct grant *grant = &in->grants.list[i];
        bool asked = false;
        for (size_t k = 0; k < pack->permissions.n; k++) {
            asked = asked || grants_fits(grant, &pack->permissions.items[k]);
        }
        if (!asked) {
            finding_put(&found, path, grant->at, true, "the pack asks for no '%.*s' that this answers", T(grant->group));
        }
    }
    show_plan_findings(&found);
    finding_done(&found);
}

/* Of what is installed as it is, nothing is recorded that answers could be part of. */
static void drop_answers(struct installing *in) {
    bool same = in->plan.action == PLAN_NOTHING || in->plan.action == PLAN_RESTORE;
    if (!same || in->grants.n == 0 || in->plan.n_refused > 0) return;
    cli_note(in->cli, "ledger: the pack is installed, and the file of grants changes nothing; 'ledger permit grant' and "
                      "'ledger permit revoke' do");
    in->grants.n = 0;
}

/* ---- asking ----------------------------------------------------------------------------------------------------------- */

static bool is_first_of_group(const struct plan *plan, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (!plan->permissions[k].held && bytes_eq(plan->permissions[k].asked->group, plan->permissions[i].asked->group)) {
            return false;
        }
    }
    return true;
}

static void put_group(const struct installing *in, struct bytes group, struct buf *out, size_t *ret_n) {
    struct bytes highest = {0};
    for (size_t i = 0; i < in->plan.n_permissions; i++) {
        const struct plan_permission *p = &in->plan.permissions[i];
        if (p->held || !bytes_eq(p->asked->group, group) || grants_find(&in->grants, p->asked) != NULL) continue;
        buf_printf(out, "%s'%.*s' %.*s (%.*s)", (*ret_n)++ > 0 ? ", " : "", T(p->asked->scope), T(p->asked->tier),
                   T(p->asked->reason));
        highest = bytes_cmp(p->asked->tier, highest) > 0 ? p->asked->tier : highest;
    }
    buf_printf(out, ", up to tier %.*s", T(highest));
}

/* Asks until it understands the answer. *ret_decided false: the group stays open. */
static bool answered(const char *question, bool *ret_decided) {
    for (char answer[CONFIRM_ANSWER] = "";;) {
        confirm_answer(question, answer);
        bool yes = strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0;
        bool no = strcasecmp(answer, "no") == 0 || strcasecmp(answer, "n") == 0;
        *ret_decided = yes || no;
        if (yes || no || answer[0] == '\0') return yes;
        out_error("That is none of these.");
    }
}

static int ask_group(struct installing *in, struct bytes group, struct err *err) {
    struct buf items = {.max = 4096}, question = {.max = 8192};
    struct grant grant = {.group = group};
    bool decided = false;
    size_t n = 0;
    put_group(in, group, &items, &n);
    buf_printf(&question, "%.*s asks for %.*s: %.*s. Grant it? Type yes, no, or nothing to decide later:",
               T(in->plan.manifest->pack.name), T(group), T(bytes_of_buf(&items)));
    buf_put_u8(&question, '\0');
    int rc = n > 0 ? buf_check(&question, "a question", err) : 0;
    if (n > 0 && rc == 0) {
        grant.deny = !answered((const char *)question.p, &decided);
        if (decided) rc = grants_add(&in->grants, &grant, err);
    }
    buf_done(&items);
    buf_done(&question);
    return rc;
}

static int ask(struct installing *in, struct err *err) {
    int rc = 0;
    if (!confirm_can_ask(in->cli)) return 0;
    for (size_t i = 0; rc == 0 && i < in->plan.n_permissions; i++) {
        if (!in->plan.permissions[i].held && is_first_of_group(&in->plan, i)) {
            rc = ask_group(in, in->plan.permissions[i].asked->group, err);
        }
    }
    return rc;
}

/* ---- doing ------------------------------------------------------------------------------------------------------------ */

static void say_swept(void *ctx, const char *name, bool held) {
    struct installing *in = ctx;
    if (held) return; /* said at the end, if it still is */
    obj_str(&in->swept, NULL, bytes_of(name));
    cli_note(in->cli, "removed what %s: packs/%s",
             strncmp(name, "incoming-", 9) == 0 ? "an interruption left" : "nothing names any more", name);
}

static void say_held(void *ctx, const char *name, bool held) {
    struct installing *in = ctx;
    if (held) {
        obj_str(&in->held, NULL, bytes_of(name));
        held_note(in->cli, in->ledger, name);
    }
}

static int judge(struct installing *in, const struct plan_options *o, struct err *err) {
    struct state_view *view = NULL;
    int rc = change_view(in->ledger, &view, err);
    if (rc == 0) rc = state_whole(view, err);
    if (rc == 0) rc = assess_judge(&in->plan, o, view, err);
    state_close(view);
    return rc;
}

static int print(struct installing *in, uint64_t seq, bool done) {
    struct obj obj = {0}, open = {0};
    bool refused = in->plan.n_refused > 0;
    if (in->cli->json) {
        show_plan_json(&obj, &in->plan, in->from);
        obj_bool(&obj, "dry_run", in->dry_run);
        obj_uint(&obj, "seq", done ? seq : LOG_NO_SEQ);
        show_plan_open(in->cli, &in->plan, &in->grants, &open);
        obj_list(&obj, "open", &open);
        obj_list(&obj, "swept", &in->swept);
        obj_list(&obj, "held", &in->held);
        int rc = cli_print(in->cli, &obj, false);
        return rc != 0 ? rc : refused ? EXIT_NO : EXIT_GOOD;
    }
    if (done) {
        show_plan_open(in->cli, &in->plan, &in->grants, NULL);
        out_printf(in->cli, "%-13sevent %llu\n", in->plan.action == PLAN_NOTHING ? "unchanged" : "done",
                   (unsigned long long)seq);
    }
    return refused ? EXIT_NO : EXIT_GOOD;
}

/* Files that are in use are replaced when the run has ended. */
static int fail_in_use(struct installing *in) {
    struct buf runs = {.max = 4096};
    (void)in_use_by(in->ledger, bytes_of(in->plan.tree_digest), &runs, NULL);
    int exit_code =
        cli_refuse(in->cli, EXIT_NO, ERR_BUSY, "the files are in use%s%.*s: they are replaced when that has ended",
                   runs.n > 0 ? " by " : "", (int)runs.n, runs.n > 0 ? (const char *)runs.p : "");
    buf_done(&runs);
    return exit_code;
}

static int fail(struct installing *in, int rc, const struct err *err) {
    if (rc == ERR_BUSY && in->plan.action == PLAN_RESTORE) return fail_in_use(in);
    return rc == ERR_CONFLICT ? cli_fail_as(in->cli, err, EXIT_NO) : cli_fail(in->cli, err);
}

static int carry_out(struct installing *in, const struct plan_options *o) {
    struct err err = {0};
    uint64_t seq = 0;
    int rc = 0;
    if (!in->dry_run) {
        rc = depot_open(o->ledger_dir, in->cli->wait_ns, &in->depot, &err);
        if (rc == 0) rc = change_sweep(&in->change, say_swept, in, &err);
    }
    if (rc == 0) rc = judge(in, o, &err);
    if (rc != 0) return fail(in, rc, &err);
    drop_answers(in);
    if (!in->cli->json) {
        show_plan_lines(in->cli, &in->plan, &in->grants, in->from);
    }
    if (in->dry_run || in->plan.n_refused > 0) return print(in, 0, false);
    if (in->plan.action == PLAN_INSTALL || in->plan.action == PLAN_UPGRADE) {
        out_flush(in->cli);
        rc = ask(in, &err);
    }
    if (rc == 0) rc = change_install(&in->change, &in->plan, in->from, &in->grants, &seq, &err);
    if (rc != 0) return fail(in, rc, &err);
    rc = change_sweep(&in->change, say_held, in, &err); /* what the version before left */
    if (rc != 0) {
        cli_warn(in->cli, &err);
    }
    return print(in, seq, true);
}

static int install(struct cli *cli, const struct opt_args *args, const struct opt *options, bool upgrade) {
    struct installing in = {.cli = cli,
                            .from = args->args[0],
                            .dry_run = opt_has(args, &options[I_DRY_RUN]),
                            .depot = {.lock = -1},
                            .grants = {.arena = {.max = GRANT_FILE_MAX}}};
    const char *grants = opt_text(args, &options[I_GRANTS]), *dpkg_dir = cli_env("DPKG_ADMINDIR"),
               *publishers = opt_text(args, &options[I_PUBLISHERS]);
    struct err err = {0};
    life_plan_init(&in.plan);
    int rc = crypt_init(&err);
    if (rc == 0) rc = read_publishers(&in, publishers, &err);
    int exit_code = rc != 0 ? cli_fail_input(cli, &err) : 0;
    struct plan_options o = {.ledger_dir = cli->dir,
                             .from = in.from,
                             .dpkg_dir = dpkg_dir != NULL ? dpkg_dir : DPKG_ADMIN_DIR,
                             .keys = in.publishers.keys,
                             .n_keys = in.publishers.n,
                             .must_sign = publishers != NULL,
                             .upgrade = upgrade,
                             .downgrade = upgrade && opt_has(args, &options[I_DOWNGRADE])};
    if (exit_code == 0 && grants != NULL) exit_code = read_grants(&in, grants);
    if (exit_code == 0) exit_code = read_plan(&in, &o);
    if (exit_code == 0 && grants != NULL) note_needless(&in, grants);
    if (exit_code == 0) exit_code = cli_open(cli, in.dry_run ? CLI_READ : CLI_WRITE, &in.ledger);
    if (exit_code == 0) {
        o.ledger_dir = log_dir(in.ledger);
        in.change = (struct change){
            .ledger = in.ledger, .depot = &in.depot, .actor = cli_actor(opt_text(args, &options[I_ACTOR]), in.actor)};
        exit_code = carry_out(&in, &o);
    }
    obj_done(&in.swept);
    obj_done(&in.held);
    life_plan_done(&in.plan);
    grants_done(&in.grants);
    publishers_done(&in.publishers);
    depot_close(&in.depot);
    log_close(in.ledger);
    return exit_code;
}

static int run_install(struct cli *cli, const struct opt_args *args) {
    return install(cli, args, install_options, false);
}

static int run_upgrade(struct cli *cli, const struct opt_args *args) {
    return install(cli, args, upgrade_options, true);
}

const struct spec packs_install = {
    .synopsis = "DIR [--dry-run] [--grant-file FILE] [--publishers FILE]",
    .about = "Installs the pack in DIR: prints the plan, asks on a terminal once for each group of permissions,\n"
             "records pack.planned, copies the files into the ledger's own store under their digest, and records\n"
             "pack.installed. A later change of DIR changes nothing. Without a terminal nothing is granted but\n"
             "what --grant-file answers; what stays open is listed with the command that grants it.\n\n"
             "An installation that was interrupted leaves the pack incomplete: the same command resumes it,\n"
             "'ledger pack remove' undoes it. Files of an installed pack that were changed are copied again.\n"
             "Exit code 1 if the plan is refused, 3 if DIR is not a pack.",
    .examples = "ledger pack install my-pack --dry-run\nledger pack install my-pack --grant-file grants.yaml",
    .opts = install_options,
    .min_args = 1,
    .max_args = 1,
    .run = run_install,
};

const struct spec packs_upgrade = {
    .synopsis = "DIR [--dry-run] [--downgrade] [--grant-file FILE] [--publishers FILE]",
    .about = "Replaces an installed pack by the version in DIR. The plan says what changes: permissions that are\n"
             "new or wider, routes, files. What is held already stays held; what is new is asked for. Exit code\n"
             "1 if the plan is refused: the pack is not installed, or DIR is older and --downgrade is missing.",
    .examples = "ledger pack upgrade my-pack --dry-run",
    .opts = upgrade_options,
    .min_args = 1,
    .max_args = 1,
    .run = run_upgrade,
};
