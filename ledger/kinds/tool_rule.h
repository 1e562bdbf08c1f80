/* Rules of policies for calls of tools, as they are in the field `tool_rules` of policy.declared: which calls, how far
 * such a call can go (its tier), and what a guard lets pass. docs/permissions.md has their meaning. */
#ifndef LEDGER_KINDS_TOOL_RULE_H
#define LEDGER_KINDS_TOOL_RULE_H

#include "base/err.h"
#include "base/mp.h"

#define TOOL_RULES_MAX     512 /* in one policy */
#define TOOL_RULE_TEXT_MAX 256 /* bytes of a name, of a pattern */
#define TOOL_RULES_BYTES_MAX                                                                                               \
    ((size_t)256 << 10) /* of the rules of one policy as they are stored: what a row of states holds */

struct tool_rule {
    struct bytes name; /* empty: none */
    struct bytes tool, server, agent,
        group;      /* patterns, the group a word; p NULL: any. A server that is empty but there: of none */
    int tier;       /* scope_tier */
    bool arguments; /* it fits some arguments only */
};

struct tool_rules {
    struct mp_reader reader;
    uint32_t left, at;
};
/* Borrows the list; what is not a list has no rules. */
void tool_rules_open(struct tool_rules *rules, struct bytes list);
/* The next rule, borrowed. What is not a map with a tier is passed over. False at the end. *ret_number: its place, from 1.
 */
bool tool_rules_next(struct tool_rules *rules, struct tool_rule *ret, uint32_t *ret_number);

/* A call; what is not known is empty. */
struct tool_call {
    struct bytes tool, server, agent, group;
};
/* The server that a tool's name names, "mcp__SERVER__TOOL"; empty: it names none. Borrowed from the name. */
struct bytes tool_rule_server(struct bytes tool);
/* All patterns fit; arguments play no part. */
bool tool_rule_fits(const struct tool_rule *rule, const struct tool_call *call);

/* Whether a policy.declared may have these fields (others may have any): rules that say which calls they are for, patterns
 * and numbers that can be meant, a version, and nothing that became private. ERR_INVALID, in words. */
int tool_rule_check(struct bytes kind, struct bytes body, struct bytes private_, struct err *err);

#endif
