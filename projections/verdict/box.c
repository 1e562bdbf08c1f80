/* The clauses of the doctor's verdicts, a row each: a question, its judge, and what helps. Those of the box are answered
 * here and in projections/verdict/runtimes.c and models.c, those of a pack in projections/verdict/pack.c.
 *
 * A verdict is fail when a clause fails; else warn when one warns; else unknown when one is unknown; else pass. So a known
 * fault is never hidden by an unknown, and what was never checked never passes. "Recent" is relative to the time of the
 * view, which for a past moment is that moment: an old verdict can be reproduced. */
#include "projections/ready/promotions.h"
#include "projections/verdict/held.h"
#include "projections/verdict/machine.h"
#include "projections/verdict/probed.h"

#include <stdio.h>
#include <string.h>

#define LATE_DAYS    7  /* faults, gaps, steps of the clock */
#define DISK_DAYS    1  /* room on a disk changes fast */
#define RESTORE_DAYS 30 /* a restore that someone should look at */
#define WHY_MAX      1000

/* ---- hardware ---- */

static int each_host(struct verdict_case *c, const struct row *row, struct err *err) {
    (void)err;
    struct bytes host = named_text(row, "host"), gpu_error = named_text(row, "gpu_error");
    if (gpu_error.n > 0) {
        verdict_found(c, VERDICT_WARN, row, host,
                      SAY_WITH(HARDWARE_GPU, message_name("host", host), message_name("error", gpu_error)));
    } else if (named_is(row, "tier", "unknown")) {
        verdict_found(c, VERDICT_UNKNOWN, row, host, SAY_WITH(HARDWARE_MEMORY, message_name("host", host)));
    } else {
        verdict_found(c, VERDICT_PASS, row, host, SAY(NONE));
    }
    return 0;
}

/* The newest event about any of the rows. */
static int take_newest(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    int64_t *newest = ctx, seq = named_int(row, "updated_seq");
    (void)c;
    (void)err;
    *newest = seq > *newest ? seq : *newest;
    return 0;
}

static int judge_hardware(struct verdict_case *c, struct err *err) {
    int64_t newest = 0;
    int rc = verdict_each(c, "hardware", each_host, err);
    if (rc == 0) rc = verdict_each_of(c, "hardware", NULL, 0, take_newest, &newest, err);
    if (rc == 0) rc = verdict_look_failed(c, "hardware", newest, err);
    if (rc == 0 && c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""), SAY(HARDWARE_UNSEEN));
    }
    verdict_passes(c, SAY(HARDWARE_KNOWN));
    return rc;
}

/* Is it recent, and was it not seen to since? Sets c->target to its name, of one or two parts. */
static int is_open(struct verdict_case *c, const char *check, const struct row *row, struct bytes a, struct bytes b,
                   const char *at, const char *seq, unsigned days, bool *ret, struct err *err) {
    bool seen = false;
    int n = snprintf(c->target, sizeof(c->target), "%.*s%s", REASON_NAME(a), a.n > 0 && b.n > 0 ? "/" : "");
    snprintf(c->target + n, sizeof(c->target) - (size_t)n, "%.*s", REASON_PART(b, sizeof(c->target) - (size_t)n - 1));
    *ret = verdict_of_late(c, named_int(row, at), days);
    int rc = *ret ? verdict_seen_to(c, check, c->target, named_int(row, seq), &seen, err) : 0;
    *ret = *ret && !seen;
    return rc;
}

static int each_fault(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes what = named_text(row, "what"), device = named_text(row, "device");
    bool grave = bytes_is(what, "disk") || bytes_is(what, "gpu") || bytes_is(what, "memory"), open;
    int rc = is_open(c, "faults", row, what, device, "at", "updated_seq", LATE_DAYS, &open, err);
    if (rc == 0 && open) {
        verdict_found(c, grave ? VERDICT_FAIL : VERDICT_WARN, row, bytes_of(c->target),
                      SAY_KEY(device.n > 0 ? MESSAGE_FAULT_OF : MESSAGE_FAULT, message_name("what", what),
                              message_name("device", device), message_int("n", named_int(row, "count"))));
    }
    return rc;
}

