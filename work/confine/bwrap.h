/* Which bubblewrap this is. */
#ifndef WORK_CONFINE_BWRAP_H
#define WORK_CONFINE_BWRAP_H

#include "base/bytes.h"

/* Asks `path` for its version and its options. ERR_NOTFOUND: it is not there. ERR_VERSION: it lacks an option that every
 * step uses. */
int confine_bwrap_find(const char *path, char *ret_version, size_t room, struct err *err);

#endif
