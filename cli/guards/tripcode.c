/* tripcode: what a controller permits once, or orders. list and show are those of every entity. The order DIAGNOSTIC is
 * obeyed where it is given; one that came into the log another way, or could not be obeyed then, by `obey`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/mp.h"
#include "base/text.h"
#include "cli/act/submit.h"
#include "cli/call/command.h"
#include "cli/evidence/support.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "cli/states/entities.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"
#include "projections/recovery/recovery.h"

#define LIFE_NS UINT64_C(300000000000) /* five minutes */

enum { I_DIGEST, I_FOR, I_LIFE, I_OUTPUT, I_SUBMIT };
static const struct opt issue_options[] = {
    [I_DIGEST] = {"digest", 0, "DIGEST", "what it is for: sha256:... of what is executed or promoted"},
    [I_FOR] = {"for", 0, "TARGET", "what it is for: run/ID or promotion/ID"},
    [I_LIFE] = {"expires-in", 0, "AGE", "how long it may be used: 90s, 10m at most (default: 5m)"},
    [I_OUTPUT] = {"output", 'o', "FILE", "where the report of DIAGNOSTIC goes (default: DIR/reports/ID.tar.zst)"},
    SUBMIT_OPTIONS,
    {0},
};

enum { O_OUTPUT };
static const struct opt obey_options[] = {
    [O_OUTPUT] = {"output", 'o', "FILE", "where the report goes (default: DIR/reports/ID.tar.zst)"},
    {0},
};

enum { E_SUBMIT };
static const struct opt end_options[] = {
    SUBMIT_OPTIONS,
    {0},
};

static int put_end(struct body *body, uint64_t life, struct err *err) {
    char word[64];
    uint64_t end = clock_wall_ns() + life;
    snprintf(word, sizeof(word), "expires:=%llu", (unsigned long long)end);
    return body_word(body, word, err);
}

/* ---- DIAGNOSTIC ---- */

static void draft_obeyed(struct log_draft *draft, const char *subject, char actor[CLI_ACTOR_MAX], const struct buf *body,
                         const struct buf *private_) {
    log_draft_init(draft);
    draft->kind = bytes_of("recovery.tripcode_obeyed");
    draft->subject = bytes_of(subject);
    draft->actor = bytes_of(cli_actor(NULL, actor));
    draft->source = bytes_of("cli");
    draft->grade = bytes_of("measured");
    draft->body = bytes_of_buf(body);
    draft->private_ = bytes_of_buf(private_);
}

/* Asked before the report is written, by the rule that judges the event. */
static int may_obey(struct ledger *ledger, const char *subject, struct err *err) {
    struct buf body = {.max = 16}, none = {.max = 1};
    struct log_draft draft;
    struct decision decision;
    char actor[CLI_ACTOR_MAX];
    mp_put_map(&body, 0);
    draft_obeyed(&draft, subject, actor, &body, &none);
    int rc = buf_check(&body, "a body", err);
    if (rc == 0) rc = checked_ask(ledger, &draft, &decision, err);
    if (rc == 0 && !decision.yes) rc = err_set(err, ERR_CONFLICT, "refused: %s", decision.reason);
    buf_done(&body);
    return rc;
}

static int record_obeyed(struct ledger *ledger, const char *subject, const struct handover_done *done,
                         struct log_receipt *ret, struct log_head *ret_head, struct err *err) {
    struct buf body = {.max = EVENT_BODY_MAX}, private_ = {.max = EVENT_PRIVATE_MAX};
    char digest[16 + 2 * LOG_HASH] = "sha256:", actor[CLI_ACTOR_MAX], note[CHECKED_NOTE_MAX];
    struct log_draft draft;
    text_hex(digest + 7, done->digest, LOG_HASH);
    mp_put_map(&body, 3);
    mp_pair_uint(&body, "bytes", done->bytes);
    mp_pair_text(&body, "digest", digest);
    mp_pair_uint(&body, "exported", done->recorded);
    mp_put_map(&private_, 1);
    mp_pair_text(&private_, "location", done->path);
    int rc = buf_check(&body, "a body", err);
    if (rc == 0) rc = buf_check(&private_, "a body", err);
    draft_obeyed(&draft, subject, actor, &body, &private_);
    if (rc == 0) rc = checked_append(ledger, &draft, ret, ret_head, note, err);
    buf_done(&private_);
    buf_done(&body);
    return rc;
}

