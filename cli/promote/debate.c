/* promote debate: opens a debate of named voters about a candidate, shows how it stands, and concludes it as its votes say. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mp_map.h"
#include "cli/act/decided.h"
#include "cli/act/preview.h"
#include "cli/act/signer.h"
#include "cli/act/submit.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/promote/promote.h"
#include "ledger/kinds/value.h"
#include "ledger/tree/note.h"
#include "projections/act/checked.h"
#include "projections/council/council.h"
#include "projections/council/judge.h"
#include "projections/council/tally.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define BODY_MAX ((size_t)64 << 10)

enum { D_VOTER, D_JUDGE, D_DEBATE, D_CONCLUDE, D_SUBMIT };
static const struct opt debate_options[] = {
    [D_VOTER] = {"voter", 0, "NAME=KEY", "who votes: a verifier key, or a file with one; repeat it for each"},
    [D_JUDGE] = {"judge", 0, "NAME", "the voter whose vote decides a tie"},
    [D_DEBATE] = {"debate", 0, "DEBATE", "its id (default: the promotion's, and the event that planned it)"},
    [D_CONCLUDE] = {"conclude", 0, NULL, "end it as its votes say; a missing vote makes that an error"},
    SUBMIT_OPTIONS,
    {0},
};

/* What the options say of the events that are written. */
struct acting {
    const struct opt_args *args;
    const char *note, *key; /* may be NULL */
    bool dry;
    char actor[CLI_ACTOR_MAX], opened_key[4 * PROMOTE_TEXT];
    struct log_author *author; /* NULL: unsigned */
};

static const char *option(const struct opt_args *args, int which) {
    return opt_text(args, &debate_options[D_SUBMIT + which]);
}

static void draft_init(struct log_draft *draft, struct acting *a, const char *kind, const char *subject, const char *key,
                       const char *grade) {
    log_draft_init(draft);
    draft->kind = bytes_of(kind);
    draft->subject = bytes_of(subject);
    draft->actor = bytes_of(cli_actor(option(a->args, SUBMIT_ACTOR), a->actor));
    draft->source = bytes_of("cli");
    draft->grade = bytes_of(grade);
    draft->key = bytes_of(key != NULL ? key : "");
    draft->author = a->author;
}

static void note_duplicate(struct cli *cli, uint64_t seq) {
    cli_note(cli, "ledger: %s: event %llu already has this key: nothing was written", cli->command,
             (unsigned long long)seq);
}

/* ---- opening ---- */

/* The key itself, or the first line of the file that has it. */
static int read_key(const char *text, char ret[NOTE_VKEY_MAX], struct err *err) {
    struct note_vkey key;
    struct buf file = {.max = 4096};
    int rc = 0;
    snprintf(ret, NOTE_VKEY_MAX, "%s", text);
    if (note_vkey_decode(bytes_of(text), &key, NULL) != 0) {
        rc = file_read(text, &file, err);
        size_t n = 0;
        while (rc == 0 && n < file.n && file.p[n] != '\n') {
            n++;
        }
        snprintf(ret, NOTE_VKEY_MAX, "%.*s", (int)(n < NOTE_VKEY_MAX ? n : 0), n > 0 ? (const char *)file.p : "");
        if (rc == 0 && note_vkey_decode(bytes_of(ret), &key, NULL) != 0) {
            rc = err_set(err, ERR_INVALID,
                         "'%.100s' is neither a verifier key, '<name>+<8 hex digits>+<base64>', nor a file with one", text);
        }
    }
    buf_done(&file);
    return rc;
}

static int put_voter(struct buf *voters, struct buf *names, const char *text, struct err *err) {
    const char *sign = strchr(text, '=');
    char vkey[NOTE_VKEY_MAX];
    if (sign == NULL || sign == text || sign[1] == '\0') {
        return err_set(err, ERR_INVALID, "--voter is '%.80s'; expected NAME=KEY", text);
    }
    const struct bytes name = {(const uint8_t *)text, (size_t)(sign - text)};
    int rc = read_key(sign + 1, vkey, err);
    if (rc == 0) {
        mp_put_map(voters, 2);
        mp_put_text(voters, "name");
        mp_put_str(voters, name);
        mp_put_text(voters, "vkey");
        mp_put_text(voters, vkey);
        mp_put_str(names, name);
    }
    return rc;
}

