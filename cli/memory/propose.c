/* memory propose: the text is searched before anything is written, and what was found is masked in what is stored; the original is
 * stored nowhere. The steps are events of one transaction: proposed, sanitised, and validated or quarantined. */
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mp_map.h"
#include "base/personal/personal.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "cli/act/body.h"
#include "cli/memory/memory.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "ledger/kinds/check.h"
#include "projections/act/checked.h"
#include "projections/permissions/policies.h"
#include "projections/view/look.h"

#define CONTENT_MAX ((size_t)256 << 10)
#define BODY_MAX    ((size_t)512 << 10)
#define RULES_MAX   48
#define ID_BYTES    6
#define STEPS       3

enum { P_ID, P_SCOPE, P_AGENT, P_MODEL, P_TOOL, P_DATA, P_POLICY, P_DEBATE, P_AGAIN, P_RUN, P_ACTOR };
static const struct opt propose_options[] = {
    [P_ID] = {"id", 0, "ID", "its id (default: a random one)"},
    [P_SCOPE] = {"scope", 0, "SCOPE", "who may see it: user, project, pack, agent, global"},
    [P_AGENT] = {"agent", 0, "NAME", "the agent that proposes it"},
    [P_MODEL] = {"model", 0, "NAME", "the model that wrote it"},
    [P_TOOL] = {"tools", 0, "NAME", "a program that it came through; repeat it for each, in order"},
    [P_DATA] = {"data", 0, "FILE", "what it was drawn from: a file, or its digest"},
    [P_POLICY] = {"policy", 0, "NAME", "a declared policy that it is judged by"},
    [P_DEBATE] = {"needs-debate", 0, NULL, "admit it only after a debate accepted it"},
    [P_AGAIN] = {"again", 0, "REASON",
                 "this content was revoked, and is proposed all the same; the reason is kept private"},
    [P_RUN] = {"run", 'r', "RUN", "the run that it comes from"},
    [P_ACTOR] = {"actor", 'a', "WHO", "who acts (default: user:<login name>)"},
    {0},
};

/* What was found, by name; names are static. */
struct finds {
    struct {
        const char *name;
        size_t n;
    } rule[RULES_MAX];
    size_t n, all;
};

struct proposal {
    const struct opt_args *args;
    struct buf content; /* sanitised */
    struct finds finds;
    char subject[MEMORY_TEXT + 16], digest[BODY_DIGEST_MAX], data[BODY_DIGEST_MAX], policy_digest[BODY_DIGEST_MAX];
    struct buf body[STEPS];
    struct log_draft draft[STEPS];
};

/* ---- what is in it ---- */

/* In the order of names, as a canonical map has them. */
static void count(struct finds *f, const char *name, size_t n) {
    size_t i = 0;
    while (i < f->n && strcmp(f->rule[i].name, name) < 0) {
        i++;
    }
    f->all += n;
    if (n == 0) return;
    if (i == f->n || strcmp(f->rule[i].name, name) != 0) {
        if (f->n == RULES_MAX) return; /* still counted in `all`, which decides */
        memmove(&f->rule[i + 1], &f->rule[i], (f->n - i) * sizeof(f->rule[0]));
        f->rule[i].name = name;
        f->rule[i].n = 0;
        f->n++;
    }
    f->rule[i].n += n;
}

static int sanitise(struct proposal *p, struct bytes text, struct err *err) {
    struct buf open = {.max = 4 * CONTENT_MAX};
    size_t counts[PERSONAL_KINDS] = {0}, from = 0;
    struct secret_hit hit;
    uint8_t hash[HASH_LEN];
    for (; secret_next(text, from, &hit) == 0; from = hit.at + hit.n) {
        count(&p->finds, hit.rule, 1);
    }
    size_t masked = secret_mask(&open, text);
    personal_mask(&p->content, bytes_of_buf(&open), counts);
    for (int i = 0; i < PERSONAL_KINDS; i++) {
        count(&p->finds, personal_name((enum personal_kind)i), counts[i]);
    }
    int rc = buf_check(&open, "a memory", err);
    if (rc == 0) rc = buf_check(&p->content, "a memory", err);
    if (rc == 0 && masked > p->finds.all) {
        p->finds.all = masked;
    }
    const struct bytes content = bytes_of_buf(&p->content);
    hash_parts(hash, &content, 1);
    memcpy(p->digest, "sha256:", 7);
    text_hex(p->digest + 7, hash, HASH_LEN);
    buf_done(&open);
    return rc;
}

