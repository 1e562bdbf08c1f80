/* Adapters: small trained additions to models. A row is one version: a name and the digest of its weights.
 *
 *   declared ──> canaried ──> promoted ──> attached <──> detached        withdrawn, from any, for good
 *        <── a canary that did not pass      (by a promotion of what=adapter with this digest)
 *
 * What is in use is never changed in place: a version is attached only after its promotion, and only where no other version of the
 * adapter is. What training recorded belongs to the version, in whatever state it is. Whether its promotion counts is judged when
 * the row is read, from the promotion itself. */
#include <stdio.h>
#include <string.h>

#include "projections/fold/fold.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { ADAPTERS, ADAPTER_USE, ADAPTER_DIGESTS, ADAPTER_PLANS, TABLES };
enum {
    ADAPTER,
    DIGEST,
    STATE,
    REASON,
    BASE_MODEL,
    BASE_DIGEST,
    TYPE,
    RANK,
    BYTES,
    DATA_DIGEST,
    CONFIG_DIGEST,
    TRAINED_SEQ,
    CANARY,
    CANARY_EVAL,
    CANARY_SEQ,
    PROMOTION,
    PROMOTED_SEQ,
    MODEL,
    RUNTIME,
    ATTACHED_SEQ,
    USES,
    BASE
};
enum { USE_ADAPTER, USE_MODEL, USE_DIGEST, USE_SEQ, USE_COLUMNS };
enum { OF_DIGEST, OF_ADAPTER, OF_COLUMNS };
enum { PLAN_ID, PLAN_DIGEST, PLAN_SEQ, PLAN_COLUMNS };

