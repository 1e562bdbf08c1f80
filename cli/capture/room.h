/* Commands of live capture: setup, sources, tap, follow.
 *
 * Sees: the rooms of cli before it, and the floor capture.
 *
 *   follow             events are sent on as they are recorded: the command and its rounds
 *   setup_receiver     the receiver of telemetry that setup adds to sources.conf
 *   outlet, outlet_net where to: standard output, files; sockets and collectors
 */
#ifndef CLI_CAPTURE_ROOM_H
#define CLI_CAPTURE_ROOM_H

#endif
