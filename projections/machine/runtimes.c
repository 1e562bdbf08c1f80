/* Runtimes: a row for each server that runs models, by name and address: does it answer, in which version, with which
 * set-up?
 *
 * Observations from saved answers have no address and are kept under an empty one. A configuration applies to a runtime at
 * any address, so it is kept there too; a row with nothing else is "configured". An event whose body was erased does not
 * say which address it was about, so it changes nothing.
 *
 * A change from another version than the known one is a violation: something in between is missing. A server that is down
 * and comes back is not a violation.
 *
 * Whether it answers is ordered by the source's time: an answer of last year that is imported today says nothing about now.
 * A configuration is a decision, ordered by the log. */
#include "projections/fold/fold.h"

enum {
    RUNTIME,
    ENDPOINT,
    STATE,
    VERSION,
    VERSION_BEFORE,
    BUILD,
    STATUS,
    CLOUD,
    SLOTS,
    LATENCY_MS,
    DIGEST,
    DIGEST_BEFORE,
    CHANGES,
    CHANGED_AT,
    CHANGED_SEQ,
    RESTARTS,
    ERROR,
    HTTP_STATUS,
    FAILURES,
    SEEN_AT,
    CONFIG_DIGEST,
    CONFIGURED_AT,
    CONFIGURED_SEQ,
    CONTEXT_LENGTH,
    PARALLEL,
    GPU_LAYERS,
    TOLD_AT,
    LATE,
    BASE
};

