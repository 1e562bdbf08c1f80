#!/usr/bin/env bash
# why run/ID: the error, what went wrong in it, how it differs from the last good run of its pack, what else changed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

GOOD=sha256:$(printf 'a%.0s' {1..64})
MOVED=sha256:$(printf 'b%.0s' {1..64})
new_box
event() { box 0 append "$1" -s "run/$2" --run "$2" "${@:3}"; }
good() { # RUN PACK
    event run.started "$1" pack="$2" agent=claude pack_version=1.0
    event run.model_called "$1" model=llama3.2:3b digest="$GOOD" ok:=true
    event run.finished "$1" outcome=ok ok:=true
}
good before pdf-ops
good g1 pdf-ops
good elsewhere other
event run.started bad pack=pdf-ops agent=claude pack_version=1.1
event run.model_called bad model=llama3.2:3b digest="$MOVED" ok:=false error=timeout
box 0 append route.fell_back -s route/summarise --run bad route=summarise reason=timeout
event run.tool_called bad tool=bash call=c1
event run.tool_returned bad tool=bash call=c1 outcome=denied ok:=false
event run.tool_called bad tool=ls call=c2
event run.tool_returned bad tool=ls call=c2 outcome=ok ok:=true
event run.finished bad outcome=error ok:=false error=gave-up
good after pdf-ops

box 0 why run/bad
out_has 'run/bad: failed'
out_has 'error: gave-up'
check grep -Eq '^ *11  run.model_called +llama3.2:3b +timeout' "$T/.out"
check grep -Eq '^ *12  route.fell_back .*reason=timeout' "$T/.out"
check grep -Eq '^ *13  run.tool_called +bash +denied' "$T/.out"
check test "$(grep -c 'run.tool_called' "$T/.out")" = 1 # what went well is not told
check grep -Eq '^ *17  run.finished +bad +error, gave-up' "$T/.out"
out_has 'the last good run before it: run/g1'
check grep -Eq '^pack version +1.0 +1.1$' "$T/.out"
check grep -Eq "^weights +$GOOD +$MOVED$" "$T/.out"
check grep -Eq '^tools +- +bash, ls$' "$T/.out"
out_lacks 'agent  '
out_has "ledger -C $BOX diff 6 10"
box 0 why run/bad --json
json '.things[0].wrong | map(.seq) | join(" ")' '17 11 12 13'
json '.things[0].last_good' g1
json '.things[0].differs | map(.what) | join(", ")' 'pack version, route, weights, tools'
json '.things[0].differs[0] | [.before, .after] | join(" ")' '1.0 1.1'

# As of before it ended; of a run that went well; of one that has no like.
box 0 why run/bad --at 14
out_lacks 'last good'
box 0 why run/g1
out_lacks 'WENT WRONG'
out_lacks 'last good'
event run.finished alone outcome=timeout
box 0 why run/alone
out_lacks 'last good'
box 0 why run/alone --json
json '.things[0].last_good' null
json '.things[0].wrong | map(.outcome) | join(" ")' timeout

# By the exit code alone; a word that says neither good nor bad is no good run to compare with, and no failed one.
event run.started odd pack=pdf-ops
event run.finished odd outcome=so-so
event run.started code pack=pdf-ops
event run.finished code exit_code:=2
box 0 why run/code
out_has 'run/code: failed'
check grep -Eq 'run.finished +code +failed, exit code 2' "$T/.out"
out_has 'the last good run before it: run/after'
box 0 run list --failed --json
json '.states | map(.run) | sort | join(" ")' 'alone bad code'
box 0 run list --state unknown --json
json '.states | map(.run) | join(" ")' odd
finish
