/* The source hardware: what the machine is made of, as its kernel tells. It writes an event only when that differs from
 * the last time.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with hardware.h, which says what is left out on purpose.
 *
 *   hardware  compares with the last profile (a cursor) and writes hardware.profiled
 *   probe     processor, memory, disks and system out of /proc, /sys and /etc
 *   gpu       GPUs on PCI and on the chip, and what nvidia-smi adds
 *
 * Words. A "profile" is all of it; its "stable part" is what does not change by itself, and has the digest that is
 * compared. */
#ifndef INGEST_HARDWARE_ROOM_H
#define INGEST_HARDWARE_ROOM_H

#endif
