/* Probes: each looks at one thing of the box and says what it saw. A probe judges nothing and writes no observation itself:
 * it puts records into a buffer, in a child process (doctor/round/), and the parent decides which of them are news.
 *
 * Sees: work, ingest, query, export, projections, ledger, base. Begin with probe.h; a probe is a row in probes.def.
 *
 *   probe     what a probe is, and what it is given
 *   record    what a probe says: checks, encoded for the way to the parent, and read there as from outside
 *   event     an event of the doctor
 *   chain     what a verification of the ledger found; disk, clock, keep: the machine and the ledger's own care
 *   keep_rows whether what is stored of the projections can be read
 *   hooks     whether the hooks that setup inserted are in the settings of agents
 *   packs     whether the files of installed packs are those that were installed
 *   source    the ingest sources that look themselves: hardware; the ledger and the store of Ollama as probes open them
 *   runtimes  servers of models: which ones (runtimes), its events (runtimes_record)
 *   models    files of models: a glance (models), and every byte (weights)
 *
 * Words. A "look" is one run of a probe. A "check" is one observation: name, target, status, value against limit. */
#ifndef DOCTOR_PROBE_ROOM_H
#define DOCTOR_PROBE_ROOM_H

#endif
