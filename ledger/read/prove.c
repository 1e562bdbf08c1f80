/* Proofs of single events for somebody without the ledger: the .tlog-proof, the leaf's bytes, and the payload with its
 * salt. */
#include "ledger/core/core.h"
#include "ledger/tree/tlog_proof.h"

static int put_proof(struct core_view *view, uint64_t seq, struct buf *out, struct err *err) {
    struct merkle_proof proof;
    struct bytes note;
    int rc = merkle_prove_inclusion(seq, view->head.size, core_node, view, &proof, err);
    if (rc == 0) rc = core_checkpoint_get(view->txn, &note, err);
    if (rc != 0) return rc;
    tlog_proof_encode(out, seq, &proof, note);
    return buf_check(out, "a proof", err);
}

static int put_event(struct ledger *ledger, uint64_t seq, struct buf *leaf, struct buf *payload, struct err *err) {
    struct log_reader *reader;
    struct log_event event;
    int rc = log_reader_open(ledger, seq, seq + 1, &reader, err);
    if (rc != 0) return rc;
    rc = log_reader_next(reader, &event, err);
    if (rc == 1) rc = err_set(err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)seq);
    if (rc == 0 && leaf != NULL) {
        buf_put_bytes(leaf, event.header);
        rc = buf_check(leaf, "a leaf", err);
    }
    if (rc == 0 && payload != NULL) {
        if (event.payload.n == 0) {
            rc = err_set(err, ERR_NOTFOUND, "the body of event %llu was erased", (unsigned long long)seq);
        } else {
            buf_put(payload, event.salt, LOG_HASH);
            buf_put_bytes(payload, event.payload);
            rc = buf_check(payload, "a payload", err);
        }
    }
    log_reader_close(reader);
    return rc;
}

int log_prove(struct ledger *ledger, uint64_t seq, struct buf *proof, struct buf *leaf, struct buf *payload,
              struct err *err) {
    struct core_view view;
    int rc = core_view_begin(ledger, &view, err);
    if (rc != 0) return rc;
    if (seq >= view.head.size) {
        rc = err_set(err, ERR_NOTFOUND, "there is no event %llu, the newest is %llu", (unsigned long long)seq,
                     (unsigned long long)(view.head.size - 1));
    }
    if (rc == 0 && proof != NULL) rc = put_proof(&view, seq, proof, err);
    core_view_end(&view);
    if (rc == 0 && (leaf != NULL || payload != NULL)) rc = put_event(ledger, seq, leaf, payload, err);
    return rc;
}
