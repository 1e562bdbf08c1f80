/* What is on this box that could be recorded and is no agent: servers of models, results, telemetry, services.
 *
 *   thing     what can be found (things.def), and what was. Begin here
 *   find      all of it at once
 *   servers   servers of models, by what answers on the loopback
 *   places    directories, variables, sockets, logs
 *   process   processes by their arguments, and their ports
 *
 * Sees: work, ingest, export, projections, ledger, base. It changes nothing and opens no ledger.
 */
#ifndef CAPTURE_FIND_ROOM_H
#define CAPTURE_FIND_ROOM_H

#endif