static int read_text(struct proposal *p, const char *path, struct err *err) {
    struct buf text = {.max = CONTENT_MAX};
    bool in = strcmp(path, "-") == 0;
    const char *name = in ? "standard input" : path;
    int rc = file_read(in ? "/dev/stdin" : path, &text, err);
    size_t whole = rc == 0 ? text_utf8_valid(text.p, text.n) : 0;
    if (rc == 0 && text.n == 0) {
        rc = err_set(err, ERR_INVALID, "%.200s is empty; expected the text of a memory", name);
    } else if (rc == 0 && whole < text.n) {
        rc = err_set(err, ERR_INVALID, "%.200s, byte %zu: not UTF-8", name, whole);
    }
    if (rc == 0) rc = sanitise(p, bytes_of_buf(&text), err);
    buf_done(&text);
    return rc;
}

/* Agent, model, tools and the other options are stored openly, as given: what would be masked in the content is refused in them. */
static int check_open(const char *option, const char *text, struct err *err) {
    struct buf masked = {.max = 4 * CONTENT_MAX};
    size_t counts[PERSONAL_KINDS] = {0};
    struct secret_hit hit;
    const char *found = NULL;
    personal_mask(&masked, bytes_of(text), counts);
    for (int i = 0; i < PERSONAL_KINDS; i++) {
        if (counts[i] > 0) found = personal_name((enum personal_kind)i);
    }
    if (secret_next(bytes_of(text), 0, &hit) == 0) found = hit.rule;
    int rc = buf_check(&masked, "an option", err);
    buf_done(&masked);
    if (rc == 0 && found != NULL) {
        rc = err_set(err, ERR_INVALID, "--%s is stored openly, and what was given is private (%s); expected a name", option,
                     found);
    }
    return rc;
}

static int check_options(const struct opt_args *args, struct err *err) {
    static const int open[] = {P_ID, P_SCOPE, P_AGENT, P_MODEL, P_TOOL, P_POLICY, P_RUN, P_ACTOR};
    int rc = 0;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        const struct opt *o = &propose_options[open[i]];
        const char *text;
        size_t at = 0;
        while (rc == 0 && (text = opt_next(args, o, &at)) != NULL) {
            rc = check_open(o->name, text, err);
        }
    }
    return rc;
}

/* ---- the events ---- */

static void put_checks(struct mp_map *map) {
    mp_map_begin(map, "checks");
    mp_put_array(&map->values, 1 + PERSONAL_KINDS);
    mp_put_text(&map->values, "secret");
    for (int i = 0; i < PERSONAL_KINDS; i++) {
        mp_put_text(&map->values, personal_name((enum personal_kind)i));
    }
    mp_map_end(map);
}

static void put_findings(const struct finds *f, bool reasons, struct mp_map *map) {
    mp_map_begin(map, "findings");
    mp_put_map(&map->values, (uint32_t)f->n);
    for (size_t i = 0; i < f->n; i++) {
        mp_put_text(&map->values, f->rule[i].name);
        mp_put_uint(&map->values, f->rule[i].n);
    }
    mp_map_end(map);
    if (reasons) {
        mp_map_begin(map, "reasons");
        mp_put_array(&map->values, (uint32_t)f->n);
        for (size_t i = 0; i < f->n; i++) {
            mp_put_text(&map->values, f->rule[i].name);
        }
        mp_map_end(map);
    }
}

static void put_text(struct mp_map *map, const char *name, const char *text) {
    mp_map_text(map, name, bytes_of(text != NULL ? text : ""));
}

static void put_proposed(const struct proposal *p, struct mp_map *map) {
    const struct opt *o = propose_options;
    const char *tool;
    struct buf items = {.max = BODY_MAX};
    size_t at = 0;
    uint32_t n = 0;
    put_text(map, "digest", p->digest);
    put_text(map, "scope", opt_text(p->args, &o[P_SCOPE]));
    put_text(map, "agent", opt_text(p->args, &o[P_AGENT]));
    put_text(map, "model", opt_text(p->args, &o[P_MODEL]));
    put_text(map, "data_digest", p->data);
    put_text(map, "policy", opt_text(p->args, &o[P_POLICY]));
    put_text(map, "policy_digest", p->policy_digest);
    mp_map_bool(map, "needs_debate", opt_has(p->args, &o[P_DEBATE]));
    if (opt_has(p->args, &o[P_AGAIN])) {
        mp_map_bool(map, "again", true);
        put_text(map, "note", opt_text(p->args, &o[P_AGAIN]));
    }
    mp_map_uint(map, "bytes", p->content.n);
    for (; (tool = opt_next(p->args, &o[P_TOOL], &at)) != NULL; n++) {
        mp_put_text(&items, tool);
    }
    if (n > 0) {
        mp_map_begin(map, "tools");
        mp_put_array(&map->values, n);
        buf_put_bytes(&map->values, bytes_of_buf(&items));
        mp_map_end(map);
    }
    buf_done(&items);
}