/* DIR/reports/ID.tar.zst, as an absolute path: the event is to say where the report is. */
static int report_path(struct ledger *ledger, const char *id, const char *asked, char ret[FILE_PATH_MAX], struct err *err) {
    char dir[FILE_PATH_MAX], name[TRIPCODE_ID_LEN + 16], here[FILE_PATH_MAX];
    if (asked != NULL && asked[0] == '/') return file_join(ret, "", asked + 1, err);
    if (asked != NULL && getcwd(here, sizeof(here)) == NULL) return err_set(err, ERR_IO, "there is no working directory");
    if (asked != NULL) return file_join(ret, here, asked, err);
    snprintf(name, sizeof(name), "%.*s.tar.zst", TRIPCODE_ID_LEN, id);
    int rc = file_join(dir, log_dir(ledger), "reports", err);
    if (rc == 0) rc = file_make_dirs(dir, err);
    char *real = rc == 0 ? realpath(dir, NULL) : NULL;
    if (rc == 0) rc = real != NULL ? file_join(ret, real, name, err) : err_set(err, ERR_IO, "cannot open '%.300s'", dir);
    free(real);
    return rc;
}

static int write_report(struct cli *cli, struct ledger *ledger, const char *id, const char *asked) {
    char subject[TRIPCODE_ID_LEN + 16], path[FILE_PATH_MAX], note[64];
    uint8_t digest[LOG_HASH];
    struct handover_done done = {0};
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct obj obj = {0};
    struct err err = {0};
    snprintf(subject, sizeof(subject), "tripcode/%.*s", TRIPCODE_ID_LEN, id);
    snprintf(note, sizeof(note), "ordered by tripcode %.8s", id);
    int rc = may_obey(ledger, subject, &err);
    if (rc == 0) rc = report_path(ledger, id, asked, path, &err);
    if (rc != 0) return cli_fail(cli, &err);
    int exit_code = support_hand_over(cli, ledger, path, note, digest, &done);
    if (exit_code != 0) return exit_code;
    rc = record_obeyed(ledger, subject, &done, &receipt, &head, &err);
    if (rc != 0) {
        err_prefix(&err, "the report is '%s', but the tripcode was not obeyed by it", path);
        return cli_fail(cli, &err);
    }
    obj_text(&obj, "tripcode", id);
    obj_text(&obj, "report", path);
    obj_uint(&obj, "bytes", done.bytes);
    obj_hex(&obj, "sha256", digest, LOG_HASH);
    receipt_put(&obj, &receipt, &head);
    return cli_print(cli, &obj, false);
}

static int obey_id(struct cli *cli, const char *id, const char *asked) {
    struct ledger *ledger = NULL;
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code == 0) exit_code = write_report(cli, ledger, id, asked);
    log_close(ledger);
    return exit_code;
}

static int obey(struct cli *cli, const struct opt_args *args) {
    const char *id = args->args[0];
    if (strlen(id) != TRIPCODE_ID_LEN || strspn(id, "0123456789abcdef") != TRIPCODE_ID_LEN) {
        return cli_usage(cli, "'%.60s' is no tripcode; expected %d hex digits", id, TRIPCODE_ID_LEN);
    }
    return obey_id(cli, id, opt_text(args, &obey_options[O_OUTPUT]));
}

/* ---- issuing and ending ---- */

