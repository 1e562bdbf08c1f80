/* What a ledger says of itself is believed here once, when its owner says so; from then on the trust file judges it. */
#include "cli/trustthis.h"

#include <string.h>

#include "cli/trustfile.h"

bool trustthis_known(const struct policy *policy, struct bytes origin) {
    if (!policy) {
        return false;
    }
    size_t from = 0;
    if (policy_genesis_find(policy, origin, &from) || policy_head_find(policy, origin)) {
        return true;
    }
    for (size_t i = 0; i < policy_logs(policy); i++) {
        if (bytes_is(origin, policy_log_at(policy, i)->vkey.name)) {
            return true;
        }
    }
    return false;
}

struct facts {
    const char *origin;
    uint8_t genesis[LEDGER_HASH];
    struct note_vkey vkey;
    struct ledger_head head;
};

static int add(struct policy *policy, void *ctx, struct err *err) {
    const struct facts *facts = ctx;
    struct bytes origin = bytes_of(facts->origin);
    size_t from = 0;
    const struct policy_genesis *genesis = policy_genesis_find(policy, origin, &from);
    if (genesis && memcmp(genesis->leaf, facts->genesis, LEDGER_HASH) != 0) {
        return err_set(err, ERR_CONFLICT, "the trust file knows another ledger of origin '%s': its genesis leaf differs",
                       facts->origin);
    }
    const struct policy_head *head = policy_head_find(policy, origin);
    if (head && head->size > facts->head.size) {
        return err_set(err, ERR_CONFLICT, "the trust file knows a head of '%s' of size %llu, this ledger has only %llu",
                       facts->origin, (unsigned long long)head->size, (unsigned long long)facts->head.size);
    }
    int rc = policy_add_log(policy, &facts->vkey, err);
    rc = rc != 0 ? rc : policy_add_genesis(policy, origin, facts->genesis, err);
    return rc != 0 ? rc : policy_set_head(policy, origin, facts->head.size, facts->head.root, err);
}

int trustthis_add(struct ledger *ledger, const char *path, struct err *err) {
    struct facts facts = {.origin = ledger_origin(ledger)};
    ledger_genesis(ledger, facts.genesis);
    int rc = note_vkey_decode(bytes_of(ledger_log_vkey(ledger)), &facts.vkey, err);
    rc = rc != 0 ? rc : ledger_head(ledger, &facts.head, err);
    return rc != 0 ? rc : trustfile_update(path, add, &facts, err);
}

static int raise_head(struct policy *policy, void *ctx, struct err *err) {
    const struct facts *facts = ctx;
    return policy_set_head(policy, bytes_of(facts->origin), facts->head.size, facts->head.root, err);
}

int trustthis_raise(const char *path, const char *origin, const struct ledger_head *head, struct err *err) {
    struct facts facts = {.origin = origin, .head = *head};
    return trustfile_update(path, raise_head, &facts, err);
}
