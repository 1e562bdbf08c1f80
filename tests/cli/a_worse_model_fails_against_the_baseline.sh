#!/usr/bin/env bash
# A suite with thresholds on regression_lower and probes_changed, against a named baseline: as good passes, a model that answers worse
# fails by the first, one that answers a probe otherwise fails by the second, and no model passes by a baseline that was erased.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

eval_server
new_box
at=(--endpoint "http://127.0.0.1:$port" --model tiny)
{
    echo 'schema: ledger-suite/v0'
    echo 'name: facts'
    echo 'settings: {temperature: 0}'
    echo 'thresholds:'
    echo '  - {metric: regression_lower, at_least: -0.2, baseline: released}'
    echo '  - {metric: probes_changed, at_most: 0, baseline: released}'
    echo 'cases:'
    for i in {1..30}; do
        echo "  - {id: c$i, text: 'recite capital', expect: [{check: contains, text: Paris}]}"
    done
    echo "  - {id: p1, text: 'recite probe', seed: 7, probe: true, expect: [{check: contains, text: blue}]}"
} >facts.yaml
answers() { # CAPITAL PROBE
    echo "$1" >served/capital
    echo "$2" >served/probe
}
# try EXIT VERDICT REGRESSION PROBES: a run, its verdict and those of its two thresholds.
try() {
    box "$1" eval run facts.yaml "${at[@]}" --json
    json .verdict "$2"
    id=$(jq -r .eval <<<"$out")
    box 0 eval report "$id" --json
    json '[.scores[] | select(.metric == "regression_lower")][0].verdict' "$3"
    json '[.scores[] | select(.metric == "probes_changed")][0].verdict' "$4"
}

# The first has nothing to be compared with; it becomes the baseline.
answers Paris 'The sky is blue.'
try 1 unknown unknown unknown
first=$id
box 0 eval baseline facts released "$first"
named=$(events 'select(.kind == "eval.baseline_set").seq')

weights 22
try 0 pass pass pass
same_good=$id
box 0 eval compare "$first" "$id"
out_has 'no sample flipped'

# Worse: by the lower bound of the paired difference.
answers London 'The sky is blue.'
weights 33
try 1 fail fail pass
box 0 eval show "$id"
out_has 'regression_lower'
out_has 'misses'
box 1 eval compare "$same_good" "$id"
out_has 'B is worse than A'

# Otherwise: every case passes, and a probe says it in other words.
answers Paris 'It is blue.'
weights 44
try 1 fail pass fail
json '[.scores[] | select(.metric == "probes_changed")][0].value' 1
box 0 eval compare "$same_good" "$id" --json
json '[.probes, .probes_changed, .answer] | tojson' '[1,1,"noise"]'

# Without the event that names it there is no baseline, and nothing passes; what was judged before stays judged.
answers Paris 'The sky is blue.'
box 0 erase "$named" --body --yes --reason mistake
box 0 eval list --json
json "[.states[] | select(.eval == \"$same_good\")][0].verdict" pass
"$LEDGER" -C "$BOX" eval baseline --json >"$T/.out" 2>"$T/.err" || true
json '[.states[] | select(.counts)] | length' 0
try 1 unknown unknown unknown
box 1 eval run facts.yaml "${at[@]}"
out_has "regression_lower: there is no baseline 'released' that counts"
box 0 verify
# Named again, it holds again.
box 0 eval baseline facts released "$first"
try 0 pass pass pass

# A baseline whose evaluation lost a body is none either.
ended=$(events "select(.kind == \"eval.finished\" and .subject == \"eval/$first\").seq")
box 0 erase "$ended" --body --yes --reason mistake
box 0 eval baseline facts --json
json '.states[0].counts' false
json '.states[0].reason | contains("erased")' true
try 1 unknown unknown unknown
finish
