/* What is installed: a row for each package of each manager and architecture, including removed ones.
 *
 * Package managers' logs begin in the middle, and several tools may report the same package. So an event about an unknown
 * package is never wrong: an upgrade implies that it was there before. An event that contradicts what the same source said
 * earlier (installed twice, removed twice, upgraded from another version than was there) shows that something in between is
 * missing: it counts all the same, and is a violation.
 *
 * By its source's own time an event may be older than what is known: an older log imported later. It is counted as late and
 * changes nothing, with one exception: for a package found by an inventory, it says when it was installed.
 *
 * The key includes the architecture, because two may be installed side by side. dpkg's subjects end in it
 * (package/dpkg/curl:amd64), so the row is found even when the event's body was erased. */
#include <string.h>

#include "projections/fold/fold.h"

enum {
    MANAGER,
    PACKAGE,
    ARCH,
    STATE,
    VERSION,
    VERSION_BEFORE,
    VERSION_AT,
    VERSION_SEQ,
    STATUS,
    REQUESTED,
    ORIGIN,
    DIGEST,
    BY,
    SOURCE,
    PURGED,
    AT,
    FAILED_AT,
    FAILED_SEQ,
    FAILED_ACTION,
    FAILED_VERSION,
    EXIT_CODE,
    LATE,
    BASE
};

