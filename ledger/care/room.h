/* Care: a ledger's life. Making, opening, closing, copying and restoring it.
 *
 * Sees: every room of this floor. It is the top room because opening connects the parts: it gives the keeper its
 * work and the handle its follower.
 *
 * Begin with open.c: log_open and log_close, in the order in which threads and databases begin and end.
 *
 *   open     opening and closing, and the figures (log_stats)
 *   readers  who reads the databases, and the dead ones that are cleared
 *   create   a new ledger: built under a temporary name, synced, renamed
 *   backup   a copy of the records without secret keys, verified before it has its name
 *   backup_packs  the files of installed packs, which backup and restore copy
 *   restore  a working ledger from a backup, under new epoch keys
 *
 * Words. Handle: an open ledger. Backup: lives nowhere and is not appended to. Restored: continues under a new origin,
 * unless the caller vouches for the newest head (decision 006). */
#ifndef LEDGER_CARE_ROOM_H
#define LEDGER_CARE_ROOM_H

#endif
