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

/* Chooses the format by the end of the page's name: .md or .html. ERR_INVALID for any other. */
int audit_form(const char *page, bool *ret_html, struct err *err);
/* Begins the page: verdict, who, question. The bundle is open in `fd`, whose position does not matter afterwards.
 * ERR_CONFLICT: the file already exists. */
int audit_begin(struct audit *audit, int fd, const struct log_report *report, struct err *err);
/* Adds an event as the verifier delivers it; those without content that are not in the answer are skipped. */
int audit_event(struct audit *audit, const struct log_event *event, struct bytes private_, struct err *err);
/* Adds the rest and gives the page its name. ERR_CONFLICT: the bundle has changed since the page was begun. */
int audit_end(struct audit *audit, int fd, const struct log_report *report, struct err *err);
void audit_abort(struct audit *audit); /* a zeroed or ended one is fine */

#endif
