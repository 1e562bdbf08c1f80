/* The clauses that rest on what probes observe (probed.c), and what they share with those of the box. */
#ifndef PROJECTIONS_VERDICT_PROBED_H
#define PROJECTIONS_VERDICT_PROBED_H

#include "projections/verdict/verdict.h"

/* What the probe "hooks" says of each agent: hooks.c judges it. */
#define PROBED_HOOKS "agent-hook"
/* Has this check a clause of its own? */
bool verdict_is_probed(struct bytes check);

/* A time in words, to the second, in UTC. */
#define VERDICT_WHEN 24
void verdict_when(char ret[VERDICT_WHEN], int64_t at);

/* Of a clause that passes: did the probe look again after its newest observation (`touched`, a seq), and give no answer? Then what it saw
 * before is not how it is, and the clause is unknown. */
int verdict_look_failed(struct verdict_case *c, const char *probe, int64_t touched, struct err *err);

int verdict_chain(struct verdict_case *c, struct err *err);
int verdict_trust(struct verdict_case *c, struct err *err);
int verdict_keys(struct verdict_case *c, struct err *err);
int verdict_epoch(struct verdict_case *c, struct err *err);
int verdict_index(struct verdict_case *c, struct err *err);
int verdict_readers(struct verdict_case *c, struct err *err);
int verdict_quota(struct verdict_case *c, struct err *err);
/* What is wrong with the stored rows of projections, for the clause "states". */
int verdict_stored(struct verdict_case *c, struct err *err);
int verdict_time(struct verdict_case *c, struct err *err);
int verdict_probes(struct verdict_case *c, struct err *err);

#endif
