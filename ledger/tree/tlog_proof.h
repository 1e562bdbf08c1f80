/* The .tlog-proof file (C2SP tlog-proof v1): one leaf's inclusion proof with its checkpoint, checked offline. */
#ifndef LEDGER_TREE_TLOG_PROOF_H
#define LEDGER_TREE_TLOG_PROOF_H

#include "ledger/tree/merkle.h"
#include "ledger/tree/note.h"

struct tlog_proof {
    uint64_t index;
    struct merkle_proof proof;
    struct bytes extra;      /* borrowed, still base64; empty when absent; unauthenticated */
    struct bytes checkpoint; /* borrowed: the note, verbatim */
};

int tlog_proof_encode(struct buf *out, uint64_t index, const struct merkle_proof *proof, struct bytes checkpoint);
/* ERR_CORRUPT names the line. Does not verify anything. */
int tlog_proof_decode(struct bytes text, struct tlog_proof *ret, struct err *err);

#endif
