#!/usr/bin/env bash
# A step of T3 needs a code that a controller signed for it: used once, for that digest in that run, before it expires.
# LOCKDOWN stops every guard until a controller ends it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
d1=sha256:$(printf '1%.0s' {1..64})
d2=sha256:$(printf '2%.0s' {1..64})
run 0 key new alice.key --name test.example/alice
alice=$out
run 0 key new mallory.key --name test.example/alice # the same name, another key
step() { # CODE ARGS
    local want=$1
    shift
    box "$want" append run.step -s run/1 --checked step=wipe tier=T3 "$@"
}
code() { # the id of a new code for run/1 and d1
    "$LEDGER" -C "$BOX" tripcode issue STEP --digest "$d1" --for run/1 --sign-as alice.key "$@" | jq -r .tripcode
}
err_lacks() { [[ $err != *"$1"* ]] || fail "standard error has '$1'"; }
refusals() { "$LEDGER" -C "$BOX" log --kind recovery.tripcode_refused --format jsonl 2>/dev/null | grep -c . || true; }

# Nobody is a controller until a policy names the key.
box 1 tripcode issue STEP --digest "$d1" --for run/1 --sign-as alice.key
err_has 'not signed by a controller that a policy names'
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$alice\"]"
box 1 tripcode issue STEP --digest "$d1" --for run/1 --sign-as mallory.key
err_has 'not signed by a controller'
box 1 tripcode issue STEP --for run/1 --sign-as alice.key
err_has 'does not name the digest'
box 1 tripcode issue STEP --digest "$d1" --for pack/p --sign-as alice.key
err_has 'does not name the run or promotion'
box 2 tripcode issue STEP --digest "$d1" --for run/1 --sign-as alice.key --expires-in 11m
box 2 tripcode issue STEP --digest "$d1" --for run/1
err_has '--sign-as KEYFILE is missing'

# Without a code, with an unknown one, for something else: refused, and recorded.
step 1 digest="$d1"
err_has 'it names no tripcode'
same "$(refusals)" 0
step 1 digest="$d1" tripcode=00000000000000000000000000000000
err_has 'nobody issued it'
same "$(refusals)" 1
id=$(code)
step 1 digest="$d2" tripcode="$id"
err_has 'it is for another digest'
step 1 tripcode="$id"
box 1 append run.step -s run/2 --checked step=wipe tier=T3 digest="$d1" tripcode="$id"
err_has 'it is for another run or promotion'
same "$(refusals)" 4
box 0 tripcode show "$id"
out_has issued

# Used up in the transaction that records the step: the use right before it.
step 0 digest="$d1" tripcode="$id"
at=$(jq -r .seq <<<"$out")
box 0 show "$((at - 1))" --json
json .kind recovery.tripcode_used
json .subject "tripcode/$id"
json .body.target run/1
box 0 tripcode list --with state=used --format json
json '[.. | .step_seq? // empty] | join(" ")' "$at"
step 1 digest="$d1" tripcode="$id"
err_has 'it was used before'

# Two processes race for one code: one step is recorded.
id=$(code)
for n in 1 2 3 4; do
    "$LEDGER" -C "$BOX" append run.step -s run/1 --checked "step=race$n" tier=T3 digest="$d1" tripcode="$id" >"race$n" 2>&1 &
done
wait
same "$(grep -l '"seq"' race? | wc -l)" 1
same "$(grep -l 'it was used before' race? | wc -l)" 3

# An issue signed by somebody else that is forced into the log counts for nothing; nor does one without an end.
box 0 append recovery.tripcode_issued -s tripcode/11111111111111111111111111111111 code=STEP digest="$d1" \
    target=run/1 expires="$(date -u -d '+5 min' +%FT%TZ)" --sign-as mallory.key
step 1 digest="$d1" tripcode=11111111111111111111111111111111
err_has 'it was not valid when it was issued'
box 0 append recovery.tripcode_issued -s tripcode/22222222222222222222222222222222 code=STEP digest="$d1" \
    target=run/1 --sign-as alice.key
step 1 digest="$d1" tripcode=22222222222222222222222222222222
box 0 append recovery.tripcode_issued -s tripcode/33333333333333333333333333333333 code=STEP digest="$d1" \
    target=run/1 expires="$(date -u -d '+2 hours' +%FT%TZ)" --sign-as alice.key
