/* What a verifier trusts, in memory: adds, removes and looks up entries. */
#include "ledger/trust/policy_data.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct policy *policy_new(void) {
    struct policy *policy = calloc(1, sizeof(*policy));
    if (policy != NULL) {
        policy->quorum = POLICY_NODE_NONE;
    }
    return policy;
}

void policy_free(struct policy *policy) {
    if (policy == NULL) return;
    for (size_t i = 0; i < policy->n_logs; i++) {
        free(policy->log_urls[i]);
    }
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        free(policy->witnesses[i].url);
    }
    free(policy);
}

/* ---- adding ------------------------------------------------------------------------------------------------------- */

int policy_add_log(struct policy *policy, const struct note_vkey *vkey, struct err *err) {
    if (vkey->alg != NOTE_ED25519) {
        return err_set(err, ERR_INVALID, "the key '%s' is not a log key: a log key is an Ed25519 key (type 0x01)",
                       vkey->name);
    }
    for (size_t i = 0; i < policy->n_logs; i++) {
        if (note_vkey_eq(&policy->logs[i].vkey, vkey)) return 0;
    }
    if (policy->n_logs == POLICY_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d logs", POLICY_MAX);
    }
    policy->logs[policy->n_logs].vkey = *vkey;
    policy->log_urls[policy->n_logs] = NULL;
    policy->n_logs++;
    return 0;
}

static int check_origin(struct bytes origin, struct err *err) {
    if (note_check_name(origin, NULL) != 0) {
        return err_set(err, ERR_INVALID,
                       "the origin must be 1 to %d bytes of UTF-8 without '+', white space or control characters",
                       NOTE_NAME_MAX);
    }
    return 0;
}

/* A checkpoint's origin may be that of any log, for example "go.sum database tree". */
static int check_any_origin(struct bytes origin, struct err *err) {
    if (origin.n == 0 || origin.n > NOTE_NAME_MAX || text_utf8_valid(origin.p, origin.n) != origin.n ||
        text_has_control(origin) || origin.p[0] == ' ' || origin.p[origin.n - 1] == ' ') {
        return err_set(
            err, ERR_INVALID,
            "the origin must be 1 to %d bytes of UTF-8 without control characters, and neither begin nor end with a "
            "space",
            NOTE_NAME_MAX);
    }
    return 0;
}

int policy_add_genesis(struct policy *policy, struct bytes origin, const uint8_t leaf[MERKLE_HASH], struct err *err) {
    int rc = check_origin(origin, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < policy->n_genesis; i++) {
        const struct policy_genesis *genesis = &policy->genesis[i];
        if (bytes_is(origin, genesis->origin)) {
            return memcmp(genesis->leaf, leaf, MERKLE_HASH) == 0
                       ? 0
                       : err_set(err, ERR_CONFLICT, "another genesis leaf is trusted for '%s'", genesis->origin);
        }
    }
    if (policy->n_genesis == POLICY_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d genesis lines", POLICY_MAX);
    }
    struct policy_genesis *genesis = &policy->genesis[policy->n_genesis++];
    memset(genesis, 0, sizeof(*genesis));
    memcpy(genesis->origin, origin.p, origin.n);
    memcpy(genesis->leaf, leaf, MERKLE_HASH);
    return 0;
}

int policy_set_head(struct policy *policy, struct bytes origin, uint64_t size, const uint8_t root[MERKLE_HASH],
                    struct err *err) {
    int rc = check_any_origin(origin, err);
    if (rc != 0) return rc;
    struct policy_head *head = NULL;
    for (size_t i = 0; i < policy->n_heads && head == NULL; i++) {
        if (bytes_is(origin, policy->heads[i].origin)) {
            head = &policy->heads[i];
        }
    }
    if (head == NULL) {
        if (policy->n_heads == POLICY_MAX) {
            return err_set(err, ERR_LIMIT, "more than %d heads", POLICY_MAX);
        }
        head = &policy->heads[policy->n_heads++];
        memset(head, 0, sizeof(*head));
        memcpy(head->origin, origin.p, origin.n);
    } else if (size == head->size && memcmp(root, head->root, MERKLE_HASH) != 0) {
        return err_set(err, ERR_CONFLICT, "another root is known for '%s' at size %" PRIu64, head->origin, size);
    } else if (size <= head->size) {
        return 0;
    }
    head->size = size;
    memcpy(head->root, root, MERKLE_HASH);
    return 0;
}

