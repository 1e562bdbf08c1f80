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
#include "cli/promote/closed.h"
#include "cli/promote/gates.h"
#include "cli/promote/promote.h"
#include "cli/promote/target.h"
#include "evals/gate/gates.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"
#include "projections/view/look.h"

#define SEQS_MAX 64

enum { V_DIGEST, V_SUITE, V_EVAL, V_GATES, V_REPLAY, V_ACTOR };
static const struct opt verify_options[] = {
    [V_DIGEST] = {"digest", 0, "DIGEST", "the candidate, if the plan does not name it"},
    [V_SUITE] = {"suite", 0, "NAME", "a suite that has to have passed it; may be repeated"},
    [V_EVAL] = {"eval", 0, "ID", "an evaluation that has to count; may be repeated"},
    [V_GATES] = {"gates", 0, "FILE", "the gates, YAML or JSON, or 'default' (default: those that were asked last)"},
    [V_REPLAY] = {"replay", 0, NULL, "write nothing: ask again what was asked last, and compare the answers"},
    [V_ACTOR] = {"actor", 'a', "WHO", "who asks (default: user:<login name>)"},
    {0},
};

struct verifying {
    struct cli *cli;
    struct ledger *ledger;
    struct promote_known known;
    char subject[PROMOTE_TEXT + 16], login[CLI_ACTOR_MAX];
    const char *actor;
    uint64_t verifying_seq, gated_seq;
    struct gate_answers answers;
    struct gates_asked gates;
    struct promote_target target;
    bool has_target;
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

static int put_count(struct body *body, const char *name, uint64_t n, struct err *err) {
    char word[96];
    snprintf(word, sizeof(word), "%s:=%llu", name, (unsigned long long)n);
    return body_word(body, word, err);
}

/* What is free where the candidate lies, and how much that takes; of a promotion without a target, where the ledger is. What
 * cannot be measured is left out. */
static int put_measured(struct verifying *v, struct body *body, struct err *err) {
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX], digest[VERSION_DIGEST_MAX];
    uint64_t free = 0, all = 0, needed = 0;
    bool placed = v->has_target && file_parent(dir, v->target.link, NULL) == 0;
    int rc = 0;
    if (file_room(placed ? dir : log_dir(v->ledger), &free, &all)) rc = put_count(body, "free_bytes", free, err);
    if (rc == 0 && placed && link_resolve(v->target.link, v->target.source, path, NULL) == 0 &&
        version_digest(path, digest, &needed, NULL) == 0) {
        rc = put_count(body, "needed_bytes", needed, err);
    }
    return rc;
}

/* Other gates than those that were asked last about this candidate: somebody names them. */
static bool differ(const struct verifying *v) {
    return v->known.gates.digest[0] != '\0' && strcmp(v->known.gates.digest, v->gates.policy.digest) != 0;
}

/* Who replaces gates says so, and is told. */
static void note_gates(const struct verifying *v) {
    const struct promotions_gates *last = &v->known.gates;
    bool open = strcmp(last->answer, "asked") == 0;
    if (differ(v)) {
        cli_note(v->cli,
                 "ledger: promote verify: gates '%s' (%.19s) take the place of '%s' (%.19s), which %s%s (event %lld): "
                 "recorded as a change by %s",
                 v->gates.policy.name, v->gates.policy.digest, last->name, last->digest, open ? "were asked" : "answered ",
                 open ? "" : last->answer, (long long)last->seq, v->actor);
    } else if (!v->gates.named && last->digest[0] != '\0') {
        cli_note(v->cli, "ledger: promote verify: gates '%s' (%.19s), as event %lld asked them", v->gates.policy.name,
                 v->gates.policy.digest, (long long)last->seq);
    }
}

