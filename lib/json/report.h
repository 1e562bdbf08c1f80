/* What a verification found, as members of a JSON object. */
#ifndef LIB_JSON_REPORT_H
#define LIB_JSON_REPORT_H

#include "base/obj.h"
#include "export/export.h"

const char *report_verdict_name(enum log_verdict verdict); /* "not anchored" */
/* The number of the rule that decided; NULL: none. */
const char *report_rule(const struct log_report *report);

/* Of a ledger or a proof; `what` was verified: its directory or file. */
void report_put(struct obj *obj, const char *what, const struct log_report *report);
/* Of a bundle, with what was requested and what it leaves out. */
void report_put_bundle(struct obj *obj, const char *what, const struct export_report *report,
                       const struct export_question *question);

#endif
