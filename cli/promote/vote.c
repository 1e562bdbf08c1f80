/* promote vote: one signed vote, from options or from a JSON file that a program or a model wrote. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mp_map.h"
#include "cli/act/preview.h"
#include "cli/act/signer.h"
#include "cli/act/submit.h"
#include "cli/call/cli.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/promote/promote.h"
#include "ledger/core/author.h"
#include "ledger/tree/note.h"
#include "projections/act/checked.h"
#include "projections/council/council.h"
#include "projections/council/tally.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

#define BODY_MAX ((size_t)64 << 10)

enum { V_POLICY, V_SIMPLICITY, V_PREDICTED, V_ROUND, V_FROM, V_MODEL, V_REASON, V_DEBATE, V_SUBMIT };
static const struct opt vote_options[] = {
    [V_POLICY] = {"policy", 0, "SCORE", "how well it matches the policy, from 0 to 1; weighs 0.5"},
    [V_SIMPLICITY] = {"simplicity", 0, "SCORE", "how simple it is, from 0 to 1; weighs 0.2"},
    [V_PREDICTED] = {"predicted-pass", 0, "SCORE", "how likely it passes, from 0 to 1; weighs 0.3"},
    [V_ROUND] = {"round", 0, "N", "1 or 2 (default: the round that waits)"},
    [V_FROM] = {"from", 0, "FILE", "read scores, round, model and reason from a JSON object; '-': standard input"},
    [V_MODEL] = {"model", 0, "NAME", "the model that votes"},
    [V_REASON] = {"reason", 0, "TEXT", "the same as --note"},
    [V_DEBATE] = {"debate", 0, "DEBATE", "which debate (default: the newest about this promotion)"},
    SUBMIT_OPTIONS,
    {0},
};

static const char *option(const struct opt_args *args, int which) {
    return opt_text(args, &vote_options[V_SUBMIT + which]);
}

static const char *const score_names[] = {"policy", "simplicity", "predicted_pass"};

struct vote {
    double score[3]; /* NAN: not given */
    uint64_t round;  /* 0: the one that waits */
    char model[PROMOTE_TEXT];
    struct buf reason;
    char participant[PROMOTE_TEXT];
    char digest[PROMOTE_TEXT];
    char vkey[NOTE_VKEY_MAX];
    struct promote_debate debate;
};

/* ---- input ---- */

static int take_score(struct vote *v, size_t i, double score, struct err *err) {
    if (!(score >= 0.0 && score <= 1.0)) {
        return err_set(err, ERR_INVALID, "%s is not a number from 0 to 1", score_names[i]);
    }
    v->score[i] = score;
    return 0;
}

static int take_text(struct vote *v, size_t i, const char *text, struct err *err) {
    char *end = NULL;
    double score = text != NULL ? strtod(text, &end) : NAN;
    bool number = text != NULL && text[0] != '\0' && strspn(text, "0123456789.") == strlen(text) && *end == '\0';
    if (text == NULL) return 0;
    return number ? take_score(v, i, score, err)
                  : err_set(err, ERR_INVALID, "%s is '%.40s'; expected a number from 0 to 1", score_names[i], text);
}

static int take_round(struct vote *v, uint64_t round, struct err *err) {
    v->round = round;
    return round >= 1 && round <= DEBATE_ROUNDS ? 0 : err_set(err, ERR_INVALID, "round is not 1 or 2");
}

