/* model, route, permit, tool, policy, pack, promote, run: a row for each command about things with a state. What they share
 * is in entities.c; a command that does more than list and show moves to a file of its own. */
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
    LIST_AND_SHOW("models that were seen or named, by the digests of their weights or manifests");
static const struct command route[] = LIST_AND_SHOW("routes and whether they are proven");
static const struct command permit[] = LIST_AND_SHOW("permissions: what was asked for, granted, denied");
static const struct command tool[] = LIST_AND_SHOW("tools, how often they were called, and their tiers");
static const struct command policy[] = LIST_AND_SHOW("policies as they were declared last");
static const struct command pack[] = LIST_AND_SHOW("packs and what they lack");
static const struct command promote[] = LIST_AND_SHOW("promotions and how far they are");
static const struct command run[] = LIST_AND_SHOW("runs and how they ended");

const struct spec spec_model = {
    .synopsis = "list | show NAME",
    .about = "Models are known by the digest of their weights, or, as long as nobody told these, of the manifest\n"
             "that was seen, or else by their name. A name, a tag, an alias or a file is a claim that points to\n"
             "a digest, so a NAME is a digest, its first digits, or whatever points there now. Those that runs,\n"
             "evaluations and routes name, and no runtime, are listed as unregistered, and found by that name.\n"
             "'ledger state model_names' lists the names, and which of them moved.",
    .examples = "ledger model list\nledger model show llama3.2:3b\nledger model show sha256:4f2a",
    .subs = model,
};
const struct spec spec_route = {
    .synopsis = "list | show NAME",
    .about = "Routes say which model answers which kind of work. One is ready when an evaluation proves it as it\n"
             "is now: pack version, configuration, model and suite.",
    .examples = "ledger route list --state 'declared*'\nledger route show summarise --at 2026-11-20",
    .subs = route,
};
const struct spec spec_permit = {
    .synopsis = "list | show NAME",
    .about = "Permissions of packs and tools: WHO/GROUP/SCOPE. A NAME may end after any of these, and pack/ or tool/\n"
             "in front may be left out.",
    .examples = "ledger permit list --pack pdf-ops-pack\nledger permit show pdf-ops-pack\n"
                "ledger permit show pack/pdf-ops-pack/exec",
    .subs = permit,
};
const struct spec spec_tool = {
    .synopsis = "list | show NAME",
    .about = "Tools that agents called: AGENT/SERVER/TOOL; a TOOL alone names that of every agent. The tier says how far a "
             "call can go, judged by the\n"
             "policies of the log, the newest first, and by the one that ships with the program. Where none of\n"
             "them knows the tool it is unknown, and every list says of how many calls.",
    .examples =
        "ledger tool list\nledger tool list --with judged_tier=\nledger tool show Bash\nledger tool show claude-code/Bash",
    .subs = tool,
};
const struct spec spec_policy = {
    .synopsis = "list | show NAME",
    .about = "Policies as they were declared last: the rules by which tools have a tier.",
    .examples = "ledger policy list\nledger policy show mine --at 2026-11-20",
    .subs = policy,
};
const struct spec spec_pack = {
    .synopsis = "list | show NAME",
    .about = "Packs: installed, blocked, demo-only, partial, ready, parked or removed, and why.",
    .examples = "ledger pack list\nledger pack show pdf-ops-pack\nledger why pack/pdf-ops-pack",
    .subs = pack,
};
const struct spec spec_promote = {
    .synopsis = "list | show NAME",
    .about = "Promotions: idle, planned, debating, simulated, verifying, promoted or aborted.",
    .examples = "ledger promote list --state verifying",
    .subs = promote,
};
const struct spec spec_run = {
    .synopsis = "list | show NAME",
    .about = "Runs: how they ended and what they took. 'ledger timeline RUN' shows one as a tree.",
    .examples = "ledger run list --last 20\nledger run list --pack pdf-ops-pack --state failed\nledger run show 4f1c",
    .subs = run,
};
