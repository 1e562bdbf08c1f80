#!/usr/bin/env bash
# correct: a mistake no longer counts from the correction on, stays in the log, and is shown as one.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append permission.granted -s pack/p group=exec tier=T1
box 0 append permission.revoked -s pack/p group=exec
box 0 permit list --json
same "$(jq -r '.. | .state? // empty' <<<"$out" | head -n 1)" revoked
box 1 append permission.used -s pack/p group=exec --checked
box 0 append x.test.note -s pack/p text=right
box 0 correct 2 --reason wrong_subject --replaced-by 3 --note 'q was meant'
json .seq 4
json .duplicate false
box 0 permit list --json
same "$(jq -r '.. | .state? // empty' <<<"$out" | head -n 1)" granted
box 0 permit list --at 3 --json
same "$(jq -r '.. | .state? // empty' <<<"$out" | head -n 1)" revoked
box 0 append permission.used -s pack/p group=exec --checked
box 0 show 2
out_has 'corrected by event 4: wrong_subject; event 3 stands for it'
box 0 show 3
out_lacks corrected
box 0 show 4 --json
json .kind ledger.corrected
json .subject event/2
json .cause 2
json .body.seq 2
json .body.replaced_by 3
json .body.kind permission.revoked
json .private.note 'q was meant'
box 0 show 2 --json
same "$(jq -r .leaf <<<"$out")" "$("$LEDGER" -C "$BOX" show 4 --json | jq -r .body.leaf)"
box 0 diff 3 4
out_has 4
box 0 rebuild --check
box 0 rebuild
box 0 permit list
out_has granted
box 0 verify

# Whatever lists the mistake says so.
box 0 log
out_has '(corrected by event 4)'
same "$(grep -c 'corrected by' <<<"$out")" 1
box 0 query --kind permission.revoked
out_has '(corrected by event 4)'
box 0 why 2
out_has '(corrected by event 4)'
box 0 why 2 --json
same "$(jq -r '.chain[0].corrected_by' <<<"$out")" 4
box 0 timeline pack/p
out_has 'corrected by event 4'
box 0 timeline pack/p --json
same "$(jq -r '[.. | objects | select(.seq? == 2) | .mark] | first' <<<"$out")" corrected

# A bundle that ends before the correction says nothing of it; whoever cuts it hears of that.
box 0 export -o before.tar.zst --since 1 --until 2
out_has 'event 2 was corrected by event 4, which is not in the bundle'
box 0 export -o all.tar.zst
out_lacks 'which is not in the bundle'
box 0 export --dry-run --json -o none.tar.zst --since 1 --until 2
json '.corrected_elsewhere[0].by' 4

# What is refused.
box 1 correct 2 --reason again
err_has 'event 2 was corrected before, by event 4'
box 1 correct 99 --reason x
err_has 'there is no event 99'
box 3 correct 0 --reason x
err_has 'what the ledger says of itself is not corrected'
box 3 correct 4 --reason x
box 3 correct 1 --reason x --replaced-by 1
box 1 correct 1 --reason x --replaced-by 99
box 2 correct 1
err_has '--reason TEXT is missing'
box 2 correct one --reason x
box 3 append ledger.corrected -s event/1 seq=1
err_has 'is written by the ledger itself only'
box 3 erase 4 --body --reason request --yes
err_has 'is of a kind that the ledger rests on'
box 2 correct

finish
