/* Forgetting lets a new ledger have the name of one that was removed on purpose. It also makes an exchanged ledger look right.
 * So each removed line is shown with what it protected, in a form that can be added again, and nothing is removed without
 * confirmation. */
#include "cli/care/trustforget.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/call/opt.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "cli/print/confirm.h"
#include "cli/print/say.h"

enum { F_YES };
const struct opt trustforget_options[] = {
    [F_YES] = {"yes", 'y', NULL, "do not ask; required if there is no terminal"},
    {0},
};

/* ---- what is removed ---- */

typedef void line_fn(void *ctx, const char *what, const char *value, const char *lost);

static void each_line(const struct policy *policy, struct bytes origin, line_fn *line, void *ctx) {
    char text[NOTE_VKEY_MAX + 64], hex[2 * MERKLE_HASH + 1], lost[160];
    for (size_t i = 0; i < policy_logs(policy); i++) {
        const struct note_vkey *vkey = &policy_log_at(policy, i)->vkey;
        if (bytes_is(origin, vkey->name)) {
            note_vkey_encode(text, vkey);
            line(ctx, "log key", text,
                 "nothing that this key signed is anchored any more (exit code 10), and any key can take its name");
        }
    }
    for (size_t i = 0; i < policy_genesis_count(policy); i++) {
        const struct policy_genesis *g = policy_genesis_at(policy, i);
        if (bytes_is(origin, g->origin)) {
            text_hex(hex, g->leaf, MERKLE_HASH);
            line(ctx, "genesis", hex, "a ledger that was exchanged for another of this name is not noticed");
        }
    }
    const struct policy_head *h = policy_head_find(policy, origin);
    if (h != NULL) {
        text_hex(hex, h->root, MERKLE_HASH);
        snprintf(text, sizeof(text), "size %llu, root %s", (unsigned long long)h->size, hex);
        snprintf(lost, sizeof(lost),
                 h->size == 1 ? "that the first event was rewritten is not noticed"
                              : "that one of these %llu events was cut off or rewritten is not noticed",
                 (unsigned long long)h->size);
        line(ctx, "head", text, lost);
    }
}

static void print_line(void *ctx, const char *what, const char *value, const char *lost) {
    struct cli *cli = ctx;
    out_printf(cli, "%-8s ", what);
    out_safe(cli, bytes_of(value));
    out_printf(cli, "\n         %s\n", lost);
}

static void json_line(void *ctx, const char *what, const char *value, const char *lost) {
    struct obj one = {0};
    obj_text(&one, "what", what);
    obj_text(&one, "value", value);
    obj_text(&one, "lost", lost);
    obj_obj(ctx, NULL, &one);
}

/* Origins of ledgers restored from this one are separate. */
static void say_restored(const struct cli *cli, const struct policy *policy, const char *origin) {
    size_t n = strlen(origin);
    for (size_t i = 0; i < policy_heads(policy); i++) {
        const char *other = policy_head_at(policy, i)->origin;
        if (strncmp(other, origin, n) == 0 && strncmp(other + n, "/r", 2) == 0) {
            cli_note(cli, "ledger: trust forget: '%s' is another origin and stays", other);
        }
    }
}

static int forget(struct policy *policy, void *ctx, struct err *err) {
    struct bytes origin = bytes_of(ctx);
    (void)err;
    policy_drop_logs(policy, origin, NULL);
    while (policy_drop_genesis(policy, origin)) {
    }
    policy_drop_head(policy, origin);
    return 0;
}

/* ---- the command ---- */

static int not_known(struct cli *cli, const char *path, const char *origin) {
    return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND,
                      "the trust file '%s' has nothing of '%s'; 'ledger trust list' shows what it has", path, origin);
}

static int print_known(struct cli *cli, const struct policy *policy, const char *path, const char *origin) {
    if (!cli->json) {
        each_line(policy, bytes_of(origin), print_line, cli);
        return out_flush(cli) ? 0 : cli_end(cli, EXIT_SYSTEM);
    }
    struct obj obj = {0}, list = {0};
    each_line(policy, bytes_of(origin), json_line, &list);
    obj_text(&obj, "file", path);
    obj_text(&obj, "origin", origin);
    obj_list(&obj, "forgotten", &list);
    return cli_print(cli, &obj, false);
}

static int forget_known(struct cli *cli, const struct policy *policy, const char *path, char *origin, bool yes) {
    struct err err = {0};
    char question[400];
    snprintf(question, sizeof(question), "All of this is forgotten of '%.256s'.", origin);
    int exit_code = cli->json ? 0 : print_known(cli, policy, path, origin);
    if (exit_code != 0) return exit_code;
    say_restored(cli, policy, origin);
    if (!yes && !confirm_can_ask(cli)) {
        return cli_usage(cli, "nothing was forgotten: there is no terminal to ask on, and --yes was not given");
    }
    if (!confirm(cli, yes, question)) {
        return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "nothing was forgotten");
    }
    if (trustfile_update(path, forget, origin, &err) != 0) return cli_fail_input(cli, &err);
    cli_note(cli, "ledger: trust forget: '%s' is forgotten; 'ledger trust add' trusts what is there now", origin);
    return cli->json ? print_known(cli, policy, path, origin) : EXIT_GOOD;
}

int trustforget_run(struct cli *cli, const struct opt_args *args) {
    char path[FILE_PATH_MAX], origin[NOTE_NAME_MAX + 1];
    struct policy *policy = NULL;
    struct err err = {0};
    if (snprintf(origin, sizeof(origin), "%s", args->args[0]) >= (int)sizeof(origin)) {
        return cli_usage(cli, "an origin has at most %d bytes", NOTE_NAME_MAX);
    }
    int rc = trustfile_path(path, &err);
    if (rc == 0) rc = trustfile_load(path, &policy, &err);
    if (rc != 0) return cli_fail_input(cli, &err);
    int exit_code = !trustthis_known(policy, bytes_of(origin))
                        ? not_known(cli, path, origin)
                        : forget_known(cli, policy, path, origin, opt_has(args, &trustforget_options[F_YES]));
    policy_free(policy);
    return exit_code;
}
