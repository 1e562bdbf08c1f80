/* The manifest of a pack, pack.yaml or pack.json: what it is called, what it wants, how it runs. What is read here has
 * been checked: a struct manifest has no faults.
 *
 * Sees: tree, and the floors below packs. Begin with fields.def, the one table of sections and keys, manifest.h, the structs
 * that it fills, and load.h, the way in.
 *
 *   manifest   the structs, and what is asked of them
 *   load       reads a text or a directory
 *   fields     the table as data: rows of fields.def, walked by the reader, the schema and the documents
 *   value      texts with a form: names, sizes, URLs, paths, ...
 *   finding    what is wrong with a manifest, with line and column
 *   record     one map against its rows
 *   check      what a row cannot say: names that refer to others, cycles, scopes, permissions that nothing uses
 *   steps      the steps as a graph: what feeds what, and cycles; uses: which permissions a step makes use of
 *   schema     the table as a JSON Schema and as tables for docs/packs.md
 *   fresh      the files of a new pack
 *
 * Words. "Shape": the keys that one map may have. "Finding": an error or a warning with its place. "Data": what a pack is
 * given (inputs) and what its steps make (outputs), which share one set of names. */
#ifndef PACKS_MANIFEST_ROOM_H
#define PACKS_MANIFEST_ROOM_H

#endif
