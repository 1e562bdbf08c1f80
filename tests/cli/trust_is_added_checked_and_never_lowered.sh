#!/usr/bin/env bash
# trust list, add and check.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin test.example/box --no-trust
run 0 trust list
out_lacks test.example/box
box 10 verify
box 0 key export
vkey=$out
genesis=$("$LEDGER" -C "$BOX" show 0 --json | jq -r .leaf)
box 0 trust add
run 0 trust list --json
json '.logs[0]' "$vkey"
json '.genesis[0].origin' test.example/box
json '.heads[0].size' 1
run 0 trust list
out_has "$vkey"
box 0 verify

rm "$TRUST"
run 0 trust add "$vkey"
run 0 trust add "$vkey"
same "$(grep -c '^log ' "$TRUST")" 1
box 0 verify
rm "$TRUST"
run 0 trust add --genesis "$genesis" --origin test.example/box
run 0 trust list --json
json '.genesis[0].leaf' "$genesis"

# A checkpoint counts only under a trusted key.
rm "$TRUST"
note one
box 0 checkpoint -o cp
note two
run 3 trust add --checkpoint cp
err_has 'no trusted log key'
check bash -c "! grep -q head '$TRUST' 2>/dev/null"
run 0 trust add "$vkey" --checkpoint cp
run 0 trust list --json
json '.heads[0].size' 2
box 0 verify
run 0 trust list --json
json '.heads[0].size' 3
run 0 trust add --checkpoint cp
run 0 trust list --json
json '.heads[0].size' 3
sed '2s/.*/9/' cp >forged
code=0
"$LEDGER" trust add --checkpoint forged >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 3

run 3 trust add nonsense
run 3 trust add --genesis xyz --origin a
err_has '--genesis'
run 2 trust add --genesis "$genesis"
run 2 trust add --origin a
run 3 trust add --checkpoint absent
run 3 -C nowhere trust add
run 2 trust
run 2 trust ad
run 2 trust list extra

run 0 trust check
out_has 'well formed'
printf 'log %s\nquorum none\n' "$vkey" >policy
run 0 trust check policy
run 0 trust check policy --policy --json
json '.logs | length' 1
printf 'log nonsense\n' >bad
run 3 trust check bad
err_has 'line 1'
run 3 trust check absent
run 3 trust check "$TRUST" --policy
echo garbage >>"$TRUST"
run 3 trust list
err_has "$TRUST"
box 3 verify

# Two concurrent verifies both keep the file intact.
rm "$TRUST"
box 0 trust add
for i in 1 2 3 4; do
    note "n$i"
    "$LEDGER" -C "$BOX" verify >/dev/null &
done
wait
box 0 verify
run 0 trust check
check grep -q '^head test.example/box 7 ' "$TRUST"

# Foreign logs have spaces in their origins, and key names that differ from their origins.
printf 'go.sum database tree\n30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n\n— sum.golang.org Az3grpgEild5qw7+5dtV13Kf1C2Xurm8q4fhdxvcsDHnqNTaxL2AFjBY+2TyGKevucFcAAlWFJJYle3EJlDCrQ+y3A8=\n' >sum
run 0 trust add sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8 --checkpoint sum
check grep -qx 'head go.sum database tree 30055305 mXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=' "$TRUST"
run 0 trust list
out_has 'go.sum database tree'

finish