static int judge_faults(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "hardware_faults", each_fault, err);
    verdict_passes(c, SAY_WITH(FAULTS_NONE, message_int("days", LATE_DAYS)));
    return rc;
}

#define OBSERVED "ledger append doctor.observed -s check/{about} check={about}{target} status="

/* ---- checks: of disks, and the others that belong to no pack ---- */

/* Room that a probe measures, and people do not. */
static bool is_measured(struct bytes target) {
    return bytes_is(target, "ledger") || bytes_is(target, "temporary") || bytes_is(target, "models");
}

static void take_old_disk(struct verdict_case *c, const struct row *row) {
    struct bytes check = named_text(row, "check"), target = named_text(row, "target");
    char when[VERDICT_WHEN];
    verdict_when(when, named_int(row, "at"));
    verdict_found(c, VERDICT_UNKNOWN, row, check,
                  SAY_KEY(target.n > 0 ? MESSAGE_CHECK_OF_OLD : MESSAGE_CHECK_OLD, message_name("check", check),
                          message_name("target", target), message_name("time", bytes_of(when)),
                          message_name("status", named_text(row, "status"))));
}

/* A check that does not apply proves nothing: alone, it does not pass. */
static void take_check(struct verdict_case *c, const struct row *row) {
    enum verdict_state state = verdict_of_status(row);
    if (state == VERDICT_STATES && !c->beside) return;
    state = state == VERDICT_STATES ? VERDICT_UNKNOWN : state;
    struct bytes check = named_text(row, "check"), target = named_text(row, "target"), status = named_text(row, "status");
    static const enum message_key says[2][2] = {{MESSAGE_CHECK, MESSAGE_CHECK_OFFLINE},
                                                {MESSAGE_CHECK_OF, MESSAGE_CHECK_OF_OFFLINE}};
    verdict_found(c, state, row, check,
                  SAY_KEY(says[target.n > 0][named_bool(row, "offline")], message_name("check", check),
                          message_name("target", target), message_name("status", status)));
    if (verdict_leads(c, state)) {
        snprintf(c->more, sizeof(c->more), "%.*s", REASON_PART(target, sizeof(c->more) - 1));
    }
}

static bool of_disk(const struct row *row) {
    return bytes_has_prefix(named_text(row, "check"), "disk");
}

static int each_disk(struct verdict_case *c, const struct row *row, struct err *err) {
    (void)err;
    static const struct verdict_help measured = {MESSAGE_NONE, "ledger doctor"},
                                     full = {MESSAGE_FIRST_ROOM, "ledger doctor"},
                                     told = {MESSAGE_FIRST_LOOK, OBSERVED "STATUS"};
    enum verdict_state state = verdict_of_status(row);
    struct bytes target = named_text(row, "target");
    bool told_now = state == VERDICT_STATES || verdict_of_late(c, named_int(row, "at"), DISK_DAYS);
    if (!of_disk(row) || (state == VERDICT_STATES && !c->beside)) return 0;
    (told_now ? take_check : take_old_disk)(c, row);
    state = !told_now || state == VERDICT_STATES ? VERDICT_UNKNOWN : state;
    if (verdict_leads(c, state)) {
        bool unknown = state == VERDICT_UNKNOWN;
        c->help = is_measured(target) ? (unknown ? &measured : &full) : unknown ? &told : NULL;
        snprintf(c->more, sizeof(c->more), "%.*s", REASON_PART(target, sizeof(c->more) - 1));
    }
    return 0;
}

static int each_check(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes check = named_text(row, "check");
    bool elsewhere = of_disk(row) || named_text(row, "pack").n > 0 || verdict_is_probed(check);
    int rc = elsewhere ? 0 : verdict_is_of_models(c, row, &elsewhere, err);
    if (rc == 0 && !elsewhere) {
        take_check(c, row);
    }
    return rc;
}

static int each_disk_beside(struct verdict_case *c, const struct row *row, struct err *err) {
    c->beside = true;
    return each_disk(c, row, err);
}

