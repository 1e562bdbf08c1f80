/* A pack's directory: which files it may hold, what they are together (the tree digest), and who signed that.
 *
 * Sees: the floors below packs. Begin with content.h.
 *
 *   content  reads a directory safely, each file once, and computes its digest
 *   version  the digest of a version, which is a file or a directory
 *   sign     pack.sig: a signed note over that digest
 *
 * Words. "Tree": the regular files below one directory, by path. "Tree digest": one SHA-256 over all of them; what is
 * installed is known by it. "Program": a file that its owner may execute. */
#ifndef PACKS_TREE_ROOM_H
#define PACKS_TREE_ROOM_H

#endif
