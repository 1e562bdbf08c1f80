/* A body on one line, for tables. */
#ifndef CLI_PRINT_SUMMARY_H
#define CLI_PRINT_SUMMARY_H

#include "base/bytes.h"

#define SUMMARY_MAX 4096 /* bytes shown, about */

/* Appends name=value for each field, errors and states first, digests and times last, nested values as JSON, fields that the
 * kind declares as times in readable form. Not made safe for a terminal. An empty body means it was erased. `skip`: names to
 * leave out, ended by NULL; may be NULL. */
void summary_put(struct bytes kind, struct bytes body, const char *const *skip, struct buf *out);

#endif
