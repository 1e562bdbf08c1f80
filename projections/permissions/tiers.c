/* Policies are copied from their rows when the first call of a view is judged. Later calls are judged by the copies; a walk
 * is told that they depend on these rows all the same. */
#include "projections/permissions/tiers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "ledger/kinds/scope.h"
#include "projections/permissions/policies.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

static const struct {
    const char *tool, *server, *group, *tier;
} shipped[] = {
#define TOOL(tool, server, tier) {tool, server, NULL, tier},
#define GROUP(group, tier)       {NULL, NULL, group, tier},
#include "projections/permissions/tiers_default.def"
#undef TOOL
#undef GROUP
};

struct policy {
    int64_t seq;
    int by_default; /* scope_tier */
    char name[TIERS_WORDS_MAX];
    size_t at, n; /* its rules, in `rules` */
};

struct tiers {
    struct policy *policy; /* the newest first */
    size_t n, room;
    struct buf rules;
};

static void free_tiers(void *p) {
    struct tiers *tiers = p;
    buf_done(&tiers->rules);
    free(tiers->policy);
    free(tiers);
}

const char *tiers_word(int tier) {
    static const char *const words[] = {"T0", "T1", "T2", "T3"};
    return tier == TIER_UNKNOWN ? NULL : words[tier];
}

/* ---- reading ---- */

static int newest_first(const void *a, const void *b) {
    int64_t x = ((const struct policy *)a)->seq, y = ((const struct policy *)b)->seq;
    return x < y ? 1 : x > y ? -1 : 0;
}

static int add_policy(struct tiers *tiers, const struct row *row, struct err *err) {
    int rc = array_room(&tiers->policy, tiers->n + 1, &tiers->room, sizeof(*tiers->policy), err);
    if (rc != 0) return rc;
    struct policy *p = &tiers->policy[tiers->n++];
    struct bytes list = row_list(row, POLICIES_RULES);
    *p = (struct policy){.seq = row_int(row, POLICIES_DECLARED_SEQ),
                         .by_default = scope_tier(row_text(row, POLICIES_DEFAULT)),
                         .at = tiers->rules.n,
                         .n = list.n};
    struct bytes name = row_text(row, POLICIES_NAME), version = row_text(row, POLICIES_VERSION);
    snprintf(p->name, sizeof(p->name), "%.*s %.*s", REASON_PART(name, 80), REASON_PART(version, 40));
    buf_put_bytes(&tiers->rules, list);
    return buf_check(&tiers->rules, "the rules of policies", err);
}

static int load(struct state_view *view, struct err *err) {
    struct tiers *tiers = calloc(1, sizeof(*tiers));
    struct state_rows *rows = NULL;
    const struct row *row;
    if (tiers == NULL) return err_set(err, ERR_NOMEM, "no memory for the policies");
    buf_init(&tiers->rules, POLICIES_RULES_MAX);
    int rc = look_rows(view, "policies", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        rc = add_policy(tiers, row, err);
    }
    state_rows_close(rows);
    if (rc < 0) {
        free_tiers(tiers);
        return rc;
    }
    if (tiers->n > 0) {
        qsort(tiers->policy, tiers->n, sizeof(tiers->policy[0]), newest_first);
    }
    view->read = (struct view_guest){tiers, free_tiers};
    view->read_table = state_table_find(view, "policies");
    return 0;
}

/* ---- judging ---- */

static void say(struct tiers_answer *a, int tier, uint64_t seq, const char *policy, const char *rule) {
    if (tier > a->tier) {
        a->tier = tier;
        a->seq = seq;
        snprintf(a->policy, sizeof(a->policy), "%s", policy);
        snprintf(a->rule, sizeof(a->rule), "%s", rule);
    }
}

static void rule_name(const struct tool_rule *rule, uint32_t number, char ret[TIERS_WORDS_MAX]) {
    if (rule->name.n > 0) {
        snprintf(ret, TIERS_WORDS_MAX, "%.*s", REASON_NAME(rule->name));
    } else {
        snprintf(ret, TIERS_WORDS_MAX, "rule %u", number);
    }
}

