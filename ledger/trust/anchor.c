/* Nothing here reads a ledger: the same judgement serves a verifier with the whole ledger and one with an excerpt. */
#include "ledger/trust/anchor.h"

#include <stdio.h>
#include <string.h>

void anchor_confirm(struct anchor *anchor, const char *by) {
    if (!anchor->good) {
        snprintf(anchor->by, sizeof(anchor->by), "%s", by);
    }
    anchor->good = true;
}

void anchor_shortage(const struct anchor *anchor, char *ret, size_t max) {
    snprintf(ret, max,
             "not anchored: the log key is trusted, but the policy's quorum of witnesses is not met (%zu cosigned)",
             anchor->cosigned);
}

static void contradict(struct anchor *a, const char *rule, const char *text) {
    a->rule = rule;
    snprintf(a->contradicts, sizeof(a->contradicts), "%s", text);
}

static void by_policy(const struct policy *policy, const struct anchor_log *log, struct anchor *a) {
    struct policy_verdict verdict;
    char text[ANCHOR_TEXT_MAX];
    policy_judge(policy, log->head, &verdict);
    if (verdict.bad) {
        a->bad = verdict.bad_key;
    } else if (verdict.log_known && verdict.quorum) {
        snprintf(text, sizeof(text), "log key '%.200s'%s", verdict.log.name,
                 verdict.quorum_none ? "" : " with the policy's quorum of witnesses");
        anchor_confirm(a, text);
    } else if (verdict.log_known) {
        a->short_of_quorum = true;
        a->cosigned = verdict.cosigned;
    }
    for (size_t i = 0; i < policy_logs(policy); i++) {
        const struct note_vkey *key = &policy_log_at(policy, i)->vkey;
        if (log->log != NULL && strcmp(key->name, log->log->name) == 0 && !note_vkey_eq(key, log->log) &&
            !verdict.log_known) {
            snprintf(text, sizeof(text), "another key is trusted under the name '%.200s'", key->name);
            contradict(a, "T2", text);
        }
    }
}

static void by_genesis(const struct log_trust *trust, const struct anchor_log *log, struct anchor *a) {
    size_t from = 0;
    const struct policy_genesis *known;
    while ((known = policy_genesis_find(trust->policy, bytes_of(log->first_origin), &from)) != NULL) {
        if (memcmp(known->leaf, log->genesis, MERKLE_HASH) == 0) {
            anchor_confirm(a, "the genesis leaf");
        } else {
            contradict(a, "T1", "its first event is not the one that is trusted for this origin: another ledger");
        }
    }
    bool hit = false;
    for (size_t i = 0; i < trust->n_genesis; i++) {
        hit = hit || memcmp(trust->genesis[i], log->genesis, MERKLE_HASH) == 0;
    }
    if (hit) {
        anchor_confirm(a, "the genesis leaf");
    } else if (trust->n_genesis > 0) {
        contradict(a, "T1", "its first event is not one of the genesis leaves that were given: another ledger");
    }
}

void anchor_judge(const struct log_trust *trust, const struct anchor_log *log, struct anchor *ret) {
    memset(ret, 0, sizeof(*ret));
    if (trust == NULL || trust->policy == NULL) return;
    if (log->head != NULL) {
        by_policy(trust->policy, log, ret);
    }
    by_genesis(trust, log, ret);
}
