#!/usr/bin/env bash
# Each of the reasons for which an imported result proves nothing is named by the route that it would prove and by the gates of a
# promotion: partial, cached, of other bytes, of unknown weights, of changed code, of edited scores. Where there are no samples it is
# said that scores were not checked.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
SUITE=sha256:$(printf 'd%.0s' {1..64})
box 0 append eval.suite_declared -s suite/tiny suite=tiny suite_digest="$SUITE" \
    tasks:='[{"name":"tiny_choice","metric":"acc/none","threshold":0.5,"higher_is_better":true}]'
n=0

# result NAME DIGEST EDIT: a copy of the recorded run for model NAME with weights of their own ($weights), changed by a line of Python
# and bound to a route. DIGEST: what the binding event says of the weights.
result() {
    n=$((n + 1))
    weights=$(printf '%064d' "$n")
    config=sha256:$(printf 'c%063d' "$n")
    cp -r "$ROOT/tests/ingest/fixtures/lmeval/whole" "$1"
    python3 - "$1" "$n" "$weights" "$3" <<'P'
import glob, json, os, sys
folder, number, weights, edit = sys.argv[1:]
path, = glob.glob(folder + "/*/results*")
samples = sorted(glob.glob(folder + "/*/samples*"))
d = json.load(open(path))
d["date"] = 1772360430.25 + int(number)
d["model_name"] = folder
d["config"]["model_sha"] = d["model_sha"] = weights
exec(edit)
json.dump(d, open(path, "w"))
P
    box 0 ingest lm-eval "$1"
    box 0 log -n 1 -k eval.imported --json
    id=$(jq -r '.subject | ltrimstr("eval/")' <"$T/.out")
    box 0 append route.declared -s "route/$1" route="$1" model="$1" digest="sha256:$weights" config_digest="$config" \
        suite=tiny suite_digest="$SUITE"
    args=(suite=tiny suite_digest="$SUITE" route="$1" config_digest="$config" verdict=pass)
    [[ $2 == '' ]] || args+=(digest="sha256:$2")
    box 0 append eval.finished -s "eval/$id" "${args[@]}"
}
gate() { # EXIT ID CANDIDATE DIGEST
    box 0 promote plan "$2" "$3" --digest "$4" --tier T1
    box 0 promote simulate "$2" --verdict pass
    box "$1" promote verify "$2" --json
    said=$(jq -r '.gates[] | select(.gate == "evaluation").reason // ""' <<<"$out")
    box 0 promote abort "$2" --reason withdrawn
}
# named NAME WORDS-OF-ROUTE WORDS-OF-GATE
named() {
    box 0 route list --json
    json "[.states[] | select(.route == \"$1\")][0].state" declared-not-proven
    json "[.states[] | select(.route == \"$1\")][0].reason | contains(\"$2\")" true
    box 0 why "route/$1"
    out_has "$2"
    gate 1 "m-$1" "model/$1" "sha256:$weights"
    [[ $said == *"$3"* ]] || fail "the gate says '$said', not '$3'"
}
both() { named "$1" "$2" "$2"; }

result edited "$(printf '%064d' 1)" 'd["results"]["tiny_choice"]["acc,none"] = 0.96'
both edited "its scores were edited: 'tiny_choice acc/none' is 0.96, its samples make 0.666667"
gate 1 r-edited route/edited "$config"
[[ $said == *'its samples make 0.666667'* ]] || fail "the gate of the route says '$said'"
box 0 eval show "$id" --json
json .things[0].fields.scores_checked 4

# Whoever imports it once more without its samples takes back nothing.
rm edited/*/samples*
python3 - edited <<'P'
import glob, json, sys
path, = glob.glob(sys.argv[1] + "/*/results*")
d = json.load(open(path))
d["task_hashes"] = {}
json.dump(d, open(path, "w"))
P
box 0 ingest lm-eval edited
both edited 'its samples make 0.666667'

result partial "$(printf '%064d' 2)" 'd["config"]["limit"] = 2'
both partial 'only a part of its samples was run'
result cached "$(printf '%064d' 3)" 'd["config"]["use_cache"] = "/tmp/cache"'
both cached 'its answers came from a cache'
result dirty "$(printf '%064d' 4)" 'd["git_hash"] = "v0.4.9-3-g0a1b2c3-dirty"'
both dirty 'its code had changes on top of its commit'
result nameless '' 'd["config"]["model_sha"] = d["model_sha"] = ""'
named nameless "eval '$id' names no weights" "eval '$id' names no digest of the weights"
result other "$(printf 'ab%.0s' {1..32})" 'd["config"]["model_sha"] = d["model_sha"] = "ab" * 32'
named other "proven for sha256:abababababab, 'other' is sha256:000000000000 now" "eval '$id' is of other weights"

# Without samples it may count; that nobody checked its scores is said.
result unchecked "$(printf '%064d' 7)" 'd["task_hashes"] = {}; [os.remove(s) for s in samples]'
box 0 eval show "$id" --json
json '.things[0].fields | [.counts, .scores_checked] | tojson' '[true,0]'
box 0 eval report "$id"
out_has 'None of its scores was checked'

# One that says enough opens both.
result good "$(printf '%064d' 8)" pass
box 0 route list --json
json '[.states[] | select(.route == "good")][0].state' ready
gate 0 m-good model/good "sha256:$weights"
gate 0 r-good route/good "$config"
box 0 eval report "$id"
out_has '4 of its 5 scores were computed again from its samples'
finish
