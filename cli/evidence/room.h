/* Commands that hand out evidence, check it and erase: export, reveal, prove, checkpoint, support, verify, erase.
 *
 * Sees: call, print, open, log, view, act; not the commands beside it. Begin with export.c and verify.c.
 *
 *   export, cut_args  a bundle, and the options that say what goes into it
 *   reveal, prove     single private fields; the proof of one event
 *   checkpoint        the newest signed checkpoint, printed or kept in a file
 *   support           the report without names; also for the tripcode that orders one
 *   handover          a file that leaves: written, recorded as an event, and only then named
 *   verify            a ledger, a bundle or a proof
 *   examine           a ledger verified in a child process, which a damaged database may kill
 *   bundle, audit     a bundle verified; as a page to read
 *   question          what a bundle was asked for, and what it leaves out
 *   report            verdict, aspects and findings, for people and as JSON
 *   erase, erase_plan, erase_left, erase_say   content erased for good: what, who had seen it, what is said of it
 *
 * Words. "Disclosed" content is in a bundle, "withheld" content is not, "erased" content exists nowhere. An "aspect" is
 * a line of a verdict; a "finding" is one fault in it. */
#ifndef CLI_EVIDENCE_ROOM_H
#define CLI_EVIDENCE_ROOM_H

#endif