static int take_member(struct vote *v, struct bytes name, struct bytes raw, struct err *err) {
    struct mp_item item = {0};
    bool scalar = mp_scalar(raw, &item) == 0;
    for (size_t i = 0; i < 3; i++) {
        if (bytes_is(name, score_names[i])) {
            double score = !scalar                 ? NAN
                           : item.type == MP_FLOAT ? item.real
                           : item.type == MP_UINT  ? (double)item.uint
                                                   : NAN;
            return take_score(v, i, score, err);
        }
    }
    if (bytes_is(name, "round")) return take_round(v, scalar && item.type == MP_UINT ? item.uint : 0, err);
    bool model = bytes_is(name, "model"), reason = bytes_is(name, "reason");
    if ((model || reason) && (!scalar || item.type != MP_STR)) {
        return err_set(err, ERR_INVALID, "%s is not a text", model ? "model" : "reason");
    }
    if (model && item.data.n < sizeof(v->model)) {
        snprintf(v->model, sizeof(v->model), "%.*s", (int)item.data.n, (const char *)item.data.p);
        return 0;
    }
    if (reason) {
        buf_clear(&v->reason);
        buf_put_bytes(&v->reason, item.data);
        return buf_check(&v->reason, "a reason", err);
    }
    return err_set(err, ERR_INVALID,
                   "unknown member '%.*s'; expected policy, simplicity, predicted_pass, round, model, reason",
                   (int)(name.n < 60 ? name.n : 60), (const char *)name.p);
}

static int read_vote(struct vote *v, const char *path, struct err *err) {
    struct buf text = {.max = BODY_MAX}, map = {.max = BODY_MAX};
    struct mp_reader reader;
    struct mp_item head = {0}, name;
    struct bytes raw;
    bool in = strcmp(path, "-") == 0;
    int rc = file_read(in ? "/dev/stdin" : path, &text, err);
    if (rc == 0) rc = log_json_to_body(bytes_of_buf(&text), &map, err);
    mp_reader_init(&reader, bytes_of_buf(&map));
    if (rc == 0) rc = mp_next(&reader, &head, err);
    for (uint32_t i = 0; rc == 0 && i < head.count; i++) {
        rc = mp_next(&reader, &name, err);
        if (rc == 0) rc = mp_skip(&reader, 1, &raw, err);
        if (rc == 0) rc = take_member(v, name.data, raw, err);
    }
    buf_done(&text);
    buf_done(&map);
    return rc == 0 ? 0 : err_prefix(err, "%s", in ? "standard input" : path);
}

static int read_options(struct vote *v, const struct opt_args *args, struct err *err) {
    static const int options[] = {V_POLICY, V_SIMPLICITY, V_PREDICTED};
    const char *from = opt_text(args, &vote_options[V_FROM]), *model = opt_text(args, &vote_options[V_MODEL]);
    const char *note = option(args, SUBMIT_NOTE), *reason = opt_text(args, &vote_options[V_REASON]);
    uint64_t round = 0;
    int rc = from != NULL ? read_vote(v, from, err) : 0;
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        rc = take_text(v, i, opt_text(args, &vote_options[options[i]]), err);
    }
    if (rc == 0) rc = opt_u64(args, &vote_options[V_ROUND], &round, err);
    if (rc == 0 && opt_has(args, &vote_options[V_ROUND])) rc = take_round(v, round, err);
    if (rc == 0 && model != NULL) snprintf(v->model, sizeof(v->model), "%.256s", model);
    if (rc == 0 && (reason != NULL || note != NULL)) {
        buf_clear(&v->reason);
        buf_put_str(&v->reason, note != NULL ? note : reason);
    }
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        if (isnan(v->score[i])) rc = err_set(err, ERR_INVALID, "there is no score for %s", score_names[i]);
    }
    return rc;
}

/* ---- what it is about ---- */

