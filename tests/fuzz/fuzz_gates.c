/* Files of gates: a text either has faults, each with a place inside of it, or is a policy whose values are in their ranges. */
#include <stdlib.h>
#include <string.h>

#include "evals/gate/policy.h"
#include "projections/council/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

struct told {
    size_t n, size;
};

static void on_fault(void *ctx, unsigned line, unsigned column, const char *what) {
    struct told *told = ctx;
    told->n++;
    must(what[0] != '\0' && line <= told->size + 2 && column <= told->size + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct gate_policy policy, again;
    struct told told = {0, size};
    const struct bytes text = {size > 0 ? data : (const uint8_t *)"", size};
    int rc = gate_policy_read(text, on_fault, &told, &policy, NULL);
    must(rc == 0 ? told.n == 0 : rc == ERR_INVALID && told.n > 0);
    if (rc != 0) return 0;
    must(policy.asked[GATE_EVALUATION] && policy.name[0] != '\0' && strlen(policy.digest) == strlen("sha256:") + 64);
    must(policy.margin >= 0 && policy.margin <= 1 && policy.confidence > 0.5 && policy.confidence < 1);
    must(policy.voters >= 1 && policy.voters <= DEBATE_VOTERS_MAX);
    must(policy.snapshot_tier >= 0 && policy.snapshot_tier <= 3 && policy.tripcode_tier >= 0 && policy.tripcode_tier <= 3);
    must(!policy.asked[GATE_POLICY] || (policy.policy[0] != '\0' && policy.policy_digest[0] != '\0'));
    must(gate_policy_read(text, on_fault, &told, &again, NULL) == 0 && strcmp(policy.digest, again.digest) == 0);
    return 0;
}
