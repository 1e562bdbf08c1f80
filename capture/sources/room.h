/* What a ledger's sources.conf lists: receivers, pollers and followers, as processes and as units of systemd.
 *
 *   conf.h       sources.conf: reading and checking it
 *   edit.h       adding a section to it, and removing one
 *   place.h      the files of a source while it runs, and who runs it
 *   status.h     what a running source writes about itself
 *   reporter.h   when it writes that
 *   notify.h     what a service manager is told
 *   supervise.h  one process that runs several sources, each in a child
 *   unit.h       the text of a unit, and whether a file is one as it was written
 *
 * Begin with conf.h. The commands are in cli/capture/.
 *
 * Sees: work, ingest, export, projections, ledger, base.
 */
#ifndef CAPTURE_SOURCES_ROOM_H
#define CAPTURE_SOURCES_ROOM_H

#endif
