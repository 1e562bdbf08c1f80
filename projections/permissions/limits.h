/* What a policy's rule lets pass besides its tier: arguments, directories, rate (docs/permissions.md). Asked by whoever stands
 * between the caller and the tool and sees the arguments, such as a tap. */
#ifndef PROJECTIONS_PERMISSIONS_LIMITS_H
#define PROJECTIONS_PERMISSIONS_LIMITS_H

#include "ledger/kinds/tool_rule.h"
#include "projections/view/state.h"

struct limits_call {
    struct tool_call call;
    struct bytes arguments; /* a canonical map; empty: none */
};

struct limits_answer {
    bool forbidden;          /* by `why` */
    char why[256];           /* names the policy and its rule */
    uint64_t seq;            /* the policy.declared of the rule that applies; LOG_NO_SEQ: none does */
    uint64_t calls_a_minute; /* of that rule; 0: not limited */
    uint64_t cooldown_ms;
    char rule[256]; /* "policy 'NAME', 'RULE'" */
};

/* The first rule that matches applies, as for tiers; here the arguments are known, so a rule for certain arguments matches or
 * does not. The built-in policy limits nothing. */
int limits_judge(struct state_view *view, const struct limits_call *call, struct limits_answer *ret, struct err *err);

/* The one path that a call with these arguments names, as a scope of filesystem.*; empty: none, several, or one that has a fault. Exactly
 * one argument names a path, by its own name or by its form; it is a text, an absolute path without a pattern; and no other argument is
 * a list or an object. */
struct bytes limits_path(struct bytes arguments);

/* Does the rule, a map as it is stored, forbid a call with these arguments? *ret: what follows "the call is forbidden: "; NULL:
 * it does not. `room` may be written. For tests, too. */
#define LIMITS_WHY_MAX 128
const char *limits_forbid(struct bytes rule, struct bytes arguments, char room[LIMITS_WHY_MAX]);
/* Do the rule's `arguments` all match? So does a call whose arguments have a name of the rule in other letters, which it forbids. */
bool limits_fits(struct bytes rule, struct bytes arguments);

#endif
