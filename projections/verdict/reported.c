/* Clauses about what others report: evaluations, by the newest of each suite of each route, pack, model or program; and agents, by when
 * each was last heard of, and by their hooks (hooks.c).
 *
 * What an evaluation found is not asked here, but whether it still says something of this box: is it whole, not too old,
 * and of the bytes that are here? What of it is at fault is decided by the rules of readiness; here it is only sorted out. */
#include "projections/verdict/held.h"

#include <stdio.h>
#include <string.h>

#include "projections/ready/eval.h"
#include "projections/ready/proof.h"
#include "projections/verdict/hooks.h"
#include "projections/verdict/probed.h"
#include "projections/view/look.h"

#define OPEN_DAYS   1  /* that an evaluation may take, as far as anybody waits for it */
#define SILENT_DAYS 30 /* after which an agent may no longer be recorded */

/* ---- evaluations ---- */

struct newest {
    struct verdict_case *c;
    struct bytes of; /* as in eval_newest */
    int64_t began;
    const struct row *eval;
};

/* Findings that say that the evaluation is a part of one, or too old. */
static bool is_asked(enum readiness_id id) {
    const char *word = readiness_rules[id].word;
    return word != NULL && (strcmp(word, "partial eval") == 0 || strcmp(word, "stale") == 0);
}

/* Findings that say that it is of something else than the route is now. */
static bool is_drift(enum readiness_id id) {
    const char *word = readiness_rules[id].word;
    size_t n = word != NULL ? strlen(word) : 0;
    return n > 6 && strcmp(word + n - 6, " drift") == 0;
}

static const struct readiness_finding *first_of(const struct readiness *found, bool (*is)(enum readiness_id id)) {
    for (size_t i = 0; i < found->n; i++) {
        if (is(found->found[i].id)) return &found->found[i];
    }
    return NULL;
}

/* ` --route r`, ` --pack p`, or what stands for them. */
static void put_target(struct bytes of, struct buf *out) {
    static const struct {
        const char *noun, *option;
    } options[] = {{"route/", " --route "}, {"pack/", " --pack "}, {"model/", " --endpoint URL --model "}};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        size_t n = strlen(options[i].noun);
        if (!bytes_has_prefix(of, options[i].noun)) continue;
        buf_put_str(out, options[i].option);
        readiness_put_word(out, (struct bytes){of.p + n, of.n - n});
        return;
    }
    buf_put_str(out, " -- COMMAND");
}

/* The source that reads the files of a harness; of others nobody here knows one. */
static const char *const harnesses[][2] = {{"lm_eval", "ledger ingest lm-eval DIR"},
                                           {"promptfoo", "ledger ingest promptfoo FILE"},
                                           {"inspect", "ledger ingest inspect FILE"}};

static void put_command(struct newest *n, bool resume) {
    struct verdict_case *c = n->c;
    struct bytes harness = named_text(n->eval, "harness");
    bool imported = named_bool(n->eval, "imported");
    struct buf out = {.max = sizeof(c->command) - 1};
    if (imported) {
        for (size_t i = 0; i < sizeof(harnesses) / sizeof(harnesses[0]); i++) {
            if (bytes_is(harness, harnesses[i][0])) buf_put_str(&out, harnesses[i][1]);
        }
    } else {
        buf_put_str(&out, "ledger eval run FILE");
        if (resume) {
            buf_put_str(&out, " --resume ");
            readiness_put_word(&out, named_text(n->eval, "eval"));
        }
        put_target(n->of, &out);
    }
    snprintf(c->command, sizeof(c->command), "%.*s", out.fail == 0 ? (int)out.n : 0, out.n > 0 ? (const char *)out.p : "");
    buf_done(&out);
}

static void warn(struct newest *n, enum message_key key, struct bytes words, const struct reason *cited) {
    static const struct verdict_help evaluate = {MESSAGE_NONE, NULL}, again = {MESSAGE_FIRST_HARNESS, NULL};
    struct verdict_case *c = n->c;
    char room[VERDICT_WHEN];
    verdict_when(room, n->began);
    verdict_found(c, VERDICT_WARN, n->eval, n->of,
                  SAY_KEY(key, message_name("eval", named_text(n->eval, "eval")), message_name("of", n->of),
                          message_name("time", bytes_of(room)), message_words("reason", words)));
    if (cited != NULL && c->state == VERDICT_WARN) {
        for (size_t i = 0; i < cited->n_seqs; i++) {
            reason_cite(&c->reason, cited->seqs[i], 0);
        }
    }
    if (verdict_leads(c, VERDICT_WARN)) {
        c->help = named_bool(n->eval, "imported") ? &again : &evaluate;
        put_command(n, key == MESSAGE_EVAL_OPEN);
    }
}

