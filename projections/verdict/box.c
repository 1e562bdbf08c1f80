/* The clauses of the doctor's verdicts, a row each: a question, its judge, and what helps. Those of the box are answered
 * here, those of a pack in projections/verdict/pack.c.
 *
 * A verdict is fail when a clause fails; else warn when one warns; else unknown when one is unknown; else pass. So a known
 * fault is never hidden by an unknown, and what was never checked never passes. "Recent" is relative to the time of the
 * view, which for a past moment is that moment: an old verdict can be reproduced. */
#include "base/text.h"
#include "projections/ready/promotions.h"
#include "projections/verdict/verdict.h"

#include <stdio.h>
#include <string.h>

#define LATE_DAYS    7  /* faults, gaps, steps of the clock */
#define RESTORE_DAYS 30 /* a restore that someone should look at */

/* ---- runtimes ---- */

static int each_runtime(struct verdict_case *c, const struct row *row, struct err *err) {
    (void)err;
    struct bytes name = named_text(row, "runtime"), endpoint = named_text(row, "endpoint");
    struct bytes error = named_text(row, "error"), status = named_text(row, "status");
    static const struct verdict_help other = {
        "start it", "ledger append runtime.observed -s runtime/{about} runtime={about}{endpoint}"};
    bool ollama = bytes_is(name, "ollama");
    if (named_is(row, "state", "unreachable")) {
        verdict_found(c, VERDICT_WARN, row, ollama ? endpoint : name, "%.*s%s%.*s does not answer%s%.*s", REASON_NAME(name),
                      endpoint.n > 0 ? " at " : "", REASON_NAME(endpoint), error.n > 0 ? ": " : "", REASON_NAME(error));
        if (verdict_leads(c, VERDICT_WARN)) {
            snprintf(c->more, sizeof(c->more), "%.*s", REASON_NAME(endpoint));
            c->help = ollama ? NULL : &other;
        }
    } else if (named_is(row, "state", "up")) {
        bool ill = bytes_is(status, "error") || bytes_is(status, "unhealthy") || bytes_is(status, "degraded");
        verdict_found(c, ill ? VERDICT_WARN : VERDICT_PASS, row, ollama ? endpoint : name, "%.*s says of itself: %.*s",
                      REASON_NAME(name), REASON_NAME(status));
    }
    return 0;
}

static int judge_runtimes(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "runtimes", each_runtime, err);
    if (rc != 0) return rc;
    if (c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""), "no runtime was observed");
    } else if (c->state == VERDICT_WARN && c->heaviest == c->found) {
        c->state = VERDICT_FAIL; /* all of them warn */
    }
    verdict_passes(c, c->found == 1 ? "%zu answers" : "%zu answer", c->found);
    return 0;
}

/* ---- hardware ---- */

static int each_host(struct verdict_case *c, const struct row *row, struct err *err) {
    (void)err;
    struct bytes host = named_text(row, "host"), gpu_error = named_text(row, "gpu_error");
    if (gpu_error.n > 0) {
        verdict_found(c, VERDICT_WARN, row, host, "%.*s: %.*s", REASON_NAME(host), REASON_NAME(gpu_error));
    } else if (named_is(row, "tier", "unknown")) {
        verdict_found(c, VERDICT_UNKNOWN, row, host, "the profile of %.*s does not tell its memory", REASON_NAME(host));
    } else {
        verdict_found(c, VERDICT_PASS, row, host, "%s", "");
    }
    return 0;
}

static int judge_hardware(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "hardware", each_host, err);
    if (rc == 0 && c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""), "no machine was profiled");
    }
    verdict_passes(c, "the machine is known");
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
        verdict_found(c, grave ? VERDICT_FAIL : VERDICT_WARN, row, bytes_of(c->target), "%.*s fault%s%.*s (%lld in all)",
                      REASON_NAME(what), device.n > 0 ? " of " : "", REASON_NAME(device),
                      (long long)named_int(row, "count"));
    }
    return rc;
}

static int judge_faults(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "hardware_faults", each_fault, err);
    verdict_passes(c, "none was recorded in the last %d days", LATE_DAYS);
    return rc;
}

