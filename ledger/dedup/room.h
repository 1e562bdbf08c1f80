/* Dedup: the same input again writes nothing. Which idempotency keys are in the log already, answered quickly and
 * never wrongly.
 *
 * Sees: read, core and the rooms before them. Not the derived environment: older keys are looked up in a database of
 * hints that others attach to the handle (ledger->segments), and a stand-in is built from the events where there is
 * none.
 *
 * Begin with keyrun.h, which says where the keys of which events are:
 *
 *   newest events, in memory     keys        loaded once by a process, kept up to date by its commits
 *   recent groups, in evidence   keyrun      a run of hashes for each group
 *   older events, in hints       segments    sorted and immutable, merged as they age
 *
 *   keyproof    what is loaded is held against the chain of leaves or against a voucher
 *   vouch       vouchers: keyed hashes by which derived bytes may be believed
 *   keys_older  chooses where a commit looks up older keys, and builds the stand-in
 *   keeper      the thread for what no append may wait for
 *   hints       the tables of such a database
 *
 * A hash is a hint: every hit is confirmed by reading the event.
 *
 * Words. Pair: a hash and the event that has it. Run: the pairs of a group. Segment: the pairs of at least 65,536
 * events. Voucher: see decision 037. Stand-in: segments in a scratch database of this process. */
#ifndef LEDGER_DEDUP_ROOM_H
#define LEDGER_DEDUP_ROOM_H

#endif
