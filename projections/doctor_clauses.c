/* The clauses of the doctor's verdicts, a row each: a question, who answers it, and what helps. Those of the box are
 * answered here, those of a pack in doctor_pack.c.
 *
 * A verdict is fail when a clause fails; else warn when one warns; else unknown when one is unknown; else pass. So what is
 * known to be wrong is never hidden by what is not known, and what was never looked at never passes. "Of late" goes by the
 * time of the view, which for a moment of the past is that moment: a verdict that was given can be given again. */
#include "projections/doctor.h"

#include <string.h>

#define LATE_DAYS    7  /* faults, gaps, steps of the clock */
#define RESTORE_DAYS 30 /* a restore that somebody should look at */

/* ---- runtimes ---- */

static void each_runtime(struct doctor_case *c, const struct row *row) {
    struct bytes name = doctor_text(row, "runtime"), endpoint = doctor_text(row, "endpoint");
    struct bytes error = doctor_text(row, "error"), status = doctor_text(row, "status");
    bool ollama = bytes_is(name, "ollama");
    if (doctor_is(row, "state", "unreachable")) {
        doctor_found(c, DOCTOR_WARN, row, ollama ? endpoint : name, "%.*s%s%.*s does not answer%s%.*s", REASON_NAME(name),
                     endpoint.n > 0 ? " at " : "", REASON_NAME(endpoint), error.n > 0 ? ": " : "", REASON_NAME(error));
        if (doctor_leads(c, DOCTOR_WARN)) {
            c->remedy = ollama ? NULL : "start it, then: ledger append runtime.observed -s runtime/%";
        }
    } else if (doctor_is(row, "state", "up")) {
        bool ill = bytes_is(status, "error") || bytes_is(status, "unhealthy") || bytes_is(status, "degraded");
        doctor_found(c, ill ? DOCTOR_WARN : DOCTOR_PASS, row, ollama ? endpoint : name, "%.*s says of itself: %.*s",
                     REASON_NAME(name), REASON_NAME(status));
    }
}

static int judge_runtimes(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "runtimes", each_runtime, err);
    if (rc != 0) {
        return rc;
    }
    if (c->found == 0) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, bytes_of(""), "no runtime was observed");
    } else if (c->state == DOCTOR_WARN && c->heaviest == c->found) {
        c->state = DOCTOR_FAIL; /* none of them is well */
    }
    doctor_passes(c, "%zu answer", c->found);
    return 0;
}

/* ---- hardware ---- */

static void each_host(struct doctor_case *c, const struct row *row) {
    struct bytes host = doctor_text(row, "host"), gpu_error = doctor_text(row, "gpu_error");
    if (gpu_error.n > 0) {
        doctor_found(c, DOCTOR_WARN, row, host, "%.*s: %.*s", REASON_NAME(host), REASON_NAME(gpu_error));
    } else if (doctor_is(row, "tier", "unknown")) {
        doctor_found(c, DOCTOR_UNKNOWN, row, host, "the profile of %.*s tells no memory", REASON_NAME(host));
    } else {
        doctor_found(c, DOCTOR_PASS, row, host, "%s", "");
    }
}

static int judge_hardware(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "hardware", each_host, err);
    if (rc == 0 && c->found == 0) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, bytes_of(""), "no machine was profiled");
    }
    doctor_passes(c, "the machine is known");
    return rc;
}

static void each_fault(struct doctor_case *c, const struct row *row) {
    struct bytes what = doctor_text(row, "what"), device = doctor_text(row, "device");
    bool grave = bytes_is(what, "disk") || bytes_is(what, "gpu") || bytes_is(what, "memory");
    if (doctor_of_late(c, doctor_int(row, "at"), LATE_DAYS)) {
        doctor_found(c, grave ? DOCTOR_FAIL : DOCTOR_WARN, row, device.n > 0 ? device : what,
                     "%.*s fault%s%.*s (%lld in all)", REASON_NAME(what), device.n > 0 ? " of " : "", REASON_NAME(device),
                     (long long)doctor_int(row, "count"));
    }
}

static int judge_faults(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "hardware_faults", each_fault, err);
    doctor_passes(c, "none was recorded in the last %d days", LATE_DAYS);
    return rc;
}

