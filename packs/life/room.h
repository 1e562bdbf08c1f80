/* The life of a pack in a ledger: planned, installed, upgraded, parked, removed. What is decided here is decided by the
 * projections and the resolver; this room reads directories, asks them, copies files and appends what happened.
 *
 * Sees: every room of packs, and the floors below. Begin with plan.h, assess.h and change.h; decision 094 has the order of the steps.
 *
 *   installed  the row of an installed pack, and its files compared with it
 *   peers      the other installed packs, and whether a set holds together
 *   facts      what the machine has, for the resolver: from states, dpkg's own files, and programs where steps look for them
 *   plan       what an installation or upgrade would do; changes: how an upgrade differs; assess: makes the plan
 *   in_use     which runs use a copy
 *   grants     answers given in advance: a file of grants
 *   event      events that are appended together if the first is legal
 *   bodies     the bodies of these events
 *   program    a program of the host or of the pack, by its name, and its digest
 *   change     does it: install, upgrade, restore, remove, park
 *
 * Words. "Plan": as in pack.planned. "Peer": another installed pack. "Open": of a permission, neither held nor answered. */
#ifndef PACKS_LIFE_ROOM_H
#define PACKS_LIFE_ROOM_H

#endif
