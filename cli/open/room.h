/* Opening a ledger for a command, and what is known of it from outside: the passphrase of its keys, the user's trust
 * file, the copy of its head.
 *
 * Sees: call, print. Begin with open.h: cli_open is how every command gets its ledger.
 *
 *   open       opens for reading or writing, waits for other processes
 *   unlock     finds out whether a key file has a passphrase, and gets it
 *   trustfile  the user's trust file: read, and changed under a lock
 *   trustthis  adds the current ledger to it
 *   setback    is the database older than the trust file or the copy of the head? Readers warn, writers refuse
 *   rival      checkpoints that contradict each other, printed as evidence
 *
 * Words. "Set back": the database was replaced by an older state of it. "Anchored": something from
 * outside the ledger vouches for it. */
#ifndef CLI_OPEN_ROOM_H
#define CLI_OPEN_ROOM_H

#endif