/* The voter whose key signs, the round that waits, the digest. */
static int find_voter(void *ctx, struct state_view *view, struct err *err) {
    struct vote *v = ctx;
    const struct bytes id = bytes_of(v->debate.id);
    struct list list;
    struct bytes item, vkey, name;
    struct row row;
    bool there = false;
    int rc = look_stored(view, "debates", &id, 1, &row, &there, err);
    if (rc == 0 && !there) rc = err_set(err, ERR_CONFLICT, "refused: there is no debate '%.60s'", v->debate.id);
    list_open(&list, rc == 0 ? row_list(&row, DEBATES_VOTERS) : (struct bytes){0});
    while (list_next(&list, &item)) {
        if (list_text(item, "vkey", &vkey) && bytes_is(vkey, v->vkey) && list_text(item, "name", &name)) {
            snprintf(v->participant, sizeof(v->participant), "%.*s", (int)(name.n < 256 ? name.n : 256),
                     (const char *)name.p);
        }
    }
    if (rc == 0 && v->participant[0] == '\0') {
        rc = err_set(err, ERR_CONFLICT, "refused: no voter of debate '%.60s' has the key %.100s", v->debate.id, v->vkey);
    } else if (rc == 0) {
        struct bytes digest = row_text(&row, DEBATES_DIGEST);
        v->round = v->round != 0 ? v->round : (uint64_t)row_int(&row, DEBATES_ROUND);
        snprintf(v->digest, sizeof(v->digest), "%.*s", (int)(digest.n < 256 ? digest.n : 0),
                 digest.n > 0 ? (const char *)digest.p : "");
    }
    row_done(&row);
    return rc;
}

static int put_body(struct vote *v, struct buf *body, struct err *err) {
    struct mp_map map, scores;
    struct buf raw = {.max = BODY_MAX}, number = {.max = 64};
    mp_map_init(&map, BODY_MAX);
    mp_map_init(&scores, BODY_MAX);
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&number);
        mp_put_float(&number, v->score[i] + 0.0);
        mp_map_raw(&scores, score_names[i], bytes_of_buf(&number));
    }
    int rc = mp_map_write(&scores, &raw, err);
    mp_map_text(&map, "participant", bytes_of(v->participant));
    mp_map_text(&map, "vote", bytes_of(debate_answer(debate_score(v->score[0], v->score[1], v->score[2]))));
    mp_map_uint(&map, "round", v->round);
    mp_map_raw(&map, "scores", bytes_of_buf(&raw));
    mp_map_text(&map, "digest", bytes_of(v->digest));
    mp_map_text(&map, "model", bytes_of(v->model));
    mp_map_text(&map, "reason", bytes_of_buf(&v->reason));
    if (rc == 0) rc = mp_map_write(&map, body, err);
    mp_map_done(&map);
    mp_map_done(&scores);
    buf_done(&raw);
    buf_done(&number);
    return rc;
}

/* Finds out what it is about, and puts the body. */
static int prepare(struct ledger *ledger, struct vote *v, struct buf *body, struct err *err) {
    struct state_options options;
    int rc = v->debate.id[0] == '\0' ? promote_find_debate(ledger, &v->debate, err) : 0;
    if (rc == 0 && v->debate.id[0] == '\0') {
        rc = err_set(err, ERR_CONFLICT, "refused: there is no debate about '%.60s'", v->debate.target);
    }
    if (rc == 0) rc = state_options_present(ledger, &options, err);
    if (rc == 0) {
        options.no_write = true;
        rc = state_ask(ledger, &options, find_voter, v, err);
    }
    return rc == 0 ? put_body(v, body, err) : rc;
}

static int write_vote(struct cli *cli, struct ledger *ledger, const struct vote *v, const struct log_draft *draft) {
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct obj obj = {0};
    struct err err = {0};
    char note[CHECKED_NOTE_MAX];
    int rc = checked_append(ledger, draft, &receipt, &head, note, &err);
    if (rc == 0 && receipt.duplicate) rc = preview_same(ledger, draft, receipt.seq, &err);
    if (rc != 0) return cli_fail(cli, &err);
    if (receipt.duplicate) {
        cli_note(cli, "ledger: %s: event %llu already has this key: nothing was written", cli->command,
                 (unsigned long long)receipt.seq);
    }
    obj_text(&obj, "debate", v->debate.id);
    obj_text(&obj, "voter", v->participant);
    obj_uint(&obj, "round", v->round);
    obj_text(&obj, "vote", debate_answer(debate_score(v->score[0], v->score[1], v->score[2])));
    receipt_put(&obj, &receipt, &head);
    return cli_print(cli, &obj, false);
}

