/* eval schema: the table of fields, for editors and documents. */
#include "packs/manifest/schema.h"

#include "cli/evals/evals.h"
#include "cli/print/say.h"
#include "evals/suite/suite.h"

#define SCHEMA_MAX ((size_t)1 << 20)

enum { S_MARKDOWN };
static const struct opt options[] = {
    [S_MARKDOWN] = {"markdown", 0, NULL, "the same as tables in Markdown"},
    {0},
};

static int run(struct cli *cli, const struct opt_args *args) {
    struct buf text = {.max = SCHEMA_MAX};
    struct err err = {0};
    bool markdown = opt_has(args, &options[S_MARKDOWN]);
    int rc = markdown ? schema_form_markdown(&suite_form, &text, &err) : schema_form_json(&suite_form, &text, &err);
    if (rc == 0) {
        out_bytes(cli, bytes_of_buf(&text));
    }
    buf_done(&text);
    return rc == 0 ? EXIT_GOOD : cli_fail_as(cli, &err, EXIT_SYSTEM);
}

const struct spec evals_schema = {
    .synopsis = "[--markdown]",
    .about = "Prints the JSON Schema of suites, ledger-suite/v0. Editors that know '# yaml-language-server:\n"
             "$schema=FILE' complete and check a suite by it. 'ledger eval validate' finds more.",
    .examples = "ledger eval schema > ledger-suite-v0.json",
    .opts = options,
    .run = run,
};
