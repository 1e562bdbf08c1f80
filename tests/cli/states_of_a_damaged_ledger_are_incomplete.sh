#!/usr/bin/env bash
# If an event was changed in the evidence, states end before it: the output says so in one line, and the exit code is 30.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append permission.granted -s pack/early group=exec tier=T0
box 0 append permission.granted -s pack/needle group=exec tier=T0
box 0 append permission.granted -s pack/late group=exec 'scope=x/**' tier=T0
data=$BOX/evidence/data.mdb
while read -r at; do
    printf 'N' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle' "$data" | cut -d: -f1)

damaged() { # ARGS...: one line, which says what to do, and 30
    box 30 "$@"
    err_has "the evidence cannot be read from event 2 on, and states end before it: event 2 is not what was written"
    err_has "run 'ledger verify'"
    same "$(grep -c . "$T/.err")" 1
    ! grep -q 'nothing matched' "$T/.err" || fail 'it says that nothing matched'
}
damaged permit list
out_has pack/early
out_lacks eedle
out_lacks pack/late
damaged permit list --json
json '.incomplete | length > 0' true
damaged permit list --pack late
damaged pack list
damaged state
damaged state permissions
damaged state permissions --with who=pack/late
damaged query --sql 'SELECT count(*) FROM permissions'
same "$out" ''
damaged rebuild --check
damaged attest
box 30 why permission/pack/early/exec
err_has "run 'ledger verify'"
! grep -q 'nothing matched' "$T/.err" || fail 'it says that nothing matched'
box 30 diff 1

# It is not claimed that something does not exist.
for words in 'why permission/pack/late/exec' 'why pack/late' 'why run/r' 'why late' 'why thing/late' 'permit show pack/late' \
    'run show r' 'state permissions pack/late' 'diff run/a run/b' 'eval diff a b'; do
    # shellcheck disable=SC2086
    box 30 $words
    err_has 'it cannot be told: among the events that can be read '
    # shellcheck disable=SC2086
    box 30 $words --json
    same "$(grep '^{' "$T/.err" | jq .error.exit)" 30
done
box 30 timeline pack/needle
same "$(head -n 1 "$T/.out")" 'pack/needle: which events it has cannot be told'

# The first screen shows what can be read, the damage first; exports exit with 30 whatever they select.
damaged status
same "$(head -n 1 "$T/.out" | cut -c 1-60)" 'evidence   damaged  the evidence cannot be read from event 2'
out_has 'test.example/box  4 events'
out_has "ledger -C $BOX verify"
box 30 status --json
json '.complete, .origin' $'false\ntest.example/box'
json '.damage | test("cannot be read from event")' true
json '.next[0].command' "ledger -C $BOX verify"
for words in '--whole' '--run r' '--kind permission.granted' '--subject pack/late --until 3' '--states all'; do
    # shellcheck disable=SC2086
    box 30 export -o out.tar.zst $words
    check test ! -e out.tar.zst
done
box 30 export --dry-run --subject 'pack/l*'

# States that were folded before the damage are complete; what the screen reads from the log is not.
cp -R "$BOX" whole
while read -r at; do
    printf 'n' | dd of="whole/evidence/data.mdb" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'Needle' "$data" | cut -d: -f1)
run 0 -C whole rebuild
run 0 -C whole status
cp "$data" whole/evidence/data.mdb
run 30 -C whole status
same "$(grep -c . "$T/.err")" 1
out_has 'evidence   damaged  events 0..3'
# Lists and SQL read no event there; commands that cite one do.
run 0 -C whole permit list
out_has pack/early
out_has pack/late
err_empty
run 0 -C whole permit list --json
json '.incomplete | length' 0
json '[.states[].since] | unique | .[0]' null
run 0 -C whole state permissions --with who=pack/late
run 1 -C whole permit list --pack nobody
run 0 -C whole query --sql 'SELECT count(*) FROM permissions'
run 30 -C whole permit show pack/late/exec
run 30 -C whole why permission/pack/early/exec
run 30 -C whole log
run 30 -C whole rebuild --check
run 30 -C whole attest
run 30 -C whole diff 0 # it is unknown which event created the rows, so none is called new
check grep -qE '^\* +pack/early/exec +unknown +\(unreadable\) +first heard of: granted' "$T/.out"
box 30 append --checked permission.used -s pack/late group=exec scope=x/y
box 30 rebuild
box 30 verify
finish
