/* A policy's rules for tool calls, as stored in the field `tool_rules` of policy.declared: which calls a rule is for, how
 * far such a call can go (its tier), and what a guard lets pass. docs/permissions.md explains them. */
#ifndef LEDGER_KINDS_TOOL_RULE_H
#define LEDGER_KINDS_TOOL_RULE_H

#include "base/err.h"
#include "base/mp.h"

#define TOOL_RULES_MAX       512                 /* in one policy */
#define TOOL_RULE_TEXT_MAX   256                 /* bytes of a name, of a pattern */
#define TOOL_RULES_BYTES_MAX ((size_t)256 << 10) /* of the stored rules of one policy: what a row of states can hold */

struct tool_rule {
    struct bytes name; /* empty: none */
    struct bytes tool, server, agent,
        group;      /* patterns, except the group, a word; p NULL: any. A present but empty server: of no server */
    int tier;       /* scope_tier */
    bool arguments; /* it applies to some arguments only */
};

struct tool_rules {
    struct mp_reader reader;
    uint32_t left, at;
};
/* Borrows the list; anything but a list has no rules. */
void tool_rules_open(struct tool_rules *rules, struct bytes list);
/* The next rule, borrowed; false at the end. Skips anything that is not a map with a tier. *ret_number: its place, from
 * 1. */
bool tool_rules_next(struct tool_rules *rules, struct tool_rule *ret, uint32_t *ret_number);

/* A call; unknown parts are empty. */
struct tool_call {
    struct bytes tool, server, agent, group;
};
/* The server in a tool's name, "mcp__SERVER__TOOL", borrowed from the name; empty when it has none. */
struct bytes tool_rule_server(struct bytes tool);
/* Whether all patterns match; arguments are not considered. */
bool tool_rule_fits(const struct tool_rule *rule, const struct tool_call *call);

/* Whether a policy.declared may have these fields (other kinds may have any): each rule says which calls it is for, its
 * patterns and numbers make sense, the policy has a version, and the rules did not become private. ERR_INVALID, with a
 * message. */
int tool_rule_check(struct bytes kind, struct bytes body, struct bytes private_, struct err *err);

#endif
