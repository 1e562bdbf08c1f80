/* The report of a verification (of a ledger, a proof or a bundle) as the library returns it. */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include "export/export.h"

struct ledger_report {
    bool is_bundle;
    struct export_report found; /* for a ledger or proof, only its `log` */
    struct export_question question;
    char *what; /* what was verified; owned */
};

/* NULL: out of memory. */
struct ledger_report *report_new(const char *what, bool is_bundle);

#endif
