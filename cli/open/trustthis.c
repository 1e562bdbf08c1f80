/* A ledger's own word is trusted here once, at its owner's request; from then on the trust file judges the ledger. */
#include "cli/open/trustthis.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/open/trustfile.h"
#include "ledger/core/core.h"

bool trustthis_known(const struct policy *policy, struct bytes origin) {
    if (!policy) return false;
    size_t from = 0;
    if (policy_genesis_find(policy, origin, &from) || policy_head_find(policy, origin)) return true;
    for (size_t i = 0; i < policy_logs(policy); i++) {
        if (bytes_is(origin, policy_log_at(policy, i)->vkey.name)) return true;
    }
    return false;
}

struct facts {
    struct ledger *ledger;
    struct note_vkey vkey;
    uint8_t genesis[LOG_HASH];
    char *gave_way; /* NULL: contradictions are refused */
};

/* Describes what in the trust file contradicts this ledger. A consistency proof from the known root to the head's detects a
 * tree that was altered inside. */
static int judge_head(struct core_view *view, const struct policy_head *known, char ret[ERR_MSG_MAX], struct err *err) {
    uint8_t root[LOG_HASH];
    struct merkle_proof proof;
    unsigned long long size = known->size, here = view->head.size;
    if (known->size > view->head.size) {
        snprintf(ret, ERR_MSG_MAX, "the trust file knows a head of '%s' of size %llu, this ledger has only %llu",
                 known->origin, size, here);
        return 0;
    }
    int rc = known->size == 0 ? 0 : merkle_prove_consistency(known->size, view->head.size, core_node, view, &proof, err);
    merkle_edge_root(&view->head.edge, root);
    if (rc == 0 && known->size != 0 && !merkle_check_consistency(known->size, view->head.size, &proof, known->root, root)) {
        snprintf(ret, ERR_MSG_MAX, "the first %llu event%s of this ledger %s the trust file knows of '%s': another history",
                 size, text_s(size), text_differs(size), known->origin);
    }
    return rc;
}

static bool another_key(const struct policy *policy, const struct note_vkey *vkey) {
    bool other = false;
    for (size_t i = 0; i < policy_logs(policy); i++) {
        const struct note_vkey *known = &policy_log_at(policy, i)->vkey;
        if (note_vkey_eq(known, vkey)) return false;
        other = other || strcmp(known->name, vkey->name) == 0;
    }
    return other;
}

/* 0 if `known`, from the trust file, may be replaced. */
static int clash(struct facts *facts, const char *what, const char *known, struct err *err) {
    if (facts->gave_way == NULL) return err_set(err, ERR_CONFLICT, "%s" TRUSTTHIS_INSTEAD, what);
    size_t n = strlen(facts->gave_way);
    snprintf(facts->gave_way + n, TRUSTTHIS_WORDS - n, "%s%s", n > 0 ? ", " : "", known);
    return 0;
}

static int make_way(struct policy *policy, struct facts *facts, struct core_view *view, struct err *err) {
    struct bytes origin = bytes_of(log_origin(facts->ledger)), name = bytes_of(facts->vkey.name);
    const struct policy_genesis *genesis = policy_genesis_find(policy, origin, NULL);
    const struct policy_head *head = policy_head_find(policy, origin);
    char what[ERR_MSG_MAX], size[48];
    int rc = 0;
    if (another_key(policy, &facts->vkey)) {
        snprintf(what, sizeof(what), "another log key is trusted under the name '%s'", facts->vkey.name);
        rc = clash(facts, what, "the log key", err);
        if (rc == 0) {
            policy_drop_logs(policy, name, &facts->vkey);
        }
    }
    if (rc == 0 && genesis != NULL && memcmp(genesis->leaf, facts->genesis, LOG_HASH) != 0) {
        snprintf(what, sizeof(what), "the trust file knows another ledger of origin '%s': its genesis leaf differs",
                 genesis->origin);
        rc = clash(facts, what, "the first event", err);
        if (rc == 0) {
            policy_drop_genesis(policy, origin);
        }
    }
    what[0] = '\0';
    if (rc == 0 && head != NULL) rc = judge_head(view, head, what, err);
    if (rc == 0 && what[0] != '\0') {
        snprintf(size, sizeof(size), "the head of size %llu", (unsigned long long)head->size);
        rc = clash(facts, what, size, err);
        if (rc == 0) {
            policy_drop_head(policy, origin);
        }
    }
    return rc;
}

/* Reads the ledger after the file: verifications that end meanwhile wait for the file's lock. */
static int add(struct policy *policy, void *ctx, struct err *err) {
    struct facts *facts = ctx;
    struct bytes origin = bytes_of(log_origin(facts->ledger));
    uint8_t root[LOG_HASH];
    struct core_view view = {0};
    int rc = core_view_begin(facts->ledger, &view, err);
    if (rc != 0) return rc;
    rc = make_way(policy, facts, &view, err);
    if (rc == 0) rc = policy_add_log(policy, &facts->vkey, err);
    if (rc == 0) rc = policy_add_genesis(policy, origin, facts->genesis, err);
    merkle_edge_root(&view.head.edge, root);
    if (rc == 0) rc = policy_set_head(policy, origin, view.head.size, root, err);
    core_view_end(&view);
    return rc;
}

int trustthis_add(struct ledger *ledger, const char *path, char gave_way[TRUSTTHIS_WORDS], struct err *err) {
    struct facts facts = {.ledger = ledger, .gave_way = gave_way};
    if (gave_way != NULL) {
        gave_way[0] = '\0';
    }
    log_genesis(ledger, facts.genesis);
    int rc = note_vkey_decode(bytes_of(log_vkey(ledger)), &facts.vkey, err);
    if (rc == 0) rc = trustfile_update(path, add, &facts, err);
    return rc;
}

struct raise {
    const char *origin;
    const struct log_head *head;
};

static int raise_head(struct policy *policy, void *ctx, struct err *err) {
    const struct raise *raise = ctx;
    return policy_set_head(policy, bytes_of(raise->origin), raise->head->size, raise->head->root, err);
}

int trustthis_raise(const char *path, const char *origin, const struct log_head *head, struct err *err) {
    struct raise raise = {.origin = origin, .head = head};
    return trustfile_update(path, raise_head, &raise, err);
}
