/* Promotions: how a candidate becomes what is used.
 *
 *   idle ──> planned ──> debating ──> simulated ──> verifying ──> promoted ──> idle (rolled back)
 *                 └─────────────────>     │            │ gate: pass
 *              <── debating, simulated ───┴────────────┘         aborted, from any that is under way
 *
 * The debate is optional, and verifying may go back to debating or simulated; then the gate judges again. `promoted` is
 * legal only from verifying, after the gate passed this very digest. A candidate is its digest: a step that names another
 * digest is about another candidate. A tripcode stops what is under way, and while it holds nothing continues: of several,
 * the one that ends last counts, and no later one shortens it (decision 066).
 *
 * Where a link leads to what is live, promoted and rolled_back decide, and `applied` says that the link was switched and read
 * back. Between the two the row has what the link has to lead to (unapplied). Which version was live when: promotions_live.c.
 *
 * Safe side: aborted and tripped always take effect; an illegal step forward leaves the state as it is. */
#include "projections/ready/promotions.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "projections/fold/fold.h"
#include "projections/rows/list.h"
#include "projections/view/reason.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define WHY_MAX   256
#define TRIAL_MAX 128

static const struct state_column columns[] = {
    [PROMOTIONS_PROMOTION] = {"promotion", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [PROMOTIONS_STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
                          "idle, planned, debating, simulated, verifying, promoted, aborted"},
    [PROMOTIONS_WHAT] = {"what", CELL_TEXT, COLUMN_MAIN, "model, pack, route, prompt, policy, adapter"},
    [PROMOTIONS_PACK] = {"pack", CELL_TEXT, 0, "which pack"},
    [PROMOTIONS_ROUTE] = {"route", CELL_TEXT, 0, "which route"},
    [PROMOTIONS_MODEL] = {"model", CELL_TEXT, 0, "which model"},
    [PROMOTIONS_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of the candidate"},
    [PROMOTIONS_DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0, "digest of what it replaces"},
    [PROMOTIONS_VERSION] = {"version", CELL_TEXT, 0, "version of the candidate"},
    [PROMOTIONS_GATE] = {"gate", CELL_TEXT, COLUMN_MAIN, "the gate's newest answer: pass, refuse, hold"},
    [PROMOTIONS_GATE_SEQ] = {"gate_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [PROMOTIONS_GATE_DIGEST] = {"gate_digest", CELL_TEXT, 0, "digest that the gate judged"},
    [PROMOTIONS_SIMULATED] = {"simulated", CELL_TEXT, COLUMN_MAIN, "the trial's result: pass, warn, fail, unknown"},
    [PROMOTIONS_SIMULATED_SEQ] = {"simulated_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [PROMOTIONS_TRIALS] = {"trials", CELL_INT, 0, "how often it was tried"},
    [PROMOTIONS_TRIALS_FAILED] = {"trials_failed", CELL_INT, 0, "trials that failed"},
    [PROMOTIONS_SUITES] = {"suites", CELL_LIST, 0, "names of the deciding suites, as the verification names them"},
    [PROMOTIONS_EVALS] = {"evals", CELL_LIST, 0, "ids of the deciding evaluations, as the verification names them"},
    [PROMOTIONS_NAMED_SEQ] = {"named_seq", CELL_INT, COLUMN_SEQ, "the event that names them"},
    [PROMOTIONS_ERASED_SEQ] = {"erased_seq", CELL_INT, COLUMN_SEQ,
                               "the newest trial, verification or answer of the gate whose body was erased"},
    [PROMOTIONS_TRIPPED] = {"tripped", CELL_TEXT, 0, "the tripcode that expires last"},
    [PROMOTIONS_TRIPPED_UNTIL] = {"tripped_until", CELL_INT, COLUMN_TIME, "when that ends by itself"},
    [PROMOTIONS_TRIPPED_SEQ] = {"tripped_seq", CELL_INT, COLUMN_SEQ, "the event that issued it"},
    [PROMOTIONS_NAME] = {"name", CELL_TEXT, 0, "which adapter, image, prompt or policy"},
    [PROMOTIONS_TIER] = {"tier", CELL_TEXT, 0, "the highest tier of its steps"},
    [PROMOTIONS_PLANNED_SEQ] = {"planned_seq", CELL_INT, COLUMN_SEQ, "the event that planned it"},
    [PROMOTIONS_LINKED] = {"linked", CELL_BOOL, 0, "a link leads to what is live, and has to be switched"},
    [PROMOTIONS_UNAPPLIED] = {"unapplied", CELL_TEXT, 0, "digest that the link has to lead to, and nobody confirmed it"},
    [PROMOTIONS_APPLIED] = {"applied", CELL_TEXT, 0, "digest that was read back when the link was switched last"},
    [PROMOTIONS_APPLIED_SEQ] = {"applied_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [PROMOTIONS_REASON] = {"reason", CELL_TEXT, 0, "why it was aborted or rolled back"},
    [PROMOTIONS_POLICY] = {"policy", CELL_TEXT, COLUMN_MAIN, "name of the gates that the newest verification asks"},
    [PROMOTIONS_POLICY_DIGEST] = {"policy_digest", CELL_TEXT, 0, "digest of their file"},
    [PROMOTIONS_POLICY_BEFORE] = {"policy_before", CELL_TEXT, 0, "digest of the gates that these replace, as it says"},
    [PROMOTIONS_SHED_SEQ] = {"shed_seq", CELL_INT, COLUMN_SEQ,
                             "the event in which other gates did not pass the candidate, if it does not say that"},
    [PROMOTIONS_DEBATE] =
        {"debate", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
         "while it is in progress: what the debate of voters says that decides: open, accepted, rejected, "
         "retained, error"},
    [PROMOTIONS_MISSING] = {"missing", CELL_LIST, COLUMN_JUDGED,
                            "what keeps it from being promoted, while it is in progress, or from being planned, while a "
                            "tripcode is active, or from being live, while its link was not switched: a map for each "
                            "finding: about, reason, remedy, rule"},
    FOLD_COLUMNS,
};

#define FIRST "" /* say_first says what comes first */

static const struct fold_step_rule rules[] = {
    {"idle", "planned", "planned", NULL},
    {"aborted", "planned", "planned", NULL},
    {"promoted", "planned", NULL, "the plan gets another id, or roll it back first: ledger promote rollback {}"},
    {"*", "planned", "planned", "abort it first: ledger promote abort {}"},
    {"planned", "debating", "debating", NULL},
    {"debating", "debating", "debating", NULL},
    {"simulated", "debating", "debating", NULL},
    {"verifying", "debating", "debating", NULL},
    {"*", "debating", NULL, FIRST},
    {"planned", "simulated", "simulated", NULL},
    {"debating", "simulated", "simulated", NULL},
    {"simulated", "simulated", "simulated", NULL},
    {"verifying", "simulated", "simulated", NULL},
    {"*", "simulated", NULL, FIRST},
    {"simulated", "verifying", "verifying", NULL},
    {"verifying", "verifying", "verifying", NULL},
    {"*", "verifying", NULL, FIRST},
    {"verifying", "promoted", "promoted", NULL},
    {"promoted", "promoted", NULL, "nothing is left to do"},
    {"*", "promoted", NULL, FIRST},
    {"aborted", "aborted", NULL, "nothing is left to do"},
    {"idle", "aborted", "aborted", "there is nothing to abort"},
    {"promoted", "aborted", "aborted", "roll it back instead: ledger promote rollback {}"},
    {"*", "aborted", "aborted", NULL},
    {"promoted", "rolled_back", "idle", NULL},
    {"*", "rolled_back", NULL, "only what is promoted goes back"},
};

bool promotions_is_under_way(const struct row *row) {
    return row_is(row, PROMOTIONS_STATE, "planned") || row_is(row, PROMOTIONS_STATE, "debating") ||
           row_is(row, PROMOTIONS_STATE, "simulated") || row_is(row, PROMOTIONS_STATE, "verifying");
}

bool promotions_is_tripped(const struct row *row, uint64_t at) {
    return row_has(row, PROMOTIONS_TRIPPED) &&
           (!row_has(row, PROMOTIONS_TRIPPED_UNTIL) || row_int(row, PROMOTIONS_TRIPPED_UNTIL) > (int64_t)at);
}

/* The trial contradicts itself: its verdict says pass, its numbers say otherwise. */
static bool contradicts_itself(const struct row *row) {
    int64_t n = row_int(row, PROMOTIONS_TRIALS), failed = row_int(row, PROMOTIONS_TRIALS_FAILED);
    bool told = row_has(row, PROMOTIONS_TRIALS), none = told && n <= 0;
    return none || failed < 0 || (told && failed >= n) || (failed > 0 && row_is(row, PROMOTIONS_SIMULATED, "pass"));
}

/* Only another trial may follow. */
static bool has_failed_trial(const struct row *row) {
    return row_is(row, PROMOTIONS_STATE, "simulated") &&
           (row_is(row, PROMOTIONS_SIMULATED, "fail") || contradicts_itself(row));
}

/* Rows of an older version do not have the trial's event. */
static void say_trial(const struct row *row, char *ret, size_t size) {
    struct bytes verdict = row_text(row, PROMOTIONS_SIMULATED);
    int n = snprintf(ret, row_has(row, PROMOTIONS_SIMULATED_SEQ) ? size : 1, " (event %lld)",
                     (long long)row_int(row, PROMOTIONS_SIMULATED_SEQ));
    if (ret[0] == '\0' || bytes_is(verdict, "fail") || !contradicts_itself(row)) return;
    char of[32];
    snprintf(of, row_has(row, PROMOTIONS_TRIALS) ? sizeof(of) : 1, " of %lld", (long long)row_int(row, PROMOTIONS_TRIALS));
    snprintf(ret + n, size - (size_t)n, ": %s%.*s%s%lld%s failed", verdict.n > 0 ? "its verdict is '" : "",
             REASON_PART(verdict, 10), verdict.n > 0 ? "', and " : "", (long long)row_int(row, PROMOTIONS_TRIALS_FAILED),
             of);
}

/* Why a step forward is out of turn: what stopped the promotion, else `why`. */
static void say_out_of_turn(const struct row *row, const char *why, char *ret, size_t size) {
    int64_t since = row_int(row, PROMOTIONS_BASE + FOLD_SINCE), seq = row_int(row, PROMOTIONS_BASE + FOLD_SINCE_SEQ);
    struct bytes code = row_text(row, PROMOTIONS_TRIPPED);
    if (has_failed_trial(row)) {
        char trial[TRIAL_MAX];
        say_trial(row, trial, sizeof(trial));
        snprintf(ret, size, "the trial failed%s", trial);
    } else if (!row_is(row, PROMOTIONS_STATE, "aborted")) {
        snprintf(ret, size, "%s", why);
    } else if (!row_is(row, PROMOTIONS_REASON, "tripped")) {
        snprintf(ret, size, "it was aborted (event %lld)", (long long)seq);
    } else if (!row_has(row, PROMOTIONS_TRIPPED_SEQ) || row_int(row, PROMOTIONS_TRIPPED_SEQ) != seq) {
        snprintf(ret, size, "a tripcode stopped it (event %lld)", (long long)seq);
    } else {
        bool over = row_has(row, PROMOTIONS_TRIPPED_UNTIL) && row_int(row, PROMOTIONS_TRIPPED_UNTIL) <= since;
        snprintf(ret, size, "tripcode '%.*s' stopped it (event %lld)%s", REASON_NAME(code), (long long)seq,
                 over ? ", though it had already ended" : "");
    }
}

/* ---- the conditions of readiness_promotion.def ---- */

struct barring {
    const struct row *row;
    uint64_t at;
    struct readiness *found;
};

/* What is under way can be aborted; otherwise the next plan has to wait for the end of the tripcode, or be another
 * promotion. */
static bool holds_tripcode(struct barring *b) {
    bool ends = row_has(b->row, PROMOTIONS_TRIPPED_UNTIL), waits = !promotions_is_under_way(b->row);
    char end[TEXT_TIME_MAX];
    text_time(end, ends ? (uint64_t)row_int(b->row, PROMOTIONS_TRIPPED_UNTIL) : 0);
    readiness_say(b->found, "code", "%.*s", REASON_NAME(row_text(b->row, PROMOTIONS_TRIPPED)));
    memcpy(end + 19, "Z", 2); /* to the second */
    readiness_say(b->found, "until", "%s%s%s", ends ? " until " : ", and does not end by itself", ends ? end : "",
                  !waits ? ""
                  : ends ? ", and nothing can be planned before"
                         : ": only a promotion of another name can be planned");
    return promotions_is_tripped(b->row, b->at);
}

static bool was_tried_in_vain(struct barring *b) {
    char trial[TRIAL_MAX];
    say_trial(b->row, trial, sizeof(trial));
    readiness_say(b->found, "event", "%s", trial);
    return has_failed_trial(b->row);
}

static bool is_out_of_turn(struct barring *b) {
    const struct fold_step_rule *rule =
        fold_rule(rules, COUNT(rules), row_text(b->row, PROMOTIONS_STATE), bytes_of("promoted"));
    char why[WHY_MAX];
    say_out_of_turn(b->row, promotions_say_first(b->row, true), why, sizeof(why));
    readiness_say(b->found, "why", "%s", why);
    return rule->why != NULL && !has_failed_trial(b->row);
}

static bool is_held_by_gate(struct barring *b) {
    struct bytes gate = row_text(b->row, PROMOTIONS_GATE);
    readiness_say(b->found, "answer", "%s%.*s", gate.n > 0 ? "answered " : "not answered", REASON_NAME(gate));
    return !bytes_is(gate, "pass");
}

static bool names_no_digest(struct barring *b) {
    return !is_held_by_gate(b) && !row_has(b->row, PROMOTIONS_DIGEST);
}

static bool was_gated_as_another(struct barring *b) {
    struct bytes digest = row_text(b->row, PROMOTIONS_DIGEST), gated = row_text(b->row, PROMOTIONS_GATE_DIGEST);
    readiness_say(b->found, "gated", "%.*s", REASON_DIGEST(gated));
    readiness_say(b->found, "digest", "%.*s", REASON_DIGEST(digest));
    return !is_held_by_gate(b) && digest.n > 0 && !bytes_eq(digest, gated);
}

/* Nothing is under way then. */
static bool is_unapplied(struct barring *b) {
    struct bytes digest = row_text(b->row, PROMOTIONS_UNAPPLIED);
    readiness_say(b->found, "done", "%s",
                  row_is(b->row, PROMOTIONS_STATE, "promoted") ? "promoted"
                  : row_is(b->row, PROMOTIONS_STATE, "idle")   ? "rolled back"
                                                               : "aborted");
    readiness_say(b->found, "unapplied", "%.*s", REASON_DIGEST(digest));
    return digest.n > 0;
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct barring *b);
} conditions[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_promotion.def"
#undef RULE
};

bool promotions_is_barred(const struct row *row, uint64_t at, struct readiness *ret) {
    struct barring b = {row, at, ret};
    for (size_t i = 0; i < COUNT(conditions); i++) {
        if (conditions[i].unmet(&b)) {
            readiness_add(ret, conditions[i].id);
        }
    }
    return ret->n > 0;
}

bool promotions_is_held(const struct row *row, uint64_t at, struct readiness *ret) {
    struct barring b = {row, at, ret};
    bool held = holds_tripcode(&b);
    if (held) {
        readiness_add(ret, READINESS_PROMOTION_TRIPCODE);
    }
    return held;
}

bool promotions_is_unapplied(const struct row *row, struct readiness *ret) {
    struct barring b = {row, 0, ret};
    bool is = is_unapplied(&b);
    if (is) {
        readiness_add(ret, READINESS_PROMOTION_UNAPPLIED);
    }
    return is;
}

static void refuse(struct fold *fold, struct row *row, const char *why) {
    char words[2 * WHY_MAX];
    promotions_say_refused(row, fold_step(fold), why, words, sizeof(words));
    fold_violation(fold, row, PROMOTIONS_BASE, "%s", words);
}

/* The step names another digest than the plan. */
static bool is_other(const struct fold *fold, const struct row *row, struct bytes *ret_digest) {
    struct bytes planned = row_text(row, PROMOTIONS_DIGEST);
    return fold_text(fold, "digest", ret_digest) && planned.n > 0 && !bytes_eq(*ret_digest, planned);
}

static void put_plan(struct fold *fold, struct row *row) {
    static const struct {
        size_t column;
        const char *field;
    } copied[] = {
        {PROMOTIONS_WHAT, "what"},       {PROMOTIONS_PACK, "pack"},     {PROMOTIONS_ROUTE, "route"},
        {PROMOTIONS_MODEL, "model"},     {PROMOTIONS_DIGEST, "digest"}, {PROMOTIONS_DIGEST_BEFORE, "digest_before"},
        {PROMOTIONS_VERSION, "version"}, {PROMOTIONS_NAME, "name"},     {PROMOTIONS_TIER, "tier"}};
    static const size_t anew[] = {PROMOTIONS_GATE,          PROMOTIONS_GATE_SEQ,      PROMOTIONS_GATE_DIGEST,
                                  PROMOTIONS_SIMULATED,     PROMOTIONS_SIMULATED_SEQ, PROMOTIONS_TRIALS,
                                  PROMOTIONS_TRIALS_FAILED, PROMOTIONS_SUITES,        PROMOTIONS_EVALS,
                                  PROMOTIONS_NAMED_SEQ,     PROMOTIONS_REASON,        PROMOTIONS_ERASED_SEQ,
                                  PROMOTIONS_APPLIED,       PROMOTIONS_APPLIED_SEQ,   PROMOTIONS_POLICY,
                                  PROMOTIONS_POLICY_DIGEST, PROMOTIONS_POLICY_BEFORE, PROMOTIONS_SHED_SEQ};
    bool linked = false;
    for (size_t i = 0; i < COUNT(anew); i++) {
        row_set_null(row, anew[i]);
    }
    for (size_t i = 0; i < COUNT(copied); i++) {
        fold_replace(fold, row, copied[i].column, copied[i].field);
    }
    fold_bool(fold, "linked", &linked);
    row_set_bool(row, PROMOTIONS_LINKED, linked);
    row_set_int(row, PROMOTIONS_PLANNED_SEQ, (int64_t)fold_event(fold)->seq);
}

/* Keeps every step of the same plan in the evidence. */
static void move(struct fold *fold, struct row *row, const char *to) {
    uint64_t before[ROW_SEQS_MAX];
    size_t n = row_seqs(row, PROMOTIONS_BASE + FOLD_EVIDENCE, before, ROW_SEQS_MAX);
    bool anew = bytes_is(fold_step(fold), "planned");
    fold_state(fold, row, PROMOTIONS_BASE, PROMOTIONS_STATE, to);
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX && !anew; i++) {
        row_cite(row, PROMOTIONS_BASE + FOLD_EVIDENCE, before[i]);
    }
}

/* What an erased body said about the candidate is unknown; a step that ends or stops it needs no body. */
static void note_erased(struct fold *fold, struct row *row) {
    struct bytes step = fold_step(fold);
    if (fold_event(fold)->body.n == 0 &&
        (bytes_is(step, "simulated") || bytes_is(step, "verifying") || bytes_is(step, "gated"))) {
        row_set_int(row, PROMOTIONS_ERASED_SEQ, (int64_t)fold_event(fold)->seq);
    }
}

/* Suites that the event does not name stay; evaluations do not: the newest of each suite decides anyway. A list too long to be kept is replaced by one that can never be met: an item that is
 * not a name. */
static void put_named(struct fold *fold, struct row *row) {
    static const struct {
        size_t column;
        const char *field;
    } lists[] = {{PROMOTIONS_SUITES, "suites"}, {PROMOTIONS_EVALS, "evals"}};
    static const uint8_t unmet[] = {0x91, 0xc0};
    struct bytes raw;
    row_set_null(row, PROMOTIONS_EVALS);
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (fold_raw(fold, lists[i].field, &raw)) {
            row_set_list(row, lists[i].column, raw.n <= ROW_LIST_MAX ? raw : (struct bytes){unmet, sizeof(unmet)});
            row_set_int(row, PROMOTIONS_NAMED_SEQ, (int64_t)fold_event(fold)->seq);
        }
    }
}

/* The cited events must exist before this one. */
static bool cites_what_is_not_there(const struct fold *fold, char *ret, size_t size) {
    struct bytes raw, item;
    struct list list;
    if (!fold_raw(fold, "evidence", &raw)) return false;
    list_open(&list, raw);
    while (list_next(&list, &item)) {
        struct mp_item seq;
        if (mp_scalar(item, &seq) != 0 || seq.type != MP_UINT) {
            snprintf(ret, size, "its evidence holds what is not the number of an event");
            return true;
        }
        if (seq.uint >= fold_event(fold)->seq) {
            snprintf(ret, size, "its evidence names event %llu, and there is no such event before it",
                     (unsigned long long)seq.uint);
            return true;
        }
    }
    return false;
}

static void put_step(struct fold *fold, struct row *row) {
    struct bytes step = fold_step(fold);
    if (bytes_is(step, "planned")) {
        put_plan(fold, row);
    } else if (bytes_is(step, "aborted") || bytes_is(step, "rolled_back")) {
        fold_copy(fold, row, PROMOTIONS_REASON, "reason");
    } else if (bytes_is(step, "promoted")) {
        fold_copy(fold, row, PROMOTIONS_VERSION, "version");
        fold_copy(fold, row, PROMOTIONS_DIGEST_BEFORE, "digest_before");
    } else { /* an earlier gate answer was about the earlier verification */
        row_set_null(row, PROMOTIONS_GATE);
        row_set_null(row, PROMOTIONS_GATE_SEQ);
        row_set_null(row, PROMOTIONS_GATE_DIGEST);
        fold_copy(fold, row, PROMOTIONS_DIGEST, "digest"); /* the plan may not have named it */
    }
    note_erased(fold, row);
    if (bytes_is(step, "verifying")) {
        put_named(fold, row);
    }
    if (bytes_is(step, "simulated")) {
        fold_replace(fold, row, PROMOTIONS_SIMULATED, "verdict");
        fold_replace(fold, row, PROMOTIONS_TRIALS, "runs");
        fold_replace(fold, row, PROMOTIONS_TRIALS_FAILED, "failed");
        row_set_int(row, PROMOTIONS_SIMULATED_SEQ, (int64_t)fold_event(fold)->seq);
    }
}

/* What bars a step besides the rules. */
static bool is_barred(const struct fold *fold, const struct row *row, char *ret, size_t size) {
    struct bytes step = fold_step(fold), digest = {0}, planned = row_text(row, PROMOTIONS_DIGEST);
    if (bytes_is(step, "aborted") || bytes_is(step, "rolled_back")) return false;
    if (promotions_is_tripped(row, fold_at(fold))) {
        struct bytes code = row_text(row, PROMOTIONS_TRIPPED);
        snprintf(ret, size, "tripcode '%.*s' holds", REASON_NAME(code));
        return true;
    }
    if (bytes_is(step, "planned")) {
        struct readiness found;
        readiness_init(&found);
        bool unapplied = promotions_is_unapplied(row, &found);
        snprintf(ret, size, "%.*s", unapplied ? (int)size - 1 : 0, found.found[0].words);
        return unapplied;
    }
    if (is_other(fold, row, &digest)) {
        snprintf(ret, size, "it names %.*s, the candidate is %.*s", REASON_DIGEST(digest), REASON_DIGEST(planned));
        return true;
    }
    if (bytes_is(step, "verifying") && has_failed_trial(row)) {
        say_out_of_turn(row, "", ret, size);
        return true;
    }
    if (bytes_is(step, "promoted")) {
        struct readiness found;
        readiness_init(&found);
        bool barred = promotions_is_barred(row, fold_at(fold), &found);
        bool turn = barred && found.found[0].id == READINESS_PROMOTION_STEP; /* the row says the step before it */
        if (turn) {
            say_out_of_turn(row, promotions_say_first(row, row_is(row, PROMOTIONS_STATE, "promoted")), ret, size);
        } else { /* a violation has one reason */
            snprintf(ret, size, "%.*s", barred ? (int)size - 1 : 0, found.found[0].words);
        }
        if (!barred && digest.n == 0) {
            snprintf(ret, size, "it does not name the candidate's digest");
            barred = true;
        }
        return barred || cites_what_is_not_there(fold, ret, size);
    }
    return false;
}

static int take(struct fold *fold, struct row *row, struct err *err) {
    struct bytes step = fold_step(fold);
    char why[WHY_MAX];
    bool was_promoted = row_is(row, PROMOTIONS_STATE, "promoted");
    if (is_barred(fold, row, why, sizeof(why))) {
        refuse(fold, row, why);
        return 0;
    }
    const struct fold_step_rule *rule = fold_rule(rules, COUNT(rules), row_text(row, PROMOTIONS_STATE), step);
    if (rule == NULL) {
        fold_touch(fold, row, PROMOTIONS_BASE); /* a step unknown to this code */
        return 0;
    }
    struct bytes undone = {0};
    if (rule->why != NULL) {
        bool back = bytes_is(step, "aborted") || bytes_is(step, "rolled_back");
        say_out_of_turn(row, rule->why[0] != '\0' ? rule->why : promotions_say_first(row, false), why, sizeof(why));
        refuse(fold, row, rule->to != NULL || back ? rule->why : why);
    } else if (bytes_is(step, "rolled_back") && fold_text(fold, "digest_before", &undone) &&
               !bytes_eq(undone, row_text(row, PROMOTIONS_DIGEST))) {
        refuse(fold, row, "it undoes another digest than what was promoted");
    } else if (cites_what_is_not_there(fold, why, sizeof(why))) {
        refuse(fold, row, why);
    }
    if (rule->to != NULL) {
        move(fold, row, rule->to);
        put_step(fold, row);
    }
    if (rule->to != NULL && bytes_is(step, "verifying")) return promotions_take_gates(fold, row, err);
    bool ends = was_promoted && (bytes_is(step, "rolled_back") || bytes_is(step, "aborted"));
    return rule->to != NULL && (ends || bytes_is(step, "promoted")) ? promotions_take_switch(fold, row, err) : 0;
}

/* The gate's answer. A refusal is taken from anyone, at any time of the verification. */
static int gate(struct fold *fold, struct row *row, struct err *err) {
    struct bytes decision = {0}, digest = {0}, planned = row_text(row, PROMOTIONS_DIGEST);
    fold_text(fold, "decision", &decision);
    bool pass = bytes_is(decision, "pass"), other = is_other(fold, row, &digest);
    char why[WHY_MAX] = "";
    if (!row_is(row, PROMOTIONS_STATE, "verifying")) {
        say_out_of_turn(row, promotions_say_first(row, false), why, sizeof(why));
        refuse(fold, row, why);
        return pass || other ? 0 : promotions_keep_answer(fold, row, err);
    }
    if (other) {
        snprintf(why, sizeof(why), "it names %.*s, the candidate is %.*s", REASON_DIGEST(digest), REASON_DIGEST(planned));
    } else if (pass && digest.n == 0) {
        snprintf(why, sizeof(why), "it does not name the candidate's digest");
    } else if (pass && promotions_is_tripped(row, fold_at(fold))) {
        snprintf(why, sizeof(why), "a tripcode holds");
    } else if (decision.n == 0) {
        snprintf(why, sizeof(why), "it does not say what was decided");
    } else {
        int rc = pass ? promotions_bars_pass(fold, row, why, sizeof(why), err) : 0;
        if (rc != 0) return rc;
        if (why[0] == '\0') cites_what_is_not_there(fold, why, sizeof(why));
    }
    note_erased(fold, row);
    if (why[0] != '\0') {
        refuse(fold, row, why);
    }
    if (decision.n > 0 && (why[0] == '\0' || !pass)) {
        row_set_text(row, PROMOTIONS_GATE, decision);
        row_set_int(row, PROMOTIONS_GATE_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_text(row, PROMOTIONS_GATE_DIGEST, digest.n > 0 ? digest : planned);
        if (pass && planned.n == 0) {
            row_set_text(row, PROMOTIONS_DIGEST, digest);
        }
        fold_cite(fold, row, PROMOTIONS_BASE);
        return promotions_keep_answer(fold, row, err);
    }
    return 0;
}

/* A tripcode that ended before it was issued contradicts itself. It stops what is under way nevertheless: the clock may be
 * wrong. */
static void trip(struct fold *fold, struct row *row) {
    struct bytes code = {0};
    int64_t until = INT64_MAX;
    bool ends = fold_int(fold, "expires", &until);
    bool first = !row_has(row, PROMOTIONS_TRIPPED), forever = !row_has(row, PROMOTIONS_TRIPPED_UNTIL);
    char why[WHY_MAX];
    code = fold_text(fold, "code", &code) && code.n > 0 ? code : bytes_of("unknown");
    if (ends && until <= (int64_t)fold_at(fold)) {
        snprintf(why, sizeof(why), "tripcode '%.*s' had already ended", REASON_NAME(code));
        refuse(fold, row, why);
    }
    if (first || !ends || (!forever && until >= row_int(row, PROMOTIONS_TRIPPED_UNTIL))) {
        row_set_text(row, PROMOTIONS_TRIPPED, code);
        fold_replace(fold, row, PROMOTIONS_TRIPPED_UNTIL, "expires");
        row_set_int(row, PROMOTIONS_TRIPPED_SEQ, (int64_t)fold_event(fold)->seq);
    }
    if (promotions_is_under_way(row)) {
        move(fold, row, "aborted");
        row_set_str(row, PROMOTIONS_REASON, "tripped");
    } else {
        fold_cite(fold, row, PROMOTIONS_BASE);
    }
}

static int fold_promotion(struct fold *fold, struct err *err) {
    struct bytes id = fold_subject(fold), step = fold_step(fold);
    struct row *row;
    int rc = id.n == 0 ? 0 : fold_row(fold, 0, &id, 1, &row, err);
    if (rc != 0 || id.n == 0) {
        return rc; /* without an id it is about no promotion */
    }
    if (row->absent) {
        fold_state(fold, row, PROMOTIONS_BASE, PROMOTIONS_STATE, "idle");
    }
    if (bytes_is(step, "gated")) {
        rc = gate(fold, row, err);
    } else if (bytes_is(step, "tripped")) {
        trip(fold, row);
    } else if (bytes_is(step, "applied")) {
        char why[WHY_MAX] = "";
        rc = promotions_take_applied(fold, row, why, sizeof(why), err);
        if (why[0] != '\0') {
            refuse(fold, row, why);
        }
    } else {
        rc = take(fold, row, err);
    }
    return rc;
}

static const struct state_table tables[] = {
    {"promotions", "promotion", "A row is a candidate for promotion, and how far it has come.", columns,
     PROMOTIONS_BASE + FOLD_N, promotions_judge},
    {"live_versions", "live_version", "A row is a switch of what is live: which version, and from when on.",
     promotions_live_columns, LIVE_COLUMNS, NULL},
    {"live_pending", "live_pending", "A row is a promotion that was decided and whose link was not switched yet.",
     promotions_pending_columns, PENDING_COLUMNS, NULL},
    {"gated_candidates", "gated_candidate", "A row is a candidate, and the gates that were asked last about it.",
     promotions_gated_columns, GATED_COLUMNS, NULL},
};
static const char *const kinds[] = {"promotion.*", NULL};

const struct projection projection_promotions = {"promotions", 11, tables, COUNT(tables), kinds, fold_promotion};
