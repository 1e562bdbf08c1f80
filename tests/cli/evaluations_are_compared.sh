#!/usr/bin/env bash
# eval: the list has scores and their side of the threshold; diff compares two evaluations of a suite; and no changed score
# is missing, whether its evaluation names a model or not.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
scored() { # EVAL METRIC VALUE ARGS...
    box 0 append eval.scored -s "eval/$1" task=math metric="$2" value:="$3" "${@:4}"
}
line() { grep -qE "$1" "$T/.out" || fail "no line like '$1'"; }
for id in monday tuesday; do
    box 0 append eval.started -s "eval/$id" suite=smoke
    [[ $id == monday ]] && before=$(jq .seq <<<"$out")
done
scored monday acc 0.81 threshold:=0.8 higher_is_better:=true
scored monday loss 2 threshold:=3 higher_is_better:=false
scored monday f1 0.5
scored monday old 1
now=$(jq .seq <<<"$out")
scored tuesday acc 0.42 threshold:=0.8 higher_is_better:=true
scored tuesday loss 1 threshold:=3 higher_is_better:=false
scored tuesday f1 0.6
scored tuesday fresh 1

# The list shows each score, and on which side of its threshold it is.
box 0 eval list
line '^monday .*math acc 0.81 reaches 0.8; '
line '^tuesday .*math acc 0.42 misses 0.8; .*; and 1 more'
box 0 eval list --json --with eval=tuesday
json '.states[0].results[0] | [.task, .metric, .value, .threshold, .side, .verdict] | tojson' \
    '["math","acc",0.42,0.8,"misses","fail"]'
box 0 eval show tuesday
line '^TASK +METRIC +VALUE +THRESHOLD +SIDE +VERDICT'
line '^math +acc +0.42 +0.8 +misses +fail'
box 0 state eval_scores --json --with side=misses
json '.rows' 1

# Two of them, score by score.
box 0 eval diff monday tuesday
line '^before +eval/monday: '
line '^math +acc +0.81 +0.42 +-0.39 +worse +0.8 +reaches -> misses +pass -> fail'
line '^math +loss +2 +1 +-1 +better +3 +reaches +pass'
line '^math +f1 +0.5 +0.6 +\+0.1 +changed' # it is not said which direction is better
line '^math +old +1 +- +missing'
line '^math +fresh +- +1 +new'
out_has '1 worse, 1 better, 1 changed, 1 missing, 1 new'
box 0 eval diff eval/monday tuesday --json
json .schema ledger.eval_diff/1
json '.counts | tojson' '{"same":0,"better":1,"worse":1,"changed":1,"new":1,"missing":1}'
json '.scores[0] | [.metric, .before.value, .after.value, .change] | tojson' '["acc",0.81,0.42,"worse"]'
box 1 eval diff monday mon # nothing differs from itself, under any name
out_has '4 same'
box 0 eval diff tuesday monday --at "$now" # tuesday had not scored yet
out_has '4 new'
box 1 eval diff monday friday
err_has "there is no eval 'friday'"
box 2 eval diff monday
box 0 append eval.started -s eval/other suite=another
box 3 eval diff monday other
err_has "they are of different suites, 'smoke' and 'another'"
box 0 append eval.started -s eval/loose
scored loose acc 0.9
box 0 eval diff monday loose
err_has 'only one of them names its suite'
box 0 append eval.started -s eval/newer suite=smoke suite_digest="sha256:$(printf 'a%.0s' {1..64})"
scored newer acc 0.9
box 0 eval diff monday newer
err_has 'they do not name the same version of their suite'

# A score without a model is in diff under its evaluation; the same score again is compared with the earlier one.
box 0 diff "$before"
line '^\+ +eval/monday/math/acc .*0.81'
line '^\+ +eval/tuesday/math/acc .*0.42'
scored monday f1 0.4
again=$(jq .seq <<<"$out")
box 0 diff $((again - 1))
line '^~ +eval/monday/math/f1 .*0.5 -> 0.4'
box 0 why result/eval/monday/math/f1
finish