/* ---- checks: those of disks, and the others that are of no pack ---- */

static void take_check(struct doctor_case *c, const struct row *row) {
    struct bytes check = doctor_text(row, "check"), target = doctor_text(row, "target"),
                 status = doctor_text(row, "status");
    doctor_found(c, doctor_of_status(row), row, check, "%.*s%s%.*s: %.*s%s", REASON_NAME(check), target.n > 0 ? " of " : "",
                 REASON_NAME(target), REASON_NAME(status), doctor_bool(row, "offline") ? " (there was no network)" : "");
}

static bool of_disk(const struct row *row) {
    return bytes_has_prefix(doctor_text(row, "check"), "disk");
}

static void each_disk(struct doctor_case *c, const struct row *row) {
    if (of_disk(row)) {
        take_check(c, row);
    }
}

static void each_check(struct doctor_case *c, const struct row *row) {
    if (!of_disk(row) && doctor_text(row, "pack").n == 0) {
        take_check(c, row);
    }
}

static int judge_disk(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "checks", each_disk, err);
    if (rc == 0 && c->found == 0) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, bytes_of("disk-space"), "no disk was looked at");
    }
    doctor_passes(c, "%zu looked at, all well", c->found);
    return rc;
}

static int judge_checks(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "checks", each_check, err);
    doctor_passes(c, c->found > 0 ? "%zu made, all well" : "%zu other checks were made", c->found);
    return rc;
}

/* ---- what the ledger knows of itself ---- */

static bool of_clock(const struct row *row) {
    return bytes_has_prefix(doctor_text(row, "what"), "clock_");
}

static void each_gap(struct doctor_case *c, const struct row *row) {
    struct bytes what = doctor_text(row, "what"), source = doctor_text(row, "source");
    if (!of_clock(row) && doctor_of_late(c, doctor_int(row, "newest_at"), LATE_DAYS)) {
        doctor_found(c, DOCTOR_WARN, row, source, "%.*s noticed by %.*s, %lld missing", REASON_NAME(what),
                     REASON_NAME(source), (long long)doctor_int(row, "missing"));
    }
}

static int judge_gaps(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "gaps", each_gap, err);
    doctor_passes(c, "none was noticed in the last %d days", LATE_DAYS);
    return rc;
}

static void each_step(struct doctor_case *c, const struct row *row) {
    if (of_clock(row) && doctor_of_late(c, doctor_int(row, "newest_at"), LATE_DAYS)) {
        doctor_found(c, DOCTOR_WARN, row, doctor_text(row, "what"), "the clock stepped by %lld ms",
                     (long long)(doctor_int(row, "step_ns") / 1000000));
    }
}

static int judge_clock(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "gaps", each_step, err);
    doctor_passes(c, "it did not step in the last %d days", LATE_DAYS);
    return rc;
}

static void each_import(struct doctor_case *c, const struct row *row) {
    struct bytes source = doctor_text(row, "source");
    long long rejected = (long long)doctor_int(row, "newest_rejected");
    if (doctor_bool(row, "stopped")) {
        doctor_found(c, DOCTOR_WARN, row, source, "the newest of %.*s was stopped before its end", REASON_NAME(source));
    } else {
        doctor_found(c, rejected > 0 ? DOCTOR_WARN : DOCTOR_PASS, row, source, "the newest of %.*s refused %lld records",
                     REASON_NAME(source), rejected);
    }
}

static int judge_imports(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "imports", each_import, err);
    doctor_passes(c, c->found > 0 ? "the newest of %zu sources were whole" : "%zu were made", c->found);
    return rc;
}

static void each_epoch(struct doctor_case *c, const struct row *row) {
    if (doctor_bool(row, "restored") && !doctor_bool(row, "newest") &&
        doctor_of_late(c, doctor_int(row, "began_at"), RESTORE_DAYS)) {
        doctor_found(c, DOCTOR_WARN, row, doctor_text(row, "epoch"),
                     "epoch %.*s began with a backup that nobody vouched to be the newest",
                     REASON_NAME(doctor_text(row, "epoch")));
    }
}

static int judge_restores(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "epochs", each_epoch, err);
    doctor_passes(c, "no restore in the last %d days that nobody vouched for", RESTORE_DAYS);
    return rc;
}

