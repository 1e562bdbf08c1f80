/* promote verify: what is measured outside is recorded with promotion.verifying; then each gate is asked of the states up to that
 * event, and promotion.gated has the answers. So whoever has the log can ask again and must get the same (--replay). */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/obj.h"
#include "cli/act/body.h"
#include "cli/act/submit.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/promote/promote.h"
#include "evals/gate/gates.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"

#define SEQS_MAX 64

enum { V_DIGEST, V_SUITE, V_EVAL, V_ACTOR };
static const struct opt verify_options[] = {
    [V_DIGEST] = {"digest", 0, "DIGEST", "the candidate, if the plan does not name it"},
    [V_SUITE] = {"suite", 0, "NAME", "a suite that has to have passed it; may be repeated"},
    [V_EVAL] = {"eval", 0, "ID", "an evaluation that has to count; may be repeated"},
    [V_ACTOR] = {"actor", 'a', "WHO", "who asks (default: user:<login name>)"},
    {0},
};

struct verifying {
    struct cli *cli;
    struct ledger *ledger;
    struct promote_known known;
    char subject[PROMOTE_TEXT + 16], actor[CLI_ACTOR_MAX];
    uint64_t verifying_seq, gated_seq;
    struct gate_answers answers;
};

static int put_names(struct body *body, const char *field, const struct opt_args *args, const struct opt *opt,
                     struct err *err) {
    const char *names[SEQS_MAX];
    size_t n = 0, at = 0;
    for (const char *name; (name = opt_next(args, opt, &at)) != NULL; n++) {
        if (n == SEQS_MAX) return err_set(err, ERR_INVALID, "--%s is given more than %d times", opt->name, SEQS_MAX);
        names[n] = name;
    }
    return n > 0 ? submit_put_list(body, field, names, n, err) : 0;
}

static int append(struct verifying *v, const char *kind, struct bytes body, const char *grade, uint64_t *ret_seq,
                  struct err *err) {
    struct log_draft draft;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    char note[CHECKED_NOTE_MAX];
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(v->subject);
    draft.actor = bytes_of(v->actor);
    draft.source = bytes_of("cli");
    draft.grade = bytes_of(grade);
    draft.body = body;
    int rc = checked_append(v->ledger, &draft, &receipt, &head, note, err);
    *ret_seq = receipt.seq;
    return rc;
}

static int begin(struct verifying *v, const struct opt_args *args, struct err *err) {
    struct buf encoded = {.max = EVENT_BODY_MAX};
    struct body *body = body_new(kind_find(bytes_of("promotion.verifying")));
    int rc =
        body != NULL ? submit_put(body, "digest", v->known.digest, err) : err_set(err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = put_names(body, "suites", args, &verify_options[V_SUITE], err);
    if (rc == 0) rc = put_names(body, "evals", args, &verify_options[V_EVAL], err);
    if (rc == 0) rc = body_encode(body, &encoded, err);
    if (rc == 0) rc = append(v, "promotion.verifying", bytes_of_buf(&encoded), "declared", &v->verifying_seq, err);
    body_free(body);
    buf_done(&encoded);
    return rc;
}

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct verifying *v = ctx;
    return gates_ask(view, bytes_of(v->known.id), &v->answers, err);
}

/* As of the verification, at its time. */
static int ask_gates(struct verifying *v, struct err *err) {
    struct state_options options;
    int rc = state_options_present(v->ledger, &options, err);
    options.at = v->verifying_seq + 1;
    options.now = 0;
    options.no_write = true;
    return rc == 0 ? state_ask(v->ledger, &options, ask, v, err) : rc;
}

static int record(struct verifying *v, struct err *err) {
    struct buf body = {.max = EVENT_BODY_MAX};
    uint64_t seqs[SEQS_MAX];
    size_t n = gates_evidence(&v->answers, seqs, SEQS_MAX);
    mp_put_map(&body, 5);
    mp_pair_text(&body, "decision", gates_all_open(&v->answers) ? "pass" : "refuse");
    mp_pair_text(&body, "digest", v->known.digest);
    mp_put_text(&body, "evidence");
    mp_put_array(&body, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_uint(&body, seqs[i]);
    }
    mp_pair_text(&body, "gate", "gates");
    mp_put_text(&body, "reasons");
    gates_put_reasons(&v->answers, &body);
    int rc = buf_check(&body, "the answers", err);
    if (rc == 0) rc = append(v, "promotion.gated", bytes_of_buf(&body), "measured", &v->gated_seq, err);
    buf_done(&body);
    return rc;
}

