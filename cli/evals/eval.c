/* eval: list and show are those of every command about things with a state; the others have files of their own. */
#include "cli/evals/evals.h"
#include "cli/states/entities.h"

static const struct command subs[] = {
    {"run", "run a suite against a model, and record what came of it", &evals_run},
    {"list", "list evaluations, their scores, and whether they count", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {"baseline", "name one that later ones are compared with, or list those", &evals_baseline},
    {"judge", "hold the scores of an imported result against thresholds", &evals_judge},
    {"report", "show one with its samples: pass rates, what failed, latencies", &evals_report},
    {"compare", "compare two by their samples: what flipped, and is it noise", &evals_compare},
    {"diff", "compare the scores of two", &evals_diff},
    {"new", "write a small suite to begin with", &evals_new},
    {"validate", "check suites and print their digests", &evals_validate},
    {"schema", "print the JSON Schema of suites", &evals_schema},
    {0},
};

const struct spec spec_eval = {
    .synopsis =
        "run SUITE | list | show NAME | baseline | judge EVAL | report EVAL | compare A B | diff EVAL EVAL | new FILE | "
        "validate FILE... | schema",
    .about = "Evaluations: what was evaluated, how it ended, its scores, and whether it counts as proof.\n"
             "The newest is listed first, and 'last' names it. 'ledger state eval_scores' lists all scores, one per\n"
             "line. docs/suites.md describes suites.",
    .examples = "ledger eval run sums.yaml --route sums\nledger eval report last\nledger eval list --last 10\nledger eval "
                "list --with verdict=fail\nledger eval report e18\n"
                "ledger eval compare e17 e18",
    .subs = subs,
};