static void each_pack(struct doctor_case *c, const struct row *row) {
    struct bytes pack = doctor_text(row, "pack"), reason = doctor_text(row, "reason");
    if (!doctor_is(row, "state", "removed")) {
        doctor_found(c, doctor_is(row, "state", "blocked") ? DOCTOR_WARN : DOCTOR_PASS, row, pack, "%.*s is blocked%s%.*s",
                     REASON_NAME(pack), reason.n > 0 ? ": " : "", DOCTOR_WORDS(reason));
    }
}

static int judge_packs(struct doctor_case *c, struct err *err) {
    int rc = doctor_each(c, "packs", each_pack, err);
    doctor_passes(c, c->found > 0 ? "none of %zu is blocked" : "%zu are installed", c->found);
    return rc;
}

static int judge_states(struct doctor_case *c, struct err *err) {
    struct state_status status;
    size_t n = state_projections(c->view);
    (void)err;
    for (size_t i = 0; i < n; i++) {
        state_status(c->view, i, &status);
        const char *name = status.projection->name;
        if (status.failed_seq != LEDGER_NO_SEQ) {
            doctor_found(c, DOCTOR_FAIL, NULL, bytes_of(name), "%s stopped at event %llu: %s", name,
                         (unsigned long long)status.failed_seq, status.failed);
            if (c->state == DOCTOR_FAIL) {
                reason_cite(&c->reason, status.failed_seq, 0);
            }
        } else {
            doctor_found(c, status.stale ? DOCTOR_WARN : DOCTOR_PASS, NULL, bytes_of(name),
                         "%s were made by another version of this program", name);
        }
    }
    doctor_passes(c, "all %zu follow the log", n);
    return 0;
}

/* ---- the table ---- */

const struct doctor_clause doctor_clauses[] = {
    {"runtimes", false, "do the runtimes answer?", judge_runtimes, "start it, then: ledger ingest ollama %",
     "ledger ingest ollama"},
    {"hardware", false, "is it known what the machine is capable of?", judge_hardware, "ledger ingest hardware",
     "ledger ingest hardware"},
    {"faults", false, "is the hardware free of faults of late?", judge_faults,
     "ledger query --kind hardware.faulted --since 7d", NULL},
    {"disk", false, "is there room on the disks?", judge_disk,
     "make room, then: ledger append doctor.observed -s check/% check=% status=ok",
     "look at it, then: ledger append doctor.observed -s check/% check=% target=/ status=STATUS"},
    {"checks", false, "do the other checks of the box pass?", judge_checks,
     "mend it, then: ledger append doctor.observed -s check/% check=% status=ok", NULL},
    {"gaps", false, "is nothing missing of late?", judge_gaps, "ledger query --kind ledger.gap --since 7d", NULL},
    {"clock", false, "did the clock go evenly of late?", judge_clock, "ledger query --kind ledger.gap --since 7d", NULL},
    {"imports", false, "were the newest imports whole?", judge_imports, "ledger ingest %", NULL},
    {"restores", false, "is this the ledger that it was?", judge_restores, "ledger verify", NULL},
    {"packs", false, "can the installed packs run?", judge_packs, "ledger why pack/%", NULL},
    {"states", false, "do the states follow the log?", judge_states, "ledger rebuild %", NULL},
    {"state", true, "is the pack ready?", doctor_pack_state, "ledger why pack/&", "ledger pack show &"},
    {"permissions", true, "has it the permissions that it needs?", doctor_pack_permissions,
     "ledger append permission.granted -s pack/& group=% scope=$", NULL},
    {"checks", true, "do its checks pass?", doctor_pack_checks,
     "mend it, then: ledger append pack.checked -s pack/& pack=& check=% verdict=pass",
     "run it, then: ledger append pack.checked -s pack/& pack=& check=% verdict=VERDICT"},
    {"routes", true, "are its routes proven, and do they answer?", doctor_pack_routes, "ledger why route/%", NULL},
    {"models", true, "are its models there?", doctor_pack_models, "ledger ingest ollama", NULL},
};
const size_t doctor_clause_count = sizeof(doctor_clauses) / sizeof(doctor_clauses[0]);