static int put_opening(const struct acting *a, const struct promote_known *k, struct buf *opened, struct buf *names,
                       uint32_t *ret_n, struct err *err) {
    struct mp_map map;
    struct buf voters = {.max = BODY_MAX}, items = {.max = BODY_MAX};
    char target[PROMOTE_TEXT + 16];
    const char *text, *judge = opt_text(a->args, &debate_options[D_JUDGE]);
    size_t at = 0;
    uint32_t n = 0;
    int rc = promote_subject(k->id, target, err);
    for (; rc == 0 && (text = opt_next(a->args, &debate_options[D_VOTER], &at)) != NULL; n++) {
        rc = put_voter(&items, names, text, err);
    }
    mp_put_array(&voters, n);
    buf_put_bytes(&voters, bytes_of_buf(&items));
    mp_map_init(&map, BODY_MAX);
    mp_map_text(&map, "target", bytes_of(target));
    mp_map_text(&map, "digest", bytes_of(k->digest));
    mp_map_text(&map, "judge", bytes_of(judge != NULL ? judge : ""));
    mp_map_text(&map, "question", bytes_of(a->note != NULL ? a->note : ""));
    mp_map_uint(&map, "rounds", DEBATE_ROUNDS);
    mp_map_raw(&map, "voters", bytes_of_buf(&voters));
    if (rc == 0) rc = mp_map_write(&map, opened, err);
    mp_map_done(&map);
    buf_done(&items);
    buf_done(&voters);
    *ret_n = n;
    return rc;
}

static int put_debating(const struct promote_known *k, const char *debate, const struct buf *names, uint32_t n,
                        struct buf *debating, struct err *err) {
    struct buf list = {.max = BODY_MAX};
    struct mp_map map;
    mp_put_array(&list, n);
    buf_put_bytes(&list, bytes_of_buf(names));
    mp_map_init(&map, BODY_MAX);
    mp_map_text(&map, "digest", bytes_of(k->digest));
    mp_map_text(&map, "debate", bytes_of(debate));
    mp_map_raw(&map, "participants", bytes_of_buf(&list));
    int rc = mp_map_write(&map, debating, err);
    mp_map_done(&map);
    buf_done(&list);
    return rc;
}

struct opening {
    struct log_draft draft[2]; /* debate.opened, promotion.debating */
};

static int may_open(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct opening *o = ctx;
    int rc = 0;
    for (size_t i = 0; rc == 0 && ret->yes && i < 2; i++) {
        rc = decide_may_append(view, &o->draft[i], ret, err);
    }
    return rc;
}

static int commit(struct ledger *ledger, struct opening *o, struct log_receipt receipts[2], struct log_head *head,
                  struct err *err) {
    struct log_batch *batch = NULL;
    struct decision decision;
    int rc = log_batch_new(ledger, &batch, err);
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        rc = log_batch_add(batch, &o->draft[i], err);
    }
    if (rc == 0) rc = checked_commit(ledger, batch, may_open, o, receipts, head, &decision, err);
    log_batch_free(batch);
    return rc;
}

static int show_opening(struct cli *cli, struct ledger *ledger, const struct opening *o) {
    bool is_new;
    int exit_code = preview_print(cli, ledger, &o->draft[0], true, &is_new);
    int other = preview_print(cli, ledger, &o->draft[1], true, &is_new);
    return exit_code > other ? exit_code : other;
}

/* Both events exist already, or none. */
static int check_same(struct ledger *ledger, const struct opening *o, const struct log_receipt receipts[2],
                      struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        if (receipts[i].duplicate) rc = preview_same(ledger, &o->draft[i], receipts[i].seq, err);
    }
    return rc;
}

static int write_opening(struct cli *cli, struct ledger *ledger, struct opening *o, const char *id, const char *debate) {
    struct log_receipt receipts[2] = {{0}};
    struct log_head head = {0};
    struct obj obj = {0};
    struct err err = {0};
    int rc = commit(ledger, o, receipts, &head, &err);
    if (rc == 0) rc = check_same(ledger, o, receipts, &err);
    if (rc != 0) return cli_fail(cli, &err);
    if (receipts[1].duplicate) {
        note_duplicate(cli, receipts[1].seq);
    }
    obj_text(&obj, "promotion", id);
    obj_text(&obj, "debate", debate);
    receipt_put(&obj, &receipts[1], &head);
    return cli_print(cli, &obj, false);
}

