#!/usr/bin/env bash
# An imported result has no verdict of its own. `eval judge` holds its scores against thresholds, which it declares as a suite: then a
# route that names the suite is proven, and the gates of a promotion open. What nothing could fail is refused, and so is a second try.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
WEIGHTS=$(printf '0123456789abcdef%.0s' {1..4})

# results NAME N EDIT: a copy of the recorded run, changed by a line of Python; imports it into $id.
results() {
    cp -r "$ROOT/tests/ingest/fixtures/lmeval/whole" "$1"
    python3 - "$1" "$2" "$WEIGHTS" "$3" <<'P'
import glob, json, sys
folder, n, weights, edit = sys.argv[1:]
path, = glob.glob(folder + "/*/results*")
d = json.load(open(path))
d["date"] = 1772360430.25 + int(n)
d["config"]["model_sha"] = d["model_sha"] = weights
exec(edit)
json.dump(d, open(path, "w"))
P
    box 0 ingest lm-eval "$1"
    box 0 log -n 1 -k eval.imported --json
    id=$(jq -r '.subject | ltrimstr("eval/")' <"$T/.out")
}
refused() { # EXIT WORDS ARGS...: and nothing is recorded
    box 0 status --json
    local before
    before=$(jq -r .events <<<"$out")
    box "$1" eval judge "$id" "${@:3}"
    err_has "$2"
    box 0 status --json
    json .events "$before"
}

results whole 0 pass
box 0 append route.declared -s route/r route=r model=acme/tiny-1b digest="sha256:$WEIGHTS" suite=tiny
box 0 route list --json
json "[.states[0].missing[].remedy | select(contains(\"eval judge $id --suite SUITE --threshold 'METRIC at_least VALUE'\"))] | length" 1
refused 2 'expected --suite NAME'
refused 3 'asks for nothing' --suite tiny --threshold 'tiny_choice acc at_least 0'
refused 3 'asks for nothing' --suite tiny --threshold 'tiny_choice acc at_least -1'
refused 3 'on the wrong side: more is better' --suite tiny --threshold 'tiny_choice acc at_most 0.5'
refused 3 "names several scores: 'tiny_all acc/none', 'tiny_choice acc/none'" --suite tiny --threshold 'acc at_least 0.5'
refused 3 'names none of its scores' --suite tiny --threshold 'tiny_choice bleu at_least 0.5'
refused 3 "expected '[TASK] METRIC at_least VALUE'" --suite tiny --threshold 'acc'
refused 3 "expected '[TASK] METRIC at_least VALUE'" --suite tiny --threshold 'tiny_choice acc at_least NaN'
refused 3 'is the second of its score' --suite tiny --threshold 'acc_norm at_least 0.5' --threshold 'acc_norm/none at_least 0.6'
refused 3 "no suite 'tiny' is declared with a digest" --suite tiny
refused 1 "no route 'nobody'" --suite tiny --threshold 'acc_norm at_least 0.5' --route nobody

# A pass proves the route and opens the gates; the same command again writes nothing.
box 0 eval judge "${id:0:12}" --suite tiny --threshold 'acc_norm at_least 0.9' --threshold 'tiny_choice acc at_least 0.5' --route r
json '[.verdict, .counts, .route_state] | tojson' '["pass",true,"ready"]'
good=$id
digest=$(jq -r .suite_digest <<<"$out")
box 0 status --json
events=$(jq -r .events <<<"$out")
box 0 eval judge "$id" --suite tiny --threshold 'tiny_choice acc/none at_least 0.5' --threshold 'tiny_choice acc_norm at_least 0.9' --route r
json .suite_digest "$digest"
box 0 status --json
json .events "$events"
box 0 eval show "$id" --json
json '.things[0].fields | [.violations, .verdict_said] | tojson' '[null,"pass"]'
box 0 promote plan m1 model/tiny --digest "sha256:$WEIGHTS" --tier T1
box 0 promote simulate m1 --verdict pass
box 0 promote verify m1 --json
json '[.gates[] | select(.gate == "evaluation").state][0]' open
refused 1 'a result is held against one, once' --suite tiny --threshold 'acc_norm at_least 0.8'
refused 1 'a result is held against one, once' --suite other --threshold 'acc_norm at_least 0.9'

