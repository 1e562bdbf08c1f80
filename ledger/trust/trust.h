/* Everything that a verifier's caller trusts: policy lines, known heads and checkpoints, author keys. */
#ifndef LEDGER_TRUST_TRUST_H
#define LEDGER_TRUST_TRUST_H

#include "ledger/log.h"
#include "ledger/trust/policy.h"

#define TRUST_CHECKPOINTS_MAX 16
#define TRUST_AUTHORS_MAX     4096

struct trust_checkpoint {
    char path[256];          /* for messages */
    struct buf note;         /* owned */
    struct note parsed;      /* borrows from note */
    struct checkpoint point; /* borrows from note */
};

struct log_trust {
    struct policy *policy;
    bool only_files;                          /* paths name regular files, never a pipe or standard input */
    bool named;                               /* the caller named a key or policy explicitly */
    uint8_t genesis[POLICY_MAX][MERKLE_HASH]; /* leaves without an origin */
    size_t n_genesis;
    struct trust_checkpoint *checkpoint[TRUST_CHECKPOINTS_MAX];
    size_t n_checkpoints;
    struct note_vkey *author; /* owned */
    size_t n_authors;
};

const struct note_vkey *trust_author_find(const struct log_trust *trust, struct bytes name,
                                          const uint8_t id[NOTE_KEY_ID_LEN]);

#endif
