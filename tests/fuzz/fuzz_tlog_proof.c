/* Proofs as text, .tlog-proof files and range proofs: whatever is accepted has exactly one text, and can be checked against
 * any root safely. */
#include <stdlib.h>
#include <string.h>

#include "ledger/tree/tlog_proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static void one_tlog_proof(struct bytes text) {
    static const uint8_t zero[MERKLE_HASH];
    struct tlog_proof proof;
    struct err err = {0};
    if (tlog_proof_decode(text, &proof, &err) != 0) {
        must(err.code == ERR_CORRUPT && strncmp(err.msg, "line ", 5) == 0);
        return;
    }
    must(proof.proof.n <= MERKLE_DEPTH_MAX && proof.checkpoint.n > 0);
    must(proof.checkpoint.p + proof.checkpoint.n == text.p + text.n);
    struct buf out;
    buf_init(&out, text.n + 64);
    must(tlog_proof_encode(&out, proof.index, &proof.proof, proof.checkpoint) == 0);
    must(proof.extra.n > 0 || bytes_eq(bytes_of_buf(&out), text));
    buf_done(&out);
    /* Any size; no tree has a root of zeros. */
    must(!merkle_check_inclusion(proof.index, proof.index + 1, zero, &proof.proof, zero) || proof.proof.n == 0);
    must(!merkle_check_inclusion(proof.index, UINT64_MAX, zero, &proof.proof, zero));
    must(!merkle_check_consistency(proof.index, UINT64_MAX, &proof.proof, zero, zero) || proof.index == UINT64_MAX);
}

static void one_range_proof(struct bytes text) {
    struct merkle_range range;
    struct merkle_edge edge;
    struct err err = {0};
    uint8_t root[MERKLE_HASH];
    if (merkle_range_decode(text, &range, &err) != 0) {
        must(err.code == ERR_CORRUPT && strncmp(err.msg, "line ", 5) == 0);
        return;
    }
    must(range.before.n <= MERKLE_DEPTH_MAX && range.after.n <= MERKLE_TILES_MAX);
    struct buf out;
    buf_init(&out, text.n + 64);
    must(merkle_range_encode(&out, &range) == 0);
    must(bytes_eq(bytes_of_buf(&out), text));
    buf_done(&out);
    must(merkle_range_begin(&range, &edge, &err) == 0);
    const uint8_t leaf[MERKLE_HASH] = {1};
    uint64_t leaves = range.b - range.a;
    for (uint64_t i = 0; i < leaves && i < 64; i++) {
        merkle_edge_push(&edge, leaf, NULL);
    }
    int rc = merkle_range_finish(&range, &edge, root, &err);
    must(rc == (leaves <= 64 ? 0 : ERR_INVALID));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = {data, size};
    one_tlog_proof(text);
    one_range_proof(text);
    return 0;
}
