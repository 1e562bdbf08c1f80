/* States as the commands read them: a view of all projections as of now or of a given moment, and what must be said about
 * the projections that an answer rests on.
 *
 *   asof.c           opening: --at, progress, what is stale or stopped
 *   entity.c         rows by the names people use: "pack/pdf-ops-pack", "permission/tool/bash/exec"
 *   cell.c           cells as values and as text
 *   listing.c        the rows of a table
 *   explain.c        one row in full: fields, reason, evidence */
#ifndef CLI_VIEW_ASOF_H
#define CLI_VIEW_ASOF_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/view/asserted.h"
#include "packs/life/installed.h"
#include "projections/rows/projection.h"
#include "projections/view/state.h"

struct asof {
    struct cli *cli;
    struct ledger *ledger;
    struct state_view *state;
    struct log_head head; /* of the log when it was opened */
    const volatile int *stop;
    bool said;                  /* that the evidence cannot be read */
    enum state_base base;       /* STATE_EVENTS: nothing that is stored is read */
    bool recorded;              /* files of packs are not looked at: what is judged is in the log alone */
    struct installed_look look; /* at the files of packs: their status, unless a command asks for every byte */
    struct asserted asserted;   /* about a requested time before the log began */
};

/* A moment: this many events count, and judges use this time (0: the time of the newest event that counts). */
struct asof_at {
    uint64_t at, now;
};

#define ASOF_AT_HELP "as of a sequence number (118), a time, the end of a date, yesterday, or an age (2h, 7d)"

/* Opens the ledger and the view as of `at` (the text of --at; NULL: now). Returns 0, or an exit code after reporting. The
 * caller closes it in any case. */
int asof_open(struct asof *view, struct cli *cli, const char *at);
/* Its second half, after asof_ledger. */
int asof_moment(struct asof *view, const char *at);
/* The same as of now, once more in one command: what was warned of is not said again. */
int asof_again(struct asof *view, struct cli *cli);
/* Opens only the ledger, for views made with asof_state. */
int asof_ledger(struct asof *view, struct cli *cli);
int asof_ledger_again(struct asof *view, struct cli *cli); /* once more in one command */
/* Makes a view of that moment, with progress on standard error; the caller closes it. Where what is stored cannot be read, of
 * the events alone. */
int asof_state(struct asof *view, const struct asof_at *at, struct state_view **ret, struct err *err);
/* The same moment from the events alone, in place of *state: its stored rows turned out to be damaged. *state is NULL after a
 * failure. */
int asof_state_again(struct asof *view, struct state_view **state, struct err *err);
/* The exit code of an answer that rests on the view. Where the evidence cannot be read, reports that and returns
 * EXIT_INVALID. */
int asof_exit(struct asof *view, int exit_code);
/* cli_fail_lookup for an answer that rests on the view: where the evidence cannot be read, it does not claim that
 * something does not exist. */
int asof_fail_lookup(const struct asof *view, const struct err *err);
void asof_close(struct asof *view);

/* Parses a moment: a seq includes itself, a time includes all events at or before it. A date means its first moment, or
 * with `last` its last one, and so do "yesterday" and "today"; NULL and "now" mean now. ERR_INVALID: not a moment, or a
 * seq past the end. */
int asof_parse(struct asof *view, const char *text, bool last, struct asof_at *ret, struct err *err);

/* "current", "stale", "stopped". */
const char *asof_condition(const struct state_status *status);
/* Reports on standard error which of the projections that a read of this table rests on (SIZE_MAX: all) are stale or
 * stopped, with the remedy; a table with a judge rests on all of them. */
void asof_warn(struct asof *view, size_t table);
/* What asof_warn reports, in words and with the remedy. False: there is nothing to report. */
#define ASOF_WORDS 1024
bool asof_describe(const struct state_status *status, char ret[ASOF_WORDS]);
/* How each projection is stored, without folding anything: *ret_n of them, in their order. */
int asof_stored(struct ledger *ledger, struct state_status ret[PROJECTIONS_MAX], size_t *ret_n, struct err *err);
/* Adds the members "size", "at" and "now" to a JSON document, and "incomplete": the projections that asof_warn would
 * name. */
void asof_put(struct asof *view, size_t table, struct obj *obj);

#endif