static int each_check_beside(struct verdict_case *c, const struct row *row, struct err *err) {
    c->beside = true;
    return each_check(c, row, err);
}

static int judge_each(struct verdict_case *c, verdict_each_row *each, verdict_each_row *beside, struct err *err) {
    int rc = verdict_each_apart(c, "checks", each, err);
    return rc == 0 && c->found == 0 ? verdict_each_apart(c, "checks", beside, err) : rc;
}

static int judge_disk(struct verdict_case *c, struct err *err) {
    static const char *const measured[] = {"disk-space", "disk-inodes"};
    int64_t newest = 0;
    int rc = judge_each(c, each_disk, each_disk_beside, err);
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]) && rc == 0; i++) {
        const struct bytes check = bytes_of(measured[i]);
        rc = verdict_each_of(c, "checks", &check, 1, take_newest, &newest, err);
    }
    if (rc == 0) rc = verdict_look_failed(c, "disk", newest, err);
    if (rc == 0 && c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of("disk-space"), SAY(DISKS_UNSEEN));
    }
    verdict_passes(c, SAY_WITH(DISKS_PASS, message_int("n", (int64_t)c->found)));
    return rc;
}

static int judge_checks(struct verdict_case *c, struct err *err) {
    int rc = judge_each(c, each_check, each_check_beside, err);
    verdict_passes_of(c, MESSAGE_CHECKS_PASS, MESSAGE_CHECKS_NONE);
    return rc;
}

/* ---- the ledger itself ---- */

static bool of_clock(const struct row *row) {
    return bytes_has_prefix(named_text(row, "what"), "clock_");
}

static int each_gap(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes what = named_text(row, "what"), source = named_text(row, "source");
    bool open = false;
    int rc = of_clock(row) ? 0 : is_open(c, "gaps", row, source, what, "newest_at", "newest_seq", LATE_DAYS, &open, err);
    if (rc == 0 && open) {
        verdict_found(c, VERDICT_WARN, row, bytes_of(c->target),
                      SAY_WITH(GAP, message_name("what", what), message_name("source", source),
                               message_int("n", named_int(row, "missing"))));
    }
    return rc;
}

static int judge_gaps(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "gaps", each_gap, err);
    verdict_passes(c, SAY_WITH(GAPS_NONE, message_int("days", LATE_DAYS)));
    return rc;
}

static int each_step(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes what = named_text(row, "what"), source = named_text(row, "source");
    bool open = false;
    int rc = of_clock(row) ? is_open(c, "clock", row, source, what, "newest_at", "newest_seq", LATE_DAYS, &open, err) : 0;
    if (rc == 0 && open) {
        verdict_found(c, VERDICT_WARN, row, bytes_of(c->target),
                      SAY_WITH(CLOCK_STEP, message_int("ms", named_int(row, "step_ns") / 1000000)));
    }
    return rc;
}

static int judge_clock(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "gaps", each_step, err);
    verdict_passes(c, SAY_WITH(CLOCK_STEADY, message_int("days", LATE_DAYS)));
    return rc;
}

static int each_import(struct verdict_case *c, const struct row *row, struct err *err) {
    static const char *const whole[] = {"dpkg", "hardware", "ollama"}; /* which know themselves what to read */
    static const struct verdict_help by_itself = {MESSAGE_FIRST_REFUSED, "ledger ingest {about}"};
    (void)err;
    struct bytes source = named_text(row, "source");
    int64_t rejected = named_int(row, "newest_rejected");
    if (named_bool(row, "stopped")) {
        verdict_found(c, VERDICT_WARN, row, source, SAY_WITH(IMPORT_STOPPED, message_name("source", source)));
    } else {
        verdict_found(c, rejected > 0 ? VERDICT_WARN : VERDICT_PASS, row, source,
                      SAY_WITH(IMPORT_REFUSED, message_name("source", source), message_int("n", rejected)));
    }
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]) && verdict_leads(c, VERDICT_WARN); i++) {
        c->help = bytes_is(bytes_of(c->about), whole[i]) ? &by_itself : c->help;
    }
    return 0;
}

