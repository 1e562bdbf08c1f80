#!/usr/bin/env bash
# A remedy is printed with the -C that was given, in every format of every answer; it is stored and exported without.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

BOX="$T/a box"
new_box
box 0 append pack.installed -s pack/p pack=p permissions:='[{"group":"exec","scope":"tool"}]'
reach="ledger -C '$BOX' "

for answer in 'state clauses' 'why verdict' 'why pack/p'; do
    # shellcheck disable=SC2086 # words
    COLUMNS=400 box 0 $answer
    out_has "${reach}p"
    out_lacks 'ledger p'
    out_lacks 'ledger ingest'
done
for answer in 'state clauses' 'state verdicts' 'state packs' 'pack list' 'why verdict' 'why pack/p' 'pack show p' 'status' 'diff 0 1'; do
    # shellcheck disable=SC2086
    box 0 $answer --json
    json '[.. | objects | .remedy? // empty | select(startswith("'"$reach"'") | not)] | length' 0
done
box 0 status --json
json '[.verdict.clauses[].remedy | select(. == "'"$reach"'doctor")] | length > 0' true
box 0 why pack/p --json
json '[.things[0].fields.missing[].remedy] | length' 1
for format in csv jsonl json; do
    box 0 state clauses --format "$format"
    out_has "${reach}doctor"
done

# A directory that is found in another way needs no -C, and exports have none.
LEDGER_DIR=$BOX run 0 state clauses
out_has 'ledger doctor'
out_lacks "$reach"
box 0 export -o states.tar --states packs,doctor
mkdir states
tar -xf states.tar -C states
check test -s states/states/packs.json
check test -s states/states/doctor.json
! grep -rqaF "$reach" states || fail 'an exported state names the directory'
finish
