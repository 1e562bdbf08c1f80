#!/usr/bin/env bash
# promote simulate ID -- COMMAND: confined, with what it names; differences are a report and not a failure; what was found is said.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mkdir -p web/v1 web/v2 other
chmod 755 . web web/v1 web/v2 other
echo one >web/v1/index.html
echo two >web/v2/index.html
echo secret >other/file
ln -s v1 web/live
printf 'schema: ledger-gates/v0\nname: diff\ngates: {diff: {}}\n' >diff.yaml
box 0 promote plan w image/web --target web --from web/v2
digest=$("$LEDGER" -C "$BOX" --json promote status w | jq -r '.promotions[0].digest')
measured eval.scored -s eval/e task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/e suite=s digest="$digest" verdict=pass
trial() { # MEMBER of the newest trial
    "$LEDGER" -C "$BOX" log --kind promotion.simulated --format jsonl | tail -1 | jq -r ".body.$1"
}
confined=' confined'
[[ -x /usr/bin/bwrap ]] || confined=' not confined'

# Differences are a present diff: the trial passed, and it is the report.
box 0 promote simulate w -- diff -r web/live/ web/v2
err_has "$confined, exit status 1: there are differences"
same "$(trial verdict) $(trial failed)" 'pass 0'
box 0 artifact get "artifact:$(trial report)"
out_has '> two'
box 0 promote verify w --gates diff.yaml
(cd web && "$LEDGER" -C "$BOX" promote simulate w -- diff -r live/ v2 >"$T/.out" 2>"$T/.err") || fail "relative: $(cat "$T/.err")"
check grep -q 'there are differences' "$T/.err"
box 0 promote simulate w -- diff -r web/v1 web/v1
err_has 'there is no difference'

# What fails is recorded as that, and says so.
box 1 promote simulate w -- diff -r web/v1 web/v9
err_has 'exit status 2: it could not compare'
same "$(trial verdict) $(trial failed)" 'fail 1'
box 1 promote simulate w -- grep -q nothing web/v1/index.html
err_has 'exit status 1'
box 0 promote simulate w --diff -- grep -q nothing web/v1/index.html
err_has 'there are differences'
box 1 promote simulate w --program sleep -- sh -c 'kill -9 $$'
err_has 'it was ended'

# A script brings the programs of its first line.
printf '#!/bin/sh\nread -r line <web/v1/index.html\n' >dry-run.sh
printf '#!/usr/bin/env sh\nexit 0\n' >by-env.sh
printf '#!/no/such/shell\n' >lost.sh
chmod 755 ./*.sh
box 0 promote simulate w -- ./dry-run.sh
err_has "$confined, exit status 0"
box 0 promote simulate w -- "$T/by-env.sh"
if [[ $confined == ' confined' ]]; then
    box 3 promote simulate w -- ./lost.sh
    err_has "the interpreter of './lost.sh': program '/no/such/shell'"
fi

# It sees what it names and what --read names, changes nothing, and has no network.
if [[ $confined == ' confined' ]]; then
    box 1 promote simulate w -- sh -c 'read -r line <other/file'
    box 0 promote simulate w --read other -- sh -c 'read -r line <other/file'
    box 1 promote simulate w -- sh -c 'echo x >>web/v1/index.html'
    same "$(cat web/v1/index.html)" one
    box 1 promote simulate w -- sh -c 'diff -r web/v1 web/v2'
    box 0 promote simulate w --program diff --diff -- sh -c 'diff -r web/v1 web/v2'
fi
box 0 promote simulate w --unconfined -- sh -c 'read -r line <other/file'
err_has 'not confined'

# What does not go together.
box 3 promote simulate w -- no-such-program
err_has "there is no program 'no-such-program'"
box 3 promote simulate w --read nowhere -- true
err_has "'nowhere' does not exist"
box 2 promote simulate w --verdict pass --diff
err_has '--diff goes with a COMMAND'
finish