static int put_bodies(struct proposal *p, struct err *err) {
    int rc = 0;
    for (int i = 0; rc == 0 && i < STEPS; i++) {
        struct mp_map map;
        mp_map_init(&map, BODY_MAX);
        if (i == 0) {
            put_proposed(p, &map);
        } else {
            put_text(&map, "digest", p->digest);
        }
        if (i == 1) {
            mp_map_uint(&map, "masked", p->finds.all);
            mp_map_uint(&map, "bytes", p->content.n);
            mp_map_text(&map, "content", bytes_of_buf(&p->content));
            put_findings(&p->finds, false, &map);
            put_checks(&map);
        } else if (i == 2 && p->finds.all > 0) {
            put_findings(&p->finds, true, &map);
        } else if (i == 2) {
            put_text(&map, "decided_by", "rule");
            put_text(&map, "policy", opt_text(p->args, &propose_options[P_POLICY]));
            put_checks(&map);
        }
        rc = mp_map_write(&map, &p->body[i], err);
        mp_map_done(&map);
    }
    return rc;
}

static void make_drafts(struct proposal *p, const char *actor) {
    const char *kinds[] = {"memory.proposed", "memory.sanitised",
                           p->finds.all > 0 ? "memory.quarantined" : "memory.validated"};
    const char *run = opt_text(p->args, &propose_options[P_RUN]);
    for (int i = 0; i < STEPS; i++) {
        log_draft_init(&p->draft[i]);
        p->draft[i].kind = bytes_of(kinds[i]);
        p->draft[i].subject = bytes_of(p->subject);
        p->draft[i].actor = bytes_of(actor);
        p->draft[i].source = bytes_of("cli");
        p->draft[i].grade = bytes_of(i == 0 ? "declared" : "measured");
        p->draft[i].run = bytes_of(run != NULL ? run : "");
        p->draft[i].body = bytes_of_buf(&p->body[i]);
    }
}

/* The others follow from the first, which must be new. */
static int may_propose(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct proposal *p = ctx;
    const struct bytes digest = bytes_of(p->digest);
    struct row row;
    bool there = true;
    int rc = 0;
    if (opt_has(p->args, &propose_options[P_AGAIN])) {
        rc = look_stored(view, "memory_revoked", &digest, 1, &row, &there, err);
        row_done(&row);
    }
    if (rc == 0 && !there) decide_no(ret, "no memory with this content was revoked: it is proposed without --again");
    return rc == 0 && ret->yes ? decide_may_append(view, &p->draft[0], ret, err) : rc;
}

static int write_all(struct ledger *ledger, struct proposal *p, struct log_receipt receipts[STEPS], struct log_head *head,
                     struct err *err) {
    struct log_batch *batch = NULL;
    struct decision decision;
    int rc = log_batch_new(ledger, &batch, err);
    for (int i = 0; rc == 0 && i < STEPS; i++) {
        rc = log_batch_add(batch, &p->draft[i], err);
    }
    if (rc == 0) rc = checked_commit(ledger, batch, may_propose, p, receipts, head, &decision, err);
    log_batch_free(batch);
    return rc;
}

/* ---- the command ---- */

/* A policy is the version in force, by its digest. */
static int find_policy(void *ctx, struct state_view *view, struct err *err) {
    struct proposal *p = ctx;
    const char *name = opt_text(p->args, &propose_options[P_POLICY]);
    const struct bytes key = bytes_of(name);
    struct row row;
    bool there = false;
    int rc = look_stored(view, "policies", &key, 1, &row, &there, err);
    if (rc == 0 && !there) rc = err_set(err, ERR_INVALID, "--policy is '%.60s', which nobody declared", name);
    if (rc == 0) {
        struct bytes digest = row_text(&row, POLICIES_DIGEST);
        snprintf(p->policy_digest, sizeof(p->policy_digest), "%.*s",
                 (int)(digest.n < sizeof(p->policy_digest) ? digest.n : 0), digest.n > 0 ? (const char *)digest.p : "");
    }
    row_done(&row);
    return rc;
}

