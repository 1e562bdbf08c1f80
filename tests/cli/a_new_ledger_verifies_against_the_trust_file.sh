#!/usr/bin/env bash
# init writes the trust file, and verify finds in it what vouches for the ledger.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin test.example/box --json
json .origin test.example/box
json .dir "$BOX"
genesis=$(jq -r .genesis <<<"$out")
vkey=$(jq -r .vkey <<<"$out")
same "$(stat -c %a "$TRUST")" 600
check grep -qF "log $vkey" "$TRUST"
check grep -qF "genesis test.example/box $genesis" "$TRUST"
check grep -q '^head test.example/box 1 ' "$TRUST"

note one
box 0 verify
out_has 'the first event is known from outside, the newest is not'
for word in integrity seals anchoring completeness authors erasures gaps derived verdict; do out_has "$word"; done
out_has 'valid and anchored'
check grep -q '^head test.example/box 2 ' "$TRUST"
box 0 verify --json
json .verdict good
json .exit 0
json .size 2
json .findings_total 0
json '.aspects.integrity.state' good

# Nothing from outside: only consistent.
box 10 verify --no-trust-file
out_has 'not anchored'
box 10 verify --no-trust-file --json
json .verdict 'not anchored'
json .exit 10

# A key, a genesis leaf and a checkpoint each anchor it.
box 0 verify --no-trust-file --key "$vkey"
box 0 checkpoint -o cp
note two
box 0 verify --no-trust-file --checkpoint cp --key "$vkey"
box 0 verify --no-trust-file --genesis "$genesis" --key "$vkey"
printf 'log %s\nquorum none\n' "$vkey" >policy
box 0 verify --no-trust-file --policy policy
box 0 verify --since-verified
box 0 verify --derived

# The result is the same on any number of threads.
box 0 verify --json
all=$out
for n in 1 2 16; do
    box 0 verify --threads $n --json
    same "$out" "$all"
done
for n in 0 17 -1 x; do
    box 2 verify --threads "$n"
    err_has threads
done

# Somebody else's key does not.
run 0 -C other init --origin test.example/other --json --no-trust
other=$(jq -r .vkey <<<"$out")
[[ $other != "$vkey" ]] || fail "two ledgers have one key"
code=0
"$LEDGER" -C "$BOX" verify --no-trust-file --key "$other" >/dev/null 2>&1 || code=$?
[[ $code != 0 ]] || fail "verified against the wrong key"

# Bad input.
box 3 verify --key nonsense
err_has '--key'
box 3 verify --genesis 12
box 3 verify --policy absent
box 3 verify --authors absent
box 3 verify --checkpoint absent
echo 'rubbish' >bad
box 3 verify --policy bad
err_has 'line 1'
box 2 verify --leaf x
box 2 verify --payload x
run 3 -C nowhere verify
err_has nowhere
chmod 666 "$TRUST"
box 3 verify
err_has 'others may write'

# A second ledger of the same name is not created.
chmod 600 "$TRUST"
run 3 -C third init --origin test.example/box
err_has 'trust file already'
check test ! -e third
box 3 init --origin test.example/again
run 3 -C fourth init --origin 'has blank'
run 3 -C fourth init --origin 'a+b'
run 3 -C fourth init --origin test.example/r1
err_has "ends in '/r1', which epoch keys and restored ledgers use"
run 0 init --help
check grep -q "'r' with a number" <(tr -s ' \n' '  ' <<<"$out")
run 2 -C fourth init --map-bytes x
run 2 -C fourth init extra

# The default origin contains the host name and is different each time.
run 0 -C fifth init --json
first=$(jq -r .origin <<<"$out")
run 0 -C sixth init --json
[[ $(jq -r .origin <<<"$out") != "$first" ]] || fail "two ledgers got the same default origin"
run 0 -C seventh init --no-trust --origin test.example/quiet --json
json .trust null
check bash -c "! grep -q test.example/quiet '$TRUST'"

finish
