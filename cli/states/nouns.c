/* model, route, permit, tool, policy, promote, run: a row for each command about entities with a state. What they share is
 * in entities.c; a command that does more than list and show has a file of its own. */
#include "cli/call/command.h"
#include "cli/states/entities.h"

#define LIST_AND_SHOW(what_)                                                                                               \
    {                                                                                                                      \
        {"list", "list " what_, &entities_list}, {"show", "show one, why it is so, and by which events", &entities_show},  \
        {                                                                                                                  \
            0                                                                                                              \
        }                                                                                                                  \
    }

static const struct command model[] =
    LIST_AND_SHOW("models that were seen or named, by the digest of their weights or manifest");
static const struct command route[] = LIST_AND_SHOW("routes and whether they are proven");
static const struct command permit[] = LIST_AND_SHOW("permissions that were asked for, granted or denied");
static const struct command tool[] = LIST_AND_SHOW("tools, how often they were called, and their tiers");
static const struct command policy[] = LIST_AND_SHOW("policies as last declared");
static const struct command promote[] = LIST_AND_SHOW("promotions and their progress");
static const struct command run[] = LIST_AND_SHOW("runs and how they ended");

const struct spec spec_model = {
    .synopsis = "list | show NAME",
    .about = "A model is identified by the digest of its weights; if that is not known, by the digest of its\n"
             "manifest, or else by its name. Names, tags, aliases and files are claims that point to a digest,\n"
             "so a NAME is a digest, its first digits, or anything that points to one now. Models that only\n"
             "runs, evaluations or routes mention are listed as unregistered, under the name used there.\n"
             "'ledger state model_names' lists the names and shows which of them moved.",
    .examples = "ledger model list\nledger model show llama3.2:3b\nledger model show sha256:4f2a",
    .subs = model,
};
const struct spec spec_route = {
    .synopsis = "list | show NAME",
    .about = "A route says which model answers which kind of work. It is ready when an evaluation proves it as\n"
             "it is now: pack version, configuration, model and suite.",
    .examples = "ledger route list --state 'declared*'\nledger route show summarise --at 2026-11-20",
    .subs = route,
};
const struct spec spec_permit = {
    .synopsis = "list | show NAME",
    .about = "Permissions of packs and tools: WHO/GROUP/SCOPE. A NAME may stop after any of these parts, and\n"
             "the leading pack/ or tool/ may be omitted.",
    .examples = "ledger permit list --pack pdf-ops-pack\nledger permit show pdf-ops-pack\n"
                "ledger permit show pack/pdf-ops-pack/exec",
    .subs = permit,
};
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
const struct spec spec_policy = {
    .synopsis = "list | show NAME",
    .about = "Policies as last declared: the rules that give tools their tiers.",
    .examples = "ledger policy list\nledger policy show mine --at 2026-11-20",
    .subs = policy,
};
const struct spec spec_promote = {
    .synopsis = "list | show NAME",
    .about = "Promotions: idle, planned, debating, simulated, verifying, promoted or aborted.",
    .examples = "ledger promote list --state verifying",
    .subs = promote,
};
const struct spec spec_run = {
    .synopsis = "list | show NAME",
    .about = "Runs: how they ended and what they used. 'ledger timeline RUN' shows one as a tree.",
    .examples = "ledger run list --last 20\nledger run list --pack pdf-ops-pack --state failed\nledger run show 4f1c",
    .subs = run,
};