static int begin(struct verifying *v, const struct opt_args *args, struct err *err) {
    struct buf encoded = {.max = EVENT_BODY_MAX};
    struct body *body = body_new(kind_find(bytes_of("promotion.verifying")));
    int rc =
        body != NULL ? submit_put(body, "digest", v->known.digest, err) : err_set(err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = put_names(body, "suites", args, &verify_options[V_SUITE], err);
    if (rc == 0) rc = put_names(body, "evals", args, &verify_options[V_EVAL], err);
    if (rc == 0) rc = submit_put(body, "policy", v->gates.policy.name, err);
    if (rc == 0) rc = submit_put(body, "policy_digest", v->gates.policy.digest, err);
    if (rc == 0 && differ(v)) rc = submit_put(body, "policy_before", v->known.gates.digest, err);
    if (rc == 0) rc = put_measured(v, body, err);
    if (rc == 0) rc = gates_keep(v->ledger, &v->gates, err);
    if (rc == 0) rc = body_encode(body, &encoded, err);
    if (rc == 0) rc = append(v, "promotion.verifying", bytes_of_buf(&encoded), "measured", &v->verifying_seq, err);
    body_free(body);
    buf_done(&encoded);
    return rc;
}

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct verifying *v = ctx;
    const struct gate_question question = {.ledger = v->ledger,
                                           .policy = &v->gates.policy,
                                           .promotion = bytes_of(v->known.id),
                                           .verifying = v->verifying_seq,
                                           .writes = v->has_target ? v->target.link : NULL};
    return gates_ask(view, &question, &v->answers, err);
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
    mp_put_map(&body, 7);
    mp_pair_text(&body, "decision", gates_all_open(&v->answers) ? "pass" : "refuse");
    mp_pair_text(&body, "digest", v->known.digest);
    mp_put_text(&body, "evidence");
    mp_put_array(&body, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_uint(&body, seqs[i]);
    }
    mp_pair_text(&body, "gate", v->gates.policy.name);
    mp_pair_text(&body, "policy", v->gates.policy.name);
    mp_pair_text(&body, "policy_digest", v->gates.policy.digest);
    mp_put_text(&body, "reasons");
    gates_put_reasons(&v->answers, &body);
    int rc = buf_check(&body, "the answers", err);
    if (rc == 0) rc = append(v, "promotion.gated", bytes_of_buf(&body), "measured", &v->gated_seq, err);
    buf_done(&body);
    return rc;
}

/* What helps each closed gate, by the promotion as it is now. */
static int put_help(void *ctx, struct state_view *view, struct err *err) {
    struct verifying *v = ctx;
    struct bytes id = bytes_of(v->known.id);
    struct row row;
    bool there = false;
    int rc = look_judged(view, "promotions", &id, 1, &row, &there, err);
    for (size_t i = 0; rc == 0 && there && i < v->answers.n; i++) {
        const struct gate_answer *a = &v->answers.one[i];
        if (a->open) continue;
        closed_print_one(v->cli, &row, bytes_of(a->name), bytes_of(a->value), bytes_of(a->why));
        closed_print_found(v->cli, &row, bytes_of(a->name));
    }
    row_done(&row);
    return rc;
}

static int help(struct verifying *v) {
    struct state_options options;
    struct err err = {0};
    int rc = state_options_present(v->ledger, &options, &err);
    options.no_write = true;
    if (rc == 0) rc = state_ask(v->ledger, &options, put_help, v, &err);
    return rc == 0 ? EXIT_GOOD : cli_fail(v->cli, &err);
}

static int show(struct verifying *v) {
    struct fact_table table = {.cli = v->cli};
    struct obj whole = {0};
    bool pass = gates_all_open(&v->answers);
    obj_text(&whole, "promotion", v->known.id);
    obj_text(&whole, "digest", v->known.digest);
    obj_text(&whole, "decision", pass ? "pass" : "refuse");
    obj_text(&whole, "policy", v->gates.policy.name);
    obj_text(&whole, "policy_digest", v->gates.policy.digest);
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
    if (exit_code == 0 && !pass && !v->cli->json) exit_code = help(v);
    return exit_code != 0 ? exit_code : pass ? EXIT_GOOD : EXIT_NO;
}

/* ---- asking again ---- */

struct asked {
    uint64_t verifying;
    struct buf reasons;
    char policy_digest[VERSION_DIGEST_MAX];
};

/* The gates' newest answer, and the verification before it. */
static int read_asked(struct verifying *v, struct asked *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct bytes raw = {0};
    ret->verifying = UINT64_MAX;
    int rc = log_reader_open(v->ledger, v->known.planned_seq, v->known.gate_seq + 1, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        if (!bytes_is(event.subject, v->subject)) continue;
        if (bytes_is(event.kind, "promotion.verifying")) {
            ret->verifying = event.seq;
        } else if (event.seq == v->known.gate_seq) {
            struct bytes digest = mp_get_text(event.body, "policy_digest");
            snprintf(ret->policy_digest, sizeof(ret->policy_digest), "%.*s", (int)(digest.n < 79 ? digest.n : 79),
                     digest.n > 0 ? (const char *)digest.p : "");
            if (mp_map_get(event.body, "reasons", &raw) == 0) buf_put_bytes(&ret->reasons, raw);
        }
    }
    log_reader_close(reader);
    if (rc == 1 && ret->verifying == UINT64_MAX)
        return err_set(err, ERR_NOTFOUND, "there is no verification to be repeated");
    return rc < 0 ? rc : buf_check(&ret->reasons, "the answers", err);
}

