/* What a ledger's sources.conf lists: receivers, pollers and followers, as processes and as units of systemd.
 *
 * Sees: work, ingest, export, projections, ledger, base.
 */
#ifndef CAPTURE_SOURCES_ROOM_H
#define CAPTURE_SOURCES_ROOM_H

#endif