/* True: one of its rules decides. *a has what may hold. */
static bool ask_rules(const struct tiers *tiers, const struct policy *p, const struct tool_call *call,
                      struct tiers_answer *a) {
    struct tool_rules rules;
    struct tool_rule rule;
    uint32_t number;
    char name[TIERS_WORDS_MAX];
    tool_rules_open(&rules, (struct bytes){tiers->rules.p + p->at, p->n});
    while (tool_rules_next(&rules, &rule, &number)) {
        if (tool_rule_fits(&rule, call)) {
            rule_name(&rule, number, name);
            say(a, rule.tier, (uint64_t)p->seq, p->name, name);
            if (!rule.arguments) return true;
        }
    }
    return false;
}

/* The default of the newest policy that has one. */
static bool ask_default(const struct tiers *tiers, struct tiers_answer *a) {
    for (size_t i = 0; i < tiers->n; i++) {
        const struct policy *p = &tiers->policy[i];
        if (p->by_default != TIER_UNKNOWN) {
            say(a, p->by_default, (uint64_t)p->seq, p->name, "default");
            return true;
        }
    }
    return false;
}

static bool ask_shipped(const struct tool_call *call, struct tiers_answer *a) {
    for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
        const struct tool_rule rule = {.tool = bytes_of(shipped[i].tool),
                                       .server = bytes_of(shipped[i].server),
                                       .group = bytes_of(shipped[i].group),
                                       .tier = scope_tier(bytes_of(shipped[i].tier))};
        if (tool_rule_fits(&rule, call)) {
            say(a, rule.tier, LOG_NO_SEQ, "default " TIERS_DEFAULT_VERSION,
                shipped[i].tool != NULL ? shipped[i].tool : shipped[i].group);
            return true;
        }
    }
    return false;
}

int tiers_judge(struct state_view *view, const struct tool_call *asked, struct tiers_answer *ret, struct err *err) {
    struct tiers_answer a = {.tier = TIER_UNKNOWN, .seq = LOG_NO_SEQ};
    struct tool_call call = *asked;
    int rc = view->read.p == NULL ? load(view, err) : 0;
    const struct tiers *tiers = view->read.p;
    bool decided = false;
    watch_look(view->watched, WATCH_TABLE, state_table_find(view, "policies"), (struct bytes){0});
    call.server = call.server.n > 0 ? call.server : tool_rule_server(call.tool);
    for (size_t i = 0; rc == 0 && !decided && i < tiers->n; i++) {
        decided = ask_rules(tiers, &tiers->policy[i], &call, &a);
    }
    if (rc == 0 && !decided && !ask_default(tiers, &a) && !ask_shipped(&call, &a)) {
        a = (struct tiers_answer){.tier = TIER_UNKNOWN, .seq = LOG_NO_SEQ}; /* a rule that may match is not a bound */
    }
    if (rc == 0) {
        *ret = a;
    }
    return rc;
}

int tiers_close_egress(struct state_view *view, uint64_t *ret_seq, struct err *err) {
    const struct tool_call call = {.group = bytes_of("network.egress")};
    struct tiers_answer answer = {.tier = TIER_UNKNOWN, .seq = LOG_NO_SEQ};
    int rc = tiers_judge(view, &call, &answer, err);
    *ret_seq = rc == 0 && answer.tier == scope_tier(bytes_of("T3")) ? answer.seq : LOG_NO_SEQ;
    return rc;
}

void tiers_put(struct row *row, size_t column, const struct tiers_answer *answer) {
    for (size_t i = 0; i < TIERS_COLUMNS_N; i++) {
        row_set_null(row, column + i);
    }
    if (answer->tier != TIER_UNKNOWN) {
        row_set_str(row, column, tiers_word(answer->tier));
        row_set_str(row, column + 1, answer->policy);
        row_set_str(row, column + 2, answer->rule);
        if (answer->seq != LOG_NO_SEQ) {
            row_set_int(row, column + 3, (int64_t)answer->seq);
        }
    }
}
