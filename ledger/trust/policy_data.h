/* A policy in memory: shared by policy_data.c, which maintains it, policy_judge.c, which judges by it, and policy_file.c,
 * which reads and writes its text. No other file includes this. */
#ifndef LEDGER_TRUST_POLICY_DATA_H
#define LEDGER_TRUST_POLICY_DATA_H

#include "ledger/trust/policy.h"

/* Witnesses and groups share one name space. A node names one of them: witness i is node i, group i is POLICY_MAX + i. */
#define POLICY_NODES     (2 * POLICY_MAX)
#define POLICY_NODE_NONE POLICY_NODES

enum policy_rule { POLICY_ALL, POLICY_ANY, POLICY_COUNT };

struct policy_witness {
    char name[NOTE_NAME_MAX + 1];
    struct note_vkey vkey;
    char *url; /* owned; NULL when none was given */
};

/* Its members are members[first .. first + n): nodes that were defined before it. */
struct policy_group {
    char name[NOTE_NAME_MAX + 1];
    enum policy_rule rule;
    size_t k; /* the number of members that must have witnessed */
    size_t first, n;
};

struct policy {
    size_t n_logs, n_witnesses, n_groups, n_members, n_genesis, n_heads;
    struct policy_log logs[POLICY_MAX];
    char *log_urls[POLICY_MAX]; /* owned; NULL when none was given */
    struct policy_witness witnesses[POLICY_MAX];
    struct policy_group groups[POLICY_MAX];
    uint16_t members[POLICY_NODES]; /* each node is a member at most once, so they all fit */
    bool is_member[POLICY_NODES];
    uint16_t quorum; /* a node, or POLICY_NODE_NONE */
    struct policy_genesis genesis[POLICY_MAX];
    struct policy_head heads[POLICY_MAX];
};

#endif