static int judge_imports(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "imports", each_import, err);
    verdict_passes_of(c, MESSAGE_IMPORTS_WHOLE, MESSAGE_IMPORTS_NONE);
    return rc;
}

static int each_epoch(struct verdict_case *c, const struct row *row, struct err *err) {
    bool open = false, doubtful = named_bool(row, "restored") && !named_bool(row, "newest");
    int rc = doubtful ? is_open(c, "restores", row, named_text(row, "epoch"), (struct bytes){0}, "began_at", "began_seq",
                                RESTORE_DAYS, &open, err)
                      : 0;
    if (rc == 0 && open) {
        verdict_found(c, VERDICT_WARN, row, bytes_of(c->target),
                      SAY_WITH(RESTORE, message_name("epoch", named_text(row, "epoch"))));
    }
    return rc;
}

static int judge_restores(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "epochs", each_epoch, err);
    verdict_passes(c, SAY_WITH(RESTORES_NONE, message_int("days", RESTORE_DAYS)));
    return rc;
}

/* *ret: the first clause of the pack's own verdict that fails, judged; NULL: none. */
static int find_failing(struct verdict_case *own, const struct verdict_clause **ret, struct err *err) {
    int rc = 0;
    *ret = NULL;
    for (size_t i = 0; i < verdict_clause_count && rc == 0 && *ret == NULL; i++) {
        if (verdict_clauses[i].of_pack) {
            verdict_case_init(own);
            rc = verdict_clauses[i].judge(own, err);
            *ret = own->state == VERDICT_FAIL ? &verdict_clauses[i] : NULL;
        }
    }
    return rc;
}

/* As much of another judge's words as is repeated. */
static struct bytes why_of(struct bytes words) {
    return (struct bytes){words.p, reason_fits(words, WHY_MAX)};
}

/* A pack that fails by its own verdict does not pass here, whatever its state. */
static void take_failing(struct verdict_case *c, const struct row *row, struct verdict_case *own,
                         const struct verdict_clause *clause) {
    struct bytes pack = named_text(row, "pack"), reason = named_text(row, "reason");
    struct buf remedy;
    verdict_counted(own);
    if (named_is(row, "state", "blocked")) {
        verdict_found(c, VERDICT_WARN, row, pack,
                      SAY_KEY(reason.n > 0 ? MESSAGE_PACK_BLOCKED_WHY : MESSAGE_PACK_BLOCKED, message_name("pack", pack),
                              message_words("reason", why_of(reason))));
    } else {
        verdict_found(c, VERDICT_WARN, row, pack,
                      SAY_WITH(PACK_FAILS, message_name("pack", pack), message_name("clause", bytes_of(clause->id)),
                               message_words("reason", why_of(bytes_of(own->reason.words)))));
    }
    for (size_t i = 0; i < own->reason.n_seqs && c->state == VERDICT_WARN; i++) {
        reason_cite(&c->reason, own->reason.seqs[i], 0);
    }
    if (verdict_leads(c, VERDICT_WARN)) {
        buf_init(&remedy, sizeof(c->command) - 1);
        verdict_remedy(own, clause, &remedy);
        snprintf(c->command, sizeof(c->command), "%.*s", remedy.fail == 0 ? (int)remedy.n : 0,
                 remedy.n > 0 ? (const char *)remedy.p : "");
        buf_done(&remedy);
    }
}

static int each_pack(struct verdict_case *c, const struct row *row, struct err *err) {
    struct verdict_case own = {.view = c->view, .pack = named_text(row, "pack"), .installed = row};
    const struct verdict_clause *clause = NULL;
    int rc = 0;
    if (named_is(row, "state", "removed") || !named_has(row, "state")) return 0;
    rc = find_failing(&own, &clause, err);
    if (rc == 0 && clause == NULL) {
        verdict_found(c, VERDICT_PASS, row, own.pack, SAY(NONE));
    } else if (rc == 0) {
        take_failing(c, row, &own, clause);
    }
    return rc;
}

static int judge_packs(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "packs", each_pack, err);
    verdict_passes_of(c, MESSAGE_PACKS_RUN, MESSAGE_PACKS_NONE);
    return rc;
}

