#!/usr/bin/env bash
# diff RUN RUN and diff --before RUN: how two runs differ, and what changed in the states meanwhile; the exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

GOOD=sha256:$(printf 'a%.0s' {1..64})
MOVED=sha256:$(printf 'b%.0s' {1..64})
new_box
event() { box 0 append "$1" -s "run/$2" --run "$2" "${@:3}"; }
line() { grep -qE "$1" "$T/.out" || fail "no line like '$1'"; }
a_run() { # ID VERSION DIGEST TOKENS OUTCOME FIELD...
    event run.started "$1" pack=pdf-ops agent=claude pack_version="$2"
    event run.model_called "$1" model=llama3.2:3b digest="$3" route=summarise
    event run.finished "$1" outcome="$5" ok:="$6" tokens_in:="$4" duration_ms:="$4" "${@:7}"
}
box 0 append model.observed -s model/llama3.2:3b model=llama3.2:3b runtime=ollama digest="$GOOD"
a_run g1 1.0 "$GOOD" 100 ok true
a_run g2 1.0 "$GOOD" 100 ok true
box 0 append model.observed -s model/llama3.2:3b model=llama3.2:3b runtime=ollama digest="$MOVED"
a_run bad 1.1 "$MOVED" 900 error false error=gave-up

box 0 diff run/g2 run/bad
line '^before +run/g2, events 5 to 7$'
line '^now +run/bad, events 9 to 11$'
line '^state +finished +failed$'
line '^error +- +gave-up$'
line '^tokens_in +100 +900$'
line '^pack version +1.0 +1.1$'
line "^weights +$GOOD +$MOVED$"
out_lacks 'agent  '
line "^~ +ollama/llama3.2:3b +8 .*digest $GOOD -> $MOVED$"
box 0 diff --before run/bad --json
json '.runs | [.before, .after] | tojson' '["g2","bad"]'
json '[.runs.differs[] | select(.what == "tokens_in" or .what == "pack version") | [.what, .before, .after]] | tojson' \
    '[["tokens_in",100,900],["pack version","1.0","1.1"]]'
json '[.changes[] | select(.noun == "model-name") | .seq] | tojson' '[8]'
box 0 diff --before bad
line '^before +run/g2'
box 1 diff run/g1 run/g2
out_has 'the runs do not differ'
err_has 'no state changed'

box 3 diff run/bad run/g1
err_has 'the earlier one comes first'
box 1 diff --before run/g1
err_has 'no good run of the same pack'
box 1 diff run/none run/bad
box 2 diff run/g1
box 2 diff run/g1 5
box 2 diff 5 --before run/bad
box 2 diff

# A corrected call counts for neither run, and its effects are marked as resting on a mistake.
box 0 diff run/g2 run/bad --json
json '[.runs.differs[].what] | index("weights") != null' true
box 0 correct 10 --reason wrong_run
box 0 correct 6 --reason wrong_run
box 0 diff run/g2 run/bad --table models
out_lacks 'weights  '
out_lacks 'model  '
line '^event 6 was corrected by event 13: wrong_run$'
line '^event 10 was corrected by event 12: wrong_run$'
box 0 diff run/g2 run/bad --json
json '[.runs.differs[].what] | index("weights")' null
json '.runs.corrected | map([.seq, .by]) | tojson' '[[6,13],[10,12]]'
json '.runs.compared' true
box 0 diff 9 11 --all
out_has '(corrected by event 12)'
box 0 diff 9 11 --all --json
json '[.changes[] | select(.seq == 10) | .corrected_by] | unique | tojson' '[12]'

finish
