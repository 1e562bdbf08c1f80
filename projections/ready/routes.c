/* The fold of routes. What a declaration or configuration leaves out stays as it was. What a route was before its removal
 * is forgotten when it is declared again. Whether it answers, and which model did, is observed and ordered by the source's
 * time; the other steps are decisions, ordered by the log (decision 080). */
#include "projections/ready/routes.h"

#include <string.h>

#include "projections/ready/models_claim.h"

#define NOTHING ((struct bytes){0})

static const struct state_column route_columns[] = {
    [ROUTE_NAME] = {"route", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [ROUTE_STATE] = {"state", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                     "undeclared: it was used, configured or named, but no event declares it; declared, "
                     "declared-not-proven, ready, degraded, parked, offline, removed"},
    [ROUTE_REASON] = {"reason", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED, "why, in words: everything that is missing"},
    [ROUTE_MISSING] = {"missing", CELL_LIST, COLUMN_JUDGED,
                       "the same as a list, with a map for each finding: about, reason, remedy, rule"},
    [ROUTE_STEP] = {"step", CELL_TEXT, 0,
                    "declared, used, asked (for a decision, which was refused), parked, offline, parked-offline, removed"},
    [ROUTE_PACK] = {"pack", CELL_TEXT, COLUMN_MAIN, "which pack it belongs to"},
    [ROUTE_PACK_VERSION] = {"pack_version", CELL_TEXT, 0, "that pack's version, as the route names it"},
    [ROUTE_CONFIG_DIGEST] = {"config_digest", CELL_TEXT, 0, "digest of its configuration"},
    [ROUTE_MODEL] = {"model", CELL_TEXT, COLUMN_MAIN, "model meant to serve it"},
    [ROUTE_DIGEST] = {"digest", CELL_TEXT, 0, "digest of that model, as the route names it"},
    [ROUTE_RUNTIME] = {"runtime", CELL_TEXT, 0, "runtime meant to serve it"},
    [ROUTE_SUITE] = {"suite", CELL_TEXT, COLUMN_MAIN, "suite that proves it"},
    [ROUTE_SUITE_DIGEST] = {"suite_digest", CELL_TEXT, 0, "digest of that suite, as the route names it"},
    [ROUTE_FALLBACK] = {"fallback", CELL_TEXT, 0, "route or model to fall back on"},
    [ROUTE_REQUIRED] = {"required", CELL_BOOL, 0, "its pack is not ready without it"},
    [ROUTE_PARKED] = {"parked", CELL_BOOL, 0, "it is parked"},
    [ROUTE_OFFLINE] = {"offline", CELL_BOOL, 0, "nothing answers on it"},
    [ROUTE_DEGRADED] = {"degraded", CELL_BOOL, 0, "its fallback answers in its place"},
    [ROUTE_DECISIONS] = {"decisions", CELL_INT, COLUMN_WORK, "pieces of work routed to it"},
    [ROUTE_FALLBACKS] = {"fallbacks", CELL_INT, COLUMN_WORK, "how often its fallback was used"},
    [ROUTE_DECIDED_AT] = {"decided_at", CELL_INT, COLUMN_TIME | COLUMN_WORK, "when it was last used"},
    [ROUTE_PROOF] = {"proof", CELL_INT, COLUMN_SEQ | COLUMN_JUDGED | COLUMN_MAIN, "the end of the evaluation that counts"},
    [ROUTE_WHY_PARKED] = {"why_parked", CELL_TEXT, 0, "the reason given for parking it"},
    [ROUTE_WHY_OFFLINE] = {"why_offline", CELL_TEXT, 0, "the reason given for its being offline"},
    [ROUTE_DECLARED_SEQ] = {"declared_seq", CELL_INT, COLUMN_SEQ, "the event that last declared it"},
    [ROUTE_CONFIGURED_SEQ] = {"configured_seq", CELL_INT, COLUMN_SEQ, "the event that last configured it"},
    [ROUTE_PARKED_SEQ] = {"parked_seq", CELL_INT, COLUMN_SEQ, "the event that parked it"},
    [ROUTE_OFFLINE_SEQ] = {"offline_seq", CELL_INT, COLUMN_SEQ, "the event that took it offline"},
    [ROUTE_DEGRADED_SEQ] = {"degraded_seq", CELL_INT, COLUMN_SEQ, "the event that put it on its fallback"},
    [ROUTE_DEGRADED_AT] = {"degraded_at", CELL_INT, COLUMN_TIME, "since when"},
    [ROUTE_USED_MODEL] = {"used_model", CELL_TEXT, 0,
                          "model (or its digest) of the newest primary decision that names one"},
    [ROUTE_USED_DIGEST] = {"used_digest", CELL_TEXT, 0, "its digest, if the decision names it"},
    [ROUTE_USED_RUNTIME] = {"used_runtime", CELL_TEXT, 0, "its runtime, if the decision names it"},
    [ROUTE_USED_SEQ] = {"used_seq", CELL_INT, COLUMN_SEQ, "that decision"},
    [ROUTE_USED_AT] = {"used_at", CELL_INT, COLUMN_TIME, "when that decision was made"},
    [ROUTE_SAID_AT] = {"said_at", CELL_INT, COLUMN_TIME, "when it was last declared or configured"},
    [ROUTE_USES_DIGEST] = {"uses_digest", CELL_TEXT, COLUMN_JUDGED,
                           "digest of the weights that it uses now, from any source; null: unknown"},
    [ROUTE_SEEN_AT] = {"seen_at", CELL_INT, COLUMN_TIME | COLUMN_WORK, "time of the newest report on whether it answers"},
    [ROUTE_LATE] = {"late", CELL_INT, COLUMN_WORK, "events about a time earlier than what was known"},
    [ROUTE_ROLE] = {"role", CELL_TEXT, 0, "what serves it: model, tool; null: not stated"},
    [ROUTE_PROGRAM] = {"program", CELL_TEXT, 0, "program meant to serve it"},
    [ROUTE_PROGRAM_DIGEST] = {"program_digest", CELL_TEXT, 0, "digest of that program, as the route names it"},
    [ROUTE_USED_PROGRAM] = {"used_program_digest", CELL_TEXT, 0,
                            "digest of the program of the newest decision, primary or refused, that names one"},
    [ROUTE_USED_PROGRAM_SEQ] = {"used_program_seq", CELL_INT, COLUMN_SEQ, "that decision"},
    [ROUTE_USED_PROGRAM_AT] = {"used_program_at", CELL_INT, COLUMN_TIME, "when that decision was made"},
    [ROUTE_THRESHOLDS] = {"thresholds", CELL_LIST, 0, "what its proofs must reach, besides what their suite asks for"},
    FOLD_COLUMNS};
static const struct state_column pack_columns[] = {
    [ROUTE_PACK_PACK] = {"pack", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which pack"},
    [ROUTE_PACK_ROUTE] = {"route", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "a route of it"}};
static const struct state_column model_columns[] = {
    [ROUTE_MODEL_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "a model's name or digest"},
    [ROUTE_MODEL_ROUTE] = {"route", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "a route that names it, or whose decision does"}};

bool routes_is_tool(const struct row *route) {
    bool program = row_has(route, ROUTE_PROGRAM) || row_has(route, ROUTE_PROGRAM_DIGEST);
    bool model = row_has(route, ROUTE_MODEL) || row_has(route, ROUTE_DIGEST);
    return row_has(route, ROUTE_ROLE) ? row_is(route, ROUTE_ROLE, "tool") : program && !model;
}

static const struct state_table tables[ROUTES_TABLES] = {
    [ROUTES] = {"routes", "route", "A row is a route, and whether it is proven.", route_columns, ROUTE_BASE + FOLD_N,
                routes_judge},
    [ROUTE_PACKS] = {"route_packs", "route-of-pack", "A row is a route of a pack.", pack_columns, 2, NULL},
    [ROUTE_MODELS] = {"route_models", "route-of-model", "A row is a route that names a model.", model_columns, 2, NULL}};

/* ---- legal steps ---- */

static const struct fold_step_rule rules[] = {
    {"removed", "declared", "declared", NULL},
    {"removed", "removed", NULL, "removed twice"},
    {"removed", "*", NULL, "spoken of after it was removed"},
    {"", "declared", "declared", NULL},
    {"used", "declared", "declared", NULL},
    {"asked", "declared", "declared", NULL},
    {"*", "declared", NULL, NULL},
    {"", "configured", "declared", "configured before it was declared"},
    {"used", "configured", "declared", "configured before it was declared"},
    {"asked", "configured", "declared", "configured before it was declared"},
    {"*", "configured", NULL, NULL},
    {"", "removed", "removed", "removed though nobody had declared it"},
    {"*", "removed", "removed", NULL},
    {"", "decided", "used", NULL},
    {"", "refused", "asked", NULL},
    {"asked", "decided", "used", NULL},
    {"asked", "fallback", "used", NULL},
    {"asked", "fell_back", "used", NULL},
    {"", "fallback", "used", NULL},
    {"", "fell_back", "used", NULL},
    {"parked", "decided", NULL, "work was given to it while it was parked"},
    {"parked-offline", "decided", NULL, "work was given to it while it was parked"},
    {"*", "decided", NULL, NULL},
    {"*", "refused", NULL, NULL},
    {"*", "fallback", NULL, NULL},
    {"*", "fell_back", NULL, NULL},
    {"", "offline", "offline", NULL},
    {"used", "offline", "offline", NULL},
    {"asked", "offline", "offline", NULL},
    {"declared", "offline", "offline", NULL},
    {"parked", "offline", "parked-offline", NULL},
    {"*", "offline", NULL, NULL},
    {"offline", "online", "declared", NULL},
    {"parked-offline", "online", "parked", NULL},
    {"", "online", "used", "said to be online again and was not offline"},
    {"*", "online", NULL, "said to be online again and was not offline"},
    {"", "parked", "parked", "parked though nobody had declared it"},
    {"used", "parked", "parked", NULL},
    {"asked", "parked", "parked", NULL},
    {"declared", "parked", "parked", NULL},
    {"offline", "parked", "parked-offline", NULL},
    {"*", "parked", NULL, "parked twice"},
    {"parked", "unparked", "declared", NULL},
    {"parked-offline", "unparked", "offline", NULL},
    {"", "unparked", "used", "taken up again and was not parked"},
    {"*", "unparked", NULL, "taken up again and was not parked"}};

/* Like fold_take_step, with a step of our own; the evidence is set afterwards. */
static bool take_step(struct fold *fold, struct row *row, struct bytes step) {
    const struct fold_step_rule *rule = fold_rule(rules, sizeof(rules) / sizeof(rules[0]), row_text(row, ROUTE_STEP), step);
    if (rule == NULL) {
        fold_violation(fold, row, ROUTE_BASE, "no legal step");
        return false;
    }
    if (rule->to != NULL) {
        fold_state(fold, row, ROUTE_BASE, ROUTE_STEP, rule->to);
    }
    if (rule->why != NULL) {
        fold_violation(fold, row, ROUTE_BASE, "%s", rule->why);
    }
    fold_touch(fold, row, ROUTE_BASE);
    return rule->to != NULL || rule->why == NULL;
}

/* ---- what it is said to be ---- */

static int index_route(struct fold *fold, size_t table, struct bytes of, struct bytes route, bool there, struct err *err) {
    const struct bytes parts[] = {of, route};
    struct row *at;
    if (of.n == 0) return 0;
    int rc = there ? fold_row(fold, table, parts, 2, &at, err) : fold_find(fold, table, parts, 2, &at, err);
    if (rc == 0 && !there && at != NULL) {
        fold_drop(at);
    }
    return rc;
}

static const struct {
    size_t column, table;
} indexed[] = {{ROUTE_PACK, ROUTE_PACKS},
               {ROUTE_MODEL, ROUTE_MODELS},
               {ROUTE_DIGEST, ROUTE_MODELS},
               {ROUTE_USED_MODEL, ROUTE_MODELS},
               {ROUTE_USED_DIGEST, ROUTE_MODELS}};
#define N_INDEXED (sizeof(indexed) / sizeof(indexed[0]))

static int index_all(struct fold *fold, const struct row *row, bool there, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < N_INDEXED && rc == 0; i++) {
        rc = index_route(fold, indexed[i].table, row_text(row, indexed[i].column), row_text(row, ROUTE_NAME), there, err);
    }
    return rc;
}

static void forget(struct row *row) {
    for (size_t i = ROUTE_PACK; i < ROUTE_BASE; i++) {
        row_set_null(row, i);
    }
}

static void describe_program(struct fold *fold, struct row *row) {
    struct bytes program;
    if (fold_text(fold, "program", &program) && !bytes_eq(program, row_text(row, ROUTE_PROGRAM))) {
        row_set_null(row, ROUTE_PROGRAM_DIGEST); /* it belonged to another program */
    }
    fold_copy(fold, row, ROUTE_PROGRAM, "program");
    fold_copy(fold, row, ROUTE_PROGRAM_DIGEST, "program_digest");
}

static int describe(struct fold *fold, struct row *row, bool declared, struct err *err) {
    static const struct {
        size_t column;
        const char *field;
    } fields[] = {{ROUTE_PACK, "pack"},
                  {ROUTE_PACK_VERSION, "pack_version"},
                  {ROUTE_CONFIG_DIGEST, "config_digest"},
                  {ROUTE_RUNTIME, "runtime"},
                  {ROUTE_SUITE, "suite"},
                  {ROUTE_SUITE_DIGEST, "suite_digest"},
                  {ROUTE_FALLBACK, "fallback"},
                  {ROUTE_REQUIRED, "required"},
                  {ROUTE_ROLE, "role"},
                  {ROUTE_THRESHOLDS, "thresholds"}};
    struct bytes model, digest = NOTHING;
    int rc = index_all(fold, row, false, err);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        fold_copy(fold, row, fields[i].column, fields[i].field);
    }
    bool told = fold_text(fold, "digest", &digest);
    if (fold_text(fold, "model", &model)) {
        if (!told && !bytes_eq(model, row_text(row, ROUTE_MODEL))) {
            row_set_null(row, ROUTE_DIGEST); /* it belonged to another model */
        }
        row_set_text(row, ROUTE_MODEL, model);
    }
    if (told) {
        row_set_text(row, ROUTE_DIGEST, digest);
    }
    describe_program(fold, row);
    row_set_int(row, declared ? ROUTE_DECLARED_SEQ : ROUTE_CONFIGURED_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_int(row, ROUTE_SAID_AT, (int64_t)fold_event(fold)->time);
    if (rc == 0) rc = index_all(fold, row, true, err);
    return rc;
}

/* ---- what is said of it ---- */

static void set_degraded(const struct fold *fold, struct row *row, bool degraded) {
    if (degraded && !row_bool(row, ROUTE_DEGRADED)) {
        row_set_int(row, ROUTE_DEGRADED_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(row, ROUTE_DEGRADED_AT, (int64_t)fold_when(fold));
    } else if (!degraded) {
        row_set_null(row, ROUTE_DEGRADED_SEQ);
        row_set_null(row, ROUTE_DEGRADED_AT);
    }
    row_set_bool(row, ROUTE_DEGRADED, degraded);
}

static void put_text(struct row *row, size_t column, struct bytes text) {
    row_set_text(row, column, text);
    if (text.n == 0) {
        row_set_null(row, column);
    }
}

/* A decision that names neither a model nor a digest does not say what is used; neither does one made before the route's
 * newest declaration or configuration. */
static int take_used(struct fold *fold, struct row *row, struct err *err) {
    struct models_claim used;
    int rc = 0;
    models_read_use(fold, &used);
    bool said = row_has(row, ROUTE_MODEL) || row_has(row, ROUTE_DIGEST);
    if ((used.model.n == 0 && used.digest.n == 0) || (said && fold_is_late(fold, row, ROUTE_SAID_AT))) {
        return 0;
    }
    bool other =
        !bytes_eq(used.model, row_text(row, ROUTE_USED_MODEL)) || !bytes_eq(used.digest, row_text(row, ROUTE_USED_DIGEST));
    bool moves = other && !row_is(row, ROUTE_STEP, "removed");
    if (moves) rc = index_all(fold, row, false, err);
    put_text(row, ROUTE_USED_MODEL, used.model);
    put_text(row, ROUTE_USED_DIGEST, used.digest);
    put_text(row, ROUTE_USED_RUNTIME, used.runtime);
    row_set_int(row, ROUTE_USED_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_int(row, ROUTE_USED_AT, (int64_t)fold_when(fold));
    if (rc == 0 && moves) rc = index_all(fold, row, true, err);
    return rc;
}

/* The same of the program, if the decision names its digest. */
static void take_used_program(struct fold *fold, struct row *row) {
    struct bytes digest;
    if (fold_text(fold, "program_digest", &digest) && digest.n > 0 && !fold_is_late(fold, row, ROUTE_SAID_AT)) {
        row_set_text(row, ROUTE_USED_PROGRAM, digest);
        row_set_int(row, ROUTE_USED_PROGRAM_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(row, ROUTE_USED_PROGRAM_AT, (int64_t)fold_when(fold));
    }
}

/* Work given to it illegally was given nevertheless and shows, but does not make the route well. */
static int take_decision(struct fold *fold, struct row *row, struct bytes decision, bool legal, struct err *err) {
    if (bytes_is(decision, "fallback")) {
        set_degraded(fold, row, true);
    } else if (bytes_is(decision, "primary")) {
        if (legal) {
            set_degraded(fold, row, false);
        }
        take_used_program(fold, row);
        return take_used(fold, row, err);
    } else if (bytes_is(decision, "refused")) {
        take_used_program(fold, row); /* as it was found */
    }
    return 0;
}

static bool is_offline(const struct row *row) {
    return row_is(row, ROUTE_STEP, "offline") || row_is(row, ROUTE_STEP, "parked-offline");
}

static bool is_parked(const struct row *row) {
    return row_is(row, ROUTE_STEP, "parked") || row_is(row, ROUTE_STEP, "parked-offline");
}

/* Sets the columns that follow from the step, and the evidence for what the route is now. */
static void settle(const struct fold *fold, struct row *row) {
    static const size_t deciding[] = {ROUTE_DECLARED_SEQ, ROUTE_CONFIGURED_SEQ, ROUTE_PARKED_SEQ,
                                      ROUTE_OFFLINE_SEQ,  ROUTE_DEGRADED_SEQ,   ROUTE_BASE + FOLD_SINCE_SEQ};
    uint64_t seqs[sizeof(deciding) / sizeof(deciding[0]) + 1];
    const int64_t seq = (int64_t)fold_event(fold)->seq;
    size_t n = 0;
    bool parked = is_parked(row), offline = is_offline(row);
    if (parked != row_bool(row, ROUTE_PARKED)) {
        row_set_bool(row, ROUTE_PARKED, parked);
        row_set_null(row, ROUTE_PARKED_SEQ);
    }
    if (offline != row_bool(row, ROUTE_OFFLINE)) {
        row_set_bool(row, ROUTE_OFFLINE, offline);
        row_set_null(row, ROUTE_OFFLINE_SEQ);
    }
    if (parked && !row_has(row, ROUTE_PARKED_SEQ)) {
        row_set_int(row, ROUTE_PARKED_SEQ, seq);
    }
    if (offline && !row_has(row, ROUTE_OFFLINE_SEQ)) {
        row_set_int(row, ROUTE_OFFLINE_SEQ, seq);
    }
    for (size_t i = 0; i < sizeof(deciding) / sizeof(deciding[0]); i++) {
        if (row_has(row, deciding[i])) {
            seqs[n++] = (uint64_t)row_int(row, deciding[i]);
        }
    }
    if (row_int(row, ROUTE_BASE + FOLD_VIOLATION_SEQ) > row_int(row, ROUTE_BASE + FOLD_SINCE_SEQ)) {
        seqs[n++] = (uint64_t)row_int(row, ROUTE_BASE + FOLD_VIOLATION_SEQ);
    }
    row_cite_only(row, ROUTE_BASE + FOLD_EVIDENCE, seqs, n);
}

/* Most events are decisions, and most of these change only counters. */
static int take_use(struct fold *fold, struct row *row, struct bytes step, struct err *err) {
    int rc = 0;
    struct bytes decision = NOTHING;
    bool degraded = row_bool(row, ROUTE_DEGRADED), decided = bytes_is(step, "decided");
    bool at_work = row_is(row, ROUTE_STEP, "declared") || row_is(row, ROUTE_STEP, "used");
    int64_t violations = row_int(row, ROUTE_BASE + FOLD_VIOLATIONS);
    fold_text(fold, "decision", &decision);
    if (decided) {
        row_add(row, ROUTE_DECISIONS, 1);
    }
    if (!decided || bytes_is(decision, "fallback")) {
        row_add(row, ROUTE_FALLBACKS, 1);
    }
    if (!fold_is_news(fold, row, ROUTE_BASE, ROUTE_DECIDED_AT, ROUTE_LATE)) return 0;
    if (bytes_is(decision, "refused") || bytes_is(decision, "fallback")) {
        step = decided ? decision : step; /* it got no work */
    }
    bool legal = at_work || take_step(fold, row, step);
    if (at_work) {
        fold_touch(fold, row, ROUTE_BASE);
    }
    if (decided) {
        rc = take_decision(fold, row, decision, legal, err);
    } else {
        set_degraded(fold, row, true);
    }
    if (row_int(row, ROUTE_BASE + FOLD_SINCE_SEQ) == (int64_t)fold_event(fold)->seq ||
        degraded != row_bool(row, ROUTE_DEGRADED) || violations != row_int(row, ROUTE_BASE + FOLD_VIOLATIONS)) {
        settle(fold, row);
    }
    return rc;
}

static int take_rest(struct fold *fold, struct row *row, struct bytes step, struct err *err) {
    struct bytes why = NOTHING;
    bool removed = row_is(row, ROUTE_STEP, "removed"), declared = bytes_is(step, "declared");
    bool answering = bytes_is(step, "offline") || bytes_is(step, "online");
    bool comes = declared && !row_has(row, ROUTE_DECLARED_SEQ);
    int rc = 0;
    if (answering && !fold_is_news(fold, row, ROUTE_BASE, ROUTE_SEEN_AT, ROUTE_LATE)) return 0;
    bool legal = take_step(fold, row, step);
    if (declared && removed) {
        forget(row);
    }
    if ((comes || (declared && removed)) && !fold_is_late(fold, row, ROUTE_SEEN_AT)) {
        row_set_int(row, ROUTE_SEEN_AT, (int64_t)fold_when(fold)); /* earlier observations no longer matter */
    }
    if (declared || (bytes_is(step, "configured") && !removed)) {
        rc = describe(fold, row, declared, err);
    } else if (bytes_is(step, "removed") && !removed) {
        rc = index_all(fold, row, false, err);
        set_degraded(fold, row, false);
    } else if ((bytes_is(step, "offline") || bytes_is(step, "parked")) && legal) {
        fold_text(fold, "reason", &why);
        row_set_text(row, bytes_is(step, "parked") ? ROUTE_WHY_PARKED : ROUTE_WHY_OFFLINE, why);
    }
    settle(fold, row);
    return rc;
}

static int fold(struct fold *fold, struct err *err) {
    struct bytes step = fold_step(fold), name = fold_subject(fold);
    bool parked = true;
    struct row *row;
    if (name.n == 0 && !fold_text(fold, "route", &name)) {
        name = fold_event(fold)->subject;
    }
    int rc = fold_row(fold, ROUTES, &name, 1, &row, err);
    if (rc != 0) return rc;
    if (bytes_is(step, "decided") || bytes_is(step, "fell_back")) {
        return take_use(fold, row, step, err);
    }
    if (bytes_is(step, "parked") && fold_bool(fold, "parked", &parked) && !parked) {
        step = bytes_of("unparked");
    }
    return take_rest(fold, row, step, err);
}

static const char *const kinds[] = {"route.*", NULL};
const struct projection projection_routes = {"routes", 11, tables, ROUTES_TABLES, kinds, fold};
