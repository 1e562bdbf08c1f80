/* A body in one line, for tables. */
#ifndef CLI_PRINT_SUMMARY_H
#define CLI_PRINT_SUMMARY_H

#include "base/bytes.h"

#define SUMMARY_MAX 4096 /* about so many bytes of it are shown */

/* Appends name=value for each field, what went wrong and how it is first, digests and times last, what is nested as JSON,
 * times of the kind's as such. Not made safe for a terminal. An empty body is an erased one. `skip`: names that are left
 * out, the last one NULL; may be NULL. */
void summary_put(struct bytes kind, struct bytes body, const char *const *skip, struct buf *out);

#endif
