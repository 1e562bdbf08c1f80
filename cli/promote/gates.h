/* Which gates a verification asks: those of a file, those that are included, or those that were asked last. */
#ifndef CLI_PROMOTE_GATES_H
#define CLI_PROMOTE_GATES_H

#include "base/bytes.h"
#include "cli/promote/promote.h"
#include "evals/gate/policy.h"

#define GATES_DEFAULT "default" /* --gates default: those that are included, whatever answered before */

struct gates_asked {
    struct gate_policy policy;
    struct buf text; /* of the file */
    bool named;      /* by --gates */
};

/* Of --gates; NULL names none, and nothing is read. Returns 0, or the exit code after reporting faults with their places. */
int gates_read(struct cli *cli, const char *path, struct gates_asked *ret);
/* Where none are named: the file with this digest, as a verification kept it; an empty digest is of those that are included. Returns
 * 0, or the exit code after reporting: `by` is the event that asked them. */
int gates_recall(struct cli *cli, struct ledger *ledger, const char *digest, uint64_t by, struct gates_asked *ret);
/* Keeps the file as an artifact, whose id is its digest. */
int gates_keep(struct ledger *ledger, const struct gates_asked *gates, struct err *err);
void gates_done(struct gates_asked *gates);

#endif
