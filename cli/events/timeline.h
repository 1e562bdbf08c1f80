/* Internal to `ledger timeline`: what it is about, and where its events come from. */
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
    const char *about; /* the run or subject; NULL: everything in a time range */
    struct buf run;    /* memory of `about` if it was given as a prefix */
    struct pager pager;
    bool of_run, since_start;
    enum when_style style;
    uint64_t now, size;
    size_t errors, gaps, shown;
    struct tier_count tiers;
};

/* Fills the tree with the events of `about` that match the base query. A run may be given by a prefix: then `about` becomes
 * its full ID. Finding no event is not a failure. ERR_NOTFOUND: several runs have that prefix; some are named. */
int timeline_load(struct timeline *timeline, const struct query *base, struct err *err);
/* Adds to the events of a run what it rests on: the causes of its beginning, its evidence, and the causes of that. */
int timeline_add_before(struct timeline *timeline, struct err *err);
/* Places gaps under the root of their run, where they happened. */
void timeline_hang_gaps(struct timeline *timeline);

/* Judges the tiers of all tool calls. */
void timeline_judge(struct timeline *timeline);

#endif
