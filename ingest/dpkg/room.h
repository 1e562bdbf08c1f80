/* The source dpkg: which Debian packages were installed, upgraded and removed, from dpkg's log and its rotated files.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with dpkg.h, which has the log's grammar.
 *
 *   dpkg   files, oldest first; an operation becomes an event with its key
 *   parse  one line of the log
 *   ops    open operations, put together from many lines
 *   admin  what dpkg itself says is installed now, for those who ask about the machine and not its history
 *
 * Words. An "operation" is one install, upgrade, configure, remove or purge of one package, from its first line to the
 * state that ends it; "unfinished" when the log ends or another run of dpkg begins first. */
#ifndef INGEST_DPKG_ROOM_H
#define INGEST_DPKG_ROOM_H

#endif