/* ---- checks: of disks, and the others that belong to no pack ---- */

/* A check that does not apply proves nothing: alone, it does not pass. */
static void take_check(struct verdict_case *c, const struct row *row) {
    enum verdict_state state = verdict_of_status(row);
    if (state == VERDICT_STATES && !c->beside) return;
    state = state == VERDICT_STATES ? VERDICT_UNKNOWN : state;
    struct bytes check = named_text(row, "check"), target = named_text(row, "target"), status = named_text(row, "status");
    verdict_found(c, state, row, check, "%.*s%s%.*s: %.*s%s", REASON_NAME(check), target.n > 0 ? " of " : "",
                  REASON_NAME(target), REASON_NAME(status), named_bool(row, "offline") ? " (there was no network)" : "");
    if (verdict_leads(c, state)) {
        snprintf(c->more, sizeof(c->more), "%.*s", REASON_PART(target, sizeof(c->more) - 1));
    }
}

static bool of_disk(const struct row *row) {
    return bytes_has_prefix(named_text(row, "check"), "disk");
}

static int each_disk(struct verdict_case *c, const struct row *row, struct err *err) {
    (void)err;
    if (of_disk(row)) {
        take_check(c, row);
    }
    return 0;
}

static int each_check(struct verdict_case *c, const struct row *row, struct err *err) {
    (void)err;
    if (!of_disk(row) && named_text(row, "pack").n == 0) {
        take_check(c, row);
    }
    return 0;
}

static int judge_each(struct verdict_case *c, int (*each)(struct verdict_case *c, const struct row *row, struct err *err),
                      struct err *err) {
    c->beside = false;
    int rc = verdict_each(c, "checks", each, err);
    if (rc == 0 && c->found == 0) {
        c->beside = true;
        rc = verdict_each(c, "checks", each, err);
    }
    return rc;
}

static int judge_disk(struct verdict_case *c, struct err *err) {
    int rc = judge_each(c, each_disk, err);
    if (rc == 0 && c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of("disk-space"), "no disk was checked");
    }
    verdict_passes(c, "%zu checked, all well", c->found);
    return rc;
}

static int judge_checks(struct verdict_case *c, struct err *err) {
    int rc = judge_each(c, each_check, err);
    verdict_passes(c, c->found > 0 ? "%zu made, all well" : "%zu other checks were made", c->found);
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
        verdict_found(c, VERDICT_WARN, row, bytes_of(c->target), "%.*s noticed by %.*s, %lld missing", REASON_NAME(what),
                      REASON_NAME(source), (long long)named_int(row, "missing"));
    }
    return rc;
}

static int judge_gaps(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "gaps", each_gap, err);
    verdict_passes(c, "none was noticed in the last %d days", LATE_DAYS);
    return rc;
}

static int each_step(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes what = named_text(row, "what"), source = named_text(row, "source");
    bool open = false;
    int rc = of_clock(row) ? is_open(c, "clock", row, source, what, "newest_at", "newest_seq", LATE_DAYS, &open, err) : 0;
    if (rc == 0 && open) {
        verdict_found(c, VERDICT_WARN, row, bytes_of(c->target), "the clock stepped by %lld ms",
                      (long long)(named_int(row, "step_ns") / 1000000));
    }
    return rc;
}

static int judge_clock(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "gaps", each_step, err);
    verdict_passes(c, "it did not step in the last %d days", LATE_DAYS);
    return rc;
}

static int each_import(struct verdict_case *c, const struct row *row, struct err *err) {
    static const char *const whole[] = {"dpkg", "hardware", "ollama"}; /* which know themselves what to read */
    static const struct verdict_help by_itself = {"mend what was refused", "ledger ingest {about}"};
    (void)err;
    struct bytes source = named_text(row, "source");
    long long rejected = (long long)named_int(row, "newest_rejected");
    if (named_bool(row, "stopped")) {
        verdict_found(c, VERDICT_WARN, row, source, "the newest of %.*s was stopped before its end", REASON_NAME(source));
    } else {
        verdict_found(c, rejected > 0 ? VERDICT_WARN : VERDICT_PASS, row, source,
                      "the newest of %.*s refused %lld record%s", REASON_NAME(source), rejected,
                      text_s((uint64_t)rejected));
    }
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]) && verdict_leads(c, VERDICT_WARN); i++) {
        c->help = bytes_is(bytes_of(c->about), whole[i]) ? &by_itself : c->help;
    }
    return 0;
}