static const struct state_column columns[] = {
    [RUNTIME] = {"runtime", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [ENDPOINT] = {"endpoint", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its address; empty: unknown"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "up, unreachable, configured"},
    [VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [VERSION_BEFORE] = {"version_before", CELL_TEXT, 0, "its version before"},
    [BUILD] = {"build", CELL_TEXT, 0, "its build"},
    [STATUS] = {"status", CELL_TEXT, COLUMN_MAIN, "what it says of its health"},
    [CLOUD] = {"cloud", CELL_BOOL, 0, "it may hand requests to a remote service"},
    [SLOTS] = {"slots", CELL_INT, 0, "requests that it serves at once"},
    [LATENCY_MS] = {"latency_ms", CELL_REAL, 0, "time to its newest answer, milliseconds"},
    [DIGEST] = {"digest", CELL_TEXT, 0, "digest of its configuration"},
    [DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0, "digest of its previous configuration"},
    [CHANGES] = {"changes", CELL_INT, 0, "how often it changed"},
    [CHANGED_AT] = {"changed_at", CELL_INT, COLUMN_TIME, "when it last changed"},
    [CHANGED_SEQ] = {"changed_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [RESTARTS] = {"restarts", CELL_INT, 0, "how often it was restarted"},
    [ERROR] = {"error", CELL_TEXT, COLUMN_MAIN, "why it does not answer"},
    [HTTP_STATUS] = {"http_status", CELL_INT, 0, "HTTP status of its refusal"},
    [FAILURES] = {"failures", CELL_INT, 0, "consecutive failures to answer"},
    [SEEN_AT] = {"seen_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it last answered"},
    [CONFIG_DIGEST] = {"config_digest", CELL_TEXT, 0, "digest of its intended configuration"},
    [CONFIGURED_AT] = {"configured_at", CELL_INT, COLUMN_TIME, "when that was said"},
    [CONFIGURED_SEQ] = {"configured_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [CONTEXT_LENGTH] = {"context_length", CELL_INT, 0, "tokens of context, by its configuration"},
    [PARALLEL] = {"parallel", CELL_INT, 0, "requests at once, by its configuration"},
    [GPU_LAYERS] = {"gpu_layers", CELL_INT, 0, "layers on the GPU, by its configuration"},
    [TOLD_AT] = {"told_at", CELL_INT, COLUMN_TIME, "time of the newest report on whether it answers"},
    [LATE] = {"late", CELL_INT, COLUMN_WORK, "observations older than what was known"},
    FOLD_COLUMNS,
};

static const struct fold_step_rule rules[] = {
    {"*", "observed", "up", NULL},
    {"*", "changed", "up", NULL}, /* it was asked and answered */
    {"*", "unreachable", "unreachable", NULL},
    {"", "configured", "configured", NULL},
    {"*", "configured", NULL, NULL},
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static void set_version(struct fold *fold, struct row *row) {
    struct bytes version, was = row_text(row, VERSION);
    if (fold_text(fold, "version", &version) && !bytes_eq(version, was)) {
        if (was.n > 0) {
            row_set_text(row, VERSION_BEFORE, was);
        }
        row_set_text(row, VERSION, version);
    }
}

static void answered(struct fold *fold, struct row *row) {
    row_set_int(row, SEEN_AT, (int64_t)fold_when(fold));
    row_set_null(row, ERROR);
    row_set_null(row, HTTP_STATUS);
    row_set_null(row, FAILURES);
}

static void observed(struct fold *fold, struct row *row) {
    answered(fold, row);
    set_version(fold, row);
    fold_copy(fold, row, BUILD, "build");
    fold_replace(fold, row, STATUS, "status");
    fold_copy(fold, row, CLOUD, "cloud");
    fold_copy(fold, row, SLOTS, "slots");
    fold_replace(fold, row, LATENCY_MS, "latency_ms");
}

/* Counts restarts and changes separately; true: it was a restart. */
static bool count_change(struct fold *fold, struct row *row) {
    struct bytes what;
    bool restart = fold_text(fold, "what", &what) && bytes_is(what, "restart");
    row_add(row, restart ? RESTARTS : CHANGES, 1);
    return restart;
}

static void changed(struct fold *fold, struct row *row) {
    struct bytes was = row_text(row, VERSION), version, before;
    answered(fold, row);
    if (fold_text(fold, "version_before", &before) && was.n > 0 && !bytes_eq(was, before) &&
        !(fold_text(fold, "version", &version) && bytes_eq(was, version))) { /* the new version may be known already */
        fold_violation(fold, row, BASE, "it was %.*s by this event, %.*s by those before it", (int)before.n,
                       (const char *)before.p, (int)was.n, (const char *)was.p);
    }
    set_version(fold, row);
    fold_copy(fold, row, VERSION_BEFORE, "version_before");
    fold_copy(fold, row, DIGEST, "digest");
    fold_copy(fold, row, DIGEST_BEFORE, "digest_before");
    if (count_change(fold, row)) return;
    row_set_int(row, CHANGED_AT, (int64_t)fold_when(fold));
    row_set_int(row, CHANGED_SEQ, (int64_t)fold_event(fold)->seq);
}

static void configured(struct fold *fold, struct row *row) {
    row_set_int(row, CONFIGURED_AT, (int64_t)fold_when(fold));
    row_set_int(row, CONFIGURED_SEQ, (int64_t)fold_event(fold)->seq);
    fold_copy(fold, row, CONFIG_DIGEST, "digest");
    fold_copy(fold, row, CONTEXT_LENGTH, "context_length");
    fold_copy(fold, row, PARALLEL, "parallel");
    fold_copy(fold, row, GPU_LAYERS, "gpu_layers");
}

static void unreachable(struct fold *fold, struct row *row) {
    fold_replace(fold, row, ERROR, "error");
    fold_replace(fold, row, HTTP_STATUS, "http_status");
    row_add(row, FAILURES, 1);
}

/* Handles an event older than what is known: it still counts as having happened. */
static void take_late(struct fold *fold, struct row *row, struct bytes step) {
    if (bytes_is(step, "changed")) {
        count_change(fold, row);
    }
    if (!bytes_is(step, "unreachable") && (int64_t)fold_when(fold) > row_int(row, SEEN_AT)) {
        row_set_int(row, SEEN_AT, (int64_t)fold_when(fold));
    }
}

static int fold_runtimes(struct fold *fold, struct err *err) {
    struct bytes step = fold_step(fold), key[2] = {fold_name(fold, "runtime"), {0}};
    struct row *row;
    if (fold_event(fold)->body.n == 0 || key[0].n == 0 || fold_rule(rules, N_RULES, bytes_of(""), step) == NULL) {
        return 0;
    }
    fold_text(fold, "endpoint", &key[1]);
    int rc = fold_row(fold, 0, key, 2, &row, err);
    if (rc != 0) return rc;
    if (!bytes_is(step, "configured") && !fold_is_news(fold, row, BASE, TOLD_AT, LATE)) {
        take_late(fold, row, step);
        return 0;
    }
    fold_take_step(fold, row, BASE, STATE, rules, N_RULES);
    if (bytes_is(step, "observed")) {
        observed(fold, row);
    } else if (bytes_is(step, "changed")) {
        changed(fold, row);
    } else if (bytes_is(step, "configured")) {
        configured(fold, row);
    } else {
        unreachable(fold, row);
    }
    return 0;
}

static const struct state_table tables[] = {
    {"runtimes", "runtime", "A row is a model server at one address: whether it answers, its version, its configuration.",
     columns, BASE + FOLD_N, NULL},
};
static const char *const kinds[] = {"runtime.*", NULL};

const struct projection projection_runtimes = {"runtimes", 4, tables, 1, kinds, fold_runtimes};
