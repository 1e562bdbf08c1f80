/* Evidence bundles for people: verified, reported, and their events shown. */
#ifndef CLI_EVIDENCE_BUNDLE_H
#define CLI_EVIDENCE_BUNDLE_H

#include "cli/call/cli.h"
#include "cli/log/corrected.h"
#include "export/export.h"

/* Verifies the bundle and reports it. With `print` its disclosed events are shown before the report, once nothing was
 * found to be wrong. `page` (may be NULL): a file to create with a report to read (cli/evidence/audit.h), whatever the
 * verdict. Returns the exit code: of the verdict, or of an error that it reported. */
int bundle_verify(struct cli *cli, const char *path, const struct log_trust *trust, bool print, const char *page);
/* Prints one event as `verify --print` and `reveal --print` show it: a line, then its disclosed content; with --json a
 * line of JSON. A missing body is empty bytes. `private_` is a map or empty. With `q` (may be NULL) it states why an
 * event is not in the answer. An event among the `corrected` is marked. */
int bundle_print_event(struct cli *cli, const struct export_question *q, const struct log_event *event,
                       struct bytes private_, const struct corrected *corrected, struct err *err);

#endif
