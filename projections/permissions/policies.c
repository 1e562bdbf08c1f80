/* Policies by name: a declaration replaces the previous one entirely. One without rules and without a default says nothing
 * about tools any more, which is how a policy is withdrawn.
 *
 * Every judgement of a tier reads the rules of all policies, so their size is bounded, in total and per policy. A
 * declaration past that is a violation and is not taken; the previous one stays. Otherwise anyone who may append one event
 * could prevent all judgements. */
#include "projections/permissions/policies.h"

#include "ledger/kinds/capability.h"
#include "ledger/kinds/tool_rule.h"
#include "projections/fold/fold.h"
#include "projections/rows/list.h"

static const struct state_column columns[] = {
    [POLICIES_NAME] = {"policy", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [POLICIES_STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
                        "judging (it has rules for tools, a default, or tiers of machines), declared"},
    [POLICIES_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [POLICIES_DEFAULT] = {"default_tier", CELL_TEXT, COLUMN_MAIN, "tier of a call that no rule matches"},
    [POLICIES_N_RULES] = {"rules", CELL_INT, COLUMN_MAIN, "rules for calls of tools"},
    [POLICIES_RULES] = {"tool_rules", CELL_LIST, 0, "these rules"},
    [POLICIES_SCOPE] = {"scope", CELL_TEXT, 0, "what it governs"},
    [POLICIES_DIGEST] = {"digest", CELL_TEXT, 0, "digest of its text"},
    [POLICIES_BY] = {"by", CELL_TEXT, 0, "who declared it"},
    [POLICIES_DECLARED_SEQ] = {"declared_seq", CELL_INT, COLUMN_SEQ, "the event that declared its present version"},
    [POLICIES_TIERS] = {"capability_tiers", CELL_LIST, 0, "tiers of machines, and what may run on them"},
    FOLD_COLUMNS,
};

enum { POLICIES, ROOM };
enum { ROOM_OF, ROOM_BYTES, ROOM_COLUMNS };
static const struct state_column room_columns[] = {
    [ROOM_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "rules"},
    [ROOM_BYTES] = {"bytes", CELL_INT, COLUMN_MAIN, "their total size"},
};

_Static_assert(TOOL_RULES_BYTES_MAX <= ROW_LIST_MAX, "a row holds the rules of a policy");

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

/* Whether there is room for the rules and tiers in place of the row's present ones; if so, they are counted. */
static int take_room(struct fold *fold, struct row *row, struct bytes rules, struct bytes tiers, bool *ret,
                     struct err *err) {
    const struct bytes key = bytes_of("rules");
    struct row *room;
    int rc = fold_row(fold, ROOM, &key, 1, &room, err);
    if (rc != 0) return rc;
    size_t all = (size_t)row_int(room, ROOM_BYTES) - row_list(row, POLICIES_RULES).n - row_list(row, POLICIES_TIERS).n +
                 rules.n + tiers.n;
    *ret = rules.n <= TOOL_RULES_BYTES_MAX && tiers.n <= CAPABILITY_BYTES_MAX && all <= POLICIES_RULES_MAX;
    if (*ret) {
        row_set_int(room, ROOM_BYTES, (int64_t)all);
    } else {
        fold_violation(
            fold, row, POLICIES_BASE,
            "its %zu KiB of rules are not taken: at most %zu KiB a policy and %zu KiB in all, which would be %zu",
            (rules.n + tiers.n) >> 10, TOOL_RULES_BYTES_MAX >> 10, POLICIES_RULES_MAX >> 10, all >> 10);
    }
    return 0;
}

static int fold_policy(struct fold *fold, struct err *err) {
    static const struct {
        size_t column;
        const char *field;
    } copied[] = {{POLICIES_VERSION, "version"},        {POLICIES_DEFAULT, "default"}, {POLICIES_RULES, "tool_rules"},
                  {POLICIES_TIERS, "capability_tiers"}, {POLICIES_SCOPE, "scope"},     {POLICIES_DIGEST, "digest"}};
    struct bytes name = fold_subject(fold), rules = {0}, tiers = {0};
    struct row *row;
    bool fits = false;
    fold_raw(fold, "tool_rules", &rules);
    fold_raw(fold, "capability_tiers", &tiers);
    int rc = fold_row(fold, POLICIES, &name, 1, &row, err);
    if (rc == 0) rc = take_room(fold, row, rules, tiers, &fits, err);
    if (rc != 0 || !fits) return rc;
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        fold_replace(fold, row, copied[i].column, copied[i].field);
    }
    row_set_int(row, POLICIES_N_RULES, count(rules));
    row_set_text(row, POLICIES_BY, fold_event(fold)->actor);
    row_set_int(row, POLICIES_DECLARED_SEQ, (int64_t)fold_event(fold)->seq);
    bool judges = row_int(row, POLICIES_N_RULES) > 0 || row_has(row, POLICIES_DEFAULT) || row_has(row, POLICIES_TIERS);
    fold_state(fold, row, POLICIES_BASE, POLICIES_STATE, judges ? "judging" : "declared");
    return 0;
}

static const struct state_table tables[] = {
    [POLICIES] = {"policies", "policy", "A row is a policy as last declared.", columns, POLICIES_BASE + FOLD_N, NULL},
    [ROOM] = {"policy_room", "policy-room", "A row gives the total size of the rules of all policies.", room_columns,
              ROOM_COLUMNS, NULL},
};
static const char *const kinds[] = {"policy.declared", NULL};

const struct projection projection_policies = {"policies", 5, tables, 2, kinds, fold_policy};
