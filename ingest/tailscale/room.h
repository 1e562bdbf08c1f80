/* The source tailscale: the machines of a tailnet, as `tailscale status --json` lists them, and what changed since the last
 * look.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with tailscale.h.
 *
 *   tailscale  the source: runs the program, or reads what it said
 *   status     the status, from JSON to peers
 *   diff       what changed, and its events
 *
 * Words. A "peer" is a machine of the network, this one too. Its "stable part" does not change by itself: no traffic, no
 * times of contact. */
#ifndef INGEST_TAILSCALE_ROOM_H
#define INGEST_TAILSCALE_ROOM_H

#endif
