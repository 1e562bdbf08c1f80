/* Tree: the mathematics of a transparency log. Merkle trees, signed notes and checkpoints, and the proof file that
 * carries them.
 *
 * Sees: base. It does not know events or databases: hashes and bytes go in, hashes and verdicts come out.
 *
 * Begin with merkle.h: leaves, nodes, the right edge of a growing tree, inclusion and consistency proofs. Then
 * note.h: how a text is signed and by which kinds of key.
 *
 *   merkle        RFC 6962 trees over any source of nodes (merkle_node_fn)
 *   merkle_range  that some leaves are all the leaves between two places
 *   note          C2SP signed notes: forming, reading and checking signatures; note_key.c has verifier keys as text
 *   checkpoint    the text of a note: origin, size, root
 *   tlog_proof    the .tlog-proof file: one leaf, its path, a checkpoint
 *   line          reading text formats line by line, with errors that name the line
 *
 * Words. Leaf, node, root, edge: of the tree; level 0 is the leaves. Origin: the name of a log. Verifier key (vkey):
 * a public key as text. Cosignature: that of a witness. */
#ifndef LEDGER_TREE_ROOM_H
#define LEDGER_TREE_ROOM_H

#endif