static int replay(struct verifying *v) {
    struct asked asked = {.reasons = {.max = EVENT_BODY_MAX}};
    struct buf again = {.max = EVENT_BODY_MAX};
    struct err err = {0};
    int rc = v->known.gate_seq != UINT64_MAX ? read_asked(v, &asked, &err)
                                             : err_set(&err, ERR_NOTFOUND, "the gates have not answered");
    if (rc == 0 && !v->gates.named) {
        int exit_code = gates_recall(v->cli, v->ledger, asked.policy_digest, v->known.gate_seq, &v->gates);
        if (exit_code != 0) {
            buf_done(&asked.reasons);
            return exit_code;
        }
    }
    if (rc == 0 && strcmp(asked.policy_digest, v->gates.policy.digest) != 0) {
        rc = err_set(&err, ERR_NOTFOUND, "event %llu asked other gates than these, with the digest %s: --gates FILE",
                     (unsigned long long)v->known.gate_seq,
                     asked.policy_digest[0] != '\0' ? asked.policy_digest : "unknown");
    }
    v->verifying_seq = asked.verifying;
    v->gated_seq = v->known.gate_seq;
    if (rc == 0) rc = ask_gates(v, &err);
    if (rc == 0) {
        gates_put_reasons(&v->answers, &again);
        rc = buf_check(&again, "the answers", &err);
    }
    bool same = rc == 0 && bytes_eq(bytes_of_buf(&again), bytes_of_buf(&asked.reasons));
    buf_done(&again);
    buf_done(&asked.reasons);
    if (rc == ERR_NOTFOUND) return cli_fail_as(v->cli, &err, EXIT_NO);
    if (rc != 0) return cli_fail(v->cli, &err);
    int exit_code = show(v);
    if (same || exit_code > EXIT_NO) return exit_code;
    return cli_refuse(v->cli, EXIT_NO, ERR_CONFLICT, "the answers are not those that event %llu recorded",
                      (unsigned long long)v->gated_seq);
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
    if (v->known.linked) rc = target_read(v->ledger, &v->known, &v->target, &err);
    v->has_target = v->known.linked && rc == 0;
    if (opt_has(args, &verify_options[V_REPLAY])) return replay(v);
    int exit_code = v->gates.named
                        ? 0
                        : gates_recall(v->cli, v->ledger, v->known.gates.digest, (uint64_t)v->known.gates.seq, &v->gates);
    if (exit_code != 0) return exit_code;
    note_gates(v);
    rc = rc == ERR_NOTFOUND ? 0 : rc; /* its paths were erased: the gates that need them are closed */
    if (rc == 0) rc = begin(v, args, &err);
    if (rc == 0) rc = ask_gates(v, &err);
    if (rc == 0) rc = record(v, &err);
    return rc == 0 ? show(v) : rc == ERR_INVALID ? cli_fail_input(v->cli, &err) : cli_fail(v->cli, &err);
}

static int verify(struct cli *cli, const struct opt_args *args) {
    const char *digest = opt_text(args, &verify_options[V_DIGEST]);
    struct verifying v = {.cli = cli};
    if (digest != NULL && !promote_is_digest(digest))
        return cli_usage(cli, "--digest is '%.80s'; expected a digest: sha256:...", digest);
    v.actor = cli_actor(opt_text(args, &verify_options[V_ACTOR]), v.login);
    int exit_code = gates_read(cli, opt_text(args, &verify_options[V_GATES]), &v.gates);
    if (exit_code == 0 && !opt_has(args, &verify_options[V_REPLAY])) {
        exit_code = promote_complete(cli, args->args[0], opt_text(args, &verify_options[V_ACTOR]));
    }
    if (exit_code == 0)
        exit_code = cli_open(cli, opt_has(args, &verify_options[V_REPLAY]) ? CLI_READ : CLI_WRITE, &v.ledger);
    if (exit_code == 0) exit_code = run_gates(&v, args);
    log_close(v.ledger);
    gates_done(&v.gates);
    return exit_code;
}

const struct spec promote_verify = {
    .synopsis = "ID [--gates FILE] [--replay] [--suite NAME] [--eval ID] [--digest DIGEST] [--actor WHO]",
    .about = "Asks each gate whether the candidate may be promoted, as of now, and records that (promotion.verifying)\n"
             "and the answers with their reasons and evidence (promotion.gated). Exit code 1 if one is closed, or\n"
             "the promotion is not at that step. --replay asks again as of then, and compares: exit code 1 if an\n"
             "answer differs. FILE has the gates, as docs/promotion.md describes them; it is kept as an artifact.\n"
             "Without --gates those are asked that were asked last about this candidate, at first those of\n"
             "share/policy/gates.yaml ('default'). Others take their place only where --gates names them.",
    .examples = "ledger promote verify swap\nledger promote verify swap --suite smoke",
    .opts = verify_options,
    .min_args = 1,
    .max_args = 1,
    .run = verify,
};
