/* Checking a bundle without a ledger: one pass over the file, in the order of its members. Whatever does not fit is a
 * finding with the member's name and the rule it breaks.
 *
 * Sees: projections, ledger, base, cut (names, the manifest, the form of states). Begin with checking.h, then bundle.c.
 *   checking  what the parts share
 *   bundle    the flow and the report (export_verify)
 *   keys      checkpoint, keys, handovers; erasing: erasures; stream_keys: keys of a stream
 *   range     headers, the chain and the tree; which headers must have a line
 *   line      lines: payloads, private fields; sparse bundles
 *   author    authors' signatures
 *   trust     what the caller trusts
 *   states    states, by folding the bundle's events
 *   question  what was requested, and what the answer leaves out
 *   reading, unpack   the file: decompressed within bounds, members of a strict tar
 *   scan      the one form of a line
 *   digests, kept     sums of members; events that states are folded from
 *
 * Words. A "rule" is a number of docs/bundle.md (B15) or docs/format.md part 11 (F3). An "aspect" is a line of the
 * verdict. */
#ifndef EXPORT_VERIFY_ROOM_H
#define EXPORT_VERIFY_ROOM_H

#endif
