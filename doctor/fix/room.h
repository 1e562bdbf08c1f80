/* Repairs: what the doctor may mend by itself. Derived data, modes of key files, dead readers; nothing else, and never what
 * the log says.
 *
 * Sees: probe, round, and the floors below. Begin with fix.h.
 *
 *   fix      what there is to mend, mending it, and recording that
 *   keys     the modes of key files
 *   states   projections: stale, stopped, or with rows that cannot be read
 *
 * Words. A "repair" is of one thing, its target. What it does needs no more than tier T1. */
#ifndef DOCTOR_FIX_ROOM_H
#define DOCTOR_FIX_ROOM_H

#endif
