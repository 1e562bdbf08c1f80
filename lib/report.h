/* The report of a verification, of a ledger, a proof or a bundle, as the library hands it out. */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include "export/export.h"

struct ledger_report {
    bool is_bundle;
    struct log_report log;       /* when it is not */
    struct export_report bundle; /* when it is */
    struct export_question question;
    char *what; /* that was verified; owned */
};

/* NULL: no memory. */
struct ledger_report *report_new(const char *what, bool is_bundle);

#endif