step 1 digest="$d1" tripcode=33333333333333333333333333333333

# A code is over when its time is, when no policy names its controller any more.
id=$(code --expires-in 1s)
sleep 1.1
step 1 digest="$d1" tripcode="$id"
err_has 'it has expired'
id=$(code)
box 0 append policy.declared -s policy/guards policy=guards
step 1 digest="$d1" tripcode="$id"
err_has 'no policy names its controller any more'
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$alice\"]" tripcode_cooldown_ms=3600000
step 1 digest="$d1" tripcode="$id"
err_has 'the last step of T3 is too recent'
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$alice\"]"
issued=$("$LEDGER" -C "$BOX" log --kind recovery.tripcode_issued --subject "tripcode/$id" --format jsonl | jq -r .seq)
# What became of a code is neither erased nor corrected.
used=$("$LEDGER" -C "$BOX" log --kind recovery.tripcode_used --format jsonl | jq -rs '.[0].seq')
for event in "$issued" "$used"; do
    box 3 correct "$event" --reason mistake
    err_has 'what became of a tripcode cannot be corrected'
done
box 3 erase "$issued" --body --reason mistake --yes
err_has 'signed'
step 0 digest="$d1" tripcode="$id"

# Promoting what was planned at T3 is a step of T3.
promote() { # ID: up to the gate
    box 0 append promotion.planned -s "promotion/$1" digest="$d1" tier=T3
    box 0 append promotion.simulated -s "promotion/$1" digest="$d1" verdict=pass
    box 0 append promotion.verifying -s "promotion/$1" digest="$d1"
    box 0 append -g measured promotion.gated -s "promotion/$1" digest="$d1" decision=pass
}
promote m
box 1 append promotion.promoted -s promotion/m --checked digest="$d1"
err_has "a step of T3 of promotion/m: it names no tripcode"
id=$(code)
box 1 append promotion.promoted -s promotion/m --checked digest="$d1" tripcode="$id"
err_has 'it is for another run or promotion'
id=$("$LEDGER" -C "$BOX" tripcode issue STEP --digest "$d1" --for promotion/m --sign-as alice.key | jq -r .tripcode)
box 1 append promotion.promoted -s promotion/m --checked digest="$d1" tripcode="$id"
err_lacks 'step of T3' # only what a promotion lacks anyway
box 0 append promotion.promoted -s promotion/m digest="$d1" tripcode="$id"
box 0 tripcode show "$id"
out_has used

# LOCKDOWN: what acts is refused, what ends or observes is not, and only a controller ends it.
box 0 append permission.granted -s pack/p group=exec
box 0 tripcode issue LOCKDOWN --sign-as alice.key --note 'exfiltration suspected'
lock=$(jq -r .tripcode <<<"$out")
seq=$(jq -r .seq <<<"$out")
box 1 append permission.used -s pack/p --checked group=exec scope=/bin/ls
err_has "LOCKDOWN is on since event $seq"
box 0 status
out_has "guards     refuse  LOCKDOWN is on since event $seq"
box 0 status --json
json .lockdown true
box 1 permit grant pack/p gpu
box 1 permit resolve pack/p
step 1 digest="$d1"
box 1 append promotion.planned -s promotion/x --checked digest="$d1"
box 1 append policy.declared -s policy/guards policy=guards
box 0 permit revoke pack/p exec
box 0 append run.finished -s run/1 --checked status=ok
box 0 verify
box 2 tripcode end "$lock"
box 1 tripcode end "$lock" --sign-as mallory.key
err_has 'not signed by a controller'
# Events forced into the log do not lift it either.
box 0 append recovery.tripcode_ended -s "tripcode/$lock"
box 0 append recovery.tripcode_ended -s "tripcode/$lock" --sign-as mallory.key
box 1 append policy.declared -s policy/mine policy=mine "controllers:=[]"
box 1 permit grant pack/p gpu
box 0 tripcode end "$lock" --sign-as alice.key
box 0 permit grant pack/p gpu
box 1 tripcode end "$lock" --sign-as alice.key
err_has 'no LOCKDOWN is on'

# The states of all this are the same when they are made again.
box 0 rebuild recovery
box 0 rebuild --check

finish
