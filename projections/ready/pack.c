/* The fold of packs. A check that runs before the pack is installed is only recorded with the check. */
#include "projections/ready/pack.h"

static const struct state_column pack_columns[] = {
    [PACK_NAME] = {"pack", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [PACK_STATE] =
        {"state", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
         "installed, blocked, demo-only, partial, ready, parked, incomplete, removed; null: it was never installed"},
    [PACK_REASON] = {"reason", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED, "why, in words: everything that is missing"},
    [PACK_MISSING] = {"missing", CELL_LIST, COLUMN_JUDGED,
                      "the same as a list, with a map for each finding: about, reason, remedy, rule"},
    [PACK_STEP] = {"step", CELL_TEXT, 0, "the newest step: installed, parked, removed"},
    [PACK_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [PACK_DIGEST] = {"digest", CELL_TEXT, 0, "digest of its manifest"},
    [PACK_TREE_DIGEST] = {"tree_digest", CELL_TEXT, 0, "digest of all its files"},
    [PACK_PUBLISHER] = {"publisher", CELL_TEXT, COLUMN_MAIN, "who published it"},
    [PACK_SETTINGS_DIGEST] = {"settings_digest", CELL_TEXT, 0, "digest of its settings"},
    [PACK_PERMISSIONS] = {"permissions", CELL_LIST, 0, "the permissions that it needs or would use"},
    [PACK_ROUTES] = {"routes", CELL_LIST, 0, "its routes"},
    [PACK_MODELS] = {"models", CELL_LIST, 0, "the models that it is designed for"},
    [PACK_CHECK_LIST] = {"checks", CELL_LIST, 0, "its checks"},
    [PACK_SUITES] = {"suites", CELL_LIST, 0, "its suites"},
    [PACK_INSTALLED_AT] = {"installed_at", CELL_INT, COLUMN_TIME, "when it was installed"},
    [PACK_BY] = {"by", CELL_TEXT, COLUMN_MAIN, "who installed or upgraded it"},
    [PACK_VERSION_BEFORE] = {"version_before", CELL_TEXT, 0, "its version before the newest upgrade"},
    [PACK_VERSION_AT] = {"version_at", CELL_INT, COLUMN_TIME, "when it got this version"},
    [PACK_VERSION_SEQ] = {"version_seq", CELL_INT, COLUMN_SEQ, "the event that installed this version"},
    [PACK_REMOVED_SEQ] = {"removed_seq", CELL_INT, COLUMN_SEQ, "the newest removal"},
    [PACK_WHY] = {"why", CELL_TEXT, 0, "the reason given for parking or removing it"},
    [PACK_CUT] = {"cut", CELL_TEXT, 0, "the list of its needs that is too long to be stored"},
    [PACK_SIGNATURE] = {"signature", CELL_TEXT, 0, "good, absent, unknown_key: whether a named publisher had signed it"},
    [PACK_SIGNER] = {"signer", CELL_TEXT, 0, "name of the key that signed it"},
    [PACK_SIGNER_KEY] = {"signer_key", CELL_TEXT, 0, "key id of that key"},
    [PACK_SIGNATURE_DIGEST] = {"signature_digest", CELL_TEXT, 0, "digest of pack.sig, which tree_digest leaves out"},
    [PACK_PLANNED_VERSION] = {"planned_version", CELL_TEXT, 0, "version of an installation or upgrade that did not end"},
    [PACK_PLANNED_TREE_DIGEST] = {"planned_tree_digest", CELL_TEXT, 0, "digest of all its files"},
    [PACK_PLANNED_AT] = {"planned_at", CELL_INT, COLUMN_TIME, "when that was planned"},
    [PACK_PLANNED_SEQ] = {"planned_seq", CELL_INT, COLUMN_SEQ, "the event that planned it"},
    [PACK_REQUIRES] = {"requires", CELL_LIST, 0, "what must be there: packs, runtimes, packages, programs, hardware"},
    [PACK_PROVIDES] = {"provides", CELL_LIST, 0, "other names under which packs may require it"},
    FOLD_COLUMNS};
static const struct state_column check_columns[] = {
    [CHECK_PACK] = {"pack", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which pack"},
    [CHECK_NAME] = {"check", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which check"},
    [CHECK_VERDICT] = {"verdict", CELL_TEXT, COLUMN_MAIN, "pass, warn, fail, unknown"},
    [CHECK_REQUIRED] = {"required", CELL_BOOL, COLUMN_MAIN, "the pack is blocked without it"},
    [CHECK_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "version of the pack that was checked"},
    [CHECK_EXIT_CODE] = {"exit_code", CELL_INT, 0, "exit code, if it was a program"},
    [CHECK_DURATION_MS] = {"duration_ms", CELL_REAL, 0, "how long it took, milliseconds"},
    [CHECK_AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it ran"},
    [CHECK_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"}};

static const struct state_table tables[PACKS_TABLES] = {
    [PACKS] = {"packs", "pack", "A row is a pack, and whether it is ready.", pack_columns, PACK_BASE + FOLD_N, pack_judge},
    [PACK_CHECKS] = {"pack_checks", "check-of-pack", "A row is the newest result of one of a pack's checks.", check_columns,
                     CHECK_N, NULL}};

static const struct fold_step_rule rules[] = {
    {"installed", "installed", "installed", "installed while it was installed: an upgrade or a removal comes before"},
    {"parked", "installed", NULL, "installed while it was parked: an upgrade or a removal comes before"},
    {"*", "installed", "installed", NULL},
    {"installed", "upgraded", "installed", NULL},
    {"parked", "upgraded", NULL, NULL},
    {"*", "upgraded", "installed", "upgraded though it was not installed"},
    {"installed", "configured", NULL, NULL},
    {"parked", "configured", NULL, NULL},
    {"*", "configured", NULL, "configured though it is not installed"},
    {"*", "checked", NULL, NULL},
    {"installed", "parked", "parked", NULL},
    {"parked", "parked", NULL, "parked twice"},
    {"*", "parked", NULL, "parked though it is not installed"},
    {"parked", "unparked", "installed", NULL},
    {"installed", "unparked", NULL, "taken up again and was not parked"},
    {"*", "unparked", NULL, "taken up again though it is not installed"},
    {"removed", "removed", NULL, "removed twice"},
    {"", "removed", "removed", "removed though it was never installed"},
    {"*", "removed", "removed", NULL}};

static void forget(struct row *row) {
    for (size_t i = PACK_VERSION; i < PACK_BASE; i++) {
        if (i != PACK_REMOVED_SEQ) {
            row_set_null(row, i);
        }
    }
}

/* A list that is too long is not dropped silently: it can no longer be said that everything in it is there. */
static void copy_needs(struct fold *fold, struct row *row) {
    static const struct {
        size_t column;
        const char *field;
    } lists[] = {{PACK_PERMISSIONS, "permissions"}, {PACK_ROUTES, "routes"}, {PACK_MODELS, "models"},
                 {PACK_CHECK_LIST, "checks"},       {PACK_SUITES, "suites"}, {PACK_REQUIRES, "requires"},
                 {PACK_PROVIDES, "provides"}};
    struct bytes raw;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (!fold_raw(fold, lists[i].field, &raw)) continue;
        fold_copy(fold, row, lists[i].column, lists[i].field);
        if (raw.n > ROW_LIST_MAX) {
            row_set_str(row, PACK_CUT, lists[i].field);
        } else if (row_is(row, PACK_CUT, lists[i].field)) {
            row_set_null(row, PACK_CUT);
        }
    }
}

/* From here on another version is installed. */
static void take_version(struct fold *fold, struct row *row, bool fresh) {
    struct bytes version, before = row_text(row, PACK_VERSION);
    uint64_t at = fold_when(fold);
    if (!fresh && fold_text(fold, "version", &version) && before.n > 0 && !bytes_eq(version, before)) {
        row_set_text(row, PACK_VERSION_BEFORE, before);
    }
    fold_copy(fold, row, PACK_VERSION_BEFORE, "version_before");
    fold_copy(fold, row, PACK_VERSION, "version");
    fold_copy(fold, row, PACK_DIGEST, "digest");
    fold_replace(fold, row, PACK_TREE_DIGEST, "tree_digest");
    fold_copy(fold, row, PACK_PUBLISHER, "publisher");
    fold_replace(fold, row, PACK_SIGNATURE, "signature");
    fold_replace(fold, row, PACK_SIGNER, "signer");
    fold_replace(fold, row, PACK_SIGNER_KEY, "signer_key");
    fold_replace(fold, row, PACK_SIGNATURE_DIGEST, "signature_digest");
    copy_needs(fold, row);
    if (!row_has(row, PACK_INSTALLED_AT) || bytes_is(fold_step(fold), "installed")) {
        row_set_int(row, PACK_INSTALLED_AT, (int64_t)at);
    }
    row_set_int(row, PACK_VERSION_AT, (int64_t)at);
    row_set_int(row, PACK_VERSION_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_text(row, PACK_BY, fold_event(fold)->actor);
}

static void take_result(struct fold *fold, struct row *row) {
    for (size_t i = CHECK_VERDICT; i < CHECK_N; i++) {
        if (i != CHECK_REQUIRED) {
            row_set_null(row, i);
        }
    }
    fold_copy(fold, row, CHECK_VERDICT, "verdict");
    fold_copy(fold, row, CHECK_REQUIRED, "required");
    fold_copy(fold, row, CHECK_VERSION, "version");
    fold_copy(fold, row, CHECK_EXIT_CODE, "exit_code");
    fold_copy(fold, row, CHECK_DURATION_MS, "duration_ms");
    row_set_int(row, CHECK_AT, (int64_t)fold_when(fold));
    row_set_int(row, CHECK_SEQ, (int64_t)fold_event(fold)->seq);
}

static int take_check(struct fold *fold, struct bytes pack, struct err *err) {
    struct bytes parts[] = {pack, {0}};
    struct row *row;
    fold_text(fold, "check", &parts[1]);
    int rc = fold_row(fold, PACK_CHECKS, parts, 2, &row, err);
    if (rc != 0) return rc;
    if (!fold_is_late(fold, row, CHECK_AT)) {
        take_result(fold, row);
    }
    rc = fold_find(fold, PACKS, &pack, 1, &row, err);
    if (rc == 0 && row != NULL) {
        fold_touch(fold, row, PACK_BASE);
    }
    return rc;
}

/* ---- plans ---- */

static bool is_installed(const struct row *row) {
    return row_has(row, PACK_STEP) && !row_is(row, PACK_STEP, "removed");
}

/* A plan decides the state only of a pack that is not installed. */
static void date_plan(struct fold *fold, struct row *row) {
    const uint64_t seq = fold_event(fold)->seq;
    fold_touch(fold, row, PACK_BASE);
    if (!is_installed(row)) {
        fold_since(fold, row, PACK_BASE);
        row_cite_only(row, PACK_BASE + FOLD_EVIDENCE, &seq, 1);
    }
}

static void forget_plan(struct row *row) {
    for (size_t i = PACK_PLANNED_VERSION; i <= PACK_PLANNED_SEQ; i++) {
        row_set_null(row, i);
    }
}

static void take_plan(struct fold *fold, struct row *row) {
    fold_replace(fold, row, PACK_PLANNED_VERSION, "version");
    fold_replace(fold, row, PACK_PLANNED_TREE_DIGEST, "tree_digest");
    row_set_int(row, PACK_PLANNED_AT, (int64_t)fold_when(fold));
    row_set_int(row, PACK_PLANNED_SEQ, (int64_t)fold_event(fold)->seq);
    date_plan(fold, row);
}

static void give_up_plan(struct fold *fold, struct row *row) {
    if (!row_has(row, PACK_PLANNED_SEQ)) {
        fold_violation(fold, row, PACK_BASE, "given up though nothing was planned");
        return;
    }
    forget_plan(row);
    date_plan(fold, row);
}

static int fold(struct fold *fold, struct err *err) {
    struct bytes step = fold_step(fold), name = fold_subject(fold);
    struct row *row;
    if (name.n == 0 && !fold_text(fold, "pack", &name)) {
        name = fold_event(fold)->subject;
    }
    if (bytes_is(step, "checked")) return take_check(fold, name, err);
    int rc = fold_row(fold, PACKS, &name, 1, &row, err);
    if (rc != 0) return rc;
    if (bytes_is(step, "planned") || bytes_is(step, "aborted")) {
        (bytes_is(step, "planned") ? take_plan : give_up_plan)(fold, row);
        return 0;
    }
    bool fresh = !is_installed(row);
    if (!fold_take_step(fold, row, PACK_BASE, PACK_STEP, rules, sizeof(rules) / sizeof(rules[0]))) {
        return 0;
    }
    if (bytes_is(step, "installed") || bytes_is(step, "upgraded")) {
        if (fresh) {
            forget(row);
        }
        take_version(fold, row, fresh);
        forget_plan(row);
    } else if (bytes_is(step, "configured")) {
        fold_copy(fold, row, PACK_SETTINGS_DIGEST, "digest");
    } else if (bytes_is(step, "parked") || bytes_is(step, "removed")) {
        fold_replace(fold, row, PACK_WHY, "reason");
    }
    if (bytes_is(step, "removed")) {
        forget_plan(row);
        row_set_int(row, PACK_REMOVED_SEQ, (int64_t)fold_event(fold)->seq);
    }
    return 0;
}

static const char *const kinds[] = {"pack.planned", "pack.installed", "pack.upgraded", "pack.aborted", "pack.configured",
                                    "pack.checked", "pack.parked",    "pack.unparked", "pack.removed", NULL};
const struct projection projection_packs = {"packs", 7, tables, PACKS_TABLES, kinds, fold};
