/* The report of a verification (of a ledger, a proof or a bundle) as the library returns it. */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include "export/export.h"

struct ledger_report {
    bool is_bundle;
    struct log_report log;       /* for a ledger or proof */
    struct export_report bundle; /* for a bundle */
    struct export_question question;
    char *what; /* what was verified; owned */
};

/* NULL: out of memory. */
struct ledger_report *report_new(const char *what, bool is_bundle);

#endif
