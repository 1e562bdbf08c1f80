/* Whether the link of a promotion leads to what the log says is live, and what puts that right. */
#ifndef CLI_PROMOTE_DRIFT_H
#define CLI_PROMOTE_DRIFT_H

#include "cli/promote/target.h"

#define DRIFT_MAX 900

struct drift {
    bool is; /* or what would say so cannot be read */
    enum target_fault what;
    char words[DRIFT_MAX]; /* with what has to be done by hand */
    struct buf remedy;     /* a command; empty: none helps by itself */
};
void drift_init(struct drift *drift);
void drift_done(struct drift *drift);
/* Of a promotion that answers for its link (promotions_link_end). `whole`: what it leads to is read too, however large it is; otherwise
 * up to 64 MiB of a file. */
void drift_find(const struct cli *cli, struct ledger *ledger, const struct promote_known *known, bool whole,
                struct drift *ret);

#endif