/* By the log: what a link leads to is not seen here. One that was replaced, or taken back, is not live. */
static int each_promotion(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes name = named_text(row, "promotion");
    bool live = false;
    int rc = promotions_is_live(c->view, row, &live, err);
    if (rc != 0) return rc;
    if (named_has(row, "unapplied")) {
        bool promoted = named_is(row, "state", "promoted");
        verdict_found(
            c, VERDICT_FAIL, row, name,
            SAY_KEY(promoted ? MESSAGE_PROMOTION_UNAPPLIED : MESSAGE_PROMOTION_BACK, message_name("promotion", name)));
    } else if (live) {
        verdict_found(c, VERDICT_PASS, row, name, SAY(NONE));
    }
    verdict_promotion_waits(c, row);
    return 0;
}

static int judge_promotions(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "promotions", each_promotion, err);
    verdict_passes(c, SAY_WITH(PROMOTIONS_LIVE, message_int("n", (int64_t)c->found)));
    return rc;
}

static int judge_states(struct verdict_case *c, struct err *err) {
    struct state_status status;
    static const struct verdict_help verify = {MESSAGE_NONE, "ledger verify"};
    size_t n = state_projections(c->view);
    struct err damage = {0};
    if (state_whole(c->view, &damage) != 0) { /* all states, and none is at fault itself */
        verdict_found(c, VERDICT_FAIL, NULL, bytes_of(""),
                      SAY_WITH(STATES_DAMAGED, message_words("error", bytes_of(damage.msg))));
        c->help = &verify;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        state_status(c->view, i, &status);
        const char *name = status.projection->name;
        if (status.failed_seq != LOG_NO_SEQ) {
            verdict_found(c, VERDICT_FAIL, NULL, bytes_of(name),
                          SAY_WITH(STATES_STOPPED, message_name("projection", bytes_of(name)),
                                   message_int("event", (int64_t)status.failed_seq),
                                   message_words("error", bytes_of(status.failed))));
            if (c->state == VERDICT_FAIL) {
                reason_cite(&c->reason, status.failed_seq, 0);
            }
        } else {
            verdict_found(c, status.stale ? VERDICT_WARN : VERDICT_PASS, NULL, bytes_of(name),
                          SAY_WITH(STATES_STALE, message_name("projection", bytes_of(name))));
        }
    }
    int rc = verdict_stored(c, err);
    verdict_passes(c, SAY_WITH(STATES_FOLLOW, message_int("n", (int64_t)n)));
    return rc;
}

/* ---- the table ---- */

#define NONE                                                                                                               \
    { MESSAGE_NONE, NULL }
#define LOOK                                                                                                               \
    { MESSAGE_NONE, "ledger doctor" }
#define SEEN_TO(id) "ledger append doctor.remedied -s check/" id " check=" id " target={about} remedy=REMEDY outcome=ok"

