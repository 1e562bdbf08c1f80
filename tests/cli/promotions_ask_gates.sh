#!/usr/bin/env bash
# promote verify: gates from a file, whose faults are named with their places; what is measured outside is recorded first; T2 needs a
# snapshot and T3 a tripcode; anybody can ask again and gets the same.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
run 0 key new alice.key --name test.example/alice
alice=$out
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$alice\"]"
mkdir -p web/v1 web/v2
echo one >web/v1/a
echo two >web/v2/a
ln -s v1 web/live
state() { jq -r --arg g "$1" '.gates[] | select(.gate == $g).state' <<<"$out"; }

# Faults of the file.
printf 'schema: ledger-gates/v0\nname: x\ngates:\n  speed: {}\n  disk: {free_bytes: -1}\n' >bad.yaml
box 0 promote plan w image/web --target web --from web/v2 --tier T3
digest=$("$LEDGER" -C "$BOX" log --kind promotion.planned --format jsonl | jq -r .body.digest)
box 0 promote simulate w --verdict pass
before=$("$LEDGER" -C "$BOX" log --format jsonl | wc -l)
box 3 promote verify w --gates bad.yaml
err_has "bad.yaml:4:3: unknown gate 'speed'"
err_has "bad.yaml:5:22: 'free_bytes' must be a whole number from 0"
box 3 promote verify w --gates none.yaml
same "$("$LEDGER" -C "$BOX" log --format jsonl | wc -l)" "$before"

# JSON is read as well. T3 needs both.
echo '{"schema": "ledger-gates/v0", "name": "tiers", "gates":
    {"snapshot": {"from_tier": "T2"}, "tripcode": {"from_tier": "T3"}, "disk": {"free_bytes": 1}, "diff": {}}}' >gates.json
measured eval.scored -s eval/e task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/e suite=s digest="$digest" verdict=pass
box 1 promote verify w --gates gates.json --json
same "$(state evaluation) $(state disk) $(state diff) $(state snapshot) $(state tripcode)" "open open closed closed closed"
err_lacks() { [[ $err != *"$1"* ]] || fail "standard error has '$1'"; }
box 0 log --kind promotion.verifying --json
json '.body.free_bytes > 0' true
json .body.needed_bytes 4
json .body.policy tiers
box 1 promote verify w --gates gates.json --replay
err_lacks 'the answers are not'

box 0 promote simulate w -- diff -r web/v1 web/v1
box 0 recovery snapshot web --into snapshots
box 0 tripcode issue STEP --digest "$digest" --for promotion/w --sign-as alice.key
printf '%s\n' "$out" >code # as it was printed
box 0 promote verify w --gates gates.json --json
same "$(state snapshot) $(state tripcode) $(state diff)" "open open open"
gated=$(jq .gated_seq <<<"$out")
box 1 promote apply w
err_has 'it names no tripcode'
err_has "--tripcode FILE: what 'ledger tripcode issue STEP --digest $digest --for promotion/w --sign-as KEYFILE' prints"
box 0 promote verify w --gates gates.json --replay
box 1 promote verify w --gates default --replay
err_has "event $gated asked other gates than these"
printf 'bad\n' | setsid -w "$LEDGER" -C "$BOX" promote apply w --tripcode - >"$T/.out" 2>"$T/.err" && fail 'a bad code permits it'
box 0 promote apply w --tripcode code
same "$(readlink web/live)" v2
box 0 promote verify w --gates gates.json --replay

# An answer that was recorded and does not follow from the events.
box 0 promote plan f image/f --digest "$digest" --tier T1
box 0 promote simulate f --verdict pass
gated=$("$LEDGER" -C "$BOX" --json promote verify f --gates default | jq .gated_seq)
box 0 promote verify f --replay
box 0 show "$gated" --json
jq -c '.body | .reasons[0].value = "invented"' <<<"$out" >forged.json
box 0 append -g measured promotion.gated -s promotion/f --body-file forged.json
box 1 promote verify f --replay
err_has "the answers are not those that event"
# Without a tier two of the default gates stay closed; what is printed helps.
box 0 promote plan g image/g --digest "$digest"
err_has 'no --tier'
box 0 promote simulate g --verdict pass
box 1 promote verify g
help="promote abort g && ledger -C $BOX promote plan g image/g --again --tier T2"
out_has "$help"
box 0 promote status g
out_has "$help"
out_has "gate 'snapshot' is closed: the plan states no tier"
# Typed as it stands, with a target too, it plans the same.
ledger() { setsid -w "$LEDGER" "$@"; }
echo three >web/v3
box 0 promote plan h image/h --target web --from web/v3 --link third
box 0 promote simulate h --verdict pass
box 1 promote verify h
help=$(sed -n 's/^ *\(ledger .* promote abort h && .*\)$/\1/p' <<<"$out" | head -1)
(eval "$help") >"$T/.out" 2>"$T/.err" || fail "typed: $help"
box 0 log --kind promotion.planned --format jsonl
same "$(tail -1 <<<"$out" | jq -r '.body | .digest + " " + .tier')" "sha256:$(sha256sum web/v3 | cut -c1-64) T2"
ln -s v3 web/third
box 0 promote status h
out_has "web/third'"
box 2 promote plan h image/other --again
box 1 promote plan nobody image/h --again
box 0 promote abort g
box 0 promote plan g image/g --again --tier T1
err_lacks 'no --tier'
box 0 promote simulate g --verdict pass
box 0 promote verify g
# A snapshot holds a link that was there when it was taken; before the first there is none to be held.
printf 'schema: ledger-gates/v0\nname: held\ngates: {snapshot: {from_tier: T2}}\n' >held.yaml
mkdir t2
echo a >t2/a
echo b >t2/b
promote() { # ID FILE
    digest=sha256:$(sha256sum "t2/$2" | cut -c1-64)
    measured eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" suite=s digest="$digest" verdict=pass
    box 0 promote plan "$1" image/t2 --target t2 --from "t2/$2" --tier T2
    box 0 promote simulate "$1" --verdict pass
}
box 0 recovery snapshot t2 --into snapshots
promote t2a a
box 0 promote verify t2a --gates held.yaml
out_has 'there is no link yet'
box 0 promote apply t2a
promote t2b b
box 1 promote verify t2b --gates held.yaml
out_has 'was taken before it was planned'
box 0 recovery snapshot t2/a --into snapshots
box 1 promote verify t2b --gates held.yaml
out_has "does not hold '$PWD/t2/live'"
box 0 recovery snapshot t2 --into snapshots
box 0 promote verify t2b --gates held.yaml
out_has 'held by a snapshot'
finish
