/* promote: list and show are those of every entity; the others have files of their own. */
#include "cli/promote/promote.h"

#include "cli/states/entities.h"

static const struct command subs[] = {
    {"plan", "propose a candidate: what it is for, and its digest", &promote_plan},
    {"debate", "open a debate of named voters, or conclude it as its votes say", &promote_debate_spec},
    {"vote", "give a signed vote in the debate about it", &promote_vote},
    {"simulate", "try it without consequences, and record the report", &promote_simulate},
    {"verify", "ask the gates, and record their answers", &promote_verify},
    {"apply", "promote it, if nothing bars it; complete what is not applied", &promote_apply},
    {"abort", "end what is in progress", &promote_abort},
    {"rollback", "go back to what was live before", &promote_rollback},
    {"status", "show where it is, what it lacks and the next command", &promote_status},
    {"history", "show which version was live when", &promote_history},
    {"list", "list promotions and their progress", &promote_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_promote = {
    .synopsis = "plan | debate | vote | simulate | verify | apply | abort | rollback | status | history | list | show",
    .about = "How a candidate (a route, pack, model, adapter, image, prompt or policy, by its digest) comes into\n"
             "use: planned, simulated, verified by declared gates, promoted; aborted from any of these; rolled\n"
             "back by one event. docs/promotion.md has the rules.",
    .examples = "ledger promote plan swap route/summarise --digest sha256:...\nledger promote status swap\n"
                "ledger promote history route/summarise",
    .subs = subs,
};