static int ask_policy(struct ledger *ledger, struct proposal *p, struct err *err) {
    struct state_options options;
    if (!opt_has(p->args, &propose_options[P_POLICY])) return 0;
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    return rc == 0 ? state_ask(ledger, &options, find_policy, p, err) : rc;
}

static int prepare(struct proposal *p, struct err *err) {
    const char *id = opt_text(p->args, &propose_options[P_ID]), *data = opt_text(p->args, &propose_options[P_DATA]);
    char random[2 * ID_BYTES + 1];
    uint8_t bytes[ID_BYTES];
    crypt_random(bytes, sizeof(bytes));
    text_hex(random, bytes, sizeof(bytes));
    int rc = check_options(p->args, err);
    if (rc == 0) rc = memory_subject(id != NULL ? id : random, p->subject, err);
    if (rc == 0 && data != NULL && kind_is_digest(bytes_of(data))) {
        snprintf(p->data, sizeof(p->data), "%s", data);
    } else if (rc == 0 && data != NULL) {
        rc = body_file_digest(data, p->data, err);
    }
    return rc == 0 ? read_text(p, p->args->n_args > 0 ? p->args->args[0] : "-", err) : rc;
}

static int print_result(struct cli *cli, const struct proposal *p, const struct log_receipt *receipt,
                        const struct log_head *head) {
    struct obj obj = {0}, found = {0};
    for (size_t i = 0; i < p->finds.n; i++) {
        obj_uint(&found, p->finds.rule[i].name, p->finds.rule[i].n);
    }
    obj_text(&obj, "memory", p->subject + 7);
    obj_text(&obj, "state", p->finds.all > 0 ? "quarantined" : "validated");
    obj_text(&obj, "digest", p->digest);
    obj_obj(&obj, "findings", &found);
    receipt_put(&obj, receipt, head);
    int exit_code = cli_print(cli, &obj, false);
    return exit_code == 0 && p->finds.all > 0 ? EXIT_NO : exit_code;
}

static int propose(struct cli *cli, const struct opt_args *args) {
    struct proposal p = {.args = args, .content = {.max = 4 * CONTENT_MAX}};
    struct ledger *ledger = NULL;
    struct log_receipt receipts[STEPS] = {{0}};
    struct log_head head = {0};
    struct err err = {0};
    char actor[CLI_ACTOR_MAX];
    for (int i = 0; i < STEPS; i++) {
        p.body[i].max = 2 * BODY_MAX;
    }
    int rc = prepare(&p, &err);
    int exit_code = rc != 0 ? cli_fail_input(cli, &err) : cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code == 0) {
        rc = ask_policy(ledger, &p, &err);
        if (rc == 0) rc = put_bodies(&p, &err);
        exit_code = rc != 0 ? cli_fail_input(cli, &err) : EXIT_GOOD;
    }
    if (exit_code == 0) {
        make_drafts(&p, cli_actor(opt_text(args, &propose_options[P_ACTOR]), actor));
        rc = write_all(ledger, &p, receipts, &head, &err);
        exit_code = rc != 0 ? cli_fail(cli, &err) : print_result(cli, &p, &receipts[STEPS - 1], &head);
    }
    log_close(ledger);
    buf_done(&p.content);
    for (int i = 0; i < STEPS; i++) {
        buf_done(&p.body[i]);
    }
    return exit_code;
}

const struct spec memory_propose = {
    .synopsis = "[FILE] [--scope SCOPE] [--agent NAME] [--model NAME] [--tools NAME...] [--data FILE] [--policy NAME] "
                "[--needs-debate] [--again REASON]",
    .about = "Proposes the text in FILE (default, or '-': standard input) as a memory. It is searched for secrets and\n"
             "personal data (e-mail, phone, IBAN, card); what is found is masked in what is stored, and the original\n"
             "is stored nowhere. With findings the memory is quarantined, for reasons by kind, and the exit code is\n"
             "1; without any it is validated and can be admitted. Content that was revoked is refused without --again.",
    .examples = "ledger memory propose note.txt --model qwen2.5:7b --tools summarise --data report.pdf\n"
                "agent-notes | ledger memory propose - --scope project --needs-debate",
    .opts = propose_options,
    .min_args = 0,
    .max_args = 1,
    .run = propose,
};
