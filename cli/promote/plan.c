/* promote plan: what is proposed, for what, by its digest. */
#include <stdio.h>
#include <string.h>

#include "cli/act/submit.h"
#include "cli/open/open.h"
#include "cli/print/say.h"
#include "cli/promote/drift.h"
#include "cli/promote/follow.h"
#include "cli/promote/promote.h"
#include "cli/promote/target.h"

enum { P_DIGEST, P_BEFORE, P_VERSION, P_TIER, P_PLAN, P_TARGET, P_LINK, P_FROM, P_AGAIN, P_SUBMIT };
static const struct opt plan_options[] = {
    [P_DIGEST] = {"digest", 0, "DIGEST", "the candidate: sha256:... of its file, tree, weights or configuration"},
    [P_BEFORE] = {"before", 0, "DIGEST", "what it replaces (default: what is live by the log)"},
    [P_VERSION] = {"version", 0, "TEXT", "version of the candidate; a pack's has to be named"},
    [P_TIER] = {"tier", 0, "TIER", "the highest tier of its steps: T0 to T3"},
    [P_PLAN] = {"plan", 0, "DIGEST", "digest of the plan's own file"},
    [P_TARGET] = {"target", 0, "DIR", "directory in which versions lie side by side, and a link to the live one"},
    [P_LINK] = {"link", 0, "NAME", "name of that link in DIR (default: live)"},
    [P_FROM] = {"from", 0, "PATH", "where the candidate lies (default: DIR/HEX, the digest without 'sha256:')"},
    [P_AGAIN] = {"again", 0, NULL, "what is not given here is as this ID was planned before"},
    SUBMIT_OPTIONS,
    {0},
};

/* "route/summarise" as the fields `what` and its name. */
static const struct naming {
    const char *what, *field;
} namings[] = {{"route", "route"}, {"pack", "pack"},   {"model", "model"}, {"adapter", "name"},
               {"image", "name"},  {"prompt", "name"}, {"policy", "name"}};

static const struct naming *naming_of(const char *of) {
    size_t n = strcspn(of, "/");
    for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++) {
        if (strlen(namings[i].what) == n && strncmp(of, namings[i].what, n) == 0 && of[n] == '/' && of[n + 1] != '\0') {
            return &namings[i];
        }
    }
    return NULL;
}

struct planning {
    const char *of, *digest, *before, *version, *dir, *link, *from;
    const struct naming *naming;
    struct promote_live live;
    char declared[PROMOTE_TEXT];
    char measured[VERSION_DIGEST_MAX], found[VERSION_DIGEST_MAX];
    bool linked;
    struct promote_target target;
    struct promote_known was; /* with --again: how it was planned before */
    struct promote_target was_target;
    char was_dir[FILE_PATH_MAX], was_from[FILE_PATH_MAX];
};

/* The paths are private. */
static int put_target(struct body *body, const struct planning *p, struct err *err) {
    if (!p->linked) return 0;
    int rc = body_word(body, "linked:=true", err);
    if (rc == 0) rc = submit_put(body, "target", p->target.link, err);
    if (rc == 0) rc = submit_put(body, "source", p->target.source, err);
    return rc == 0 && p->target.previous[0] != '\0' ? submit_put(body, "previous", p->target.previous, err) : rc;
}

static int put(struct body *body, const struct planning *p, const struct opt_args *args, struct err *err) {
    int rc = submit_put(body, "what", p->naming->what, err);
    if (rc == 0) rc = submit_put(body, p->naming->field, p->of + strlen(p->naming->what) + 1, err);
    if (rc == 0) rc = submit_put(body, "digest", p->digest, err);
    if (rc == 0) rc = submit_put(body, "digest_before", p->before, err);
    if (rc == 0) rc = submit_put(body, "version", p->version, err);
    if (rc == 0) rc = submit_put(body, "tier", opt_text(args, &plan_options[P_TIER]), err);
    if (rc == 0) rc = submit_put(body, "plan_digest", opt_text(args, &plan_options[P_PLAN]), err);
    return rc == 0 ? put_target(body, p, err) : rc;
}

static const char *or_else(const char *given, const char *was) {
    return given != NULL || was[0] == '\0' ? given : was;
}

