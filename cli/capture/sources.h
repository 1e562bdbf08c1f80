/* Internal to `ledger sources`.
 *
 *   sources.c        the command and its subcommands; check
 *   sources_list.c   the table
 *   sources_edit.c   add, remove
 *   sources_run.c    run
 *   sources_units.c  units
 *   sources_state.c  how one of them fares
 *   sources_event.c  what each change leaves in the log */
#ifndef CLI_CAPTURE_SOURCES_H
#define CLI_CAPTURE_SOURCES_H

#include "capture/sources/conf.h"
#include "capture/sources/edit.h"
#include "cli/call/command.h"
#include "cli/print/say.h"
#include "ledger/log.h"

extern const struct spec spec_sources_add, spec_sources_remove, spec_sources_run, spec_sources_units;

int sources_list(struct cli *cli, const struct opt_args *args);
/* Loads sources.conf of cli->dir. Returns 0, or an exit code after reporting. */
int sources_load(const struct cli *cli, struct sources_conf *conf);

/* setup.applied, or setup.undone. */
struct sources_event {
    const char *kind, *name, *what; /* what: "source", "unit" */
    const char *path;               /* the file that was changed */
    struct bytes changed;           /* what was inserted, or removed */
    struct bytes before, after;     /* the whole file; p NULL: it did not exist */
    const char *actor;              /* NULL: the user */
};
int sources_event_append(struct ledger *ledger, const struct sources_event *event, struct log_receipt *ret,
                         struct err *err);
/* Writes the changed file, then the event, whose kind, name and actor are given; without its event the change is taken back. */
int sources_edit_apply(struct ledger *ledger, struct sources_edit *edit, const struct sources_event *what,
                       struct log_receipt *ret, struct err *err);

struct sources_names {
    const char *const *names;
    size_t n; /* 0: all */
};
/* Writes the user's units of these sources, or removes them, each with its event, and says so on standard error. ERR_CONFLICT: a
 * file there is not as it was written. */
int sources_units_change(struct cli *cli, struct ledger *ledger, const struct sources_names *names, bool undoes,
                         struct err *err);

#endif
