/* promote apply and rollback: one event each, judged inside the transaction that records it; then the link is switched, which
 * another event confirms. */
#include <stdio.h>
#include <string.h>

#include "cli/act/submit.h"
#include "cli/act/tripcodes.h"
#include "cli/open/open.h"
#include "cli/promote/drift.h"
#include "cli/promote/follow.h"
#include "cli/promote/promote.h"
#include "projections/decide/decide.h"

enum { A_TRIPCODE, A_FORCE, A_SUBMIT };
static const struct opt apply_options[] = {
    [A_TRIPCODE] = {"tripcode", 0, "FILE|-", "the tripcode that a plan of T3 needs, as 'tripcode issue' prints it"},
    [A_FORCE] = {"force", 0, NULL, "switch the link though somebody else moved it"},
    SUBMIT_OPTIONS,
    {0},
};

enum { R_REASON, R_FORCE, R_SUBMIT };
static const struct opt rollback_options[] = {
    [R_REASON] = {"reason", 0, "WORD", "regression (default), incident, mistake, tripped"},
    [R_FORCE] = {"force", 0, NULL, "switch the link back though somebody else moved it"},
    SUBMIT_OPTIONS,
    {0},
};

struct asking {
    const struct promote_known *known;
    bool back;
    struct decision decision;
};

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct asking *a = ctx;
    const struct bytes id = bytes_of(a->known->id);
    return a->back ? decide_may_go_back(view, id, &a->decision, err) : decide_may_promote(view, id, &a->decision, err);
}

/* Of a promotion with a link: may it be switched? Asked before the event as well, so that what cannot be applied is not decided.
 * What the log itself forbids is left to the judge: it says why, and no link is to blame. */
static int check_link(struct cli *cli, struct ledger *ledger, const struct promote_known *known, bool back, bool forced) {
    struct promote_target target = {0};
    struct asking asking = {.known = known, .back = back};
    struct state_options options;
    struct err err = {0};
    if (!known->linked || (back ? strcmp(known->state, "promoted") != 0 : strcmp(known->state, "verifying") != 0))
        return EXIT_GOOD;
    if (back && known->before[0] == '\0') {
        return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "it took the place of nothing: there is no version to go back to");
    }
    int rc = state_options_present(ledger, &options, &err);
    options.no_write = true;
    if (rc == 0) rc = state_ask(ledger, &options, ask, &asking, &err);
    if (rc == 0 && !asking.decision.yes) return EXIT_GOOD;
    if (rc == 0) rc = target_read(ledger, known, &target, &err);
    if (rc == 0) rc = target_may(known, &target, back ? known->before : known->digest, forced, &err);
    if (rc == ERR_CONFLICT) {
        advise_refused(cli, known, target.link, target.fault, back ? "rollback" : "apply", &err);
    }
    return rc == 0                                    ? EXIT_GOOD
           : rc == ERR_CONFLICT || rc == ERR_NOTFOUND ? cli_fail_as(cli, &err, EXIT_NO)
                                                      : cli_fail(cli, &err);
}

/* Of one that is over and answers for its link: what is wrong with that comes before what the log says of the step. */
static int check_drift(struct cli *cli, struct ledger *ledger, const struct promote_known *known, bool back, bool forced) {
    struct drift drift;
    int exit_code = EXIT_GOOD;
    if (known->under_way || (back && strcmp(known->state, "promoted") == 0)) return EXIT_GOOD;
    drift_init(&drift);
    drift_find(cli, ledger, known, true, &drift);
    bool helps = forced && !back && (!drift.is || drift.what == TARGET_SOUND || drift.what == TARGET_MOVED);
    if (drift.is && !helps) {
        exit_code = cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "%s%s%.*s", drift.words, drift.remedy.n > 0 ? ": " : "",
                               (int)drift.remedy.n, drift.remedy.n > 0 ? (const char *)drift.remedy.p : "");
    } else if (!forced && !back && known->end == PROMOTIONS_END_CANDIDATE) {
        exit_code = cli_refuse(cli, EXIT_NO, ERR_CONFLICT,
                               "'%s' is promoted already, and its link leads to it: there is nothing to apply", known->id);
    }
    drift_done(&drift);
    return exit_code;
}

static int load(struct cli *cli, const char *id, bool back, bool forced, struct promote_known *ret,
                char subject[PROMOTE_TEXT + 16]) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    if (promote_subject(id, subject, &err) != 0) return cli_usage(cli, "%s", err.msg);
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = promote_known(ledger, subject, ret, &err);
    exit_code = rc != 0 ? cli_fail(cli, &err) : promote_must_be(cli, ret);
    if (exit_code == 0) exit_code = check_drift(cli, ledger, ret, back, forced);
    if (exit_code == 0) exit_code = check_link(cli, ledger, ret, back, forced);
    log_close(ledger);
    return exit_code;
}

static int put_evidence(struct body *body, const struct promote_known *known, struct err *err) {
    char word[96];
    int n = snprintf(word, sizeof(word), "evidence:=[%llu", (unsigned long long)known->gate_seq);
    if (known->simulated_seq != UINT64_MAX) {
        n += snprintf(word + n, sizeof(word) - (size_t)n, ",%llu", (unsigned long long)known->simulated_seq);
    }
    snprintf(word + n, sizeof(word) - (size_t)n, "]");
    return known->gate_seq != UINT64_MAX ? body_word(body, word, err) : 0;
}

static bool is_of_route(const struct promote_known *known) {
    return strncmp(known->of, "route/", 6) == 0;
}