static int cast_vote(struct cli *cli, const struct opt_args *args, struct ledger *ledger, struct vote *v,
                     const struct log_author *author) {
    struct buf body = {.max = BODY_MAX};
    struct log_draft draft;
    struct err err = {0};
    char subject[PROMOTE_TEXT + 16], actor[CLI_ACTOR_MAX];
    const char *key = option(args, SUBMIT_KEY);
    bool is_new;
    note_vkey_encode(v->vkey, &author->signer.vkey);
    int rc = prepare(ledger, v, &body, &err);
    snprintf(subject, sizeof(subject), "debate/%s", v->debate.id);
    log_draft_init(&draft);
    draft.kind = bytes_of("debate.voted");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(cli_actor(option(args, SUBMIT_ACTOR), actor));
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("declared");
    draft.key = bytes_of(key != NULL ? key : "");
    draft.body = bytes_of_buf(&body);
    draft.author = author;
    int exit_code = rc != 0 ? cli_fail(cli, &err)
                    : opt_has(args, &vote_options[V_SUBMIT + SUBMIT_DRY_RUN])
                        ? preview_print(cli, ledger, &draft, true, &is_new)
                        : write_vote(cli, ledger, v, &draft);
    buf_done(&body);
    return exit_code;
}

static int vote(struct cli *cli, const struct opt_args *args) {
    struct vote v = {.score = {NAN, NAN, NAN}, .reason = {.max = BODY_MAX / 2}};
    const char *sign = option(args, SUBMIT_SIGN_AS), *given = opt_text(args, &vote_options[V_DEBATE]);
    struct log_author *author = NULL;
    struct ledger *ledger = NULL;
    struct err err = {0};
    bool dry = opt_has(args, &vote_options[V_SUBMIT + SUBMIT_DRY_RUN]);
    if (sign == NULL) return cli_usage(cli, "--sign-as KEYFILE is missing: only signed votes count");
    if (promote_subject(args->args[0], v.debate.target, &err) != 0) return cli_usage(cli, "%s", err.msg);
    snprintf(v.debate.id, sizeof(v.debate.id), "%.256s", given != NULL ? given : "");
    int rc = read_options(&v, args, &err);
    if (rc == 0) rc = signer_load(sign, option(args, SUBMIT_PASS_FD), option(args, SUBMIT_PASS_FILE), &author, &err);
    int exit_code = rc != 0 ? cli_fail_input(cli, &err) : EXIT_GOOD;
    if (exit_code == 0 && !dry) exit_code = promote_complete(cli, v.debate.target, option(args, SUBMIT_ACTOR));
    if (exit_code == 0) exit_code = cli_open(cli, dry ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code == 0) exit_code = cast_vote(cli, args, ledger, &v, author);
    log_close(ledger);
    log_author_free(author);
    buf_done(&v.reason);
    return exit_code;
}

const struct spec promote_vote = {
    .synopsis =
        "ID --sign-as KEYFILE --policy SCORE --simplicity SCORE --predicted-pass SCORE [--round N] | --from FILE [OPTIONS]",
    .about = "Votes on the candidate as the voter whose key signs. The scores weigh 0.5, 0.2 and 0.3; a sum above one\n"
             "half is for it. FILE has a JSON object with policy, simplicity, predicted_pass and, if wanted, round,\n"
             "model and reason, and nothing else. Exit code 1 if the vote would break a rule of the debate; then\n"
             "nothing is written.",
    .examples = "ledger promote vote swap --sign-as alice.key --policy 0.9 --simplicity 0.6 --predicted-pass 0.8\n"
                "model-vote | ledger promote vote swap --sign-as model.key --from -",
    .opts = vote_options,
    .min_args = 1,
    .max_args = 1,
    .run = vote,
};