static int issue(struct cli *cli, const struct opt_args *args) {
    const char *age = opt_text(args, &issue_options[I_LIFE]);
    uint64_t life = LIFE_NS;
    uint8_t random[TRIPCODE_ID_LEN / 2];
    char id[TRIPCODE_ID_LEN + 1], subject[TRIPCODE_ID_LEN + 16];
    struct err err = {0};
    if (age != NULL && (text_parse_duration(bytes_of(age), &life) != 0 || life > (uint64_t)TRIPCODE_LIFE_NS)) {
        return cli_usage(cli, "--expires-in is '%.60s'; expected a length of time of at most ten minutes: 90s, 10m", age);
    }
    if (!opt_has(args, &issue_options[I_SUBMIT + SUBMIT_SIGN_AS])) {
        return cli_usage(cli, "--sign-as KEYFILE is missing: a tripcode counts by its controller's signature");
    }
    crypt_random(random, sizeof(random));
    text_hex(id, random, sizeof(random));
    snprintf(subject, sizeof(subject), "tripcode/%s", id);
    struct body *body = body_new(kind_find(bytes_of("recovery.tripcode_issued")));
    int rc =
        body != NULL ? submit_put(body, "code", args->args[0], &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = submit_put(body, "digest", opt_text(args, &issue_options[I_DIGEST]), &err);
    if (rc == 0) rc = submit_put(body, "target", opt_text(args, &issue_options[I_FOR]), &err);
    if (rc == 0 && strcmp(args->args[0], GUARD_LOCKDOWN) != 0) rc = put_end(body, life, &err);
    const struct submit what = {
        .kind = "recovery.tripcode_issued", .subject = subject, .key = id, .name = "tripcode", .value = id};
    if (rc != 0) {
        body_free(body);
        return cli_fail_input(cli, &err);
    }
    int exit_code = submit_step(cli, args, &issue_options[I_SUBMIT], &what, body);
    bool orders = strcmp(args->args[0], GUARD_DIAGNOSTIC) == 0 && !opt_has(args, &issue_options[I_SUBMIT + SUBMIT_DRY_RUN]);
    if (exit_code != 0 || !orders) return exit_code;
    exit_code = obey_id(cli, id, opt_text(args, &issue_options[I_OUTPUT]));
    if (exit_code != 0) {
        cli_note(cli, "ledger: tripcode issue: the code was issued; until it expires 'ledger tripcode obey %s' tries again",
                 id);
    }
    return exit_code;
}

static int end(struct cli *cli, const struct opt_args *args) {
    char subject[128];
    if (!opt_has(args, &end_options[E_SUBMIT + SUBMIT_SIGN_AS])) {
        return cli_usage(cli, "--sign-as KEYFILE is missing: only a controller ends LOCKDOWN");
    }
    snprintf(subject, sizeof(subject), "tripcode/%.100s", args->args[0]);
    struct body *body = body_new(kind_find(bytes_of("recovery.tripcode_ended")));
    const struct submit what = {.kind = "recovery.tripcode_ended", .subject = subject};
    if (body == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the body");
    return submit_step(cli, args, &end_options[E_SUBMIT], &what, body);
}

static const struct spec spec_issue = {
    .synopsis = "CODE [--digest DIGEST --for TARGET] [--expires-in AGE] --sign-as KEYFILE [OPTIONS]",
    .about = "Issues a tripcode, signed with a controller's key, and prints its receipt with its id. CODE is\n"
             "STEP: permits one step of T3 (run.step with tripcode=ID), of this digest and in this run, once.\n"
             "LOCKDOWN: every guard refuses until a controller ends it. DIAGNOSTIC has a support report\n"
             "written at once: its path and digest are printed, and recorded (recovery.tripcode_obeyed).\n"
             "REVERT_SNAPSHOT and REIMAGE_TO_GOLDEN are for the host's own recovery, which reads them here.\n"
             "Controllers are named by verifier key in a policy (policy.declared, field controllers).\n"
             "Exit code 1 if the key is not one of theirs.",
    .examples = "ledger tripcode issue STEP --digest sha256:... --for run/4f1c --sign-as alice.key\n"
                "ledger tripcode issue LOCKDOWN --sign-as alice.key --note 'exfiltration suspected'",
    .opts = issue_options,
    .min_args = 1,
    .max_args = 1,
    .run = issue,
};
static const struct spec spec_end = {
    .synopsis = "ID --sign-as KEYFILE [OPTIONS]",
    .about = "Ends LOCKDOWN. Exit code 1 if the key is no controller's, or the code is no LOCKDOWN that is on.",
    .examples = "ledger tripcode end 5f0c... --sign-as alice.key",
    .opts = end_options,
    .min_args = 1,
    .max_args = 1,
    .run = end,
};
static const struct spec spec_obey = {
    .synopsis = "ID [-o FILE]",
    .about = "Obeys a DIAGNOSTIC that came into the log without 'tripcode issue', or whose report could not be\n"
             "written then: writes the support report, records its digest, and prints where it is. Exit code 1\n"
             "if the code is no DIAGNOSTIC that a controller issued, has expired, or was obeyed before.",
    .examples = "ledger tripcode obey 5f0c9a3e11d2b8465f0c9a3e11d2b846",
    .opts = obey_options,
    .min_args = 1,
    .max_args = 1,
    .run = obey,
};
static const struct command tripcode[] = {
    {"issue", "permit one step of T3, or order LOCKDOWN or a report", &spec_issue},
    {"end", "end LOCKDOWN", &spec_end},
    {"obey", "write the report that DIAGNOSTIC orders", &spec_obey},
    {"list", "list tripcodes and what became of them", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_tripcode = {
    .synopsis = "issue | end | obey | list | show",
    .about = "Tripcodes: codes of 128 random bits that a controller signs. One permits a single step of T3 and is\n"
             "used up in the transaction that records it; LOCKDOWN stops every guard. docs/guards.md has the\n"
             "rules.",
    .examples = "ledger tripcode issue STEP --digest sha256:... --for run/4f1c --sign-as alice.key\n"
                "ledger append run.step -s run/4f1c --checked step=wipe tier=T3 digest=sha256:... tripcode=ID\n"
                "ledger tripcode list",
    .subs = tripcode,
};
