/* pack: list and show are those of every command about things with a state; the others work on directories. */
#include "cli/packs/packs.h"
#include "cli/states/entities.h"

static const struct command subs[] = {
    {"list", "list packs and what they lack", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {"validate", "check a pack's directory and print its digests", &packs_validate},
    {"new", "write a small pack to begin with", &packs_new},
    {"sign", "sign a pack's directory as its publisher", &packs_sign},
    {"schema", "print the JSON Schema of manifests", &packs_schema},
    {0},
};

const struct spec spec_pack = {
    .synopsis = "list | show NAME | validate DIR | new NAME | sign DIR --sign-as KEY | schema",
    .about = "Packs: installed, blocked, demo-only, partial, ready, parked or removed, and why. A pack is a\n"
             "directory with a manifest, pack.yaml or pack.json; docs/packs.md describes it.",
    .examples = "ledger pack list\nledger pack show pdf-ops-pack\nledger why pack/pdf-ops-pack\n"
                "ledger pack new my-pack && ledger pack validate my-pack",
    .subs = subs,
};
