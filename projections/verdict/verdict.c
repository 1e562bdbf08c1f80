/* The doctor: what was observed of the box's health, what was done about it, and the verdicts that follow.
 *
 * Checks keep the newest observation of each check and target; one that is older by its source's time is counted as late
 * and changes nothing. An erased event no longer says what it was about, so it changes nothing either.
 *
 * A verdict is never stored. Each row of `verdicts`, the box's (its key is the empty text, from ledger.created on) and one
 * for each installed pack, is judged when it is read: by the clauses of projections/verdict/box.c, over all tables of the
 * view. The last recorded verdict (doctor.judged) is stored beside it, so that a difference shows: the facts have changed
 * since, or other rules were applied. */
#include "projections/verdict/verdict.h"

#include <stdio.h>

#include "base/mp.h"
#include "projections/fold/fold.h"
#include "projections/view/look.h"

enum { CHECKS, REPAIRS, VERDICTS, CLAUSES_OF, TABLES };

enum {
    CHECK,
    TARGET,
    STATUS,
    VALUE,
    VALUE_TEXT,
    LIMIT,
    LIMIT_TEXT,
    UNIT,
    LATENCY_MS,
    OFFLINE,
    PACK,
    DIGEST,
    AT,
    COUNT,
    LATE,
    C_BASE
};

