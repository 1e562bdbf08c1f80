/* What helps where a link cannot be switched, as commands for this ledger. */
#ifndef CLI_PROMOTE_ADVISE_H
#define CLI_PROMOTE_ADVISE_H

#include "cli/promote/promote.h"

/* What is wrong with a link and the version that it is to lead to. */
enum target_fault { TARGET_SOUND, TARGET_MOVED /* or gone */, TARGET_NO_LINK, TARGET_CHANGED /* the version; or gone */ };
/* Appends the command that moves away what has the link's name. */
void advise_away(const char *link, struct buf *out);
/* Appends "ledger promote COMMAND ID", with --force or without. */
void advise_step(const struct cli *cli, const char *command, const char *id, bool forced, struct buf *out);
/* Adds to the message of a refusal what helps. `command`: what was refused, "apply" or "rollback". */
void advise_refused(const struct cli *cli, const struct promote_known *known, const char *link, enum target_fault fault,
                    const char *command, struct err *err);

#endif
