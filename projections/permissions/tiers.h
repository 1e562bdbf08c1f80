/* How far a tool call can go, judged by the policies of the log (docs/permissions.md): first those in the view, the newest
 * declaration first, then the one that ships with the program. The tier the source states (`tier`) plays no part.
 *
 * The first matching rule decides: those of the newest policy, in its order, then those of the one before, and so on. If no
 * rule of the log matches, the newest declared default decides; without one, the shipped policy. Arguments are private and
 * not visible here: a rule for certain arguments may match, so the highest tier that may hold is judged. */
#ifndef PROJECTIONS_PERMISSIONS_TIERS_H
#define PROJECTIONS_PERMISSIONS_TIERS_H

#include "ledger/kinds/tool_rule.h"
#include "projections/view/state.h"

#define TIERS_WORDS_MAX 160

struct tiers_answer {
    int tier;                     /* scope_tier; TIER_UNKNOWN: nothing says */
    uint64_t seq;                 /* the policy.declared that says it; LOG_NO_SEQ: the policy that ships */
    char policy[TIERS_WORDS_MAX]; /* "name version" */
    char rule[TIERS_WORDS_MAX];   /* its name, its number, or "default" */
};

/* Judges a call by the policies of the view, which are read once for all calls. */
int tiers_judge(struct state_view *view, const struct tool_call *call, struct tiers_answer *ret, struct err *err);
/* Does a declared policy put what names the group network.egress at T3? Then nothing leaves this machine unless a person lets it.
 * *ret_seq: the event of that policy; LOG_NO_SEQ: none does. */
int tiers_close_egress(struct state_view *view, uint64_t *ret_seq, struct err *err);
/* "T0" to "T3"; NULL: unknown. */
const char *tiers_word(int tier);
/* Sets judged columns of a row: tier, policy, rule and seq, in this order from `column` on. */
void tiers_put(struct row *row, size_t column, const struct tiers_answer *answer);
/* The names of these four columns in every table. */
/* clang-format off */
#define TIERS_COLUMNS_N 4
#define TIERS_COLUMNS                                                                                                    \
    {"judged_tier", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN, "T0 to T3, by the current policies; null: unknown"},         \
    {"judged_policy", CELL_TEXT, COLUMN_JUDGED, "the policy that sets this tier, and its version"},                      \
    {"judged_rule", CELL_TEXT, COLUMN_JUDGED, "the rule of that policy"},                                                \
    {"judged_seq", CELL_INT, COLUMN_JUDGED | COLUMN_SEQ,                                                                  \
     "the event that declared that policy; null: it ships with the program"}
/* clang-format on */

#endif
