/* Evidence bundles for people: checked, told of, and their events shown. */
#ifndef CLI_EVIDENCE_BUNDLE_H
#define CLI_EVIDENCE_BUNDLE_H

#include "cli/call/cli.h"
#include "cli/log/corrected.h"
#include "export/export.h"

/* Verifies the bundle and reports it. With `print` its events are shown before that, as far as they are disclosed, once
 * nothing in it was found to be wrong. `page` (may be NULL): a file that is made, with the report to read
 * (cli/evidence/audit.h), whatever the verdict. Returns the exit code: the verdict, or after reporting. */
int bundle_verify(struct cli *cli, const char *path, const struct log_trust *trust, bool print, const char *page);
/* One event as `verify --print` and `reveal --print` show it: a line, then what is disclosed of it; with --json a line of
 * JSON. A body that is not there is empty bytes. `private_` is a map or empty. With `q` (may be NULL) it is said why an
 * event is not in the answer. An event that is among the `corrected` is marked. */
int bundle_print_event(struct cli *cli, const struct export_question *q, const struct log_event *event,
                       struct bytes private_, const struct corrected *corrected, struct err *err);

#endif
