/* The parts of `recovery` that read snapshots again, and that take them by a configured command. */
#ifndef CLI_GUARDS_RECOVERY_H
#define CLI_GUARDS_RECOVERY_H

#include "base/file.h"
#include "cli/call/command.h"
#include "ledger/core/config.h"

extern const struct spec recovery_verify;

#define SNAPSHOT_NAME_LEN  16                 /* hex digits */
#define SNAPSHOT_WORDS_MAX ((size_t)64 << 10) /* of a command with everything filled in */

/* Commands for a method of the configuration, with what they are about. */
struct snapshot_command {
    const char *method;
    const struct config_command *take, *check; /* borrowed */
    const char *path, *name;
    char source[FILE_PATH_MAX]; /* what is mounted where `path` is */
};

/* The configuration of this ledger, if nobody else may write to it (ERR_INVALID): what it says is run. */
int snapshot_command_config(const char *ledger_dir, struct config *ret, struct err *err);
/* ERR_INVALID: the method is not one of the configuration, which must outlive *ret, or nothing is mounted there. */
int snapshot_command_find(const struct config *config, const char *method, const char *path, const char *name,
                          struct snapshot_command *ret, struct err *err);
/* Refuses what such a snapshot does not hold: another file system below `path` (ERR_INVALID, with its name). */
int snapshot_command_holds(const struct snapshot_command *of, struct err *err);
/* Takes it. ERR_CONFLICT: the command failed; what it printed is in the message. */
int snapshot_command_take(const struct snapshot_command *of, struct err *err);
/* Asks whether it exists: the command succeeds and prints its name. ERR_NOTFOUND: it does not; other codes: it could not be
 * asked. */
int snapshot_command_check(const struct snapshot_command *of, struct err *err);
/* The command that takes it, with everything filled in: texts, each followed by a NUL, appended to `out`. */
int snapshot_command_words(const struct snapshot_command *of, const struct config_command *command, struct buf *out,
                           size_t *ret_n, struct err *err);

#endif
