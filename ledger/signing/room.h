/* Signing: the secret keys that seal checkpoints. Key files, loaded keys, and which key seals from which event.
 *
 * Sees: event, kinds, tree, store and base.
 *
 * Begin with keyring.h: the log key and the current epoch key in locked memory, and the three steps of a rotation
 * (prepare, commit, advance), in an order that never leaves the log without a key.
 *
 *   keyfile  a secret key as a file, with or without a passphrase
 *   keyring  the keys of an open ledger: loaded, rotated, wiped
 *   epoch    what an event says of a new epoch key
 *
 * Words. Log key: names the log and signs every checkpoint; it never changes. Epoch key: signs as well and is wiped when
 * it is replaced, so that nobody can seal the past again. Handover: the checkpoint that both epoch keys sign. Signer: a
 * key with its secret half. */
#ifndef LEDGER_SIGNING_ROOM_H
#define LEDGER_SIGNING_ROOM_H

#endif