static const struct state_column check_columns[] = {
    [CHECK] = {"check", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "name of the check"},
    [TARGET] = {"target", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what was checked; empty: unknown"},
    [STATUS] = {"status", CELL_TEXT, COLUMN_MAIN, "ok, missing, unreachable, denied, error, not_applicable, ..."},
    [VALUE] = {"value", CELL_REAL, COLUMN_MAIN, "the measured value, if it is a number"},
    [VALUE_TEXT] = {"value_text", CELL_TEXT, 0, "the measured value, if it is text or a boolean"},
    [LIMIT] = {"limit", CELL_REAL, COLUMN_MAIN, "the limit, if it is a number"},
    [LIMIT_TEXT] = {"limit_text", CELL_TEXT, 0, "the limit, if it is text or a boolean"},
    [UNIT] = {"unit", CELL_TEXT, COLUMN_MAIN, "their unit"},
    [LATENCY_MS] = {"latency_ms", CELL_REAL, 0, "how long it took, milliseconds"},
    [OFFLINE] = {"offline", CELL_BOOL, 0, "there was no network, so nothing is known"},
    [PACK] = {"pack", CELL_TEXT, 0, "for which pack"},
    [DIGEST] = {"digest", CELL_TEXT, 0, "digest that was found"},
    [AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was last observed"},
    [COUNT] = {"count", CELL_INT, 0, "how often it was observed"},
    [LATE] = {"late", CELL_INT, 0, "observations older than what was known"},
    FOLD_COLUMNS,
};

enum { R_CHECK, R_TARGET, R_PACK, REMEDY, TIER, OUTCOME, EXIT_CODE, R_AT, R_COUNT, R_BASE };

static const struct state_column repair_columns[] = {
    [R_CHECK] = {"check", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the check that it was for"},
    [R_TARGET] = {"target", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its target; empty: unknown"},
    [R_PACK] = {"pack", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "for which pack; empty: the box"},
    [REMEDY] = {"remedy", CELL_TEXT, COLUMN_MAIN, "the newest remedy"},
    [TIER] = {"tier", CELL_TEXT, 0, "tier that it needed"},
    [OUTCOME] = {"outcome", CELL_TEXT, COLUMN_MAIN, "ok, error, refused"},
    [EXIT_CODE] = {"exit_code", CELL_INT, 0, "its exit code"},
    [R_AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was carried out"},
    [R_COUNT] = {"count", CELL_INT, 0, "how many repairs were carried out"},
    FOLD_COLUMNS,
};

enum {
    V_PACK,
    VERDICT,
    REASON,
    CLAUSES,
    PASSED,
    WARNED,
    FAILED,
    UNKNOWN,
    GIVEN,
    DIFFERS,
    GIVEN_AT,
    GIVEN_SEQ,
    POSITION,
    V_BASE
};

static const struct state_column verdict_columns[] = {
    [V_PACK] = {"pack", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which pack; empty: the box"},
    [VERDICT] = {"verdict", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN, "pass, warn, fail, unknown"},
    [REASON] = {"reason", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN, "the deciding clause, in words"},
    [CLAUSES] = {"clauses", CELL_LIST, COLUMN_JUDGED,
                 "a map for each clause: id, question, state, reason, messages, evidence, first, remedy"},
    [PASSED] = {"passed", CELL_INT, COLUMN_JUDGED | COLUMN_MAIN, "clauses that pass"},
    [WARNED] = {"warned", CELL_INT, COLUMN_JUDGED | COLUMN_MAIN, "clauses that warn"},
    [FAILED] = {"failed", CELL_INT, COLUMN_JUDGED | COLUMN_MAIN, "clauses that fail"},
    [UNKNOWN] = {"unknown", CELL_INT, COLUMN_JUDGED | COLUMN_MAIN, "clauses about which nothing is known"},
    [GIVEN] = {"given", CELL_TEXT, 0, "the newest recorded verdict"},
    [DIFFERS] = {"differs", CELL_BOOL, COLUMN_JUDGED, "the recorded verdict differs from this one"},
    [GIVEN_AT] = {"given_at", CELL_INT, COLUMN_TIME, "when it was recorded"},
    [GIVEN_SEQ] = {"given_seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [POSITION] = {"given_position", CELL_INT, 0, "number of events that it was computed from"},
    FOLD_COLUMNS,
};

enum {
    K_PACK,
    K_CLAUSE,
    K_STATE,
    K_REASON,
    K_MESSAGES,
    K_FIRST,
    K_REMEDY,
    K_QUESTION,
    K_SINCE,
    K_SINCE_SEQ,
    K_EVIDENCE,
    K_N
};

static const struct state_column clause_columns[] = {
    [K_PACK] = {"pack", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which pack; empty: the box"},
    [K_CLAUSE] = {"clause", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [K_STATE] = {"state", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN, "pass, warn, fail, unknown; null: it does not apply"},
    [K_REASON] = {"reason", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN, "what was found"},
    [K_MESSAGES] = {"messages", CELL_LIST, COLUMN_JUDGED, "the same as a list of maps: id, args, words"},
    [K_FIRST] = {"first", CELL_TEXT, COLUMN_JUDGED, "what a person does before the remedy"},
    [K_REMEDY] = {"remedy", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN,
                  "the remedy as a command; replace what is in capital letters"},
    [K_QUESTION] = {"question", CELL_TEXT, COLUMN_JUDGED, "the question"},
    [K_SINCE] = {"since", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it entered its present state"},
    [K_SINCE_SEQ] = {"since_seq", CELL_INT, COLUMN_SEQ, "the event that caused this state"},
    [K_EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the events that it is based on"},
};

/* ---- folds ---- */

/* A number into one column, a text or a truth value into the one after it. */
static void replace_any(struct fold *fold, struct row *row, size_t column, const char *field) {
    bool truth;
    fold_replace(fold, row, column, field);
    fold_replace(fold, row, column + 1, field);
    if (fold_bool(fold, field, &truth)) {
        row_set_str(row, column + 1, truth ? "true" : "false");
    }
}

/* The field as a state for fold_state. */
static void set_state(struct fold *fold, struct row *row, size_t base, size_t column, const char *field) {
    char word[64] = "unknown";
    struct bytes text;
    if (fold_text(fold, field, &text)) {
        size_t n = reason_fits(text, sizeof(word) - 1);
        for (size_t i = 0; i < n; i++) {
            word[i] = (char)text.p[i];
        }
        word[n] = '\0';
    }
    fold_state(fold, row, base, column, word);
}

static int fold_observed(struct fold *fold, struct err *err) {
    struct bytes key[2] = {fold_name(fold, "check"), {0}};
    struct row *row;
    fold_text(fold, "target", &key[1]);
    int rc = fold_row(fold, CHECKS, key, 2, &row, err);
    if (rc != 0) return rc;
    row_add(row, COUNT, 1);
    if (!fold_is_news(fold, row, C_BASE, AT, LATE)) return 0;
    set_state(fold, row, C_BASE, STATUS, "status");
    replace_any(fold, row, VALUE, "value");
    replace_any(fold, row, LIMIT, "limit");
    fold_replace(fold, row, UNIT, "unit");
    fold_replace(fold, row, LATENCY_MS, "latency_ms");
    fold_replace(fold, row, OFFLINE, "offline");
    fold_replace(fold, row, PACK, "pack");
    fold_replace(fold, row, DIGEST, "digest");
    return 0;
}

static int fold_remedied(struct fold *fold, struct err *err) {
    struct bytes key[3] = {fold_name(fold, "check"), {0}, {0}};
    struct row *row;
    fold_text(fold, "target", &key[1]);
    fold_text(fold, "pack", &key[2]);
    int rc = fold_row(fold, REPAIRS, key, 3, &row, err);
    if (rc != 0) return rc;
    set_state(fold, row, R_BASE, OUTCOME, "outcome");
    fold_replace(fold, row, REMEDY, "remedy");
    fold_replace(fold, row, TIER, "tier");
    fold_replace(fold, row, EXIT_CODE, "exit_code");
    row_set_int(row, R_AT, (int64_t)fold_when(fold));
    row_add(row, R_COUNT, 1);
    fold_touch(fold, row, R_BASE);
    return 0;
}

/* A verdict of a pack names it in the subject, else in the body; any other is the box's. */
static int fold_judged(struct fold *fold, struct err *err) {
    struct bytes pack = {0}, before;
    struct row *row;
    fold_text(fold, "pack", &pack);
    if (bytes_has_prefix(fold_event(fold)->subject, "pack/")) {
        pack = fold_name(fold, "pack");
    }
    int rc = fold_row(fold, VERDICTS, &pack, 1, &row, err);
    if (rc != 0) return rc;
    struct bytes was = row_text(row, GIVEN);
    bool other = fold_text(fold, "verdict_before", &before) && was.n > 0 && !bytes_eq(before, was);
    set_state(fold, row, V_BASE, GIVEN, "verdict");
    fold_replace(fold, row, POSITION, "position");
    row_set_int(row, GIVEN_AT, (int64_t)fold_when(fold));
    row_set_int(row, GIVEN_SEQ, (int64_t)fold_event(fold)->seq);
    if (other) {
        fold_violation(fold, row, V_BASE, "it was %.*s before by this event, %.*s by those before it", (int)before.n,
                       (const char *)before.p, (int)was.n, (const char *)was.p);
    }
    return 0;
}

/* Adds or removes the rows of a subject that can be judged. */
static int fold_judgeable(struct fold *fold, struct bytes pack, bool there, struct err *err) {
    struct row *row = NULL;
    int rc = there ? fold_row(fold, VERDICTS, &pack, 1, &row, err) : fold_find(fold, VERDICTS, &pack, 1, &row, err);
    if (rc == 0 && row != NULL && there) {
        fold_cite(fold, row, V_BASE);
    } else if (rc == 0 && row != NULL) {
        fold_drop(row);
    }
    for (size_t i = 0; i < verdict_clause_count && rc == 0; i++) {
        const struct bytes key[] = {pack, bytes_of(verdict_clauses[i].id)};
        if (verdict_clauses[i].of_pack != (pack.n > 0)) continue;
        rc = there ? fold_row(fold, CLAUSES_OF, key, 2, &row, err) : fold_find(fold, CLAUSES_OF, key, 2, &row, err);
        if (rc == 0 && row != NULL && !there) {
            fold_drop(row);
        }
    }
    return rc;
}

static int fold_doctor(struct fold *fold, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct bytes step = fold_step(fold);
    if (bytes_is(event->kind, "ledger.created")) {
        return fold_judgeable(fold, (struct bytes){0}, true, err);
    }
    if (bytes_has_prefix(event->kind, "pack.")) {
        return fold_judgeable(fold, fold_name(fold, "pack"), !bytes_is(step, "removed"), err);
    }
    if (event->body.n == 0) return 0;
    return bytes_is(step, "observed")   ? fold_observed(fold, err)
           : bytes_is(step, "remedied") ? fold_remedied(fold, err)
           : bytes_is(step, "judged")   ? fold_judged(fold, err)
                                        : 0;
}

/* ---- the verdict ---- */

static void put_messages(struct buf *out, const struct verdict_case *c) {
    mp_put_array(out, c->n_said);
    buf_put(out, c->said, c->said_bytes);
}

/* A clause's map, with fields in name order. */
static int put_clause(struct buf *out, const struct verdict_case *c, const struct verdict_clause *clause, struct err *err) {
    struct buf remedy = {.max = 4096};
    verdict_remedy(c, clause, &remedy);
    const char *first = verdict_first(c, clause);
    mp_put_map(out, 6 + (remedy.n > 0) + (first != NULL));
    mp_put_str(out, bytes_of("evidence"));
    mp_put_array(out, (uint32_t)c->reason.n_seqs);
    for (size_t i = 0; i < c->reason.n_seqs; i++) {
        mp_put_uint(out, c->reason.seqs[i]);
    }
    if (first != NULL) {
        mp_pair_str(out, "first", bytes_of(first));
    }
    mp_pair_str(out, "id", bytes_of(clause->id));
    mp_put_str(out, bytes_of("messages"));
    put_messages(out, c);
    mp_pair_str(out, "question", bytes_of(messages[clause->question].text));
    mp_pair_str(out, "reason", bytes_of(c->reason.words));
    if (remedy.n > 0) {
        mp_pair_str(out, "remedy", bytes_of_buf(&remedy));
    }
    mp_pair_str(out, "state", bytes_of(verdict_words[c->state]));
    int rc = buf_check(&remedy, "a remedy", err);
    buf_done(&remedy);
    return rc;
}

struct verdict {
    enum verdict_state state;
    int64_t n[VERDICT_STATES];
    char reason[REASON_MAX + 64];
    struct buf clauses; /* their maps, one after the other */
    uint32_t n_clauses;
};

static int judge_clause(struct verdict_case *c, const struct verdict_clause *clause, struct verdict *v, struct row *row,
                        struct err *err) {
    verdict_case_init(c);
    int rc = clause->judge(c, err);
    verdict_counted(c);
    if (rc != 0 || c->left_out) return rc;
    rc = put_clause(&v->clauses, c, clause, err);
    if (rc != 0) return rc;
    v->n_clauses++;
    if (v->n[c->state]++ == 0 && c->state > v->state) {
        v->state = c->state;
        snprintf(v->reason, sizeof(v->reason), "%s: %s", clause->id, c->reason.words);
    }
    for (size_t i = 0; i < c->reason.n_seqs; i++) {
        row_cite(row, V_BASE + FOLD_EVIDENCE, c->reason.seqs[i]);
    }
    return 0;
}

static int judge_all(struct verdict_case *c, struct verdict *v, struct row *row, struct err *err) {
    int rc = 0;
    bool of_pack = c->pack.n > 0;
    for (size_t i = 0; i < verdict_clause_count && rc == 0; i++) {
        if (verdict_clauses[i].of_pack == of_pack) {
            rc = judge_clause(c, &verdict_clauses[i], v, row, err);
        }
    }
    if (rc == 0) rc = buf_check(&v->clauses, "the clauses of a verdict", err);
    return rc;
}

static int set_clauses(const struct verdict *v, struct row *row, struct err *err) {
    struct buf list = {.max = ROW_LIST_MAX};
    mp_put_array(&list, v->n_clauses);
    buf_put_bytes(&list, bytes_of_buf(&v->clauses));
    int rc = buf_check(&list, "the clauses of a verdict", err);
    if (rc == 0) {
        row_set_list(row, CLAUSES, bytes_of_buf(&list));
    }
    buf_done(&list);
    return rc;
}

static void fill_row(const struct verdict *v, struct row *row) {
    const char *word = verdict_words[v->state];
    row_set_str(row, VERDICT, word);
    row_set_str(row, REASON, v->reason[0] != '\0' ? v->reason : NULL);
    row_set_int(row, PASSED, v->n[VERDICT_PASS]);
    row_set_int(row, WARNED, v->n[VERDICT_WARN]);
    row_set_int(row, FAILED, v->n[VERDICT_FAIL]);
    row_set_int(row, UNKNOWN, v->n[VERDICT_UNKNOWN]);
    if (row_has(row, GIVEN)) {
        row_set_bool(row, DIFFERS, !row_is(row, GIVEN, word));
    }
}

/* The case of a pack, or of the box; `name` keeps what the row's cells borrow, since they move while it is judged. */
static int open_case(struct state_view *view, struct bytes of, struct buf *name, struct row *pack, struct verdict_case *c,
                     struct err *err) {
    bool there = false;
    buf_init(name, ROW_TEXT_MAX);
    buf_put_bytes(name, of);
    *c = (struct verdict_case){.view = view, .pack = bytes_of_buf(name)};
    int rc = look_judged(view, "packs", &c->pack, 1, pack, &there, err);
    c->installed = there ? pack : NULL;
    if (rc == 0) rc = buf_check(name, "a pack's name", err);
    return rc;
}

static int judge_verdict(struct state_view *view, struct row *row, struct err *err) {
    struct verdict v = {.state = VERDICT_PASS};
    struct verdict_case c;
    struct row pack;
    struct buf name;
    buf_init(&v.clauses, ROW_LIST_MAX);
    int rc = open_case(view, row_text(row, V_PACK), &name, &pack, &c, err);
    if (rc == 0) rc = judge_all(&c, &v, row, err);
    if (rc == 0) {
        fill_row(&v, row);
        rc = set_clauses(&v, row, err);
    }
    row_done(&pack);
    buf_done(&name);
    buf_done(&v.clauses);
    return rc;
}

static const struct verdict_clause *clause_of(const struct row *row) {
    bool of_pack = row_text(row, K_PACK).n > 0;
    for (size_t i = 0; i < verdict_clause_count; i++) {
        if (verdict_clauses[i].of_pack == of_pack && row_is(row, K_CLAUSE, verdict_clauses[i].id)) {
            return &verdict_clauses[i];
        }
    }
    return NULL;
}

static int fill_clause(const struct verdict_case *c, const struct verdict_clause *clause, struct row *row,
                       struct err *err) {
    struct buf remedy = {.max = 4096}, said = {.max = VERDICT_SAID_MAX + 8};
    verdict_remedy(c, clause, &remedy);
    put_messages(&said, c);
    row_set_str(row, K_STATE, c->left_out ? NULL : verdict_words[c->state]);
    row_set_str(row, K_REASON, c->reason.n > 0 ? c->reason.words : NULL);
    row_set_list(row, K_MESSAGES, bytes_of_buf(&said));
    row_set_str(row, K_FIRST, verdict_first(c, clause));
    row_set_str(row, K_QUESTION, messages[clause->question].text);
    row_set_null(row, K_REMEDY);
    if (remedy.n > 0) {
        row_set_text(row, K_REMEDY, bytes_of_buf(&remedy));
    }
    for (size_t i = 0; i < c->reason.n_seqs; i++) {
        row_cite(row, K_EVIDENCE, c->reason.seqs[i]);
    }
    int rc = buf_check(&said, "the messages of a clause", err);
    if (rc == 0) rc = buf_check(&remedy, "a remedy", err);
    buf_done(&remedy);
    buf_done(&said);
    return rc;
}

static int judge_row_of_clause(struct state_view *view, struct row *row, struct err *err) {
    const struct verdict_clause *clause = clause_of(row);
    struct verdict_case c;
    struct row pack;
    struct buf name;
    if (clause == NULL) {
        return 0; /* a clause that this program no longer has */
    }
    int rc = open_case(view, row_text(row, K_PACK), &name, &pack, &c, err);
    verdict_case_init(&c);
    if (rc == 0) rc = clause->judge(&c, err);
    if (rc == 0) {
        verdict_counted(&c);
        rc = fill_clause(&c, clause, row, err);
    }
    row_done(&pack);
    buf_done(&name);
    return rc;
}

static const struct state_table tables[] = {
    [CHECKS] = {"checks", "check", "A row is a check and its target: the newest observation.", check_columns,
                C_BASE + FOLD_N, NULL},
    [REPAIRS] = {"repairs", "repair", "A row is a repair for a check or a clause, and how it ended.", repair_columns,
                 R_BASE + FOLD_N, NULL},
    [VERDICTS] = {"verdicts", "verdict", "A row is a verdict on the box or a pack, with its clauses.", verdict_columns,
                  V_BASE + FOLD_N, judge_verdict},
    [CLAUSES_OF] = {"clauses", "clause", "A row is a clause of a verdict: what it found, and the remedy.", clause_columns,
                    K_N, judge_row_of_clause},
};
static const char *const kinds[] = {"doctor.*", "ledger.created", "pack.installed", "pack.upgraded", "pack.removed", NULL};

const struct projection projection_doctor = {"doctor", 14, tables, TABLES, kinds, fold_doctor};
