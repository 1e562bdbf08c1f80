/* Proofs are bytes for others: nothing is parsed from them here. */
#include <ledger/prove.h>

#include <stdlib.h>

#include "lib/facade.h"

int ledger_checkpoint(struct ledger *ledger, char **ret_note, size_t *ret_n, struct ledger_error *error) {
    struct err err = {0};
    struct buf note = {.max = FACADE_TEXT_MAX};
    int rc = log_checkpoint(ledger, &note, &err);
    return facade_end(facade_text(rc, &note, ret_note, ret_n, &err), &err, error);
}

const char *ledger_vkey(const struct ledger *ledger) {
    return log_vkey(ledger);
}

void ledger_genesis(const struct ledger *ledger, uint8_t ret_leaf[LEDGER_HASH]) {
    log_genesis(ledger, ret_leaf);
}

struct ledger_proof {
    struct buf note, leaf, payload;
};

int ledger_prove(struct ledger *ledger, uint64_t seq, struct ledger_proof **ret, struct ledger_error *error) {
    struct err err = {0};
    struct ledger_proof *proof = calloc(1, sizeof(*proof));
    int rc = proof == NULL ? err_set(&err, ERR_NOMEM, "no memory for a proof") : 0;
    if (rc == 0) {
        proof->note.max = proof->leaf.max = proof->payload.max = FACADE_TEXT_MAX;
        rc = log_prove(ledger, seq, &proof->note, &proof->leaf, &proof->payload, &err);
    }
    if (rc == 0) {
        *ret = proof;
    } else {
        ledger_proof_free(proof);
    }
    return facade_end(rc, &err, error);
}

struct ledger_bytes ledger_proof_note(const struct ledger_proof *proof) {
    return facade_borrow(bytes_of_buf(&proof->note));
}

struct ledger_bytes ledger_proof_leaf(const struct ledger_proof *proof) {
    return facade_borrow(bytes_of_buf(&proof->leaf));
}

struct ledger_bytes ledger_proof_payload(const struct ledger_proof *proof) {
    return facade_borrow(bytes_of_buf(&proof->payload));
}

void ledger_proof_free(struct ledger_proof *proof) {
    if (proof != NULL) {
        buf_done(&proof->note);
        buf_done(&proof->leaf);
        buf_done(&proof->payload);
        free(proof);
    }
}
