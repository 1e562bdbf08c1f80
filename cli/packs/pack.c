/* pack: list and show are those of every command about things with a state; the others have files of their own. */
#include "cli/packs/packs.h"
#include "cli/states/entities.h"

static const struct command subs[] = {
    {"list", "list packs and what they lack", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {"install", "install a pack: plan, grants, files", &packs_install},
    {"upgrade", "replace an installed pack by another version", &packs_upgrade},
    {"remove", "remove a pack, or undo what did not end", &packs_remove},
    {"park", "set a pack aside", &packs_park},
    {"unpark", "let a parked pack run again", &packs_unpark},
    {"check", "run the checks of an installed pack", &packs_check},
    {"run", "run an installed pack: its steps, each confined and recorded", &packs_run},
    {"validate", "check a pack's directory and print its digests", &packs_validate},
    {"new", "write a small pack to begin with", &packs_new},
    {"sign", "sign a pack's directory as its publisher", &packs_sign},
    {"schema", "print the JSON Schema of manifests", &packs_schema},
    {0},
};

const struct spec spec_pack = {
    .synopsis = "list | show NAME | install DIR | upgrade DIR | remove NAME | park NAME | unpark NAME | check NAME | "
                "run NAME | validate DIR | new NAME | sign DIR --sign-as KEY | schema",
    .about = "Packs: installed, blocked, demo-only, partial, ready, parked, incomplete or removed, and why. A\n"
             "pack is a directory with a manifest, pack.yaml or pack.json; docs/packs.md describes it.",
    .examples = "ledger pack list\nledger pack show pdf-ops-pack\nledger why pack/pdf-ops-pack\n"
                "ledger pack new my-pack && ledger pack validate my-pack",
    .subs = subs,
};
