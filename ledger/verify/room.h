/* Verify: everything that can be checked of a ledger, and a report of it. It only reads.
 *
 * Sees: trust, erase, derived and the rooms before them.
 *
 * Begin with verify.h, which lists the parts and the state that they share, then decision 014: each group is checked
 * quietly, on any thread; one that is not good is checked again aloud, in order, on the caller's thread. So the
 * report is the same on any number of threads.
 *
 *   verify     the flow                                   report     findings and aspects; for bundles too
 *   crew       the threads, and groups in order        group      one group by itself
 *   events     joining the groups: chain, time, tree   seals      checkpoints, epoch keys, handovers
 *   tables     every record must be accounted for      erasures   what is missing must have been erased
 *   anchor     against what the caller trusts          proof      a single event's proof, without any ledger
 *
 * Words. Finding: something that is wrong, with the event and the rule of docs/format.md; a finding is data, not an
 * error. Aspect: a part of a report, such as its seals. Verdict: good, not anchored, contradicts, invalid. Quietly,
 * aloud: without findings and with them. */
#ifndef LEDGER_VERIFY_ROOM_H
#define LEDGER_VERIFY_ROOM_H

#endif