# Another definition of a suite that proves a route has to be adopted. What misses its threshold does not count.
results low 1 'd["date"] += 0.5'
refused 1 '--adopt makes them the suite of that name' --suite tiny --threshold 'acc_norm at_least 0.8'
box 1 eval judge "$id" --suite strict --threshold 'tiny_math exact_match/flexible-extract at_least 0.9'
json '[.verdict, .counts] | tojson' '["fail",false]'
out_has 'is 0.75, at least 0.9 is asked for'
box 0 route list --json
json '.states[0].state' ready

# The same thresholds by the name of their suite; and what the file says of itself keeps it from counting.
results partial 2 'd["config"]["limit"] = 2'
box 1 eval judge "$id" --suite tiny
json '[.verdict, .counts] | tojson' '["pass",false]'
out_has 'only a part of its samples was run'

# Of a file with samples only what they make counts: no added metric, no added task, no group, nothing that somebody writes to it.
unchecked() { # NAME N EDIT THRESHOLD SCORE
    results "$1" "$2" "$3"
    box 1 eval judge "$id" --suite "unchecked-$1" --threshold "$4"
    json '[.verdict, .counts] | tojson' '["pass",false]'
    out_has "its samples do not make '$5'"
}
unchecked metric 4 'd["results"]["tiny_choice"]["f1,none"] = 1.0; d["higher_is_better"]["tiny_choice"]["f1"] = True' 'tiny_choice f1 at_least 0.9' 'tiny_choice f1/none'
unchecked task 5 'd["results"]["new"] = {"alias": "new", "acc,none": 1.0}' 'new acc at_least 0.8' 'new acc/none'
unchecked group 6 'd["results"]["tiny_all"]["acc,none"] = d["groups"]["tiny_all"]["acc,none"] = 0.99' 'tiny_all acc at_least 0.9' 'tiny_all acc/none'
results undirected 8 'd["higher_is_better"].clear(); d["configs"]["tiny_choice"].pop("metric_list"); d["results"]["tiny_choice"]["f1,none"] = 1.0'
refused 3 'is on the wrong side: more is better' --suite undirected --threshold 'tiny_choice acc at_most 1e308'
refused 3 'does not say whether more is better' --suite undirected --threshold 'tiny_choice f1 at_most 1'
refused 3 'is below one of its 3 samples' --suite undirected --threshold 'tiny_choice acc at_least 1e-9'
results typed 7 pass
box 0 append eval.scored -s "eval/$id" task=tiny_choice metric=made filter=none value:=1.0 higher_is_better:=true
refused 3 'names none of its scores' --suite typed --threshold 'made at_least 0.9'
box 0 append eval.suite_declared -s suite/typed suite=typed suite_digest="sha256:$(printf 'd%.0s' {1..64})" \
    tasks:='[{"name":"tiny_choice","metric":"made/none","threshold":0.9,"higher_is_better":true}]'
box 0 append eval.finished -s "eval/$id" suite=typed suite_digest="sha256:$(printf 'd%.0s' {1..64})" verdict=pass
box 0 eval show "$id" --json
json '.things[0].fields | [.counts, .scores_passed] | tojson' '[false,0]'
out_has 'its suite asks for what was not scored'

# Who declares by hand what asks for nothing proves nothing.
results zero 3 pass
box 0 append eval.suite_declared -s suite/zero suite=zero suite_digest="sha256:$(printf 'e%.0s' {1..64})" \
    tasks:='[{"name":"tiny_choice","metric":"acc/none","threshold":0.0,"higher_is_better":true}]'
box 3 eval judge "$id" --suite zero
err_has "suite 'zero' has no threshold for any score"
box 0 append eval.finished -s "eval/$id" suite=zero suite_digest="sha256:$(printf 'e%.0s' {1..64})" verdict=pass
box 0 eval show "$id" --json
json '.things[0].fields | [.counts, .scores_passed] | tojson' '[false,0]'
out_has 'none of its scores was held against a threshold'

# What was run here was held against its suite then.
box 0 append eval.started -s eval/own suite=own
id=own
refused 1 'is not from a result file' --suite tiny --threshold 'acc at_least 0.5'
id=nobody
refused 1 'nobody' --suite tiny --threshold 'acc at_least 0.5'
[[ -n $good ]]
finish
