/* The source ollama: the models of an ollama server, of its store on disk or of saved answers, and what changed since the
 * last look.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with ollama.h, then ollama.c for one look at a server.
 *
 *   ollama          the source: a server, a store, or files
 *   answer, show    answers of the server, from JSON to models
 *   diff            what changed since the last look, and its events
 *   state           the last look, kept in cursors
 *   event           bodies and keys
 *   capture, stream saved answers, whole or streamed
 *   store, blob     manifests on disk, and the files they name, checked and hashed
 *
 * Words. A "look" is one comparison of two lists: models by name, and loaded models. ollama's "digest" of a model is
 * that of its manifest; the weights have another. */
#ifndef INGEST_OLLAMA_ROOM_H
#define INGEST_OLLAMA_ROOM_H

#endif
