#!/usr/bin/env bash
# `ledger` alone and `ledger status`: what exists, what is wrong, what to do next; init says how to continue.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

# Without a ledger: what this is, and two commands to start with.
run 0
out_has "There is no ledger yet in $XDG_STATE_HOME/ledger"
out_has 'ledger init '
out_has 'ledger ingest dpkg'
err_empty
run 0 status --json
json .schema ledger.status/1
json .origin null
json '.next | length' 2
run 0 -C nowhere
out_has "ledger -C nowhere init"
mkdir nowhere
touch nowhere/else
run 0 -C nowhere
out_has 'There is no ledger yet in nowhere'

# init ends with what to do next; the second call says what exists.
run 0 -C "it's" init --no-trust --origin example.org/first
for word in 'key backup FILE' 'checkpoint --save FILE' 'ingest dpkg' status; do out_has "ledger -C 'it'\\''s' $word"; done
run 3 -C "it's" init --no-trust --origin example.org/again
err_has "there is a ledger in 'it's' already: 'example.org/first' with 1 event ('ledger status' shows it)"

# A ledger with packs and runs.
new_states
add 19 run.finished -s run/r2 --run r2 outcome=error error=tool-denied ok:=false
add 20 run.started -s run/r3 --run r3 pack=other
add 21 run.finished -s run/r3 --run r3 outcome=ok
box 0
ages() { sed -E 's/[0-9]+[smh] ago/a while ago/g'; } # time passes between the two
same "$(ages <"$T/.out")" "$("$LEDGER" -C "$BOX" status | ages)"
out_has 'test.example/box  22 events, the newest '
out_has 'pack/pdf-ops'
out_has 'route/extract'
out_has 'run/r2'
out_has 'other: tool-denied'
out_has "ledger -C $BOX why run/r2"
box 0 --json
json .size 22
json '[.sources[] | "\(.source) \(.events)"] | join(", ")' 'cli 22'
json '.sources[0].seq' 21
json '[.failed_runs[] | .name, .state, .seq] | map(tostring) | join(" ")' 'run/r2 failed 19'
json '[.not_ready[].name] | join(" ")' 'pack/pdf-ops route/extract route/summarise'
json '.verdict | .state == "fail" or .state == "warn" or .state == "unknown"' true
json '.verdict.clauses | map(.state) | index("pass")' null
json '.next | length' 3
json '.next[0].command' "ledger -C $BOX why run/r2"
for n in 0 1 2; do # the suggested commands run as printed
    command=$(jq -r ".next[$n].command" "$T/.out")
    check bash -c "${command/#ledger/\'$LEDGER\'} >/dev/null"
done
run 2 status extra

# At 80 columns: at most 24 lines, none of them wider, commands whole nevertheless.
command -v script >/dev/null || {
    finish
    exit 0
}
for n in $(seq 1 9); do
    "$LEDGER" -C "$BOX" append pack.installed -s "pack/p$n-$(printf 'x%.0s' {1..60})" version=1 >/dev/null
    "$LEDGER" -C "$BOX" append x.acme.note -s host/a --source "source$n" >/dev/null
    "$LEDGER" -C "$BOX" append run.finished -s "run/f$n" --run "f$n" outcome=error >/dev/null
done
COLUMNS=80 NO_COLOR=1 TERM=xterm script -qec "'$LEDGER' -C '$BOX'" tty.log </dev/null >/dev/null 2>&1 || true
sed -e '/^Script /d' -e 's/\r$//' tty.log >screen
cp screen "$T/.out"
out=$(cat screen)
check test "$(wc -l <screen)" -le 24
check test "$(grep -v 'ledger -C' screen | wc -L)" -le 80
out_has "why run/f9"
out_has 'older sources'
out_has 'and 9 more'
finish
