#!/usr/bin/env bash
# correct: a mistake no longer counts from the correction on, stays in the log, and is shown as corrected.
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
out_has 'corrected by event 4: wrong_subject; event 3 replaces it'
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

# Everything that lists the mistake marks it.
box 0 log
out_has '(corrected by event 4)'
same "$(grep -c 'corrected by' <<<"$out")" 1
box 0 query --kind permission.revoked
out_has '(corrected by event 4)'
box 0 log --json
same "$(jq -c 'select(.corrected_by) | [.seq, .corrected_by]' <<<"$out")" '[2,4]'
box 0 query --json
same "$(jq -c '[.events[] | select(has("corrected_by")) | .corrected_by]' <<<"$out")" '[4]'
box 0 show 2 --json
json .corrected_by 4
box 0 show 1 --json
json 'has("corrected_by")' false
box 0 why 2
out_has '(corrected by event 4)'
box 0 why 2 --json
same "$(jq -r '.chain[0].corrected_by' <<<"$out")" 4
box 0 timeline pack/p
out_has 'corrected by event 4'
box 0 timeline pack/p --json
same "$(jq -r '[.. | objects | select(.seq? == 2) | .mark] | first' <<<"$out")" corrected

# A bundle that ends before the correction does not mention it; its exporter is told.
box 0 export -o before.tar.zst --since 1 --until 2
out_has 'event 2 was corrected by event 4, which is not in the bundle'
box 0 export -o all.tar.zst
out_lacks 'which is not in the bundle'
box 0 export --dry-run --json -o none.tar.zst --since 1 --until 2
json '.corrected_elsewhere[0].by' 4

# A dry run refuses what would be refused, shows what would be written, and writes nothing.
token=ghp_0123456789abcdefghijABCDEFGHIJ012345
before=$("$LEDGER" -C "$BOX" stats --json | jq .events)
box 0 correct 1 --reason 'tier was T0' --replaced-by 3 --note "token $token" --dry-run
json .dry_run true
json .kind ledger.corrected
json .subject event/1
json .cause 1
json .seq "$before"
json .duplicate false
json .body.seq 1
json .body.replaced_by 3
json .body.leaf "$("$LEDGER" -C "$BOX" show 1 --json | jq -r .leaf)"
json .masked 1
out_lacks ghp_
box 1 correct 2 --reason again --dry-run
err_has 'event 2 was corrected before, by event 4'
out_empty
box 1 correct 99 --reason x --dry-run
box 3 correct 0 --reason x --dry-run
box 3 correct 1 --reason x --replaced-by 2 --dry-run
err_has 'event 2 cannot replace it: it was itself corrected, by event 4'
same "$("$LEDGER" -C "$BOX" stats --json | jq .events)" "$before"

# What is refused.
box 1 correct 2 --reason again
err_has 'event 2 was corrected before, by event 4'
box 1 correct 99 --reason x
err_has 'there is no event 99'
box 3 correct 0 --reason x
err_has 'events of the ledger itself cannot be corrected'
box 3 correct 4 --reason x
box 3 correct 1 --reason x --replaced-by 1
box 1 correct 1 --reason x --replaced-by 99
box 2 correct 1
err_has '--reason TEXT is missing'
box 2 correct one --reason x
box 3 append ledger.corrected -s event/1 seq=1
err_has 'is written only by the ledger itself'
box 3 erase 4 --body --reason request --yes
err_has 'is of a kind that cannot be erased because the ledger depends on it'
box 2 correct

# A corrected event cannot replace another, so no two events replace each other.
BOX=$T/two
box 0 init --origin test.example/two
box 0 append x.test.note -s a/b text=one
box 0 append x.test.note -s a/b text=two
box 0 append x.test.note -s a/b text=three
box 0 correct 1 --reason x --replaced-by 2
same "$(grep -c 'stands for' <<<"$err")" 0
box 3 correct 2 --reason x --replaced-by 1
err_has 'event 1 cannot replace it: it was itself corrected, by event 4'
box 0 correct 2 --reason x --replaced-by 3
err_has 'event 2 replaced event 1 (by event 4): as a mistake it no longer does'

# Nobody can write in the ledger's name: its keys are its own.
box 3 append x.test.note -s a/b --source ledger --key corrected:3
err_has "'source' is 'ledger', which is what the ledger itself writes under"
printf '%s\n' '{"kind":"x.test.note","subject":"a/b","source":"ledger","key":"corrected:3"}' >line
box 3 ingest jsonl line
box 0 correct 3 --reason x

# The run continues if its end was a mistake.
BOX=$T/three
box 0 init --origin test.example/three
box 0 append run.started -s run/r --run r
box 0 append run.tool_called -s run/r --run r call=c tool=t
box 0 append run.tool_returned -s run/r --run r call=c tool=t ok:=false error=wrong
box 0 append run.finished -s run/r --run r outcome=error duration_ms=7
box 0 correct 4 --reason x
box 0 correct 3 --reason x
box 0 timeline run/r
same "$(head -n 1 <<<"$out" | grep -c corrected)" 0
same "$(grep -c 'run.started.*corrected' <<<"$out")" 0
same "$(grep -c 'run.tool_called.*corrected' <<<"$out")" 0
same "$(grep -c 'run.tool_returned.*corrected by event 6' <<<"$out")" 1
same "$(grep -c 'run.finished.*corrected by event 5' <<<"$out")" 1
box 0 append run.finished -s run/r --run r outcome=ok duration_ms=9
box 0 timeline run/r
same "$(grep -c 'run.started -> ok' <<<"$out")" 1

finish
