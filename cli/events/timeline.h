/* The insides of `ledger timeline`: what it is about, and where its events come from. */
#ifndef CLI_EVENTS_TIMELINE_H
#define CLI_EVENTS_TIMELINE_H

#include "cli/call/cli.h"
#include "cli/log/damage.h"
#include "cli/log/tier_count.h"
#include "cli/log/tree.h"
#include "cli/print/pager.h"
#include "cli/print/when.h"

#define TIMELINE_RUN_MAX 600 /* a run's id with its NUL */

struct timeline {
    struct cli *cli;
    struct ledger *ledger;
    struct tree tree;
    struct damage damage;
    const char *about; /* the run or subject; NULL: all of a span of time */
    struct buf run;    /* memory of `about`, when it was given as a beginning */
    struct pager pager;
    bool of_run, since_start;
    enum when_style style;
    uint64_t now, size;
    size_t errors, gaps, shown;
    struct tier_count tiers;
};

/* Fills the tree with what `about` names, as far as the base query goes. A run may be named by its beginning: then `about`
 * becomes its name. No event is no failure; ERR_NOTFOUND names some of the several runs that begin so. */
int timeline_load(struct timeline *timeline, const struct query *base, struct err *err);
/* Gaps stand within the run that they are a gap of: under its root, where they happened. */
void timeline_hang_gaps(struct timeline *timeline);

/* Judges the tiers of all calls of tools. */
void timeline_judge(struct timeline *timeline);

#endif
