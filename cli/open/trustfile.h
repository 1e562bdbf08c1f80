/* The user's trust file, $XDG_CONFIG_HOME/ledger/trust: read, and changed under a lock. policy.h defines its content. */
#ifndef CLI_OPEN_TRUSTFILE_H
#define CLI_OPEN_TRUSTFILE_H

#include "base/file.h"
#include "ledger/trust/policy.h"

int trustfile_path(char ret[FILE_PATH_MAX], struct err *err);
/* ERR_INVALID if somebody else could have written the file: it belongs to another user (except root), or group or others
 * may write to it. It may be absent. */
int trustfile_check(const char *path, struct err *err);
/* Parses the file into a new policy, empty if the file is absent. Free with policy_free. */
int trustfile_load(const char *path, struct policy **ret, struct err *err);

/* What it knows of one origin; nothing if it is absent, unreadable, or others could have written it. */
void trustfile_look(const char *path, struct bytes origin, struct policy_known *ret);

/* Applies `change` to the file's current content and writes it back if it changed, all under the lock file "<path>.lock". On
 * failure the file is unchanged. */
typedef int trustfile_change_fn(struct policy *policy, void *ctx, struct err *err);
int trustfile_update(const char *path, trustfile_change_fn *change, void *ctx, struct err *err);

#endif
