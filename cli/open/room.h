/* Opening a ledger for a command, and what is known of it from outside: the passphrase of its keys, the user's trust
 * file, the copy of its head.
 *
 * Sees: call, print. Begin with open.h: cli_open is how every command gets its ledger.
 *
 *   open       opens for reading or writing, waits for other processes
 *   unlock     finds out whether a key file is under a passphrase, and gets the passphrase
 *   trustfile  the user's trust file: read, and changed under a lock
 *   trustthis  the ledger at hand, put into it
 *   setback    does the database know less than the trust file or the copy of the head? Readers warn, writers refuse
 *   rival      checkpoints that cannot both be of one log: found, and printed as evidence
 *
 * Words. "Set back": an older state of the database was put in place of the newer one. "Anchored": something from
 * outside the ledger vouches for it. */
#ifndef CLI_OPEN_ROOM_H
#define CLI_OPEN_ROOM_H

#endif
