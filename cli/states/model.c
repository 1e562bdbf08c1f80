/* model: models by their bytes. list and show are those of every entity; role declares what a model is for. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/act/submit.h"
#include "cli/call/command.h"
#include "cli/print/say.h"
#include "cli/states/entities.h"
#include "cli/view/asof.h"
#include "cli/view/entity.h"
#include "projections/ready/models.h"

enum { R_PRIORITY, R_QUOTA, R_PACK, R_SUBMIT };
static const struct opt role_options[] = {
    [R_PRIORITY] = {"priority", 0, "N", "the higher keeps its room when there is too little (default: as before, else 0)"},
    [R_QUOTA] = {"quota", 0, "BYTES", "memory that it may take when it is loaded"},
    [R_PACK] = {"pack", 0, "PACK", "which pack wants it"},
    SUBMIT_OPTIONS,
    {0},
};

/* The model that a name means now. */
struct meant {
    char name[512], digest[MODELS_DIGEST_MAX];
    bool weights, manifest;
    size_t n;
};

static int keep_meant(void *ctx, const struct row *row, struct err *err) {
    struct meant *meant = ctx;
    struct bytes digest = row_text(row, MODEL_DIGEST), name = row_text(row, MODEL_NAME);
    if (meant->n++ > 0) return err_set(err, ERR_INVALID, "several models have that name; expected: the digest of one");
    snprintf(meant->name, sizeof(meant->name), "%.*s", REASON_PART(name.n > 0 ? name : digest, sizeof(meant->name) - 1));
    snprintf(meant->digest, sizeof(meant->digest), "%.*s", REASON_PART(digest, sizeof(meant->digest) - 1));
    meant->weights = row_is(row, MODEL_DIGEST_OF, "weights");
    meant->manifest = row_is(row, MODEL_DIGEST_OF, "manifest");
    return 0;
}

static int put_number(struct body *body, const char *name, const struct opt_args *args, const struct opt *opt,
                      struct err *err) {
    char word[64];
    uint64_t n;
    if (!opt_has(args, opt)) return 0;
    int rc = opt_u64(args, opt, &n, err);
    snprintf(word, sizeof(word), "%s:=%llu", name, (unsigned long long)n);
    return rc == 0 ? body_word(body, word, err) : rc;
}

static int put_role(struct body *body, const struct opt_args *args, const struct meant *meant, struct err *err) {
    int rc = submit_put(body, "model", meant->name, err);
    if (rc == 0 && meant->weights) rc = submit_put(body, "digest", meant->digest, err);
    if (rc == 0 && meant->manifest) rc = submit_put(body, "manifest_digest", meant->digest, err);
    if (rc == 0) rc = submit_put(body, "role", args->args[1], err);
    if (rc == 0) rc = put_number(body, "priority", args, &role_options[R_PRIORITY], err);
    if (rc == 0) rc = put_number(body, "quota_bytes", args, &role_options[R_QUOTA], err);
    return rc == 0 ? submit_put(body, "pack", opt_text(args, &role_options[R_PACK]), err) : rc;
}

static int find_model(struct cli *cli, const char *text, struct meant *ret) {
    struct asof view = {0};
    struct err err = {0};
    int exit_code = asof_open(&view, cli, NULL);
    if (exit_code == 0) {
        int rc = entity_each(&view, entity_table(&view, bytes_of("models")), bytes_of(text), keep_meant, ret, &err);
        exit_code = asof_exit(&view, rc != 0 ? asof_fail_lookup(&view, &err) : 0);
    }
    asof_close(&view);
    return exit_code;
}

static int declare_role(struct cli *cli, const struct opt_args *args) {
    struct meant meant = {0};
    struct err err = {0};
    char subject[600];
    int exit_code = find_model(cli, args->args[0], &meant);
    if (exit_code != 0) return exit_code;
    struct body *body = body_new(kind_find(bytes_of("model.declared")));
    int rc = body != NULL ? put_role(body, args, &meant, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc != 0) {
        body_free(body);
        return cli_fail_input(cli, &err);
    }
    snprintf(subject, sizeof(subject), "model/%s", meant.name);
    const struct submit what = {.kind = "model.declared", .subject = subject, .grade = "declared"};
    return submit_step(cli, args, &role_options[R_SUBMIT], &what, body);
}

static const struct spec spec_role = {
    .synopsis = "MODEL ROLE [--priority N] [--quota BYTES] [--pack PACK] [OPTIONS]",
    .about = "Declares what a model is for: planner, worker, judge, embedder or any other word, and what becomes\n"
             "of it when there is too little room ('ledger capacity'). What is left out stays as it was. MODEL is\n"
             "a digest, its first digits, or anything that points to one now; the role is that of the weights,\n"
             "whatever name they get later. Prints the event's receipt; exit code 1 if nobody knows the model.",
    .examples =
        "ledger model role llama3.2:3b planner --priority 5\nledger model role sha256:4f2a worker --quota 6442450944",
    .opts = role_options,
    .min_args = 2,
    .max_args = 2,
    .run = declare_role,
};

static const struct command model[] = {
    {"role", "declare what a model is for, its priority and its quota", &spec_role},
    {"list", "list models that were seen or named, by the digest of their weights or manifest", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_model = {
    .synopsis = "role | list | show",
    .about = "A model is identified by the digest of its weights; if that is not known, by the digest of its\n"
             "manifest, or else by its name. Names, tags, aliases and files are claims that point to a digest,\n"
             "so a NAME is a digest, its first digits, or anything that points to one now. Models that only\n"
             "runs, evaluations or routes mention are listed as unregistered, under the name used there.\n"
             "'ledger state model_names' lists the names and shows which of them moved.",
    .examples = "ledger model list\nledger model show llama3.2:3b\nledger model show sha256:4f2a\n"
                "ledger model role llama3.2:3b planner --priority 5",
    .subs = model,
};
