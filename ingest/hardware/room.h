/* The source hardware: the machine's components, as its kernel reports them. It writes an event only when they differ
 * from the last time.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with hardware.h, which lists what is left out on purpose.
 *
 *   hardware  compares with the last profile (a cursor) and writes hardware.profiled
 *   probe     processor, memory, disks and system, from /proc, /sys and /etc
 *   gpu       GPUs on PCI and on the chip, with nvidia-smi's data
 *
 * Words. A "profile" is all of it; its "stable part" does not change by itself, and its digest is compared. */
#ifndef INGEST_HARDWARE_ROOM_H
#define INGEST_HARDWARE_ROOM_H

#endif
