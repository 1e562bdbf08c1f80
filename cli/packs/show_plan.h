/* A plan for people and as JSON. */
#ifndef CLI_PACKS_SHOW_PLAN_H
#define CLI_PACKS_SHOW_PLAN_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "packs/life/grants.h"
#include "packs/life/plan.h"

void show_plan_lines(struct cli *cli, const struct plan *plan, const struct grants *answers, const char *from);
void show_plan_json(struct obj *obj, const struct plan *plan, const char *from);
/* The directory cannot be a pack: its findings. */
void show_plan_findings(const struct finding_list *found);
/* How many permissions are neither held nor answered, and for each the command that grants it: lines, or members of `list` when
 * it is not NULL. */
size_t show_plan_open(struct cli *cli, const struct plan *plan, const struct grants *grants, struct obj *list);

#endif
