/* Cutting a bundle: signed evidence for a stranger, written in one pass over a range of events.
 *
 * Sees: projections, ledger, base, export.h. Begin with docs/bundle.md, then write.c (the order of members) and cut.h.
 *   write         export_write: all members, in order
 *   cut, count    options, the walk over the range, what leaves of each event
 *   bundle        names, limits and predicates that writer and verifier share
 *   manifest      the signed statement; manifest_read: reading one, strictly
 *   lines         lines of entries, payloads and private fields
 *   handovers, erasures, artifact, states   the members of these names
 *   sink          the tar, its digest and its compression
 *   verify_md     VERIFY.md: how to check the bundle by hand
 *   record        the event ledger.exported
 *
 * Words. A "member" is a file in the tar. An event is "disclosed", "withheld", "erased", or present "by its header
 * only". "Sparse" is a bundle of single events, which claims no completeness. "Beside": temporary parts, in the target's
 * directory. */
#ifndef EXPORT_CUT_ROOM_H
#define EXPORT_CUT_ROOM_H

#endif
