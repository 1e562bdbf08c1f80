/* The user's trust file, $XDG_CONFIG_HOME/ledger/trust: read, and changed under a lock. Its content is policy.h's. */
#ifndef CLI_OPEN_TRUSTFILE_H
#define CLI_OPEN_TRUSTFILE_H

#include "base/file.h"
#include "ledger/trust/policy.h"

int trustfile_path(char ret[FILE_PATH_MAX], struct err *err);
/* ERR_INVALID when somebody else could have written the file: not ours (nor root's), or open to group or others for
 * writing. Absent is fine. */
int trustfile_check(const char *path, struct err *err);
/* Parses the file into a new policy, an empty one when it is absent. Free with policy_free. */
int trustfile_load(const char *path, struct policy **ret, struct err *err);

/* What it says of one origin; nothing when it is absent, cannot be read, or others could have written it. */
void trustfile_look(const char *path, struct bytes origin, struct policy_known *ret);

/* Applies `change` to what the file holds now and writes it back when that changed it, all under the lock file
 * "<path>.lock". On failure the file is as it was. */
typedef int trustfile_change_fn(struct policy *policy, void *ctx, struct err *err);
int trustfile_update(const char *path, trustfile_change_fn *change, void *ctx, struct err *err);

#endif
