/* What sources read with, and the small things that several of them remember or hide. Nothing here knows the ledger or
 * any source.
 *
 * Sees: base. Begin with lines.h; the others stand alone.
 *
 *   lines         lines out of a file, a gzip file, a pipe or a file that grows, counted and digested on the way
 *   ahead         JSON texts parsed on a second thread, in order
 *   pyjson        JSON as Python writes it, with NaN and Infinity
 *   line_counter  how often a line has been seen: what makes keys of equal lines differ
 *   keyed_hash    hashes for headers, under the ledger's secret, so that nobody can test a guess
 *   agent_words   what coding agents call answers, tools and permissions, in the catalog's words
 *
 * Words. A "line" has its text and its raw bytes; a "digest" is the SHA-256 and length of all content that was read.
 * What is "hidden" is not encrypted: it is hashed with a secret key. */
#ifndef INGEST_INPUT_ROOM_H
#define INGEST_INPUT_ROOM_H

#endif
