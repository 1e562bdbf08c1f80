/* The source journal: systemd's journal in its export format: services that run models, and faults of the hardware.
 *
 * Sees: ledger, base, input, driver. No other source. Begin with journal.h, which draws the format.
 *
 *   journal  the source: files and pipes, from bytes to entries
 *   parse    the export format, pushed in pieces
 *   entry    which entries are recorded, and as what
 *   child    journalctl, started to follow this machine's journal
 *   kernel   messages of the kernel: processes killed for memory, GPUs
 *
 * Words. "Trusted" fields begin with an underscore: the journal sets them itself. The others are what a program says of
 * itself. A "run" of a unit has an invocation id. */
#ifndef INGEST_JOURNAL_ROOM_H
#define INGEST_JOURNAL_ROOM_H

#endif
