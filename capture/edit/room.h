/* Edits of settings as they are: where an entry goes into a JSON, TOML or YAML document, and how a file is replaced.
 *
 * Sees: work, ingest, export, projections, ledger, base.
 */
#ifndef CAPTURE_EDIT_ROOM_H
#define CAPTURE_EDIT_ROOM_H

#endif
