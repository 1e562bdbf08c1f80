/* Who may do what, and how far: permissions, the policies that judge tools, and the tools that were called.
 *
 * Sees: the engine (rows to view). Begin with the opening of permissions.c, which states the rules, then permitted.h.
 *
 *   permissions  the tables permissions, permission_patterns and permission_sessions: the fold
 *   judge        what a row of permissions says when it is read
 *   row          columns of a row of permissions, and whether what was granted is over
 *   ground       the grounds on which a use is held, refused or not covered, in one order
 *   find         inside the fold: which decision covers a use; which scopes are patterns
 *   permitted    is a permission held? The one answer for gates, packs and judges
 *   policies     the table of declared policies; tiers judges a call by them, tiers_default.def is what ships; limits says what
 *                their rules let pass besides
 *   tools        the table of tools and agents that were called
 *
 * Words. "who" holds a permission: a pack, tool, agent or server. A "group" is a kind of act (exec, net), a "scope" its
 * reach; an empty scope is everything. A "tier" T0 to T3 says how far a call can go. "Safe side": denied and revoked always
 * take effect. */
#ifndef PROJECTIONS_PERMISSIONS_ROOM_H
#define PROJECTIONS_PERMISSIONS_ROOM_H

#endif