static const struct state_column columns[] = {
    [MANAGER] = {"manager", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the package manager"},
    [PACKAGE] = {"package", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the package's name"},
    [ARCH] = {"arch", CELL_TEXT, COLUMN_KEY, "its architecture; empty: unknown"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "installed, observed, unfinished, failed, removed"},
    [VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "the installed version"},
    [VERSION_BEFORE] = {"version_before", CELL_TEXT, 0, "the version installed before it"},
    [VERSION_AT] = {"version_at", CELL_INT, COLUMN_TIME, "when that version was installed"},
    [VERSION_SEQ] = {"version_seq", CELL_INT, COLUMN_SEQ, "the event that installed this version"},
    [STATUS] = {"status", CELL_TEXT, 0, "the manager's own word for the newest result"},
    [REQUESTED] = {"requested", CELL_BOOL, 0, "asked for by name, not as a dependency"},
    [ORIGIN] = {"origin", CELL_TEXT, 0, "the repository or index it came from"},
    [DIGEST] = {"digest", CELL_TEXT, 0, "digest of the package file"},
    [BY] = {"by", CELL_TEXT, COLUMN_MAIN, "who brought it into its present state"},
    [SOURCE] = {"source", CELL_TEXT, 0, "who reported it last"},
    [PURGED] = {"purged", CELL_BOOL, 0, "removed with its configuration"},
    [AT] = {"at", CELL_INT, COLUMN_TIME, "time of its newest event"},
    [FAILED_AT] = {"failed_at", CELL_INT, COLUMN_TIME, "when an operation on it last failed"},
    [FAILED_SEQ] = {"failed_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [FAILED_ACTION] = {"failed_action", CELL_TEXT, 0, "which operation that was"},
    [FAILED_VERSION] = {"failed_version", CELL_TEXT, 0, "the version that was to be installed"},
    [EXIT_CODE] = {"exit_code", CELL_INT, 0, "its exit code"},
    [LATE] = {"late", CELL_INT, 0, "events older than what was known"},
    FOLD_COLUMNS,
};

/* Which version is there after an event. */
enum there { GIVEN, GIVEN_OR_SAME, BEFORE, NOTHING, SAME };

/* An event's step: the end of its kind, refined by the outcome in its body. */
struct step {
    const char *name;
    enum there version;
    bool acts; /* an action, not an observation */
};
enum { INSTALLED, UPGRADED, CONFIGURED, REMOVED, PURGE, OBSERVED, GONE, ROLLED_BACK, UNDONE, UNPACKED, HALF, FAILED };
static const struct step steps[] = {
    [INSTALLED] = {"installed", GIVEN, true},
    [UPGRADED] = {"upgraded", GIVEN, true},
    [CONFIGURED] = {"configured", GIVEN_OR_SAME, false},
    [REMOVED] = {"removed", NOTHING, true},
    [PURGE] = {"purged", NOTHING, true},
    [OBSERVED] = {"observed", GIVEN_OR_SAME, false},
    [GONE] = {"gone", NOTHING, false},
    [ROLLED_BACK] = {"rolled back", BEFORE, true},
    [UNDONE] = {"undone", NOTHING, true},
    [UNPACKED] = {"unpacked", GIVEN, true}, /* its files are there, its set-up is not done */
    [HALF] = {"half done", NOTHING, true},
    [FAILED] = {"failed", SAME, true},
};

/* From "purged": removed with nothing left. The words apply only against what the same source said before. */
static const struct fold_step_rule rules[] = {
    {"installed", "installed", "installed", "installed although it was there: a removal in between was not told"},
    {"*", "installed", "installed", NULL},
    {"removed", "upgraded", "installed", "upgraded although it was removed: an installation in between was not told"},
    {"purged", "upgraded", "installed", "upgraded although it was removed: an installation in between was not told"},
    {"*", "upgraded", "installed", NULL},
    {"removed", "configured", "installed", "set up although it was removed: an installation in between was not told"},
    {"purged", "configured", "installed", "set up although it was removed: an installation in between was not told"},
    {"*", "configured", "installed", NULL},
    {"removed", "removed", "removed", "removed although it was removed: an installation in between was not told"},
    {"purged", "removed", "removed", "removed although it was removed: an installation in between was not told"},
    {"*", "removed", "removed", NULL},
    {"purged", "purged", "removed", "removed although nothing was left: an installation in between was not told"},
    {"*", "purged", "removed", NULL},
    {"installed", "observed", "installed", NULL},
    {"*", "observed", "observed", NULL},
    {"*", "gone", "removed", NULL},
    {"*", "rolled back", "installed", NULL},
    {"*", "undone", "failed", NULL},
    {"*", "unpacked", "unfinished", NULL},
    {"*", "half done", "unfinished", NULL},
    {"*", "failed", "failed", NULL},
};

static bool field_is(const struct fold *fold, const char *name, const char *word) {
    struct bytes text;
    return fold_text(fold, name, &text) && bytes_is(text, word);
}

/* dpkg's words for a package that is absent, or of which only the configuration is left. */
static bool says_absent(const struct fold *fold) {
    return field_is(fold, "status", "not-installed") || field_is(fold, "status", "config-files") ||
           field_is(fold, "status", "removed");
}

static const struct step *step_of(const struct fold *fold) {
    struct bytes kind = fold_step(fold);
    bool purged = false;
    if (bytes_is(kind, "failed")) {
        if (field_is(fold, "outcome", "rolled_back")) {
            return &steps[says_absent(fold) ? UNDONE : ROLLED_BACK];
        }
        if (field_is(fold, "outcome", "unfinished")) {
            bool leaves = field_is(fold, "action", "remove") || field_is(fold, "action", "purge");
            return &steps[field_is(fold, "step", "configure") && !leaves ? UNPACKED : HALF];
        }
        return &steps[FAILED];
    }
    if (bytes_is(kind, "removed") && fold_bool(fold, "purged", &purged) && purged) {
        return &steps[PURGE];
    }
    if (bytes_is(kind, "observed") && says_absent(fold)) return &steps[GONE];
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (bytes_is(kind, steps[i].name)) return &steps[i];
    }
    return NULL; /* a kind of a later catalog */
}

/* Manager, package and architecture: from the subject, else from the body. */
static void key_of(const struct fold *fold, struct bytes ret[3]) {
    struct bytes subject = fold_subject(fold);
    const uint8_t *slash = subject.n > 0 ? memchr(subject.p, '/', subject.n) : NULL;
    memset(ret, 0, 3 * sizeof(ret[0]));
    ret[1] = subject;
    if (slash != NULL) {
        ret[0] = (struct bytes){subject.p, (size_t)(slash - subject.p)};
        ret[1] = (struct bytes){slash + 1, subject.n - ret[0].n - 1};
    }
    ret[0] = fold_agreed(fold, ret[0], "manager");
    const uint8_t *colon = bytes_is(ret[0], "dpkg") && ret[1].n > 0 ? memchr(ret[1].p, ':', ret[1].n) : NULL;
    if (colon != NULL) {
        ret[2] = (struct bytes){colon + 1, ret[1].n - (size_t)(colon + 1 - ret[1].p)};
        ret[1].n = (size_t)(colon - ret[1].p);
    }
    ret[1] = fold_agreed(fold, ret[1], "package");
    ret[2] = fold_agreed(fold, ret[2], "arch");
}

static void set_version_time(struct fold *fold, struct row *row) {
    row_set_int(row, VERSION_AT, (int64_t)fold_when(fold));
    row_set_int(row, VERSION_SEQ, (int64_t)fold_event(fold)->seq);
}

static void set_version(struct fold *fold, struct row *row, enum there there) {
    struct bytes version = {0}, was = row_text(row, VERSION), before = {0};
    bool given = fold_text(fold, there == BEFORE ? "version_before" : "version", &version);
    fold_text(fold, "version_before", &before);
    if (there == SAME || (there == GIVEN_OR_SAME && !given) || (there == BEFORE && !given && row_has(row, VERSION))) {
        return;
    }
    if (there == NOTHING || !given) {
        version = (struct bytes){0};
    }
    if (row_has(row, VERSION) && bytes_eq(version, was)) return;
    if (there != BEFORE && before.n > 0) {
        row_set_text(row, VERSION_BEFORE, before);
    } else if (was.n > 0) {
        row_set_text(row, VERSION_BEFORE, was);
    }
    if (version.n > 0) {
        row_set_text(row, VERSION, version);
        set_version_time(fold, row);
    } else {
        row_set_null(row, VERSION);
        row_set_null(row, VERSION_AT);
        row_set_null(row, VERSION_SEQ);
    }
}

static void note_failure(struct fold *fold, struct row *row) {
    row_set_int(row, FAILED_AT, (int64_t)fold_when(fold));
    row_set_int(row, FAILED_SEQ, (int64_t)fold_event(fold)->seq);
    fold_replace(fold, row, FAILED_ACTION, "action");
    fold_replace(fold, row, FAILED_VERSION, "version");
    fold_replace(fold, row, EXIT_CODE, "exit_code");
}

/* Notes where this event contradicts what the same source said before. */
static void compare(struct fold *fold, struct row *row, const struct fold_step_rule *rule, struct bytes was) {
    struct bytes before = {0};
    if (rule->why != NULL) {
        fold_violation(fold, row, BASE, "%s", rule->why);
    } else if (was.n > 0 && fold_text(fold, "version_before", &before) && before.n > 0 && !bytes_eq(was, before)) {
        fold_violation(fold, row, BASE, "%.*s was there before by this event, %.*s by those before it", (int)before.n,
                       (const char *)before.p, (int)was.n, (const char *)was.p);
    }
}

static void take(struct fold *fold, struct row *row, const struct step *step) {
    bool purged = row_is(row, STATE, "removed") && row_bool(row, PURGED);
    bool knows = bytes_eq(row_text(row, SOURCE), fold_event(fold)->source) && row_has(row, STATE);
    struct bytes from = purged ? bytes_of("purged") : row_text(row, STATE);
    struct bytes was = row_text(row, VERSION); /* valid until the fold returns */
    const struct fold_step_rule *rule = fold_rule(rules, sizeof(rules) / sizeof(rules[0]), from, bytes_of(step->name));
    bool whole = row_is(row, STATE, "installed") || row_is(row, STATE, "observed");
    fold_state(fold, row, BASE, STATE, rule->to);
    set_version(fold, row, step->version);
    if (knows) {
        compare(fold, row, rule, whole ? was : (struct bytes){0});
    }
    fold_replace(fold, row, STATUS, "status");
    fold_copy(fold, row, REQUESTED, "requested");
    fold_copy(fold, row, ORIGIN, "origin");
    fold_copy(fold, row, DIGEST, "digest");
    if (step->acts || !row_has(row, BY)) {
        row_set_text(row, BY, fold_event(fold)->actor);
    }
    row_set_text(row, SOURCE, fold_event(fold)->source);
    row_set_null(row, PURGED);
    if (row_is(row, STATE, "removed")) {
        row_set_bool(row, PURGED, bytes_is(bytes_of(step->name), "purged"));
    }
    if (bytes_is(fold_step(fold), "failed")) {
        note_failure(fold, row);
    }
}

/* Handles an event older than what is known. */
static void take_late(struct fold *fold, struct row *row, const struct step *step) {
    struct bytes version;
    if (step != &steps[INSTALLED] && step != &steps[UPGRADED]) return;
    if (row_is(row, STATE, "observed") && fold_text(fold, "version", &version) &&
        bytes_eq(version, row_text(row, VERSION))) {
        row_set_str(row, STATE, "installed");
        row_set_int(row, BASE + FOLD_SINCE, (int64_t)fold_when(fold));
        row_set_int(row, BASE + FOLD_SINCE_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_text(row, BY, fold_event(fold)->actor);
        set_version_time(fold, row);
        fold_cite(fold, row, BASE);
    }
}

static int fold_installs(struct fold *fold, struct err *err) {
    const struct step *step = step_of(fold);
    struct bytes key[3];
    struct row *row;
    key_of(fold, key);
    int rc = step == NULL || key[1].n == 0 ? 1 : fold_row(fold, 0, key, 3, &row, err);
    if (rc != 0) return rc < 0 ? rc : 0;
    if (fold_is_news(fold, row, BASE, AT, LATE)) {
        take(fold, row, step);
    } else {
        take_late(fold, row, step);
    }
    return 0;
}

static const struct state_table tables[] = {
    {"installs", "package", "A row is a package of one architecture: its state, its version, and who installed it.",
     columns, BASE + FOLD_N, NULL},
};
static const char *const kinds[] = {"install.*", NULL};

const struct projection projection_installs = {"installs", 4, tables, 1, kinds, fold_installs};
