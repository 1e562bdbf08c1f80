/* DOCTOR.md of a support report: the doctor's answer about the box, its first page. Internal to the export floor. */
#ifndef EXPORT_SUPPORT_DOCTOR_H
#define EXPORT_SUPPORT_DOCTOR_H

#include "export/support/redact.h"

/* Appends it: judged as of now, from the log alone; nothing is looked at. Names in what the clauses say are replaced as in
 * the rows of verdicts. `stop` may be NULL. */
int support_doctor(struct support_redact *redact, struct ledger *ledger, const volatile int *stop, struct buf *out,
                   struct err *err);

#endif