static int show(struct verifying *v) {
    struct fact_table table = {.cli = v->cli};
    struct obj whole = {0};
    bool pass = gates_all_open(&v->answers);
    obj_text(&whole, "promotion", v->known.id);
    obj_text(&whole, "digest", v->known.digest);
    obj_text(&whole, "decision", pass ? "pass" : "refuse");
    obj_uint(&whole, "verifying_seq", v->verifying_seq);
    obj_uint(&whole, "gated_seq", v->gated_seq);
    for (size_t i = 0; i < v->answers.n; i++) {
        const struct gate_answer *a = &v->answers.one[i];
        const struct fact facts[] = {fact_text("GATE", "gate", a->name),
                                     fact_text("STATE", "state", a->open ? "open" : "closed"),
                                     fact_text("VALUE", "value", a->value), fact_text("REQUIRED", "required", a->required),
                                     fact_said(fact_text("WHY", "reason", a->why[0] != '\0' ? a->why : NULL), a->why)};
        fact_row(&table, facts, sizeof(facts) / sizeof(facts[0]));
    }
    int exit_code = fact_end(&table, &whole, "gates");
    return exit_code != 0 ? exit_code : pass ? EXIT_GOOD : EXIT_NO;
}

static int run_gates(struct verifying *v, const struct opt_args *args) {
    const char *digest = opt_text(args, &verify_options[V_DIGEST]);
    struct err err = {0};
    if (promote_subject(args->args[0], v->subject, &err) != 0) return cli_usage(v->cli, "%s", err.msg);
    int rc = promote_known(v->ledger, v->subject, &v->known, &err);
    if (rc != 0) return cli_fail(v->cli, &err);
    if (!v->known.there) return promote_must_be(v->cli, &v->known);
    if (digest != NULL && v->known.digest[0] == '\0') {
        snprintf(v->known.digest, sizeof(v->known.digest), "%s", digest);
    } else if (digest != NULL && strcmp(digest, v->known.digest) != 0) {
        return cli_refuse(v->cli, EXIT_NO, ERR_CONFLICT, "the candidate is %s", v->known.digest);
    } else if (v->known.digest[0] == '\0') {
        return cli_usage(v->cli, "--digest DIGEST is missing: the plan does not name the candidate's");
    }
    rc = begin(v, args, &err);
    if (rc == 0) rc = ask_gates(v, &err);
    if (rc == 0) rc = record(v, &err);
    return rc == 0 ? show(v) : rc == ERR_INVALID ? cli_fail_input(v->cli, &err) : cli_fail(v->cli, &err);
}

static int verify(struct cli *cli, const struct opt_args *args) {
    const char *digest = opt_text(args, &verify_options[V_DIGEST]);
    struct verifying v = {.cli = cli};
    if (digest != NULL && !promote_is_digest(digest))
        return cli_usage(cli, "--digest is '%.80s'; expected a digest: sha256:...", digest);
    cli_actor(opt_text(args, &verify_options[V_ACTOR]), v.actor);
    int exit_code = cli_open(cli, CLI_WRITE, &v.ledger);
    if (exit_code == 0) exit_code = run_gates(&v, args);
    log_close(v.ledger);
    return exit_code;
}

const struct spec promote_verify = {
    .synopsis = "ID [--suite NAME] [--eval ID] [--digest DIGEST] [--actor WHO]",
    .about = "Asks each gate whether the candidate may be promoted, as of now, and records that (promotion.verifying)\n"
             "and the answers with their reasons and evidence (promotion.gated). Exit code 1 if one is closed, or\n"
             "the promotion is not at that step.",
    .examples = "ledger promote verify swap\nledger promote verify swap --suite smoke",
    .opts = verify_options,
    .min_args = 1,
    .max_args = 1,
    .run = verify,
};
