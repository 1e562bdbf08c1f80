/* policy: rules for tools, and limits of machines. list and show are those of every entity; check and declare take a file. */
#include <stdio.h>
#include <string.h>

#include "cli/act/submit.h"
#include "cli/call/command.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "cli/states/entities.h"
#include "cli/states/policy_file.h"
#include "projections/machine/capability.h"

enum { D_SUBMIT };
static const struct opt declare_options[] = {
    SUBMIT_OPTIONS,
    {0},
};

static int check(struct cli *cli, const struct opt_args *args) {
    struct policy_file f;
    struct err err = {0};
    int rc = policy_file_read(args->args[0], &f, &err);
    const struct fact facts[] = {
        fact_text("policy", "policy", f.name),
        fact_text("version", "version", f.version),
        fact_text("digest", "digest", f.digest),
        fact_count("rules for tools", "rules", f.rules),
        fact_count("tiers of machines", "tiers", f.tiers),
    };
    body_free(f.body);
    return rc != 0 ? cli_fail_input(cli, &err) : fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 18, false);
}

static int declare(struct cli *cli, const struct opt_args *args) {
    struct policy_file f;
    struct err err = {0};
    char subject[300];
    int rc = policy_file_read(args->args[0], &f, &err);
    if (rc != 0) {
        body_free(f.body);
        return cli_fail_input(cli, &err);
    }
    snprintf(subject, sizeof(subject), "policy/%s", f.name);
    const struct submit what = {.kind = "policy.declared", .subject = subject, .grade = "declared", .note_field = "text"};
    return submit_step(cli, args, &declare_options[D_SUBMIT], &what, f.body);
}

/* ---- what ships ---- */

static int shipped(struct cli *cli, const struct opt_args *args) {
    struct buf list = {.max = CAPABILITY_BYTES_MAX};
    struct obj whole = {0};
    struct err err = {0};
    (void)args;
    int rc = capability_shipped(&list, &err);
    obj_text(&whole, "policy", "capability");
    obj_text(&whole, "version", CAPABILITY_VERSION);
    obj_raw(&whole, "capability_tiers", bytes_of_buf(&list));
    int exit_code = rc != 0 ? cli_fail(cli, &err) : cli_print(cli, &whole, false);
    if (rc != 0) obj_done(&whole);
    buf_done(&list);
    return exit_code;
}

static const struct spec spec_check = {
    .synopsis = "FILE",
    .about = "Checks a policy without declaring it: FILE is a map of YAML or JSON with the fields of\n"
             "policy.declared ('ledger kinds policy.declared'). Exit code 3 if it would be refused, with line,\n"
             "column and the reason.",
    .examples = "ledger policy check mine.yaml\nledger policy check /usr/local/share/ledger/policy/capability.json",
    .min_args = 1,
    .max_args = 1,
    .run = check,
};
static const struct spec spec_declare = {
    .synopsis = "FILE [--note TEXT] [--sign-as KEYFILE] [OPTIONS]",
    .about = "Declares the policy in FILE (see 'ledger policy check'): it is in force from now on, in place of the\n"
             "one of the same name. The digest of the file is recorded with it. Prints the event's receipt.",
    .examples = "ledger policy declare mine.json --sign-as alice.key",
    .opts = declare_options,
    .min_args = 1,
    .max_args = 1,
    .run = declare,
};
static const struct spec spec_shipped = {
    .synopsis = "",
    .about = "Prints the tiers of machines that hold while no policy of the log has its own, as a file to start\n"
             "from.",
    .examples = "ledger policy shipped >mine.json",
    .run = shipped,
};

static const struct command policy[] = {
    {"check", "check a policy's file", &spec_check},
    {"declare", "put a policy's file in force", &spec_declare},
    {"list", "list policies as last declared", &entities_list},
    {"shipped", "print the tiers of machines that ship with the program", &spec_shipped},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_policy = {
    .synopsis = "check | declare | list | shipped | show",
    .about = "Policies as last declared: the rules that give tools their tiers, and the tiers of machines with\n"
             "their limits (docs/routes.md).",
    .examples = "ledger policy list\nledger policy show mine --at 2026-11-20\nledger policy declare mine.json",
    .subs = policy,
};
