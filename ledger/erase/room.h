/* Erase: content that has to go, while every hash above it still holds.
 *
 * Sees: derived, write and the rooms before them.
 *
 * An erasure has two halves. The first is a commit like any other: content is taken out of the tables and an event
 * says so (commit_erase.c in write has the tables' part). The second gets rid of the old bytes: the records are
 * copied into a new generation of the database, every process moves on to it, and the files of the old one are
 * overwritten and removed.
 *
 * Begin with erase.h, then decision 026.
 *
 *   erase   what a caller may ask for, and the request
 *   finish  the new generation, derived data of the old one, files of artifacts
 *
 * Words. Erased: the content is gone, the commitment stays. Finished: no file of this ledger holds the bytes any
 * more. Left: files of an older generation that some process still has open. */
#ifndef LEDGER_ERASE_ROOM_H
#define LEDGER_ERASE_ROOM_H

#endif