/* A route that is proven needs nothing; else: is its evaluation of the route as it is now? */
static int take_route(struct newest *n, const struct row *route, bool *ret_settled, struct err *err) {
    struct proof proof;
    int rc = proof_of_route(n->c->view, route, &proof, err);
    bool proven = rc == 0 && proof.asked && proof.counts;
    const struct readiness_finding *found = rc == 0 && proof.asked && !proven ? first_of(&proof.found, is_drift) : NULL;
    if (found != NULL) {
        warn(n, MESSAGE_EVAL_LACKS, bytes_of(found->words), &proof.reason);
    } else if (proven) {
        verdict_found(n->c, VERDICT_PASS, n->eval, n->of, SAY(NONE));
    }
    *ret_settled = found != NULL || proven;
    return rc;
}

/* What it names of a pack, and the pack as it is installed. */
static bool is_of_other_files(const struct row *eval, const struct row *pack) {
    static const char *const both[][2] = {{"pack_digest", "tree_digest"}, {"pack_version", "version"}};
    for (size_t i = 0; i < 2; i++) {
        struct bytes was = named_text(eval, both[i][0]), is = named_text(pack, both[i][1]);
        if (was.n > 0 && is.n > 0 && !bytes_eq(was, is)) return true;
    }
    return false;
}

static bool take_pack(struct newest *n, const struct row *pack) {
    struct reason cited;
    if (!is_of_other_files(n->eval, pack)) return false;
    reason_init(&cited);
    reason_cite_cell(&cited, pack, named_column(pack, "version_seq"), SIZE_MAX);
    warn(n, MESSAGE_EVAL_OTHER_FILES, named_text(n->eval, "eval"), &cited);
    return true;
}

/* Its route or pack. *ret_settled: nothing more is to be asked. */
static int take_subject(struct newest *n, bool *ret_settled, struct err *err) {
    bool route = bytes_has_prefix(n->of, "route/"), there = false;
    const size_t from = route ? 6 : 5;
    const struct bytes name = {n->of.p + from, n->of.n > from ? n->of.n - from : 0};
    struct row row;
    *ret_settled = false;
    if (!route && !bytes_has_prefix(n->of, "pack/")) return 0;
    int rc = look_stored(n->c->view, route ? "routes" : "packs", &name, 1, &row, &there, err);
    if (rc == 0 && there &&
        (named_bool(&row, "parked") || named_is(&row, "step", "removed") || named_is(&row, "step", "parked"))) {
        *ret_settled = true; /* nothing is asked of it */
    } else if (rc == 0 && there && named_is(n->eval, "state", "finished")) {
        rc = route ? take_route(n, &row, ret_settled, err) : 0;
        *ret_settled = route ? *ret_settled : take_pack(n, &row);
    }
    row_done(&row);
    return rc;
}

static int take_ended(struct newest *n, struct err *err) {
    struct eval_verdict verdict;
    int rc = eval_judge_verdict(n->c->view, n->eval, false, &verdict, err);
    const struct readiness_finding *found = rc == 0 ? first_of(&verdict.found, is_asked) : NULL;
    if (found != NULL) {
        warn(n, MESSAGE_EVAL_LACKS, bytes_of(found->words), &verdict.reason);
    } else if (rc == 0) {
        verdict_found(n->c, VERDICT_PASS, n->eval, n->of, SAY(NONE));
    }
    return rc;
}

/* One that is under way is waited for, for a day. */
static void take_open(struct newest *n) {
    if (verdict_of_late(n->c, n->began, OPEN_DAYS)) {
        verdict_found(n->c, VERDICT_PASS, n->eval, n->of, SAY(NONE));
    } else {
        warn(n, MESSAGE_EVAL_OPEN, named_text(n->eval, "eval"), NULL);
    }
}

/* What was started again is under way, and what was invalidated says nothing. */
static int take_eval(struct newest *n, bool open, struct err *err) {
    bool settled = false;
    if (!named_is(n->eval, "state", open ? "started" : "finished")) return 0;
    int rc = take_subject(n, &settled, err);
    if (rc != 0 || settled) return rc;
    if (!open) return take_ended(n, err);
    take_open(n);
    return 0;
}

