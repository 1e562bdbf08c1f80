#!/usr/bin/env bash
# Where an event was changed in the evidence, states end before it: what is shown says so in one line, and the exit code is 30.
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
    err_has "the evidence cannot be read from event 3 on, and states end before it: event 2 is not what was written"
    err_has "run 'ledger verify'"
    same "$(grep -c . "$T/.err")" 1
    ! grep -q 'nothing matched' "$T/.err" || fail 'it says that nothing matched'
}
damaged permit list
out_has pack/early
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
box 30 status
box 30 append --checked permission.used -s pack/late group=exec scope=x/y
box 30 rebuild
box 30 verify
finish
