/* A verified bundle as a page to read, keep and print: Markdown or HTML, complete in one file, without scripts. */
#ifndef CLI_EVIDENCE_AUDIT_H
#define CLI_EVIDENCE_AUDIT_H

#include "base/file.h"
#include "export/export.h"

struct audit {
    const char *bundle, *page; /* paths, borrowed */
    bool html;
    uint8_t digest[LOG_HASH]; /* of the bundle's file */
    const struct export_question *question;
    struct file_out file;
    struct buf text; /* not yet written */
    uint64_t shown;
    bool open;
};

/* By the end of its name: .md or .html. ERR_INVALID for any other. */
int audit_form(const char *page, bool *ret_html, struct err *err);
/* Begins the page: verdict, who, question. The bundle is open in `fd`, whose place does not matter afterwards.
 * ERR_CONFLICT: there is such a file already. */
int audit_begin(struct audit *audit, int fd, const struct log_report *report, struct err *err);
/* An event as the verifier gives it; those without content that are not in the answer are passed over. */
int audit_event(struct audit *audit, const struct log_event *event, struct bytes private_, struct err *err);
/* The rest, and the page gets its name. ERR_CONFLICT: the bundle is not what it was when the page was begun. */
int audit_end(struct audit *audit, int fd, const struct log_report *report, struct err *err);
void audit_abort(struct audit *audit); /* a zeroed or ended one is fine */

#endif
