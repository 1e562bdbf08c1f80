/* The support report: versions, counts and redacted headers for someone who investigates a fault, without revealing
 * whose machine it is. It is not evidence: nothing in it is signed.
 *
 * Sees: projections, ledger, base, cut (the sink and the event of the export). Begin with support.h, which says what
 * leaves.
 *   support  the walks, the members, the search for secrets before a byte leaves
 *   redact   one event or row, redacted
 *   names    pseudonyms
 *   fields   the table of field names: what is kept, replaced or left out (fields.def)
 *   doctor   DOCTOR.md: what the doctor says of the box
 *   report   report.json: the ledger as a whole
 *
 * Words. A "pseudonym" replaces a value that names a person, place or run; it is the same throughout a report and
 * differs between reports. What no table names is left out. */
#ifndef EXPORT_SUPPORT_ROOM_H
#define EXPORT_SUPPORT_ROOM_H

#endif
