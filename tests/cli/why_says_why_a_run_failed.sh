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
check test "$(grep -c 'run.tool_called' "$T/.out")" = 1 # steps that succeeded are not listed
check grep -Eq '^ *17  run.finished +bad +error, gave-up' "$T/.out"
out_has 'the last good run before it: run/g1'
check grep -Eq '^pack version +1.0 +1.1$' "$T/.out"
check grep -Eq "^weights +$GOOD +$MOVED$" "$T/.out"
check grep -Eq '^tools +- +bash, ls$' "$T/.out"
out_lacks 'agent  '
out_has "ledger -C $BOX diff 4 17" # from the beginning of the good one to the end of this one
# shellcheck disable=SC2046
box 0 $(sed -n "s|^what else changed up to its end:  ledger -C $BOX ||p" "$T/.out")
out_has 'first heard of'
box 0 why run/bad
box 0 why run/bad --json
json '.things[0].wrong | map(.seq) | join(" ")' '17 11 12 13'
json '.things[0].last_good' g1
json '.things[0].differs | map(.what) | join(", ")' 'pack version, route, weights, tools'
json '.things[0].differs[0] | [.before, .after] | join(" ")' '1.0 1.1'

# As of before it ended; for a run that succeeded; for one without a comparable run.
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

# By the exit code alone; a word that says neither good nor bad makes a run neither comparable nor failed.
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

# A corrected event did not happen: neither in what went wrong nor in what the run was made of.
box 0 correct 11 --reason wrong_run
box 0 correct 12 --reason wrong_run
box 0 correct 15 --reason wrong_run
box 0 why run/bad
check test "$(grep -cE '^ *1[12] ' "$T/.out")" = 0
out_has 'event 11 was corrected by event 26: wrong_run'
out_has 'event 12 was corrected by event 27: wrong_run'
out_has 'event 15 was corrected by event 28: wrong_run'
check grep -Eq "^weights +$GOOD +-$" "$T/.out"
check grep -Eq '^tools +- +bash, ls$' "$T/.out" # the return in event 16 shows that it was called
check test "$(grep -c 'ledger.corrected' "$T/.out")" = 3
box 0 why run/bad --json
json '.things[0].wrong | map(.seq) | join(" ")' '17 13'
json '.things[0].corrected | map([.seq, .by, .reason]) | tojson' \
    '[[11,26,"wrong_run"],[12,27,"wrong_run"],[15,28,"wrong_run"]]'
json '.things[0].compared' true
json '.things[0].differs | map(.what) | join(", ")' 'pack version, model, weights, tools'
json '[.things[0].events[] | select(.kind == "ledger.corrected") | .seq] | tojson' '[26,27,28]'
box 0 why run/bad --at 25 # before it was said
out_has 'route.fell_back'
out_lacks 'was corrected'

# Unreadable runs are not compared: the states were stored before the damage, and know both runs.
box 0 rebuild
cp -R "$BOX" damaged
while read -r at; do
    printf 'X' | dd of=damaged/evidence/data.mdb bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'gave-up' "$BOX/evidence/data.mdb" | cut -d: -f1)
run 30 -C damaged why run/bad
err_has 'event 17 is not what was written'
out_has 'run/bad: failed'
out_has 'what else went wrong in it is not known'
out_has 'could not be compared, because the log cannot be read: '
out_lacks 'nothing that the runs tell'
run 30 -C damaged why run/bad --json
json '.things[0] | [.compared, .differs] | tojson' '[false,[]]'
run 30 -C damaged diff run/g1 run/bad
out_has 'could not be compared, because the log cannot be read: '
out_lacks 'do not differ'
rm -r damaged/derived # then states end before the damage
run 30 -C damaged diff run/g1 run/after
err_has "there is no run 'after'"
finish
