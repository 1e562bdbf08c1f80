/* Writes the status of a running source when it has changed: soon, but not with every commit, and never while nothing happens.
 * A thread of its own writes, so that a slow disk does not slow recording down. */
#ifndef CAPTURE_SOURCES_REPORTER_H
#define CAPTURE_SOURCES_REPORTER_H

#include "capture/sources/status.h"

struct sources_reporter;
/* Begins with this status, and writes it. */
int sources_reporter_new(const char *dir, const char *name, const struct sources_status *status,
                         struct sources_reporter **ret, struct err *err);
/* The status, to be changed until sources_reporter_put. Any thread. */
struct sources_status *sources_reporter_take(struct sources_reporter *reporter);
/* `now`: it is written at once, else within two seconds. */
void sources_reporter_put(struct sources_reporter *reporter, bool now);
/* Writes what is not written yet, and frees. NULL is fine. */
void sources_reporter_free(struct sources_reporter *reporter);

#endif