static int open_debate(struct cli *cli, struct acting *a, struct ledger *ledger, const struct promote_known *k,
                       const char *debate) {
    struct opening o;
    struct buf opened = {.max = BODY_MAX}, names = {.max = BODY_MAX}, debating = {.max = BODY_MAX};
    struct err err = {0};
    char subject[PROMOTE_TEXT + 16], about[PROMOTE_TEXT + 64];
    uint32_t n = 0;
    snprintf(about, sizeof(about), "debate/%s", debate);
    int rc = promote_subject(k->id, subject, &err);
    if (rc == 0) rc = put_opening(a, k, &opened, &names, &n, &err);
    if (rc == 0) rc = put_debating(k, debate, &names, n, &debating, &err);
    snprintf(a->opened_key, sizeof(a->opened_key), "%.1000s%s", a->key != NULL ? a->key : "",
             a->key != NULL ? ".debate" : "");
    draft_init(&o.draft[0], a, "debate.opened", about, a->opened_key, "declared");
    draft_init(&o.draft[1], a, "promotion.debating", subject, a->key, "declared");
    o.draft[0].body = bytes_of_buf(&opened);
    o.draft[1].body = bytes_of_buf(&debating);
    int exit_code = rc != 0  ? cli_fail_input(cli, &err)
                    : a->dry ? show_opening(cli, ledger, &o)
                             : write_opening(cli, ledger, &o, k->id, debate);
    buf_done(&opened);
    buf_done(&names);
    buf_done(&debating);
    return exit_code;
}

/* ---- concluding ---- */

struct concluding {
    const char *debate, *note;
    char outcome[16];
    uint64_t seq; /* of the event that concluded it before; UINT64_MAX: none */
};

static void put_body(const struct row *row, const char *outcome, const char *note, struct mp_map *map) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = row_seqs(row, DEBATES_BASE + FOLD_EVIDENCE, seqs, ROW_SEQS_MAX);
    struct bytes fault = row_text(row, DEBATES_FAULT);
    bool missing = row_is(row, DEBATES_SAYS, "undecided");
    mp_map_text(map, "outcome", bytes_of(outcome));
    mp_map_text(map, "digest", row_text(row, DEBATES_DIGEST));
    mp_map_text(map, "summary", bytes_of(note != NULL ? note : ""));
    mp_map_uint(map, "rounds", (uint64_t)row_int(row, DEBATES_ROUND));
    mp_map_begin(map, "votes");
    mp_put_map(&map->values, 2);
    mp_put_text(&map->values, "against");
    mp_put_uint(&map->values, (uint64_t)row_int(row, DEBATES_AGAINST));
    mp_put_text(&map->values, "for");
    mp_put_uint(&map->values, (uint64_t)row_int(row, DEBATES_FOR));
    mp_map_end(map);
    if (fault.n > 0 || missing) {
        mp_map_begin(map, "reasons");
        mp_put_array(&map->values, 1);
        mp_put_str(&map->values, fault.n > 0 ? fault : bytes_of("votes are missing"));
        mp_map_end(map);
    }
    mp_map_begin(map, "evidence");
    mp_put_array(&map->values, (uint32_t)(n < ROW_SEQS_MAX ? n : ROW_SEQS_MAX));
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        mp_put_uint(&map->values, seqs[i]);
    }
    mp_map_end(map);
}

/* Exactly what the votes say. */
static int conclude_as(void *ctx, struct state_view *view, struct buf *body, struct err *err) {
    struct concluding *c = ctx;
    const struct bytes id = bytes_of(c->debate);
    struct mp_map map;
    struct row row;
    bool there = false;
    int rc = look_stored(view, "debates", &id, 1, &row, &there, err);
    mp_map_init(&map, BODY_MAX);
    if (rc == 0 && (!there || !row_has(&row, DEBATES_VOTERS))) {
        rc = err_set(err, ERR_CONFLICT, "refused: debate '%.60s' names no voters, so nothing says how it ends", c->debate);
    } else if (rc == 0 && row_has(&row, DEBATES_CONCLUDED_SEQ)) {
        c->seq = (uint64_t)row_int(&row, DEBATES_CONCLUDED_SEQ);
        snprintf(c->outcome, sizeof(c->outcome), "%.*s",
                 REASON_PART(row_text(&row, DEBATES_STATE), sizeof(c->outcome) - 1));
        rc = err_set(err, ERR_CONFLICT, "refused: debate '%.60s' was concluded as %.*s (event %lld)", c->debate,
                     REASON_NAME(row_text(&row, DEBATES_STATE)), (long long)row_int(&row, DEBATES_CONCLUDED_SEQ));
    } else if (rc == 0) {
        struct bytes says = row_text(&row, DEBATES_SAYS);
        snprintf(c->outcome, sizeof(c->outcome), "%.*s", REASON_PART(says, sizeof(c->outcome) - 1));
        if (strcmp(c->outcome, "undecided") == 0) {
            snprintf(c->outcome, sizeof(c->outcome), "error");
        }
        put_body(&row, c->outcome, c->note, &map);
        rc = mp_map_write(&map, body, err);
    }
    mp_map_done(&map);
    row_done(&row);
    return rc;
}

