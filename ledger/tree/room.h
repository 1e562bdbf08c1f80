/* Tree: the mathematics of a transparency log. Merkle trees, signed notes and checkpoints, and the proof file that
 * carries them.
 *
 * Sees: base. It knows nothing of events or databases: hashes and bytes go in, hashes and verdicts come out.
 *
 * Begin with merkle.h: leaves, nodes, the right edge of a growing tree, inclusion and consistency proofs. Then
 * note.h: how a text is signed and by which kinds of key.
 *
 *   merkle        RFC 6962 trees over any source of nodes (merkle_node_fn)
 *   merkle_range  proofs that some leaves are all the leaves between two indexes
 *   note          C2SP signed notes: signing, parsing and checking them; note_key.c has verifier keys as text
 *   checkpoint    the text of a note: origin, size, root
 *   tlog_proof    the .tlog-proof file: one leaf, its path, a checkpoint
 *   line          reads text formats line by line, with errors that name the line
 *
 * Words. Leaf, node, root, edge: of the tree; level 0 is the leaves. Origin: the name of a log. Verifier key (vkey):
 * a public key as text. Cosignature: a witness's signature. */
#ifndef LEDGER_TREE_ROOM_H
#define LEDGER_TREE_ROOM_H

#endif