static int judge_imports(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "imports", each_import, err);
    verdict_passes(c,
                   c->found == 1  ? "the newest of %zu source was whole"
                   : c->found > 0 ? "the newest of %zu sources were whole"
                                  : "%zu were made",
                   c->found);
    return rc;
}

static int each_epoch(struct verdict_case *c, const struct row *row, struct err *err) {
    bool open = false, doubtful = named_bool(row, "restored") && !named_bool(row, "newest");
    int rc = doubtful ? is_open(c, "restores", row, named_text(row, "epoch"), (struct bytes){0}, "began_at", "began_seq",
                                RESTORE_DAYS, &open, err)
                      : 0;
    if (rc == 0 && open) {
        verdict_found(c, VERDICT_WARN, row, bytes_of(c->target),
                      "epoch %.*s began with a backup that nobody vouched to be the newest",
                      REASON_NAME(named_text(row, "epoch")));
    }
    return rc;
}

static int judge_restores(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "epochs", each_epoch, err);
    verdict_passes(c, "no restore in the last %d days that nobody vouched for", RESTORE_DAYS);
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

/* A pack that fails by its own verdict does not pass here, whatever its state. */
static void take_failing(struct verdict_case *c, const struct row *row, struct verdict_case *own,
                         const struct verdict_clause *clause) {
    struct bytes pack = named_text(row, "pack"), reason = named_text(row, "reason");
    struct buf remedy;
    verdict_counted(own);
    if (named_is(row, "state", "blocked")) {
        verdict_found(c, VERDICT_WARN, row, pack, "%.*s is blocked%s%.*s", REASON_NAME(pack), reason.n > 0 ? ": " : "",
                      VERDICT_WORDS(reason));
    } else {
        verdict_found(c, VERDICT_WARN, row, pack, "%.*s fails: %s: %.*s", REASON_NAME(pack), clause->id,
                      VERDICT_WORDS(bytes_of(own->reason.words)));
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
        verdict_found(c, VERDICT_PASS, row, own.pack, "%s", "");
    } else if (rc == 0) {
        take_failing(c, row, &own, clause);
    }
    return rc;
}

static int judge_packs(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "packs", each_pack, err);
    verdict_passes(c, c->found > 0 ? "none of %zu fails" : "%zu are installed", c->found);
    return rc;
}

/* By the log: what a link leads to is not seen here. One that was replaced, or taken back, is not live. */
static int each_promotion(struct verdict_case *c, const struct row *row, struct err *err) {
    struct bytes name = named_text(row, "promotion");
    bool live = false;
    int rc = promotions_is_live(c->view, row, &live, err);
    if (rc != 0) return rc;
    if (named_has(row, "unapplied")) {
        verdict_found(c, VERDICT_FAIL, row, name, "%.*s is %s, and its link was not switched", REASON_NAME(name),
                      named_is(row, "state", "promoted") ? "promoted" : "taken back");
    } else if (live) {
        verdict_found(c, VERDICT_PASS, row, name, "%s", "");
    }
    return 0;
}

static int judge_promotions(struct verdict_case *c, struct err *err) {
    int rc = verdict_each(c, "promotions", each_promotion, err);
    verdict_passes(c, c->found == 1 ? "1 is promoted and live, by the log" : "%zu are promoted and live, by the log",
                   c->found);
    return rc;
}