/* ---- removing ----------------------------------------------------------------------------------------------------- */

bool policy_drop_genesis(struct policy *policy, struct bytes origin) {
    const struct policy_genesis *genesis = policy_genesis_find(policy, origin, NULL);
    if (genesis == NULL) return false;
    size_t at = (size_t)(genesis - policy->genesis);
    policy->n_genesis--;
    memmove(&policy->genesis[at], &policy->genesis[at + 1], (policy->n_genesis - at) * sizeof(policy->genesis[0]));
    return true;
}

bool policy_drop_head(struct policy *policy, struct bytes origin) {
    const struct policy_head *head = policy_head_find(policy, origin);
    if (head == NULL) return false;
    size_t at = (size_t)(head - policy->heads);
    policy->n_heads--;
    memmove(&policy->heads[at], &policy->heads[at + 1], (policy->n_heads - at) * sizeof(policy->heads[0]));
    return true;
}

bool policy_drop_logs(struct policy *policy, struct bytes name, const struct note_vkey *keep) {
    size_t n = 0;
    for (size_t i = 0; i < policy->n_logs; i++) {
        const struct note_vkey *vkey = &policy->logs[i].vkey;
        if (bytes_is(name, vkey->name) && (keep == NULL || !note_vkey_eq(vkey, keep))) {
            free(policy->log_urls[i]);
            continue;
        }
        policy->logs[n] = policy->logs[i];
        policy->log_urls[n++] = policy->log_urls[i];
    }
    bool dropped = n < policy->n_logs;
    policy->n_logs = n;
    return dropped;
}

/* ---- looking up --------------------------------------------------------------------------------------------------- */

size_t policy_logs(const struct policy *policy) {
    return policy->n_logs;
}

const struct policy_log *policy_log_at(const struct policy *policy, size_t i) {
    return i < policy->n_logs ? &policy->logs[i] : NULL;
}

size_t policy_witnesses(const struct policy *policy) {
    return policy->n_witnesses;
}

const struct note_vkey *policy_witness_at(const struct policy *policy, size_t i, const char **ret_name) {
    if (i >= policy->n_witnesses) return NULL;
    if (ret_name != NULL) {
        *ret_name = policy->witnesses[i].name;
    }
    return &policy->witnesses[i].vkey;
}

const struct policy_genesis *policy_genesis_find(const struct policy *policy, struct bytes origin, size_t *from) {
    for (size_t i = from == NULL ? 0 : *from; i < policy->n_genesis; i++) {
        if (bytes_is(origin, policy->genesis[i].origin)) {
            if (from != NULL) {
                *from = i + 1;
            }
            return &policy->genesis[i];
        }
    }
    return NULL;
}

const struct policy_head *policy_head_find(const struct policy *policy, struct bytes origin) {
    for (size_t i = 0; i < policy->n_heads; i++) {
        if (bytes_is(origin, policy->heads[i].origin)) return &policy->heads[i];
    }
    return NULL;
}

size_t policy_genesis_count(const struct policy *policy) {
    return policy->n_genesis;
}

const struct policy_genesis *policy_genesis_at(const struct policy *policy, size_t i) {
    return i < policy->n_genesis ? &policy->genesis[i] : NULL;
}

size_t policy_heads(const struct policy *policy) {
    return policy->n_heads;
}

const struct policy_head *policy_head_at(const struct policy *policy, size_t i) {
    return i < policy->n_heads ? &policy->heads[i] : NULL;
}
