/* tool, run: a row for each command about entities with a state. What they share is in entities.c; a command
 * that does more than list and show has a file of its own. */
#include "cli/call/command.h"
#include "cli/states/entities.h"

#define LIST_AND_SHOW(what_)                                                                                               \
    {                                                                                                                      \
        {"list", "list " what_, &entities_list}, {"show", "show one, why it is so, and by which events", &entities_show},  \
        {                                                                                                                  \
            0                                                                                                              \
        }                                                                                                                  \
    }

static const struct command tool[] = LIST_AND_SHOW("tools, how often they were called, and their tiers");
static const struct command adapter[] = LIST_AND_SHOW("adapters and how far they got");
static const struct command run[] = LIST_AND_SHOW("runs and how they ended");

const struct spec spec_tool = {
    .synopsis = "list | show NAME",
    .about = "Tools that agents called: AGENT/SERVER/TOOL; a TOOL alone means that tool of every agent. The\n"
             "tier says how far a call can go, as judged by the policies in the log, newest first, and by the\n"
             "one included with the program. If none of them knows the tool, its tier is unknown, and every\n"
             "list says how many calls that affects.",
    .examples =
        "ledger tool list\nledger tool list --with judged_tier=\nledger tool show Bash\nledger tool show claude-code/Bash",
    .subs = tool,
};
const struct spec spec_adapter = {
    .synopsis = "list | show NAME",
    .about = "Versions of adapters (LoRA and others) by name and digest: declared, canaried, promoted, attached,\n"
             "detached or withdrawn. One is attached only after its promotion, and only where no other version is.",
    .examples = "ledger adapter list --state attached\nledger adapter show style",
    .subs = adapter,
};
const struct spec spec_run = {
    .synopsis = "list | show NAME",
    .about = "Runs: how they ended and what they used. 'ledger timeline RUN' shows one as a tree.",
    .examples = "ledger run list --last 20\nledger run list --pack pdf-ops-pack --state failed\nledger run show 4f1c",
    .subs = run,
};