/* A row may be of bindings that the evaluation no longer has. */
static int take_id(struct newest *n, struct bytes id, bool open, struct err *err) {
    struct buf of = {.max = 2 * ROW_TEXT_MAX};
    struct row eval;
    bool there = false;
    if (id.n == 0) return 0;
    int rc = look_stored(n->c->view, "evals", &id, 1, &eval, &there, err);
    if (rc == 0 && there) {
        eval_put_of(&eval, &of);
        n->eval = &eval;
        if (bytes_eq(bytes_of_buf(&of), n->of)) rc = take_eval(n, open, err);
    }
    buf_done(&of);
    row_done(&eval);
    return rc;
}

static int each_newest(struct verdict_case *c, const struct row *row, struct err *err) {
    struct newest n = {.c = c, .of = row_text(row, EVAL_NEWEST_OF), .began = row_int(row, EVAL_NEWEST_AT)};
    int rc = take_id(&n, row_text(row, EVAL_NEWEST_EVAL), false, err);
    n.began = row_int(row, EVAL_NEWEST_OPEN_AT);
    return rc == 0 ? take_id(&n, row_text(row, EVAL_NEWEST_OPEN), true, err) : rc;
}

int verdict_evaluations(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "eval_newest", each_newest, err);
    if (rc == 0 && c->found == 0) {
        verdict_leave_out(c, SAY(NO_EVALS));
    }
    verdict_passes(c, SAY_WITH(EVALS_WHOLE, message_int("n", (int64_t)c->found)));
    return rc;
}

/* ---- agents ---- */

/* One that was connected lately was seen to, and one that setup can connect is mended by that. */
static int take_setup(struct verdict_case *c, struct bytes agent, bool *ret_seen, bool *ret_can, struct err *err) {
    struct row setup;
    bool there = false;
    int rc = verdict_look(c, "setups", &agent, 1, &setup, &there, err);
    bool applied = rc == 0 && there && named_is(&setup, "state", "applied");
    *ret_seen = applied && verdict_of_late(c, named_int(&setup, "at"), SILENT_DAYS);
    *ret_can = !applied && verdict_is_connectable(agent);
    row_done(&setup);
    return rc < 0 ? rc : 0;
}

static int each_agent(struct verdict_case *c, const struct row *row, struct err *err) {
    static const struct verdict_help connect = {MESSAGE_FIRST_AGENT, "ledger setup --apply {about}"};
    struct bytes name = named_text(row, "agent");
    int64_t last = named_int(row, "last_at");
    bool late = !verdict_of_late(c, last, SILENT_DAYS), seen = false, can = false;
    char room[VERDICT_WHEN];
    snprintf(c->target, sizeof(c->target), "%.*s", REASON_PART(name, sizeof(c->target) - 1));
    int rc = late ? verdict_seen_to(c, "agents", c->target, named_int(row, "last_seq"), &seen, err) : 0;
    if (rc == 0 && late && !seen) rc = take_setup(c, name, &seen, &can, err);
    if (rc != 0) return rc;
    verdict_when(room, last);
    verdict_found(c, late && !seen ? VERDICT_WARN : VERDICT_PASS, row, name,
                  SAY_WITH(AGENT_SILENT, message_name("agent", name), message_name("time", bytes_of(room))));
    if (can && verdict_leads(c, VERDICT_WARN)) {
        c->help = &connect;
    }
    return 0;
}

int verdict_agents(struct verdict_case *c, struct err *err) {
    size_t heard, connected = 0, taps = 0;
    int rc = verdict_each(c, "agents", each_agent, err);
    heard = c->found;
    if (rc == 0) rc = verdict_hooks(c, &connected, &taps, err);
    if (rc == 0 && c->found == 0) {
        verdict_leave_out(c, SAY(NO_AGENTS));
    }
    const struct message_arg n = message_int("n", (int64_t)heard), days = message_int("days", SILENT_DAYS);
    if (heard == 0 && connected == 0) {
        verdict_passes(c, SAY_WITH(TAPS_THERE, message_int("n", (int64_t)taps)));
    } else if (heard == 0) {
        verdict_passes(c, SAY_WITH(HOOKS_THERE, message_int("n", (int64_t)connected)));
    } else if (connected == 0) {
        verdict_passes(c, SAY_WITH(AGENTS_HEARD, n, days));
    } else {
        verdict_passes(c, SAY_WITH(AGENTS_CONNECTED, n, days, message_int("hooks", (int64_t)connected)));
    }
    return rc;
}
