/* The support report: versions, counts and redacted headers for whoever looks for a fault, without telling whose
 * machine it is. It is no evidence: nothing in it is signed.
 *
 * Sees: projections, ledger, base, cut (the sink and the event of the export). Begin with support.h, which says what
 * leaves.
 *
 *   support  the walks, the members, the search for secrets before a byte leaves
 *   redact   one event or row, redacted
 *   names    pseudonyms
 *   fields   the table of field names: what is kept, replaced or left out (fields.def)
 *   report   report.json: the ledger as a whole
 *
 * Words. A "pseudonym" stands for a value that names a person, place or run, the same one throughout a report and in no
 * other. What no table names stays out. */
#ifndef EXPORT_SUPPORT_ROOM_H
#define EXPORT_SUPPORT_ROOM_H

#endif