static const struct state_column columns[] = {
    [ADAPTER] = {"adapter", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [DIGEST] = {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of its weights"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "declared, canaried, promoted, attached, detached, withdrawn; unknown"},
    [REASON] = {"reason", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                "what it lacks to be attached, or why its promotion does not count"},
    [BASE_MODEL] = {"base", CELL_TEXT, COLUMN_MAIN, "model that it is designed for"},
    [BASE_DIGEST] = {"base_digest", CELL_TEXT, 0, "digest of that model"},
    [TYPE] = {"type", CELL_TEXT, 0, "lora, prompt, control, ..."},
    [RANK] = {"rank", CELL_INT, 0, "its rank"},
    [BYTES] = {"bytes", CELL_INT, 0, "its size"},
    [DATA_DIGEST] = {"data_digest", CELL_TEXT, 0, "digest of the training data"},
    [CONFIG_DIGEST] = {"config_digest", CELL_TEXT, 0, "digest of the training's settings"},
    [TRAINED_SEQ] = {"trained_seq", CELL_INT, COLUMN_SEQ, "the event that recorded its training"},
    [CANARY] = {"canary", CELL_TEXT, COLUMN_MAIN, "the newest trial's result: pass, fail, unknown"},
    [CANARY_EVAL] = {"eval", CELL_TEXT, 0, "the evaluation of that trial"},
    [CANARY_SEQ] = {"canary_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [PROMOTION] = {"promotion", CELL_TEXT, COLUMN_MAIN, "the promotion of it"},
    [PROMOTED_SEQ] = {"promoted_seq", CELL_INT, COLUMN_SEQ, "the event that promoted it"},
    [MODEL] = {"model", CELL_TEXT, COLUMN_MAIN, "model that it was last attached to"},
    [RUNTIME] = {"runtime", CELL_TEXT, 0, "in which runtime"},
    [ATTACHED_SEQ] = {"attached_seq", CELL_INT, COLUMN_SEQ, "the event that attached it"},
    [USES] = {"uses", CELL_INT, 0, "models that it is attached to"},
    FOLD_COLUMNS,
};
static const struct state_column use_columns[] = {
    [USE_ADAPTER] = {"adapter", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which adapter"},
    [USE_MODEL] = {"model", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "on which model"},
    [USE_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of the version in use"},
    [USE_SEQ] = {"attached_seq", CELL_INT, COLUMN_SEQ, "the event that attached it"},
};
static const struct state_column digest_columns[] = {
    [OF_DIGEST] = {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of an adapter's weights"},
    [OF_ADAPTER] = {"adapter", CELL_TEXT, COLUMN_MAIN, "the adapter that was first declared with it"},
};
static const struct state_column plan_columns[] = {
    [PLAN_ID] = {"promotion", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which promotion"},
    [PLAN_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of the adapter that it is about"},
    [PLAN_SEQ] = {"planned_seq", CELL_INT, COLUMN_SEQ, "the event that planned it"},
};

static const struct fold_step_rule rules[] = {
    {"withdrawn", "*", NULL, "it was withdrawn"},
    {"unknown", "declared", "declared", NULL},
    {"*", "declared", NULL, NULL},

    {"*", "trained", NULL, NULL},
    {"declared", "canaried", "canaried", NULL},
    {"canaried", "canaried", "canaried", NULL},
    {"unknown", "canaried", NULL, "it has to be declared first"},
    {"*", "canaried", NULL, NULL},
    {"canaried", "promoted", "promoted", NULL},
    {"detached", "promoted", "promoted", NULL},
    {"promoted", "promoted", "promoted", NULL},
    {"attached", "promoted", NULL, NULL},
    {"*", "promoted", NULL, "it has to be tried with a pass first (adapter.canaried)"},
    {"promoted", "rolled_back", "canaried", NULL},
    {"detached", "rolled_back", "canaried", NULL},
    {"attached", "rolled_back", NULL, "it has to be detached first"},
    {"*", "rolled_back", NULL, "only what is promoted goes back"},
    {"promoted", "attached", "attached", NULL},
    {"detached", "attached", "attached", NULL},
    {"attached", "attached", "attached", NULL},
    {"*", "attached", NULL, "it has to be promoted first"},
    {"attached", "detached", "detached", NULL},
    {"*", "detached", NULL, "only what is attached is detached"},
};

/* Sets the state and keeps the evidence there is. */
static void move(struct fold *fold, struct row *row, const char *to) {
    uint64_t before[ROW_SEQS_MAX];
    size_t n = row_seqs(row, BASE + FOLD_EVIDENCE, before, ROW_SEQS_MAX);
    fold_state(fold, row, BASE, STATE, to);
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        row_cite(row, BASE + FOLD_EVIDENCE, before[i]);
    }
}

/* False: the step was not taken. */
static bool take(struct fold *fold, struct row *row, const char *step) {
    const struct fold_step_rule *rule = fold_rule(rules, COUNT(rules), row_text(row, STATE), bytes_of(step));
    if (rule == NULL || rule->why != NULL) {
        bool back = strcmp(step, "rolled_back") == 0, unknown = row_is(row, STATE, "unknown");
        fold_violation(fold, row, BASE, "it is %.*s, and may not be %s: %s",
                       REASON_NAME(unknown ? bytes_of("not declared") : row_text(row, STATE)), back ? "rolled back" : step,
                       rule != NULL ? rule->why : "there is no such step");
        return false;
    }
    if (rule->to != NULL) {
        move(fold, row, rule->to);
    } else {
        fold_cite(fold, row, BASE);
    }
    return true;
}

/* ---- declared, trained, canaried ---- */

static int declared(struct fold *fold, struct row *row, struct bytes name, struct bytes digest, struct err *err) {
    struct row *of;
    if (!take(fold, row, "declared")) return 0;
    fold_copy(fold, row, BASE_MODEL, "base");
    fold_copy(fold, row, BASE_DIGEST, "base_digest");
    fold_copy(fold, row, TYPE, "type");
    fold_copy(fold, row, RANK, "rank");
    fold_copy(fold, row, BYTES, "bytes");
    int rc = digest.n == 0 ? 0 : fold_row(fold, ADAPTER_DIGESTS, &digest, 1, &of, err);
    if (rc == 0 && digest.n > 0 && !row_has(of, OF_ADAPTER)) {
        row_set_text(of, OF_ADAPTER, name);
    }
    return rc;
}

static void trained(struct fold *fold, struct row *row) {
    if (!take(fold, row, "trained")) return;
    fold_copy(fold, row, BASE_DIGEST, "base_digest");
    fold_copy(fold, row, DATA_DIGEST, "data_digest");
    fold_copy(fold, row, CONFIG_DIGEST, "config_digest");
    row_set_int(row, TRAINED_SEQ, (int64_t)fold_event(fold)->seq);
}

/* A trial that did not pass, or of which nothing is known, takes back one that did. */
static void canaried(struct fold *fold, struct row *row) {
    struct bytes verdict = bytes_of("unknown");
    fold_text(fold, "verdict", &verdict);
    if (!take(fold, row, "canaried")) return;
    row_set_text(row, CANARY, verdict);
    fold_replace(fold, row, CANARY_EVAL, "eval");
    row_set_int(row, CANARY_SEQ, (int64_t)fold_event(fold)->seq);
    if (!bytes_is(verdict, "pass") && row_is(row, STATE, "canaried")) {
        move(fold, row, "declared");
    }
}

/* ---- in use ---- */

static int attached(struct fold *fold, struct row *row, struct bytes name, struct bytes digest, struct err *err) {
    struct bytes model = {0};
    struct row *use;
    fold_text(fold, "model", &model);
    const struct bytes parts[] = {name, model};
    int rc = fold_row(fold, ADAPTER_USE, parts, 2, &use, err);
    if (rc != 0) return rc;
    struct bytes other = row_text(use, USE_DIGEST);
    if (other.n > 0 && !bytes_eq(other, digest)) {
        fold_violation(fold, row, BASE, "attached while another version is in use (event %lld): it is detached first",
                       (long long)row_int(use, USE_SEQ));
    } else if (take(fold, row, "attached")) {
        row_set_text(row, MODEL, model);
        fold_copy(fold, row, RUNTIME, "runtime");
        row_set_int(row, ATTACHED_SEQ, (int64_t)fold_event(fold)->seq);
        row_add(row, USES, other.n == 0);
        row_set_text(use, USE_DIGEST, digest);
        row_set_int(use, USE_SEQ, (int64_t)fold_event(fold)->seq);
        return 0;
    }
    if (use->absent) {
        fold_drop(use);
    }
    return 0;
}

/* It is detached once no model uses it. What was withdrawn may still be in use somewhere, and is detached there. */
static int detached(struct fold *fold, struct row *row, struct bytes name, struct bytes digest, struct err *err) {
    struct bytes model = row_text(row, MODEL);
    bool withdrawn = false;
    struct row *use;
    fold_text(fold, "model", &model);
    fold_bool(fold, "withdrawn", &withdrawn);
    const struct bytes parts[] = {name, model};
    int rc = fold_find(fold, ADAPTER_USE, parts, 2, &use, err);
    if (rc != 0) return rc;
    bool mine = use != NULL && bytes_eq(row_text(use, USE_DIGEST), digest), last = mine && row_int(row, USES) <= 1;
    if (withdrawn) {
        move(fold, row, "withdrawn");
    } else if (row_is(row, STATE, "attached") && !mine) {
        fold_violation(fold, row, BASE, "detached from attached: '%.*s' does not use it", REASON_NAME(model));
    } else if (mine && (!last || row_is(row, STATE, "withdrawn"))) {
        fold_cite(fold, row, BASE);
    } else if (!take(fold, row, "detached")) {
        mine = false;
    }
    if (mine) {
        row_add(row, USES, -1);
        fold_drop(use);
    }
    return 0;
}

static int fold_adapter(struct fold *fold, struct err *err) {
    struct bytes name = fold_name(fold, "adapter"), step = fold_step(fold), digest = {0};
    struct row *row;
    fold_text(fold, "digest", &digest);
    const struct bytes parts[] = {name, digest};
    int rc = name.n == 0 ? 0 : fold_row(fold, ADAPTERS, parts, 2, &row, err);
    if (rc != 0 || name.n == 0) return rc;
    if (!row_has(row, STATE)) {
        row_set_str(row, STATE, "unknown");
        fold_since(fold, row, BASE);
    }
    if (bytes_is(step, "declared")) return declared(fold, row, name, digest, err);
    if (bytes_is(step, "attached")) return attached(fold, row, name, digest, err);
    if (bytes_is(step, "detached")) return detached(fold, row, name, digest, err);
    if (bytes_is(step, "trained")) {
        trained(fold, row);
    } else if (bytes_is(step, "canaried")) {
        canaried(fold, row);
    }
    return 0;
}

/* ---- promotions of adapters ---- */

static int version_of(struct fold *fold, struct bytes digest, struct row **ret, struct err *err) {
    struct row *of;
    *ret = NULL;
    int rc = digest.n == 0 ? 0 : fold_find(fold, ADAPTER_DIGESTS, &digest, 1, &of, err);
    if (rc != 0 || digest.n == 0 || of == NULL) return rc;
    const struct bytes parts[] = {row_text(of, OF_ADAPTER), digest};
    rc = fold_find(fold, ADAPTERS, parts, 2, ret, err);
    fold_leave(of);
    return rc;
}

static int planned(struct fold *fold, struct bytes id, struct err *err) {
    struct bytes what = {0}, digest = {0};
    struct row *plan, *row;
    fold_text(fold, "what", &what);
    fold_text(fold, "digest", &digest);
    bool is_adapter = bytes_is(what, "adapter") && digest.n > 0;
    int rc =
        is_adapter ? fold_row(fold, ADAPTER_PLANS, &id, 1, &plan, err) : fold_find(fold, ADAPTER_PLANS, &id, 1, &plan, err);
    if (rc == 0 && is_adapter) {
        row_set_text(plan, PLAN_DIGEST, digest);
        row_set_int(plan, PLAN_SEQ, (int64_t)fold_event(fold)->seq);
        rc = version_of(fold, digest, &row, err);
        if (rc == 0 && row != NULL) {
            row_set_text(row, PROMOTION, id);
            fold_touch(fold, row, BASE);
        }
    } else if (rc == 0 && plan != NULL) {
        fold_drop(plan);
    }
    return rc;
}

static int fold_promotion(struct fold *fold, struct err *err) {
    struct bytes id = fold_subject(fold), digest = {0};
    bool back = bytes_is(fold_step(fold), "rolled_back");
    struct row *plan, *row;
    if (bytes_is(fold_step(fold), "planned")) return planned(fold, id, err);
    int rc = fold_find(fold, ADAPTER_PLANS, &id, 1, &plan, err);
    if (rc == 0 && plan != NULL) rc = version_of(fold, row_text(plan, PLAN_DIGEST), &row, err);
    if (rc != 0 || plan == NULL || row == NULL) return rc;
    bool other = !back && fold_text(fold, "digest", &digest) && !bytes_eq(digest, row_text(plan, PLAN_DIGEST));
    if (!other && take(fold, row, back ? "rolled_back" : "promoted") && !back) {
        row_set_text(row, PROMOTION, id);
        row_set_int(row, PROMOTED_SEQ, (int64_t)fold_event(fold)->seq);
    }
    return 0;
}

static int fold_adapters(struct fold *fold, struct err *err) {
    return bytes_has_prefix(fold_event(fold)->kind, "promotion.") ? fold_promotion(fold, err) : fold_adapter(fold, err);
}

static void say_untried(const struct row *row, struct reason *why) {
    if (row_is(row, STATE, "unknown")) {
        reason_say(why, "it was not declared");
    } else if (!row_has(row, CANARY)) {
        reason_say(why, "it was not tried: it needs a trial that passes first (adapter.canaried)");
    } else {
        reason_say(why, "its newest trial says '%.*s': it needs one that passes first (adapter.canaried)",
                   REASON_NAME(row_text(row, CANARY)));
    }
}

/* A promotion counts while its own row says so. */
static int judge(struct state_view *view, struct row *row, struct err *err) {
    struct bytes id = row_text(row, PROMOTION);
    bool untried = row_is(row, STATE, "unknown") || row_is(row, STATE, "declared"), tried = row_is(row, STATE, "canaried");
    struct row promotion;
    struct reason why;
    bool there = false;
    if (row_is(row, STATE, "withdrawn") || row_is(row, STATE, "detached")) return 0;
    int rc = look_stored(view, "promotions", &id, 1, &promotion, &there, err);
    reason_init(&why);
    if (rc == 0 && untried) {
        say_untried(row, &why);
    } else if (rc == 0 && tried && !there) {
        reason_say(&why, "no promotion of it is planned");
    } else if (rc == 0 && !there) {
        reason_say(&why, "there is no promotion '%.*s'", REASON_NAME(id));
    } else if (rc == 0 && !bytes_is(named_text(&promotion, "state"), "promoted")) {
        reason_say(&why, "promotion '%.*s' is %.*s", REASON_NAME(id), REASON_NAME(named_text(&promotion, "state")));
    }
    if (rc == 0 && why.n > 0) {
        row_set_str(row, REASON, why.words);
    }
    row_done(&promotion);
    return rc;
}

static const struct state_table tables[] = {
    [ADAPTERS] = {"adapters", "adapter",
                  "A row is a version of an adapter: its name, the digest of its weights, how far it got.", columns,
                  BASE + FOLD_N, judge},
    [ADAPTER_USE] = {"adapter_use", "adapter-use", "A row is the version of an adapter that a model uses.", use_columns,
                     USE_COLUMNS, NULL},
    [ADAPTER_DIGESTS] = {"adapter_digests", "adapter-digest", "A row leads from a digest to its adapter.", digest_columns,
                         OF_COLUMNS, NULL},
    [ADAPTER_PLANS] = {"adapter_plans", "adapter-plan", "A row is a promotion that is about an adapter.", plan_columns,
                       PLAN_COLUMNS, NULL},
};
static const char *const kinds[] = {"adapter.*", "promotion.planned", "promotion.promoted", "promotion.rolled_back", NULL};

const struct projection projection_adapters = {"adapters", 3, tables, TABLES, kinds, fold_adapters};
