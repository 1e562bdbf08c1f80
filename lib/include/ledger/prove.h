/* Proving: what others need to check an event without the ledger. */
#ifndef LEDGER_PROVE_H
#define LEDGER_PROVE_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The newest checkpoint, a signed note (C2SP tlog-checkpoint). Free it with ledger_free. Kept where this machine cannot
 * write, it later shows whether history was changed. */
int ledger_checkpoint(struct ledger *ledger, char **ret_note, size_t *ret_n, struct ledger_error *error);

/* The log's verifier key; borrowed until the ledger is closed. Others should get it from a source they trust. */
const char *ledger_vkey(const struct ledger *ledger);
/* The leaf of event 0, which identifies this ledger for ever. */
void ledger_genesis(const struct ledger *ledger, uint8_t ret_leaf[LEDGER_HASH]);

/* The proof that an event is in the newest checkpoint's tree. */
struct ledger_proof;
int ledger_prove(struct ledger *ledger, uint64_t seq, struct ledger_proof **ret, struct ledger_error *error);
/* Three files, borrowed from the proof: the .tlog-proof; the leaf's bytes; salt and payload, empty when they were
 * erased. */
struct ledger_bytes ledger_proof_note(const struct ledger_proof *proof);
struct ledger_bytes ledger_proof_leaf(const struct ledger_proof *proof);
struct ledger_bytes ledger_proof_payload(const struct ledger_proof *proof);
void ledger_proof_free(struct ledger_proof *proof); /* NULL is fine */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
