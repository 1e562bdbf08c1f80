/* Which packs belong together: what a pack requires and conflicts with, against the packs that can be had and what the
 * machine is. A decision only; it acts on nothing and looks at nothing but what it is given.
 *
 * Sees: manifest, tree, and the floors below packs. Begin with resolve.h.
 *
 *   resolve   the plan, or the requirements that cannot hold together
 *   rule      each requirement as a rule: whether it holds, and how it is said
 *
 * Words. "Candidate": a pack that can be had, in one version. "Rule": one requirement or conflict of one candidate, one wish
 * of the caller, or one pack that is installed and stays. "Clash": a rule of a set that cannot hold together. */
#ifndef PACKS_RESOLVE_ROOM_H
#define PACKS_RESOLVE_ROOM_H

#endif
