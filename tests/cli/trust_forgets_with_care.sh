#!/usr/bin/env bash
# trust forget: what is known of one origin is removed, after it was shown with what it protected; nothing is removed
# silently.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
box 0 verify
box 0 key export
vkey=$out
genesis=$("$LEDGER" -C "$BOX" show 0 --json | jq -r .leaf)
run 0 -C other init --origin test.example/other
cp "$TRUST" before

# The name is already taken.
rm -rf "$BOX"
box 3 init --origin test.example/box
err_has 'trust forget'

# If nobody can be asked, nothing is removed, and the message says what would be.
run 2 trust forget test.example/box
out_has "$vkey"
out_has "$genesis"
err_has '--yes'
check cmp "$TRUST" before
run 1 trust forget test.example/nobody --yes
err_has "has nothing of 'test.example/nobody'"
run 2 trust forget
run 2 trust forget a b

run 0 trust forget test.example/box --yes
out_has "log key  $vkey"
out_has 'exit code 10'
out_has "genesis  $genesis"
out_has 'exchanged for another'
out_has 'head     size 2, root '
out_has 'cut off or rewritten is not noticed'
run 0 trust list
out_lacks test.example/box
out_has test.example/other
run 0 -C other verify
box 0 init --origin test.example/box
box 0 verify
out_has 'valid and anchored'

# What was removed can be trusted again with the printed command.
run 0 trust forget test.example/box --yes --json
json .origin test.example/box
json '.forgotten | map(.what) | join(",")' 'log key,genesis,head'
key=$(jq -r '.forgotten[0].value' <"$T/.out")
leaf=$(jq -r '.forgotten[1].value' <"$T/.out")
box 10 verify
run 0 trust add "$key" --genesis "$leaf" --origin test.example/box
box 0 verify

finish
