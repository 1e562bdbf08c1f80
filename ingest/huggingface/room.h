/* The source huggingface: models in the cache of Hugging Face's hub, on disk.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with huggingface.h, which draws the cache.
 *
 *   huggingface  one look: the cache compared with the last look, and the events of the differences
 *   cache        the cache as it is: repositories, snapshots, files
 *   state        the last look, in the ledger's cursors
 *
 * Words. A "snapshot" is a repository at a commit; a "blob" the content of a file, under a name that is its digest or its
 * object id in git. */
#ifndef INGEST_HUGGINGFACE_ROOM_H
#define INGEST_HUGGINGFACE_ROOM_H

#endif