static int judge_states(struct verdict_case *c, struct err *err) {
    struct state_status status;
    static const struct verdict_help verify = {NULL, "ledger verify"};
    size_t n = state_projections(c->view);
    struct err damage = {0};
    (void)err;
    if (state_whole(c->view, &damage) != 0) { /* all states, and none is at fault itself */
        verdict_found(c, VERDICT_FAIL, NULL, bytes_of(""), "%s", damage.msg);
        c->help = &verify;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        state_status(c->view, i, &status);
        const char *name = status.projection->name;
        if (status.failed_seq != LOG_NO_SEQ) {
            verdict_found(c, VERDICT_FAIL, NULL, bytes_of(name), "%s stopped at event %llu: %s", name,
                          (unsigned long long)status.failed_seq, status.failed);
            if (c->state == VERDICT_FAIL) {
                reason_cite(&c->reason, status.failed_seq, 0);
            }
        } else {
            verdict_found(c, status.stale ? VERDICT_WARN : VERDICT_PASS, NULL, bytes_of(name),
                          "%s were made by another version of this program", name);
        }
    }
    verdict_passes(c, "all %zu follow the log", n);
    return 0;
}

/* ---- the table ---- */

#define NONE                                                                                                               \
    { NULL, NULL }
#define OBSERVED    "ledger append doctor.observed -s check/{about} check={about}{target} status="
#define SEEN_TO(id) "ledger append doctor.remedied -s check/" id " check=" id " target={about} remedy=REMEDY outcome=ok"

const struct verdict_clause verdict_clauses[] = {
    {"runtimes",
     false,
     "do the runtimes answer?",
     judge_runtimes,
     {"start it", "ledger ingest ollama {about}"},
     {NULL, "ledger ingest ollama"}},
    {"hardware",
     false,
     "is it known what the machine is capable of?",
     judge_hardware,
     {NULL, "ledger ingest hardware"},
     {NULL, "ledger ingest hardware"}},
    {"faults",
     false,
     "has the hardware been free of faults lately?",
     judge_faults,
     {"look at it: ledger query --kind hardware.faulted --since 7d", SEEN_TO("faults")},
     NONE},
    {"disk",
     false,
     "is there room on the disks?",
     judge_disk,
     {"make room", OBSERVED "ok"},
     {"look at it", "ledger append doctor.observed -s check/{about} check={about} target=/ status=STATUS"}},
    {"checks",
     false,
     "do the other checks of the box pass?",
     judge_checks,
     {"mend it", OBSERVED "ok"},
     {"look at it", OBSERVED "STATUS"}},
    {"gaps",
     false,
     "has nothing been missing lately?",
     judge_gaps,
     {"look at it: ledger query --kind ledger.gap --since 7d", SEEN_TO("gaps")},
     NONE},
    {"clock",
     false,
     "has the clock been steady lately?",
     judge_clock,
     {"look at it: ledger query --kind ledger.gap --since 7d", SEEN_TO("clock")},
     NONE},
    {"imports",
     false,
     "were the newest imports whole?",
     judge_imports,
     {"mend what was refused", "ledger ingest {about} FILE"},
     NONE},
    {"restores",
     false,
     "is this still the ledger that it was?",
     judge_restores,
     {"compare it with a checkpoint that was kept elsewhere: ledger verify --checkpoint FILE", SEEN_TO("restores")},
     NONE},
    {"packs", false, "can the installed packs run?", judge_packs, {NULL, "ledger why pack/{about}"}, NONE},
    {"promotions", false, "is what was promoted live?", judge_promotions, {NULL, "ledger promote apply {about}"}, NONE},
    {"states", false, "do the states follow the log?", judge_states, {NULL, "ledger rebuild {about}"}, NONE},
    {"state",
     true,
     "is the pack ready?",
     verdict_pack_state,
     {NULL, "ledger why pack/{pack}"},
     {NULL, "ledger pack show {pack}"}},
    {"permissions", true, "does it have the permissions that it needs?", verdict_pack_permissions, NONE, NONE},
    {"checks", true, "do its checks pass?", verdict_pack_checks, {"mend it", NULL}, {"run it", NULL}},
    {"routes",
     true,
     "are its routes proven, and do they answer?",
     verdict_pack_routes,
     {NULL, "ledger why route/{about}"},
     NONE},
    {"models", true, "are its models there?", verdict_pack_models, {"pull it", "ledger ingest ollama"}, NONE},
};
const size_t verdict_clause_count = sizeof(verdict_clauses) / sizeof(verdict_clauses[0]);