/* It was concluded by an event with this key: the same step, once more. */
static int find_same(struct ledger *ledger, const struct concluding *c, const char *key, struct log_receipt *ret,
                     struct log_head *head) {
    struct log_reader *reader = NULL;
    struct log_event event;
    bool same = c->seq != UINT64_MAX && key != NULL && log_reader_open(ledger, c->seq, c->seq + 1, &reader, NULL) == 0 &&
                log_reader_next(reader, &event, NULL) == 0 && bytes_is(event.key, key) && bytes_is(event.source, "cli");
    if (same) {
        *ret = (struct log_receipt){.seq = c->seq, .duplicate = true};
        memcpy(ret->leaf, event.leaf, sizeof(ret->leaf));
    }
    log_reader_close(reader);
    return same ? log_head(ledger, head, NULL) : ERR_NOTFOUND;
}

static int print_conclusion(struct cli *cli, const struct concluding *c, const struct log_receipt *receipt,
                            const struct log_head *head) {
    struct obj obj = {0};
    obj_text(&obj, "debate", c->debate);
    obj_text(&obj, "outcome", c->outcome);
    receipt_put(&obj, receipt, head);
    int exit_code = cli_print(cli, &obj, false);
    return exit_code == 0 && strcmp(c->outcome, "accepted") != 0 ? EXIT_NO : exit_code;
}

static int conclude(struct cli *cli, struct acting *a, struct ledger *ledger, const char *debate) {
    struct concluding c = {.debate = debate, .note = a->note, .seq = UINT64_MAX};
    struct buf body = {.max = BODY_MAX};
    struct log_draft draft;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct err err = {0};
    char subject[PROMOTE_TEXT + 64];
    bool is_new;
    int exit_code = EXIT_GOOD;
    snprintf(subject, sizeof(subject), "debate/%s", debate);
    draft_init(&draft, a, "debate.concluded", subject, a->key, "measured");
    int rc = a->dry ? decided_ask(ledger, conclude_as, &c, &body, &err)
                    : decided_append(ledger, &draft, false, conclude_as, &c, &body, &receipt, &head, &err);
    if (rc == ERR_CONFLICT && find_same(ledger, &c, a->key, &receipt, &head) == 0) {
        note_duplicate(cli, receipt.seq);
        rc = 0;
    }
    draft.body = bytes_of_buf(&body);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (a->dry && !receipt.duplicate) {
        exit_code = preview_print(cli, ledger, &draft, true, &is_new);
    } else {
        exit_code = print_conclusion(cli, &c, &receipt, &head);
    }
    buf_done(&body);
    return exit_code;
}

/* ---- the command ---- */

static int find_newest(void *ctx, struct state_view *view, struct err *err) {
    struct promote_debate *d = ctx;
    struct buf id = {.max = PROMOTE_TEXT - 1};
    int rc = debate_newest(view, bytes_of(d->target), -1, &id, err);
    if (rc == 0) snprintf(d->id, sizeof(d->id), "%.*s", (int)id.n, id.n > 0 ? (const char *)id.p : "");
    buf_done(&id);
    return rc;
}

static int ask(struct ledger *ledger, int (*fn)(void *ctx, struct state_view *view, struct err *err), void *ctx,
               struct err *err) {
    struct state_options options;
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    return rc == 0 ? state_ask(ledger, &options, fn, ctx, err) : rc;
}

int promote_find_debate(struct ledger *ledger, struct promote_debate *ret, struct err *err) {
    return ask(ledger, find_newest, ret, err);
}

struct naming {
    const struct promote_known *known;
    struct promote_debate *debate;
};

