/* What runs here: hardware, software, runtimes, runs and imports. Each table is folded from its own family of events, and
 * the only judge here that looks at other tables is that of hardware: its tiers are a policy.
 *
 * Sees: the engine (rows to view), permissions (policies). Begin with any file: each opens with what its tables hold. runs.c is the largest, keys.c
 * the smallest and a good first example of a projection.
 *
 *   hardware   machines: memory, disks, GPUs, and the tier that follows
 *   capability  tiers of machines and their limits, by the newest policy that has them
 *   installs   packages, as dpkg and others report them
 *   runtimes   runtimes such as ollama: do they answer?
 *   runs       what agents and packs did: runs with their calls, errors and costs
 *   agents     agents: when each was last heard of
 *   setups     what was changed on the box so that programs are recorded
 *   imports    what was ingested from where, and what was refused
 *   keys       keys that sign events
 *
 * Words. A "fault" of hardware and an "error" of a run are recorded as their source reports them; whether someone has to
 * act is decided by the verdict (verdict/). */
#ifndef PROJECTIONS_MACHINE_ROOM_H
#define PROJECTIONS_MACHINE_ROOM_H

#endif
