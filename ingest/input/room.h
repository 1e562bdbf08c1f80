/* Readers and small helpers that several sources share. Nothing here knows the ledger or any source.
 *
 * Sees: base. Begin with lines.h; the others stand alone.
 *
 *   lines         lines of a file, a gzip file, a pipe or a growing file, counted and digested on the way
 *   records       JSON objects out of lines: one per line, several, over several lines, in an array
 *   ahead         JSON texts parsed on a second thread, in order
 *   pyjson        JSON as Python writes it, with NaN and Infinity
 *   item          values out of a document, and into an event
 *   line_counter  how often a line has been seen, so that equal lines get different keys
 *   keyed_hash    hashes for headers, under the ledger's secret, so that guesses cannot be tested
 *   agent_words   coding agents' words for answers, tools and permissions, in the catalog's words
 *   model_name    what may be a name of a model
 *   prometheus    metrics in Prometheus' text format
 *   original      what a source said, kept within bounds
 *
 * Words. A "line" has its text and its raw bytes; a "digest" is the SHA-256 and length of all content that was read.
 * "Hidden" means hashed with a secret key, not encrypted. */
#ifndef INGEST_INPUT_ROOM_H
#define INGEST_INPUT_ROOM_H

#endif