const struct verdict_clause verdict_clauses[] = {
    {"runtimes",
     false,
     MESSAGE_ASK_RUNTIMES,
     verdict_runtimes,
     {MESSAGE_FIRST_START, "ledger ingest ollama {about}"},
     LOOK},
    {"models",
     false,
     MESSAGE_ASK_MODELS,
     verdict_models,
     {MESSAGE_NONE, "ledger doctor --only models"},
     {MESSAGE_NONE, "ledger doctor --only models"}},
    {"hardware", false, MESSAGE_ASK_HARDWARE, judge_hardware, {MESSAGE_NONE, "ledger ingest hardware"}, LOOK},
    {"faults", false, MESSAGE_ASK_FAULTS, judge_faults, {MESSAGE_FIRST_FAULTS, SEEN_TO("faults")}, NONE},
    {"disk", false, MESSAGE_ASK_DISK, judge_disk, {MESSAGE_FIRST_ROOM, OBSERVED "ok"}, LOOK},
    {"checks",
     false,
     MESSAGE_ASK_CHECKS,
     judge_checks,
     {MESSAGE_FIRST_MEND, OBSERVED "ok"},
     {MESSAGE_FIRST_LOOK, OBSERVED "STATUS"}},
    {"gaps", false, MESSAGE_ASK_GAPS, judge_gaps, {MESSAGE_FIRST_GAPS, SEEN_TO("gaps")}, NONE},
    {"clock", false, MESSAGE_ASK_CLOCK, judge_clock, {MESSAGE_FIRST_GAPS, SEEN_TO("clock")}, NONE},
    {"imports", false, MESSAGE_ASK_IMPORTS, judge_imports, {MESSAGE_FIRST_REFUSED, "ledger ingest {about} FILE"}, NONE},
    {"restores", false, MESSAGE_ASK_RESTORES, judge_restores, {MESSAGE_FIRST_COMPARE, SEEN_TO("restores")}, NONE},
    {"packs", false, MESSAGE_ASK_PACKS, judge_packs, {MESSAGE_NONE, "ledger why pack/{about}"}, NONE},
    {"promotions", false, MESSAGE_ASK_PROMOTIONS, judge_promotions, {MESSAGE_NONE, "ledger promote apply {about}"}, NONE},
    {"evaluations", false, MESSAGE_ASK_EVALUATIONS, verdict_evaluations, NONE, NONE},
    {"agents", false, MESSAGE_ASK_AGENTS, verdict_agents, {MESSAGE_FIRST_AGENT, SEEN_TO("agents")}, NONE},
    {"states", false, MESSAGE_ASK_STATES, judge_states, {MESSAGE_NONE, "ledger rebuild {about}"}, LOOK},
    {"chain", false, MESSAGE_ASK_CHAIN, verdict_chain, NONE, LOOK},
    {"trust", false, MESSAGE_ASK_TRUST, verdict_trust, NONE, LOOK},
    {"keys", false, MESSAGE_ASK_KEYS, verdict_keys, NONE, LOOK},
    {"epoch", false, MESSAGE_ASK_EPOCH, verdict_epoch, {MESSAGE_NONE, "ledger key rotate"}, NONE},
    {"index", false, MESSAGE_ASK_INDEX, verdict_index, NONE, LOOK},
    {"readers", false, MESSAGE_ASK_READERS, verdict_readers, NONE, LOOK},
    {"quota", false, MESSAGE_ASK_QUOTA, verdict_quota, NONE, LOOK},
    {"time", false, MESSAGE_ASK_TIME, verdict_time, NONE, LOOK},
    {"probes", false, MESSAGE_ASK_PROBES, verdict_probes, NONE, LOOK},
    {"permissions", false, MESSAGE_ASK_PERMISSIONS, verdict_permissions, NONE, NONE},
    {"state",
     true,
     MESSAGE_ASK_OWN_STATE,
     verdict_pack_state,
     {MESSAGE_NONE, "ledger why pack/{pack}"},
     {MESSAGE_NONE, "ledger pack show {pack}"}},
    {"files",
     true,
     MESSAGE_ASK_OWN_FILES,
     verdict_pack_files,
     {MESSAGE_NONE, "ledger doctor --pack {pack}"},
     {MESSAGE_NONE, "ledger doctor --pack {pack}"}},
    {"capacity", true, MESSAGE_ASK_OWN_CAPACITY, verdict_pack_capacity, NONE, NONE},
    {"permissions", true, MESSAGE_ASK_OWN_PERMISSIONS, verdict_pack_permissions, NONE, NONE},
    {"checks", true, MESSAGE_ASK_OWN_CHECKS, verdict_pack_checks, {MESSAGE_FIRST_MEND, NULL}, {MESSAGE_FIRST_RUN, NULL}},
    {"routes", true, MESSAGE_ASK_OWN_ROUTES, verdict_pack_routes, {MESSAGE_NONE, "ledger why route/{about}"}, NONE},
    {"models", true, MESSAGE_ASK_OWN_MODELS, verdict_pack_models, {MESSAGE_FIRST_PULL, "ledger ingest ollama"}, NONE},
};
const size_t verdict_clause_count = sizeof(verdict_clauses) / sizeof(verdict_clauses[0]);
