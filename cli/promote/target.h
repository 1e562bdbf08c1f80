/* The link of a promotion: what the plan says of it, and switching it to what the states say it has to lead to. */
#ifndef CLI_PROMOTE_TARGET_H
#define CLI_PROMOTE_TARGET_H

#include "cli/promote/advise.h"
#include "cli/promote/promote.h"
#include "evals/gate/link.h"
#include "packs/tree/version.h"

struct promote_target {
    char link[FILE_PATH_MAX], source[FILE_PATH_MAX], previous[FILE_PATH_MAX]; /* previous: empty if there was no link */
    enum target_fault fault;                                                  /* of the last look that refused */
};
/* For a plan: DIR/NAME, where it leads now, and where the candidate lies: `from` (NULL: DIR/<hex of the digest>). `digest` is
 * measured when it is empty; `ret_before` is that of what the link leads to, empty if there is no link. */
int target_plan(const char *dir, const char *name, const char *from, char digest[VERSION_DIGEST_MAX],
                struct promote_target *ret, char ret_before[VERSION_DIGEST_MAX], struct err *err);
/* Of the event that planned it. ERR_NOTFOUND: its private fields were erased. */
int target_read(struct ledger *ledger, const struct promote_known *known, struct promote_target *ret, struct err *err);
/* Whether the link may be switched to the version with the digest `want`, the candidate's or the one before: it lies there whole,
 * and the link leads to the other one, or there already. ERR_CONFLICT, in words. `forced`: wherever the link leads. */
int target_may(const struct promote_known *known, struct promote_target *target, const char *want, bool forced,
               struct err *err);
/* Of a promotion that answers for its link: does that lead where it has to? ERR_CONFLICT, in words: drift. */
int target_leads(const struct promote_known *known, struct promote_target *target, struct err *err);
/* Is the version that it has to lead to there, unchanged? ERR_CONFLICT, in words. A file above `max` bytes is not read. */
int target_is_whole(const struct promote_known *known, struct promote_target *target, uint64_t max, struct err *err);
/* Switches the link to what the states say, reads back and records promotion.applied, unless nothing is to be applied and
 * `forced` is not set. Prints what it did, or reports. Returns the exit code. */
int target_apply(struct cli *cli, const char *id, const char *actor, bool forced);

#endif
