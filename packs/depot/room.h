/* What is installed: copies of packs in the ledger's own directory, each under its tree digest.
 *
 * Sees: manifest, tree, and the floors below packs. Begin with depot.h; decision 094 has the layout.
 *
 *   depot    the directory and its lock; copying a pack into it, removing one, and what an interruption left
 *   pin      the status of a copy's files at one time
 *   compare  whether what is there is still what was copied
 *
 * Words. "Copy": one directory of the store, complete and never changed afterwards. "Leftover": a directory of the store
 * that nothing in the ledger names, or that was never complete. */
#ifndef PACKS_DEPOT_ROOM_H
#define PACKS_DEPOT_ROOM_H

#endif
