/* Policies and trust files: what is accepted, written in the fixed order and read again, is the same policy; what is
 * refused changes nothing; no note makes judging fail. */
#include <stdlib.h>
#include <string.h>

#include "ledger/trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static void encode(const struct policy *policy, struct buf *out) {
    buf_init(out, 1 << 22);
    must(policy_encode(out, policy) == 0);
}

static void there_and_back(struct bytes text, bool trust) {
    struct policy *policy = policy_new();
    struct policy *again = policy_new();
    struct buf first, second;
    struct err err = {0};
    must(policy != NULL && again != NULL);
    int rc = policy_decode(policy, text, trust, NULL, &err);
    encode(policy, &first);
    if (rc == 0) {
        struct note note = {.n_sigs = 0};
        struct policy_verdict verdict;
        must(policy_decode(again, bytes_of_buf(&first), trust, NULL, NULL) == 0);
        encode(again, &second);
        must(bytes_eq(bytes_of_buf(&first), bytes_of_buf(&second)));
        buf_done(&second);
        policy_judge(policy, &note, &verdict);
        must(!verdict.bad && !verdict.log_known && verdict.quorum == verdict.quorum_none);
        must(policy_decode(policy, text, trust, NULL, NULL) == 0); /* repeating it changes nothing */
        encode(policy, &second);
        must(bytes_eq(bytes_of_buf(&first), bytes_of_buf(&second)));
        buf_done(&second);
    } else {
        must(rc == ERR_INVALID && err.code == ERR_INVALID);
        must(bytes_is(bytes_of_buf(&first), "quorum none\n"));
    }
    buf_done(&first);
    policy_free(policy);
    policy_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = {data, size};
    there_and_back(text, false);
    there_and_back(text, true);
    return 0;
}
