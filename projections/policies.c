/* Policies by name: a declaration takes the place of the one before, whole. One without rules and without a default says
 * nothing of tools any more, which is how a policy is taken back. */
#include "projections/policies.h"

#include "projections/fold.h"
#include "projections/list.h"

static const struct state_column columns[] = {
    [POLICIES_NAME] = {"policy", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [POLICIES_STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "judging (it has rules for tools, or a default), declared"},
    [POLICIES_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [POLICIES_DEFAULT] = {"default_tier", CELL_TEXT, COLUMN_MAIN, "tier of a call that no rule fits"},
    [POLICIES_N_RULES] = {"rules", CELL_INT, COLUMN_MAIN, "rules for calls of tools"},
    [POLICIES_RULES] = {"tool_rules", CELL_LIST, 0, "these rules"},
    [POLICIES_SCOPE] = {"scope", CELL_TEXT, 0, "what it governs"},
    [POLICIES_DIGEST] = {"digest", CELL_TEXT, 0, "digest of its text"},
    [POLICIES_BY] = {"by", CELL_TEXT, 0, "who declared it"},
    [POLICIES_DECLARED_SEQ] = {"declared_seq", CELL_INT, COLUMN_SEQ, "the event that declared it as it is"},
    FOLD_COLUMNS,
};

static int64_t count(struct bytes raw) {
    struct list list;
    struct bytes item;
    int64_t n = 0;
    list_open(&list, raw);
    while (list_next(&list, &item)) {
        n++;
    }
    return n;
}

static int fold_policy(struct fold *fold, struct err *err) {
    static const struct {
        size_t column;
        const char *field;
    } copied[] = {{POLICIES_VERSION, "version"},
                  {POLICIES_DEFAULT, "default"},
                  {POLICIES_RULES, "tool_rules"},
                  {POLICIES_SCOPE, "scope"},
                  {POLICIES_DIGEST, "digest"}};
    struct bytes name = fold_subject(fold), rules = {0};
    struct row *row;
    int rc = fold_row(fold, 0, &name, 1, &row, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        row_set_null(row, copied[i].column);
        fold_copy(fold, row, copied[i].column, copied[i].field);
    }
    fold_raw(fold, "tool_rules", &rules);
    row_set_int(row, POLICIES_N_RULES, count(rules));
    row_set_text(row, POLICIES_BY, fold_event(fold)->actor);
    row_set_int(row, POLICIES_DECLARED_SEQ, (int64_t)fold_event(fold)->seq);
    bool judges = row_int(row, POLICIES_N_RULES) > 0 || row_has(row, POLICIES_DEFAULT);
    fold_state(fold, row, POLICIES_BASE, POLICIES_STATE, judges ? "judging" : "declared");
    return 0;
}

static const struct state_table tables[] = {
    {"policies", "policy", "A row is a policy as it was declared last.", columns, POLICIES_BASE + FOLD_N, NULL},
};
static const char *const kinds[] = {"policy.declared", NULL};

const struct projection projection_policies = {"policies", 1, tables, 1, kinds, fold_policy};
