/* What must be there before a step that can do harm, folded from the events that say so.
 *
 *   snapshot    taken ──> checked, damaged, missing (as it was found when it was last read)
 *   T2, T3      the newest step of that tier
 *   LOCKDOWN    off ──> on ──> off, by a controller
 *
 * Whether a step may be taken is asked of projections/decide/step.h, which reads these tables. */
#include "projections/recovery/recovery.h"

#include <string.h>

#include "ledger/kinds/scope.h"
#include "projections/view/reason.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct state_column snapshot_columns[] = {
    [SNAPSHOT_ID] = {"snapshot", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [SNAPSHOT_STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
                        "taken; checked, damaged or missing, as it was found when it was last read"},
    [SNAPSHOT_METHOD] = {"method", CELL_TEXT, COLUMN_MAIN, "how it was taken: reflink, tar, btrfs, zfs, lvm, ..."},
    [SNAPSHOT_GRADE] = {"grade", CELL_TEXT, COLUMN_MAIN, "measured, reported, declared or inferred"},
    [SNAPSHOT_DIGEST] = {"digest", CELL_TEXT, 0, "digest of its content"},
    [SNAPSHOT_BYTES] = {"bytes", CELL_INT, COLUMN_MAIN, "its size"},
    [SNAPSHOT_ENTRIES] = {"entries", CELL_INT, 0, "files that it contains"},
    [SNAPSHOT_PATHS] = {"paths", CELL_LIST, COLUMN_MAIN, "what it contains, each path with all below it"},
    [SNAPSHOT_EXPIRES] = {"expires", CELL_INT, COLUMN_TIME, "until when it is kept"},
    [SNAPSHOT_TAKEN_AT] = {"taken_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was taken"},
    [SNAPSHOT_TAKEN_SEQ] = {"taken_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [SNAPSHOT_CHECKED_AT] = {"checked_at", CELL_INT, COLUMN_TIME, "when it was last read again"},
    [SNAPSHOT_BY] = {"by", CELL_TEXT, 0, "who took it"},
    FOLD_COLUMNS,
};

static const struct state_column tripcode_columns[] = {
    [TRIPCODE_ID] = {"tripcode", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id, 128 bits in hex"},
    [TRIPCODE_STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
                        "issued; used; obeyed (DIAGNOSTIC); ended (LOCKDOWN); refused: it was never valid"},
    [TRIPCODE_CODE] = {"code", CELL_TEXT, COLUMN_MAIN, "what it permits or orders"},
    [TRIPCODE_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of what it is for; of what was obeyed, of the report"},
    [TRIPCODE_TARGET] = {"target", CELL_TEXT, COLUMN_MAIN, "run/ID or promotion/ID that it is for"},
    [TRIPCODE_CONTROLLER] = {"controller", CELL_TEXT, 0, "verifier key of the controller who issued it; null: nobody's"},
    [TRIPCODE_EXPIRES] = {"expires", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it expires"},
    [TRIPCODE_ISSUED_AT] = {"issued_at", CELL_INT, COLUMN_TIME, "when it was recorded"},
    [TRIPCODE_ISSUED_SEQ] = {"issued_seq", CELL_INT, COLUMN_SEQ, "the event that issued it"},
    [TRIPCODE_USED_SEQ] = {"used_seq", CELL_INT, COLUMN_SEQ, "the event that used it up"},
    [TRIPCODE_STEP_SEQ] = {"step_seq", CELL_INT, COLUMN_SEQ, "the step that it permitted"},
    [TRIPCODE_REFUSALS] = {"refusals", CELL_INT, 0, "recorded refusals of it"},
    FOLD_COLUMNS,
};

static const struct state_column guard_columns[] = {
    [GUARD_NAME] = {"guard", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "T2, T3, LOCKDOWN, or promotion/ID if its plan is of T3"},
    [GUARD_STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
                     "stepped: a step of that tier was recorded; planned; LOCKDOWN is on or off"},
    [GUARD_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the newest step; the plan; the event that began LOCKDOWN"},
    [GUARD_AT] = {"stepped_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when that was recorded"},
    [GUARD_TRIPCODE] = {"tripcode", CELL_TEXT, COLUMN_MAIN, "the tripcode of it"},
    FOLD_COLUMNS,
};

static const struct state_column policy_columns[] = {
    [GUARD_POLICY] = {"policy", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [GUARD_POLICY_STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "in_force; withdrawn: it says nothing of guards any more"},
    [GUARD_CONTROLLERS] = {"controllers", CELL_LIST, COLUMN_MAIN, "verifier keys of those whose tripcodes count"},
    [GUARD_MAX_AGE_MS] = {"snapshot_max_age_ms", CELL_INT, COLUMN_MAIN, "how old a snapshot may be, milliseconds"},
    [GUARD_COOLDOWN_MS] = {"tripcode_cooldown_ms", CELL_INT, COLUMN_MAIN, "time between two steps of T3, milliseconds"},
    [GUARD_DECLARED_SEQ] = {"declared_seq", CELL_INT, COLUMN_SEQ, "the event that declared its present version"},
    FOLD_COLUMNS,
};

static const struct state_column base_columns[] = {
    [BASE_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "ledger, policies"},
    [BASE_GENESIS] = {"genesis", CELL_TEXT, COLUMN_MAIN, "leaf of event 0"},
    [BASE_ORIGIN] = {"origin", CELL_TEXT, COLUMN_MAIN, "the log's name, which authors sign"},
    [BASE_POLICIES] = {"policies", CELL_LIST, COLUMN_MAIN, "policies that say something of guards"},
};

int recovery_guard(struct fold *fold, const char *name, bool make, struct row **ret, struct err *err) {
    const struct bytes key = bytes_of(name);
    return make ? fold_row(fold, GUARDS, &key, 1, ret, err) : fold_find(fold, GUARDS, &key, 1, ret, err);
}

/* ---- snapshots ---- */

static void taken(struct fold *fold, struct row *row) {
    const struct log_event *event = fold_event(fold);
    if (row_has(row, SNAPSHOT_TAKEN_SEQ)) {
        fold_violation(fold, row, SNAPSHOT_BASE, "taken twice: the first one counts");
        return;
    }
    fold_copy(fold, row, SNAPSHOT_METHOD, "method");
    fold_copy(fold, row, SNAPSHOT_DIGEST, "digest");
    fold_copy(fold, row, SNAPSHOT_BYTES, "bytes");
    fold_copy(fold, row, SNAPSHOT_ENTRIES, "entries");
    fold_copy(fold, row, SNAPSHOT_PATHS, "paths");
    fold_copy(fold, row, SNAPSHOT_EXPIRES, "expires");
    row_set_text(row, SNAPSHOT_GRADE, event->grade);
    row_set_int(row, SNAPSHOT_TAKEN_AT, (int64_t)fold_when(fold));
    row_set_int(row, SNAPSHOT_TAKEN_SEQ, (int64_t)event->seq);
    row_set_text(row, SNAPSHOT_BY, event->actor);
    fold_state(fold, row, SNAPSHOT_BASE, SNAPSHOT_STATE, "taken");
}

/* Of a check without a verdict it is not known what was found: then it is not relied upon. */
static void checked(struct fold *fold, struct row *row) {
    struct bytes verdict = bytes_of("damaged");
    fold_text(fold, "verdict", &verdict);
    row_set_int(row, SNAPSHOT_CHECKED_AT, (int64_t)fold_when(fold));
    fold_state(fold, row, SNAPSHOT_BASE, SNAPSHOT_STATE,
               bytes_is(verdict, "ok")        ? "checked"
               : bytes_is(verdict, "missing") ? "missing"
                                              : "damaged");
    if (row_has(row, SNAPSHOT_TAKEN_SEQ)) {
        row_cite(row, SNAPSHOT_BASE + FOLD_EVIDENCE, (uint64_t)row_int(row, SNAPSHOT_TAKEN_SEQ));
    }
}

static int fold_snapshot(struct fold *fold, bool takes, struct err *err) {
    struct bytes id = fold_name(fold, "snapshot");
    struct row *row;
    int rc = id.n == 0 ? 0 : fold_row(fold, SNAPSHOTS, &id, 1, &row, err);
    if (rc != 0 || id.n == 0) return rc;
    if (takes) {
        taken(fold, row);
    } else {
        checked(fold, row);
    }
    return 0;
}

/* ---- steps ---- */

bool recovery_step_is_over(struct bytes status) {
    static const char *const ends[] = {"ok",      "error",     "failed",  "refused",  "skipped", "completed", "timeout",
                                       "aborted", "cancelled", "stopped", "rejected", "denied",  "done"};
    for (size_t i = 0; i < COUNT(ends); i++) {
        if (bytes_is(status, ends[i])) return true;
    }
    return false;
}

bool recovery_step_is_claimed(struct bytes source, struct bytes grade) {
    return bytes_is(source, "step") && bytes_is(grade, "reported");
}

static int stepped(struct fold *fold, struct err *err) {
    struct guarded_step step = {.tier = TIER_UNKNOWN};
    const struct log_event *event = fold_event(fold);
    struct bytes tier = {0}, status = {0};
    struct row *guard;
    fold_text(fold, "tier", &tier);
    fold_text(fold, "status", &status);
    step.tier = scope_tier(tier);
    if (step.tier < 2 || recovery_step_is_over(status) || recovery_step_is_claimed(event->source, event->grade)) return 0;
    fold_text(fold, "digest", &step.digest);
    fold_text(fold, "tripcode", &step.tripcode);
    bool writes = fold_raw(fold, "writes", &step.writes);
    int rc = step.tier == 2 || writes ? recovery_guard(fold, GUARD_T2, true, &guard, err) : 0;
    if (rc == 0 && (step.tier == 2 || writes)) {
        fold_state(fold, guard, GUARD_BASE_COLUMN, GUARD_STATE, "stepped");
        row_set_int(guard, GUARD_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(guard, GUARD_AT, (int64_t)fold_event(fold)->time);
    }
    if (rc == 0 && step.tier == 3) rc = recovery_guard(fold, GUARD_T3, true, &guard, err);
    return rc == 0 && step.tier == 3 ? tripcode_step(fold, &step, guard, err) : rc;
}

/* The highest tier of a plan's steps is that of promoting it. Another plan of that name replaces it. */
static int planned(struct fold *fold, struct err *err) {
    struct bytes key = fold_event(fold)->subject, tier = {0};
    struct row *row;
    fold_text(fold, "tier", &tier);
    bool guarded = scope_tier(tier) == 3;
    int rc = guarded ? fold_row(fold, GUARDS, &key, 1, &row, err) : fold_find(fold, GUARDS, &key, 1, &row, err);
    if (rc == 0 && guarded) {
        fold_state(fold, row, GUARD_BASE_COLUMN, GUARD_STATE, "planned");
        row_set_int(row, GUARD_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(row, GUARD_AT, (int64_t)fold_event(fold)->time);
    } else if (rc == 0 && row != NULL) {
        fold_drop(row);
    }
    return rc;
}

static int promoted(struct fold *fold, struct err *err) {
    struct bytes key = fold_event(fold)->subject;
    struct guarded_step step = {.tier = 3};
    struct row *plan, *guard;
    int rc = fold_find(fold, GUARDS, &key, 1, &plan, err);
    bool names = fold_text(fold, "tripcode", &step.tripcode) && step.tripcode.n > 0;
    if (rc != 0 || (plan == NULL && !names)) return rc;
    fold_text(fold, "digest", &step.digest);
    rc = recovery_guard(fold, GUARD_T3, true, &guard, err);
    return rc == 0 ? tripcode_step(fold, &step, guard, err) : rc;
}

static int fold_recovery(struct fold *fold, struct err *err) {
    struct bytes kind = fold_event(fold)->kind, step = fold_step(fold);
    if (bytes_is(kind, "promotion.planned")) return planned(fold, err);
    if (bytes_is(kind, "promotion.promoted")) return promoted(fold, err);
    if (bytes_is(kind, "run.step")) return stepped(fold, err);
    if (bytes_is(kind, "policy.declared")) return controllers_declared(fold, err);
    if (bytes_has_prefix(kind, "ledger.")) return controllers_ledger(fold, err);
    if (bytes_has_prefix(step, "tripcode_")) return tripcode_fold(fold, step, err);
    bool takes = bytes_is(step, "snapshot_taken");
    return takes || bytes_is(step, "snapshot_checked") ? fold_snapshot(fold, takes, err) : 0;
}

static const struct state_table tables[] = {
    [SNAPSHOTS] = {"snapshots", "snapshot",
                   "A row is a snapshot: what it contains, and how it was found when it was last read.", snapshot_columns,
                   SNAPSHOT_BASE + FOLD_N, NULL},
    [TRIPCODES] = {"tripcodes", "tripcode", "A row is a code that a controller issued, and what became of it.",
                   tripcode_columns, TRIPCODE_BASE + FOLD_N, NULL},
    [GUARDS] = {"guards", "guard",
                "A row is a guard: the newest step of T2 or T3, a plan of T3, or whether LOCKDOWN is on.", guard_columns,
                GUARD_BASE_COLUMN + FOLD_N, NULL},
    [GUARD_POLICIES] = {"guard_policies", "guard-policy",
                        "A row is what a policy says of guards: who may issue tripcodes, and what limits hold.",
                        policy_columns, GUARD_POLICY_BASE + FOLD_N, NULL},
    [GUARD_BASE] = {"guard_base", "guard-base", "A row is what the fold of guards must find again.", base_columns,
                    BASE_COLUMNS, NULL},
};
static const char *const kinds[] = {"recovery.*", "promotion.planned", "promotion.promoted", "policy.declared",
                                    "run.step",   "ledger.created",    "ledger.restored",    NULL};

const struct projection projection_recovery = {"recovery", 3, tables, COUNT(tables), kinds, fold_recovery};
