/* Verify: checks everything in a ledger that can be checked and reports the result. It only reads.
 *
 * Sees: trust, erase, derived and the rooms before them.
 *
 * Begin with verify.h, which lists the parts and the state that they share, then decision 014: any thread may run the
 * quiet check of a group; the caller's thread runs the full check, in order, on every group that is not good. So the
 * report is the same on any number of threads.
 *
 *   verify     the flow                                   report     findings and aspects; for bundles too
 *   crew       the threads, and groups in order        group      one group by itself
 *   events     joins the groups: chain, time, tree     seals      checkpoints, epoch keys, handovers
 *   tables     every record must be accounted for      erasures   missing content must have been erased
 *   anchor     compares with what the caller trusts    proof      a single event's proof, without a ledger
 *
 * Words. Finding: one fault, with its event and the rule of docs/format.md that it breaks; a finding is data, not an
 * error. Aspect: a part of a report, such as its seals. Verdict: good, not anchored, contradicts, invalid. Quiet check:
 * adds no findings. Full check ("aloud" in decision 014): adds them. */
#ifndef LEDGER_VERIFY_ROOM_H
#define LEDGER_VERIFY_ROOM_H

#endif
