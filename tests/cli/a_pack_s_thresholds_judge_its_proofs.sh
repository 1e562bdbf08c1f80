#!/usr/bin/env bash
# What a pack's manifest asks of an evaluation counts beside what the evaluation asks of itself: the stricter one decides.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin example.org/box
mkdir -p pack
echo '{}' >pack/suite.json
cat >pack/pack.yaml <<'EOF'
schema: foundry-pack/v0
name: p
version: 1.0.0
summary: Counts
publisher: test.example/packs
permissions:
  - {group: exec, scope: wc, tier: T0, required: true, reason: counts}
routes:
  - {name: count, role: tool, program: wc, arguments: [-c], required: true}
evals:
  - {route: count, suite: suite.json, thresholds: [{metric: acc, min: 0.9}, {metric: errors, max: 2}]}
inputs:
  - {name: text, type: text, required: true}
steps:
  - {id: count, route: count, inputs: [text], outputs: [n], stdin: text, stdout: n}
artifacts:
  - {name: n, required: true}
EOF
box 0 pack install pack
box 0 permit grant pack/p exec wc --tier T0
prove() { # EVAL [METRIC VALUE THRESHOLD HIGHER]...: an evaluation of the route as it is, which says that it passed
    local eval=$1 config
    shift
    config=$("$LEDGER" -C "$BOX" state routes count --json | jq -r '.things[0].fields.config_digest')
    while [[ $# -gt 0 ]]; do
        measured eval.scored -s "eval/$eval" task=t "metric=$1" "value:=$2" "threshold:=$3" "higher_is_better:=$4"
        shift 4
    done
    measured eval.finished -s "eval/$eval" route=count suite=suite.json "suite_digest=sha256:$(sha256sum <pack/suite.json | cut -c1-64)" \
        config_digest="$config" program_digest=@/usr/bin/wc pack=p pack_version=1.0.0 verdict=pass \
        pack_digest="$("$LEDGER" -C "$BOX" state packs p --json | jq -r '.things[0].fields.tree_digest')"
}
state() {
    box 0 pack show p --json
    json '.things[0].state' "$1"
}

# Its own threshold is met, the pack's is not.
prove low acc 0.1 0.05 true errors 1 2 false
state demo-only
out_has "the route's threshold: 't acc' 0.1, asked for at least 0.9"
box 1 pack run p text=hello

# A metric that was not scored proves nothing.
prove few acc 0.95 0.05 true
state demo-only
box 0 route show count
out_has "'t acc' 0.1, asked for at least 0.9"

# Both are met; then the newest one misses the other bound, and decides.
prove good acc 0.95 0.05 true errors 2 5 false
state ready
prove worse acc 0.95 0.05 true errors 3 5 false
state demo-only
out_has "'t errors' 3, asked for at most 2"
# The pack asks for less than the evaluation does: its own threshold decides.
prove own acc 0.95 0.99 true errors 0 2 false
state demo-only
out_has "'t acc' 0.95 misses 0.99"
prove again acc 0.9 0.9 true errors 2 2 false
state ready
