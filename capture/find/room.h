/* What is on this box that could be recorded: agents and their settings, servers of models, results, services.
 *
 * Sees: work, ingest, export, projections, ledger, base. It changes nothing and opens no ledger for writing.
 */
#ifndef CAPTURE_FIND_ROOM_H
#define CAPTURE_FIND_ROOM_H

#endif