/* The event decides; then the link is switched, if there is one, and a route is configured. */
static int submit_and_switch(struct cli *cli, const struct opt_args *args, const struct opt *options,
                             const struct submit *what, struct body *body, bool forced, bool of_route) {
    int exit_code = submit_step(cli, args, options, what, body);
    if (exit_code != 0 || opt_has(args, &options[SUBMIT_DRY_RUN])) return exit_code;
    const char *actor = opt_text(args, &options[SUBMIT_ACTOR]);
    exit_code = target_apply(cli, what->subject, actor, forced);
    return exit_code == 0 && of_route ? follow_now(cli, what->subject, actor) : exit_code;
}

static const char *or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static int apply(struct cli *cli, const struct opt_args *args) {
    const char *path = opt_text(args, &apply_options[A_TRIPCODE]);
    struct promote_known known;
    char subject[PROMOTE_TEXT + 16];
    struct tripcodes codes = {.n = 0};
    struct err err = {0};
    bool forced = opt_has(args, &apply_options[A_FORCE]);
    const char *actor = opt_text(args, &apply_options[A_SUBMIT + SUBMIT_ACTOR]);
    int exit_code = load(cli, args->args[0], false, forced, &known, subject);
    if (exit_code != 0) return exit_code;
    bool back = forced && known.end != PROMOTIONS_END_NONE && known.applied[0] != '\0';
    if (known.unapplied[0] != '\0' || back) {
        bool dry = opt_has(args, &apply_options[A_SUBMIT + SUBMIT_DRY_RUN]);
        return dry ? cli_usage(cli, "--dry-run shows a step, and here only the link is switched; see 'promote status'")
                   : target_apply(cli, subject, actor, forced);
    }
    if (path != NULL && tripcodes_read(path, &codes, &err) != 0) return cli_fail_input(cli, &err);
    struct body *body = body_new(kind_find(bytes_of("promotion.promoted")));
    int rc = body != NULL ? submit_put(body, "digest", or_null(known.digest), &err)
                          : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "digest_before", or_null(known.before), &err);
    if (rc == 0) rc = submit_put(body, "version", or_null(known.version), &err);
    if (rc == 0) rc = submit_put(body, "tripcode", codes.n > 0 ? codes.list[0] : NULL, &err);
    if (rc == 0) rc = put_evidence(body, &known, &err);
    const struct submit what = {
        .kind = "promotion.promoted", .subject = subject, .grade = "declared", .name = "promotion", .value = known.id};
    if (rc == 0) {
        exit_code = submit_and_switch(cli, args, &apply_options[A_SUBMIT], &what, body, forced, is_of_route(&known));
        if (exit_code == EXIT_NO && path == NULL && strcmp(known.tier, "T3") == 0) {
            cli_note(
                cli,
                "ledger: promote apply: a plan of T3 needs --tripcode FILE: what 'ledger tripcode issue STEP --digest %s "
                "--for promotion/%s --sign-as KEYFILE' prints",
                known.digest, known.id);
        }
        return exit_code;
    }
    body_free(body);
    return cli_fail_input(cli, &err);
}

const struct spec promote_apply = {
    .synopsis = "ID [--tripcode FILE|-] [--force] [OPTIONS]",
    .about = "Promotes the candidate, if its steps are complete, the gates passed this very digest and its\n"
             "evaluations still count: judged inside the transaction that records promotion.promoted. Exit code 1\n"
             "with the reason and its events otherwise. Where the plan has a target, its link is then switched,\n"
             "read back and that recorded (promotion.applied). What was promoted and not applied, because of a\n"
             "crash or a full disk, is completed. A link that somebody else moved is named, exit code 1, and left\n"
             "alone without --force, which leads it back to what was applied last, by promoting or rolling back.",
    .examples = "ledger promote apply swap\nledger promote apply swap --tripcode code",
    .opts = apply_options,
    .min_args = 1,
    .max_args = 1,
    .run = apply,
};

static int rollback(struct cli *cli, const struct opt_args *args) {
    const char *reason = opt_text(args, &rollback_options[R_REASON]);
    struct promote_known known;
    char subject[PROMOTE_TEXT + 16];
    struct err err = {0};
    bool forced = opt_has(args, &rollback_options[R_FORCE]);
    int exit_code = load(cli, args->args[0], true, forced, &known, subject);
    if (exit_code != 0) return exit_code;
    if (known.unapplied[0] != '\0' && strcmp(known.state, "promoted") != 0) { /* decided before, and cut short */
        return target_apply(cli, subject, opt_text(args, &rollback_options[R_SUBMIT + SUBMIT_ACTOR]), forced);
    }
    struct body *body = body_new(kind_find(bytes_of("promotion.rolled_back")));
    int rc = body != NULL ? submit_put(body, "digest", or_null(known.before), &err)
                          : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "digest_before", or_null(known.digest), &err);
    if (rc == 0) rc = submit_put(body, "reason", reason != NULL ? reason : "regression", &err);
    const struct submit what = {
        .kind = "promotion.rolled_back", .subject = subject, .grade = "declared", .name = "promotion", .value = known.id};
    if (rc == 0) return submit_and_switch(cli, args, &rollback_options[R_SUBMIT], &what, body, forced, is_of_route(&known));
    body_free(body);
    return cli_fail_input(cli, &err);
}

const struct spec promote_rollback = {
    .synopsis = "ID [--reason WORD] [--force] [OPTIONS]",
    .about = "Goes back to what was live before this promotion, with one event (promotion.rolled_back). Exit code 1\n"
             "if it is not promoted. A link is switched back the same way as by 'promote apply'; if that was cut\n"
             "short, the same command completes it.",
    .examples = "ledger promote rollback swap --reason incident",
    .opts = rollback_options,
    .min_args = 1,
    .max_args = 1,
    .run = rollback,
};