/* What is not given is as it was planned before; where that lay, its private fields say. */
static int take_again(struct cli *cli, const char *id, struct planning *p) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = promote_known(ledger, id, &p->was, &err);
    bool linked = rc == 0 && p->was.there && p->was.linked && p->dir == NULL;
    if (linked) rc = target_read(ledger, &p->was, &p->was_target, &err);
    if (rc == 0 && linked) rc = file_parent(p->was_dir, p->was_target.link, &err);
    if (rc == 0 && linked) rc = link_resolve(p->was_target.link, p->was_target.source, p->was_from, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail_lookup(cli, &err);
    if (!p->was.there) return promote_must_be(cli, &p->was);
    if (strcmp(p->was.of, p->of) != 0) {
        return cli_usage(cli, "--again: '%.80s' was planned for '%.80s', not for '%.80s'", id, p->was.of, p->of);
    }
    bool same = p->digest == NULL && p->from == NULL;
    p->digest = same ? or_else(NULL, p->was.digest) : p->digest;
    p->version = or_else(p->version, p->was.version);
    if (linked) {
        p->dir = p->was_dir;
        p->link = or_else(p->link, strrchr(p->was_target.link, '/') + 1);
        p->from = same ? p->was_from : p->from;
    }
    return EXIT_GOOD;
}

/* What the link leads to is what is replaced, whatever the log says. */
static int find_target(struct cli *cli, struct planning *p) {
    const char *dir = p->dir, *name = p->link;
    struct err err = {0};
    if (dir == NULL) {
        bool lost = name != NULL || p->from != NULL;
        return lost ? cli_usage(cli, "--link and --from need --target DIR") : EXIT_GOOD;
    }
    snprintf(p->measured, sizeof(p->measured), "%.79s", p->digest != NULL ? p->digest : "");
    int rc = target_plan(dir, name != NULL ? name : "live", p->from, p->measured, &p->target, p->found, &err);
    if (rc == 0 && p->before != NULL && strcmp(p->before, p->found) != 0) {
        rc = err_set(&err, ERR_INVALID, "--before is %s, and the link leads to %s", p->before,
                     p->found[0] != '\0' ? p->found : "nothing");
    }
    p->linked = rc == 0;
    p->digest = p->measured;
    p->before = p->found[0] != '\0' ? p->found : NULL;
    return rc == 0 ? EXIT_GOOD : cli_fail_input(cli, &err);
}

/* The link leads elsewhere than to what is live by the log: it drifted, or what is live has another link. Says which, and what leads a
 * link back that drifted. */
static int note_drift(struct cli *cli, struct ledger *ledger, const struct planning *p, struct err *err) {
    const char *leads = p->before != NULL ? p->before : "nothing";
    struct promote_known by;
    struct promote_target target;
    struct err ignored = {0};
    struct drift drift;
    int rc = promote_known(ledger, p->live.by, &by, err);
    if (rc != 0) return rc;
    bool placed = by.there && by.linked && target_read(ledger, &by, &target, &ignored) == 0;
    if (placed && strcmp(target.link, p->target.link) != 0) {
        cli_note(
            cli,
            "ledger: %s: '%s' is another link than '%s', which leads to what is live since event %llu (%s): that stays "
            "as it is, and the gates compare with it",
            cli->command, p->target.link, target.link, (unsigned long long)p->live.seq, p->live.digest);
        return 0;
    }
    drift_init(&drift);
    if (placed) drift_find(cli, ledger, &by, false, &drift);
    if (drift.remedy.n == 0) cli_command(cli, bytes_of("ledger promote status"), &drift.remedy);
    cli_note(
        cli,
        "ledger: %s: drift: the link leads to %s, where %s is live since event %llu: somebody else moved it or "
        "changed the version; this plan would replace it as it is, and the gates compare with what is live; what leads "
        "it back: %.*s",
        cli->command, leads, p->live.digest, (unsigned long long)p->live.seq, (int)drift.remedy.n,
        (const char *)drift.remedy.p);
    drift_done(&drift);
    return 0;
}

/* What is live by the log is what is replaced. It is asked before the step is judged: another promotion in between makes it
 * wrong, which 'apply' notices. */
static int find_live(struct cli *cli, struct planning *p) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = promote_live(ledger, p->of, &p->live, &err);
    if (rc == 0) rc = follow_declared(ledger, p->of, p->declared, &err);
    const char *live = p->live.digest[0] != '\0' ? p->live.digest : NULL;
    bool strays = rc == 0 && p->linked && live != NULL && (p->before == NULL || strcmp(live, p->before) != 0);
    if (strays) rc = note_drift(cli, ledger, p, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail(cli, &err);
    if (p->linked) return EXIT_GOOD; /* what the link leads to is what is replaced */
    if (live != NULL && p->before != NULL && strcmp(live, p->before) != 0) {
        return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "--before is %s, and %s is live since event %llu", p->before, live,
                          (unsigned long long)p->live.seq);
    }
    p->before = live != NULL ? live : p->before;
    bool declared =
        p->before == NULL && p->declared[0] != '\0' && (p->digest == NULL || strcmp(p->declared, p->digest) != 0);
    p->before = declared ? p->declared : p->before; /* nothing was promoted yet: a route uses what it is declared with */
    return EXIT_GOOD;
}

