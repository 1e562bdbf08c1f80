#!/usr/bin/env bash
# A route stays proven, or not, by the suite that was declared: another one of the same name is run and recorded, says so before it
# starts, and proves nothing until it is adopted. What was typed by hand proves nothing either.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

new_box
eval_server
digest() { "$LEDGER" eval validate "$1" --json | jq -r '.suites[0].digest'; }
route() { "$LEDGER" -C "$BOX" route list --json | jq -r '.states[0].state'; }

# A route that fails its suite.
suite news.yaml 0.5 'say yes=yes' 'say yes=no' 'say no=yes' 'say no=x' 'say no=y'
box 0 route declare summarise --model tiny --runtime "ollama@127.0.0.1:$port" --digest "sha256:$(cat served/weights)" --suite news
box 1 eval run news.yaml --route summarise
same "$(route)" declared-not-proven
first=$(digest news.yaml)

# An easier one of the same name does not make it ready.
mkdir easy
repeated 10 'say yes=yes'
suite easy/news.yaml 0.5 "${many[@]}"
second=$(digest easy/news.yaml)
box 0 eval run easy/news.yaml --route summarise
err_has "suite 'news' was declared as $first, which proves route 'summarise', and this one is $second"
err_has '--adopt makes it the suite of that name'
same "$(route)" declared-not-proven
box 0 state suites news --json
json '.things[0].fields.suite_digest' "$first"

# Nor does a run that names no route, which declares as little.
box 0 eval run easy/news.yaml --endpoint "http://127.0.0.1:$port" --model tiny
err_has 'does not prove it'
box 0 state suites news --json
json '.things[0].fields.suite_digest' "$first"

# Adopted, it does; the one before is then the other.
box 0 eval run easy/news.yaml --route summarise --adopt
same "$err" ''
same "$(route)" ready
box 1 eval run news.yaml --route summarise
err_has "this one is $first"
same "$(route)" ready

# A route that names the digest changes it by its declaration alone.
box 0 route declare summarise --suite-digest "$first"
same "$(route)" declared-not-proven
box 0 eval run easy/news.yaml --route summarise --adopt
err_has "route 'summarise' is proven by suite 'news' of digest $first, and this one has $second"
err_has "'ledger route declare summarise --suite news --suite-digest $second' changes that"
same "$(route)" declared-not-proven
box 0 route declare summarise --suite-digest "$second"
same "$(route)" ready

# Two events typed by hand are no evaluation.
box 0 route declare typed --model tiny --digest "sha256:$(cat served/weights)" --suite typed
box 0 append eval.scored -s eval/h suite=typed task=t metric=m value:=1 threshold:=0.5 higher_is_better:=true
box 0 append eval.finished -s eval/h suite=typed route=typed digest="sha256:$(cat served/weights)" verdict=pass
box 0 eval show h --json
json '.things[0].fields.counts' false
json '[.things[0].fields.missing[].rule] | tojson' '["eval.measured","eval.recorded"]'
box 0 route show typed
out_has 'declared-not-proven'
out_has 'it was written, not run'
measured eval.scored -s eval/h2 suite=typed task=t metric=m value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/h2 suite=typed route=typed digest="sha256:$(cat served/weights)" verdict=pass samples:=2
box 0 eval show h2 --json
json '.things[0].reason' 'samples on record: 1 of 2'
finish