/* ID.PLAN, ID.PLAN.2, ...: the first that is not there, or is open. */
static int find_name(void *ctx, struct state_view *view, struct err *err) {
    const struct naming *n = ctx;
    struct promote_debate *d = n->debate;
    bool taken = true;
    int rc = 0;
    for (unsigned i = 1; rc == 0 && taken; i++) {
        struct row row;
        int at = snprintf(d->id, sizeof(d->id), "%.200s.%llu", n->known->id, (unsigned long long)n->known->planned_seq);
        snprintf(d->id + at, i > 1 ? sizeof(d->id) - (size_t)at : 1, ".%u", i);
        const struct bytes id = bytes_of(d->id);
        rc = look_stored(view, "debates", &id, 1, &row, &taken, err);
        taken = taken && !row_is(&row, DEBATES_STATE, "open");
        row_done(&row);
    }
    return rc;
}

/* Which one: as given, the newest about it, or a new one, named after the event that planned it. */
static int name_debate(struct ledger *ledger, const struct promote_known *known, const char *given, bool ends,
                       struct promote_debate *d, struct err *err) {
    if (given != NULL) {
        snprintf(d->id, sizeof(d->id), "%s", given);
    } else if (!ends) {
        struct naming n = {known, d};
        return ask(ledger, find_name, &n, err);
    } else {
        return promote_find_debate(ledger, d, err);
    }
    return 0;
}

static int act(struct cli *cli, struct acting *a, struct ledger *ledger, struct promote_debate *d) {
    bool ends = opt_has(a->args, &debate_options[D_CONCLUDE]);
    struct promote_known known;
    struct err err = {0};
    int rc = promote_known(ledger, d->target, &known, &err);
    int exit_code = rc != 0 ? cli_fail(cli, &err) : promote_must_be(cli, &known);
    if (exit_code != 0) return exit_code;
    rc = name_debate(ledger, &known, opt_text(a->args, &debate_options[D_DEBATE]), ends, d, &err);
    if (rc != 0) return cli_fail(cli, &err);
    if (d->id[0] == '\0') {
        return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "there is no debate about '%.60s'", d->target);
    }
    return ends ? conclude(cli, a, ledger, d->id) : open_debate(cli, a, ledger, &known, d->id);
}

static int debate(struct cli *cli, const struct opt_args *args) {
    bool ends = opt_has(args, &debate_options[D_CONCLUDE]), votes = opt_has(args, &debate_options[D_VOTER]);
    struct acting a = {.args = args,
                       .note = option(args, SUBMIT_NOTE),
                       .key = option(args, SUBMIT_KEY),
                       .dry = opt_has(args, &debate_options[D_SUBMIT + SUBMIT_DRY_RUN])};
    struct promote_debate d = {{0}, {0}};
    struct ledger *ledger = NULL;
    struct err err = {0};
    if (ends == votes) return cli_usage(cli, "give --voter NAME=KEY for each voter, or --conclude");
    if (ends && opt_has(args, &debate_options[D_JUDGE])) return cli_usage(cli, "--judge is named when a debate is opened");
    if (promote_subject(args->args[0], d.target, &err) != 0) return cli_usage(cli, "%s", err.msg);
    int rc = signer_load(option(args, SUBMIT_SIGN_AS), option(args, SUBMIT_PASS_FD), option(args, SUBMIT_PASS_FILE),
                         &a.author, &err);
    int exit_code = rc != 0 ? cli_fail_input(cli, &err) : EXIT_GOOD;
    if (exit_code == 0 && !a.dry) exit_code = promote_complete(cli, d.target, option(args, SUBMIT_ACTOR));
    if (exit_code == 0) exit_code = cli_open(cli, a.dry ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code == 0) exit_code = act(cli, &a, ledger, &d);
    log_close(ledger);
    log_author_free(a.author);
    return exit_code;
}

const struct spec promote_debate_spec = {
    .synopsis = "ID --voter NAME=KEY... [--judge NAME] [OPTIONS] | ID --conclude [OPTIONS]",
    .about = "Opens a debate about the candidate: each voter, named with a verifier key, gives signed scores ('promote\n"
             "vote') in two rounds at most. It ends early if all agree; a tie is decided by the judge, one of the\n"
             "voters, and otherwise what is in use stays. A broken rule (a vote that is missing, twice, not signed\n"
             "by its voter or out of range) closes it with the outcome error. --conclude records what the votes\n"
             "say. Exit code 1 if that is not 'accepted', or if the step is not legal.",
    .examples = "ledger promote debate swap --voter alice=alice.vkey --voter bob=bob.vkey --judge alice\n"
                "ledger promote debate swap --conclude",
    .opts = debate_options,
    .min_args = 1,
    .max_args = 1,
    .run = debate,
};
