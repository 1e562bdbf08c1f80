/* A clause is a row of the table "clauses", which its judge fills when it is read. */
#include "cli/doctor/answer.h"

#include <string.h>

#include "cli/print/words.h"
#include "projections/rows/named.h"
#include "projections/verdict/grade.h"
#include "projections/view/look.h"
#include "projections/walk/since.h"

const char *const clause_words[CLAUSE_STATES] = {[CLAUSE_PASS] = WORDS_TEXT("pass"),
                                                 [CLAUSE_UNKNOWN] = WORDS_TEXT("unknown"),
                                                 [CLAUSE_WARN] = WORDS_TEXT("warn"),
                                                 [CLAUSE_FAIL] = WORDS_TEXT("fail"),
                                                 [CLAUSE_LEFT_OUT] = WORDS_TEXT("left out")};

static enum clause_state state_of(const struct row *row) {
    for (int i = 0; i < CLAUSE_LEFT_OUT; i++) {
        if (named_is(row, "state", clause_words[i])) return (enum clause_state)i;
    }
    return CLAUSE_LEFT_OUT;
}

static uint64_t number(const struct row *row, const char *column) {
    return named_has(row, column) ? (uint64_t)named_int(row, column) : UINT64_MAX;
}

static void fill(struct clause *clause) {
    const struct row *row = &clause->row;
    size_t evidence = named_column(row, "evidence");
    clause->state = state_of(row);
    clause->id = named_text(row, "clause");
    clause->reason = named_text(row, "reason");
    clause->first = named_text(row, "first");
    clause->remedy = named_text(row, "remedy");
    clause->question = named_text(row, "question");
    clause->messages = named_list(row, "messages");
    clause->since = number(row, "since");
    clause->since_seq = number(row, "since_seq");
    clause->n_evidence = evidence != SIZE_MAX ? row_seqs(row, evidence, clause->evidence, ROW_SEQS_MAX) : 0;
    clause->n_evidence = clause->n_evidence < ROW_SEQS_MAX ? clause->n_evidence : ROW_SEQS_MAX;
}

/* An event that cannot be read is reported by the view. */
static void find_grade(struct ledger *ledger, struct clause *clause) {
    struct err ignored = {0};
    clause->grade = NULL;
    verdict_grade(ledger, clause->evidence, clause->n_evidence, &clause->grade, &ignored);
}

static bool is_wanted(struct bytes id, const struct bytes *only, size_t n_only) {
    for (size_t i = 0; i < n_only; i++) {
        if (bytes_eq(only[i], id)) return true;
    }
    return n_only == 0;
}

/* The row that is read is borrowed, so each clause is got once more, into a row of its own. */
static int add(struct ledger *ledger, struct state_view *view, size_t table, struct bytes pack, struct bytes id,
               struct answer *answer, struct err *err) {
    const struct bytes key[] = {pack, id};
    if (answer->n == ANSWER_CLAUSES_MAX) return err_set(err, ERR_LIMIT, "more than %d clauses", ANSWER_CLAUSES_MAX);
    struct clause *clause = &answer->clauses[answer->n++];
    row_init(&clause->row, state_table(view, table));
    int rc = state_get(view, table, key, 2, &clause->row, err);
    if (rc == 0) rc = since_find(view, &clause->row, err);
    if (rc == 0) {
        fill(clause);
        find_grade(ledger, clause);
        answer->count[clause->state]++;
        bool heavier = clause->state != CLAUSE_LEFT_OUT && clause->state > answer->verdict;
        answer->verdict = heavier ? clause->state : answer->verdict;
    }
    return rc;
}

int answer_open(struct asof *view, struct cli *cli, const char *at, bool again) {
    int exit_code = again ? asof_ledger_again(view, cli) : asof_ledger(view, cli);
    view->recorded = true;
    return exit_code != 0 ? exit_code : asof_moment(view, at);
}

struct bytes answer_pack(const char *text) {
    struct bytes pack = bytes_of(text);
    return bytes_has_prefix(pack, "pack/") ? (struct bytes){pack.p + 5, pack.n - 5} : pack;
}

static int read_from(struct ledger *ledger, struct state_view *view, struct bytes pack, const struct bytes *only,
                     size_t n_only, struct answer *ret, struct err *err) {
    size_t table = state_table_find(view, "clauses");
    struct state_rows *rows = NULL;
    const struct row *row;
    size_t n = 0;
    *ret = (struct answer){.pack = pack, .at = state_at(view), .now = state_now(view)};
    if (table == SIZE_MAX) return err_set(err, ERR_NOTFOUND, "verdicts are not kept here");
    int rc = state_rows_open(view, table, &pack, 1, &rows, err);
    for (; rc == 0 && (rc = state_rows_next_stored(rows, &row, err)) == 0; n++) {
        struct bytes id = named_text(row, "clause");
        if (is_wanted(id, only, n_only)) rc = add(ledger, view, table, pack, id, ret, err);
    }
    state_rows_close(rows);
    if (rc == 1 && n == 0 && pack.n == 0) {
        return err_set(err, ERR_NOTFOUND, "there is no verdict of that time: the log had not begun");
    }
    if (rc == 1 && n == 0) {
        return err_set(err, ERR_NOTFOUND,
                       "there is no verdict on the pack '%.*s': up to that moment nothing is known of it", (int)pack.n,
                       pack.n > 0 ? (const char *)pack.p : "");
    }
    return rc < 0 ? rc : 0;
}

int answer_read(struct asof *view, struct state_view **state, struct bytes pack, const struct bytes *only, size_t n_only,
                struct answer *ret, struct err *err) {
    struct err why = {0};
    int rc = read_from(view->ledger, *state, pack, only, n_only, ret, &why);
    if (rc == ERR_CORRUPT && view->base == STATE_STORED) {
        answer_done(ret);
        rc = asof_state_again(view, state, &why);
        if (rc == 0) rc = read_from(view->ledger, *state, pack, only, n_only, ret, &why);
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

void answer_done(struct answer *answer) {
    for (size_t i = 0; i < answer->n; i++) {
        row_done(&answer->clauses[i].row);
    }
    answer->n = 0;
}

const struct clause *answer_find(const struct answer *answer, struct bytes id) {
    for (size_t i = 0; i < answer->n; i++) {
        if (bytes_eq(answer->clauses[i].id, id)) return &answer->clauses[i];
    }
    return NULL;
}

bool answer_is_good(const struct answer *answer) {
    return answer->count[CLAUSE_FAIL] == 0 && answer->count[CLAUSE_UNKNOWN] == 0;
}
