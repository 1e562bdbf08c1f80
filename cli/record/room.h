/* Commands that write: append, correct, ingest, artifact.
 *
 * Sees: call, print, open, log, view, act; not the commands beside it. Begin with append.c.
 *
 *   append    one event from the command line
 *   correct   an event marked as a mistake
 *   ingest    events from a source, by the floor of that name
 *   artifact  a file stored by its content
 *
 * Words. A "draft" is an event before it is written. A "receipt" has seq, leaf, size and root. A "duplicate" has the
 * source and key of an event that exists already. */
#ifndef CLI_RECORD_ROOM_H
#define CLI_RECORD_ROOM_H

#endif
