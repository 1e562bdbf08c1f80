/* How a policy judges a checkpoint.
 *
 * Groups are stored in order of definition and refer only to earlier definitions: one pass from first to last evaluates
 * them all, without recursion and without cycles. */
#include <string.h>

#include "ledger/trust/policy_data.h"

/* witnessed[] is set for the witnesses' nodes; this sets it for the groups' nodes. */
static bool quorum_met(const struct policy *policy, bool witnessed[POLICY_NODES]) {
    for (size_t i = 0; i < policy->n_groups; i++) {
        const struct policy_group *group = &policy->groups[i];
        size_t n = 0;
        for (size_t m = 0; m < group->n; m++) {
            n += witnessed[policy->members[group->first + m]] ? 1 : 0;
        }
        witnessed[POLICY_MAX + i] = n >= group->k;
    }
    return policy->quorum == POLICY_NODE_NONE || witnessed[policy->quorum];
}

static void take_bad(struct policy_verdict *verdict, enum note_verdict line, const struct note_vkey *key) {
    if (line == NOTE_BAD && !verdict->bad) {
        verdict->bad = true;
        verdict->bad_key = key;
    }
}

void policy_judge(const struct policy *policy, const struct note *note, struct policy_verdict *ret) {
    struct policy_verdict verdict = {.quorum_none = policy->quorum == POLICY_NODE_NONE};
    bool witnessed[POLICY_NODES] = {false};
    for (size_t i = 0; i < policy->n_logs; i++) {
        enum note_verdict log = note_check_key(note, &policy->logs[i].vkey, NULL);
        take_bad(&verdict, log, &policy->logs[i].vkey);
        if (log == NOTE_GOOD && !verdict.log_known) {
            verdict.log_known = true;
            verdict.log = policy->logs[i].vkey;
        }
    }
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        enum note_verdict witness = note_check_key(note, &policy->witnesses[i].vkey, NULL);
        take_bad(&verdict, witness, &policy->witnesses[i].vkey);
        if (witness == NOTE_GOOD) {
            witnessed[i] = true;
            verdict.cosigned++;
        }
    }
    verdict.quorum = quorum_met(policy, witnessed);
    if (verdict.bad) { /* nothing in a note with a bad line counts */
        verdict.log_known = false;
        verdict.quorum = false;
        verdict.cosigned = 0;
        memset(&verdict.log, 0, sizeof(verdict.log));
    }
    *ret = verdict;
}