static int check_digests(struct cli *cli, const struct opt_args *args) {
    static const int options[] = {P_DIGEST, P_BEFORE, P_PLAN};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const char *text = opt_text(args, &plan_options[options[i]]);
        if (text != NULL && !promote_is_digest(text)) {
            return cli_usage(cli, "--%s is '%.80s'; expected a digest: sha256:<64 lowercase hex digits>",
                             plan_options[options[i]].name, text);
        }
    }
    return EXIT_GOOD;
}

static int plan(struct cli *cli, const struct opt_args *args) {
    struct planning p = {.of = args->args[1],
                         .digest = opt_text(args, &plan_options[P_DIGEST]),
                         .before = opt_text(args, &plan_options[P_BEFORE]),
                         .version = opt_text(args, &plan_options[P_VERSION]),
                         .dir = opt_text(args, &plan_options[P_TARGET]),
                         .link = opt_text(args, &plan_options[P_LINK]),
                         .from = opt_text(args, &plan_options[P_FROM]),
                         .naming = naming_of(args->args[1])};
    char subject[PROMOTE_TEXT + 16];
    struct err err = {0};
    if (p.naming == NULL) {
        return cli_usage(cli,
                         "'%.80s' is nothing that is promoted; expected route/NAME, pack/NAME, model/NAME, adapter/NAME, "
                         "image/NAME, prompt/NAME or policy/NAME",
                         p.of);
    }
    if (promote_subject(args->args[0], subject, &err) != 0) return cli_usage(cli, "%s", err.msg);
    int exit_code = check_digests(cli, args);
    if (exit_code == 0 && opt_has(args, &plan_options[P_AGAIN])) exit_code = take_again(cli, args->args[0], &p);
    if (exit_code != 0) return exit_code;
    if (strcmp(p.naming->what, "pack") == 0 && p.version == NULL) {
        return cli_usage(cli, "--version TEXT is missing: a pack's evaluations are found by its version");
    }
    bool dry = opt_has(args, &plan_options[P_SUBMIT + SUBMIT_DRY_RUN]); /* otherwise the link is read as it ends up */
    if (!dry) exit_code = promote_complete(cli, subject, opt_text(args, &plan_options[P_SUBMIT + SUBMIT_ACTOR]));
    if (exit_code == 0) exit_code = find_target(cli, &p);
    if (exit_code != 0) return exit_code;
    if (p.digest == NULL) return cli_usage(cli, "--digest DIGEST is missing: a candidate is its digest");
    exit_code = find_live(cli, &p);
    if (exit_code != 0) return exit_code;
    if (p.before != NULL && strcmp(p.before, p.digest) == 0) {
        return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "the candidate is what it would replace: %s", p.digest);
    }
    struct body *body = body_new(kind_find(bytes_of("promotion.planned")));
    int rc = body != NULL ? put(body, &p, args, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    const struct submit what = {.kind = "promotion.planned",
                                .subject = subject,
                                .grade = "declared",
                                .name = "promotion",
                                .value = subject + strlen("promotion/")};
    if (rc == 0) {
        exit_code = submit_step(cli, args, &plan_options[P_SUBMIT], &what, body);
        if (exit_code == 0 && opt_text(args, &plan_options[P_TIER]) == NULL) {
            cli_note(cli,
                     "ledger: %s: no --tier: the gates 'snapshot' and 'tripcode', which are asked unless a file of gates "
                     "leaves them out, stay closed; abort it and plan it with --tier T0 to T3",
                     cli->command);
        }
        return exit_code;
    }
    body_free(body);
    return cli_fail_input(cli, &err);
}

const struct spec promote_plan = {
    .synopsis = "ID WHAT/NAME --digest DIGEST [--before DIGEST] [--version TEXT] [--tier TIER] [--target DIR] [OPTIONS]",
    .about = "Proposes a candidate. WHAT is route, pack, model, adapter, image, prompt or policy; DIGEST is that\n"
             "of its configuration (route), tree (pack), weights (model) or content. With --target, DIR/NAME is a\n"
             "link to what is live: 'promote apply' exchanges it in one step and reads it back; nothing that is\n"
             "live is changed in place. The candidate has to lie there already: a file, or a directory by its tree\n"
             "digest. Exit code 1 if a promotion of this ID is in progress or promoted.",
    .examples = "ledger promote plan swap route/summarise --digest sha256:... --tier T2\n"
                "ledger promote plan pdf-2 pack/pdf-ops --digest sha256:... --version 2.0\n"
                "ledger promote plan web-7 image/web --target /srv/web --link live --from /srv/web/v7",
    .opts = plan_options,
    .min_args = 2,
    .max_args = 2,
    .run = plan,
};
