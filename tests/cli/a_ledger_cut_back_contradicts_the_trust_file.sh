#!/usr/bin/env bash
# A ledger that was rolled back or replaced is detected by the head that an earlier verify saw.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
cp -r "$BOX" earlier
note two
box 0 verify
check grep -q '^head test.example/box 3 ' "$TRUST"
rm -r "$BOX"
cp -r earlier "$BOX"
box 20 verify
out_has CONTRADICTS
box 20 verify --json
json .exit 20
check grep -q '^head test.example/box 3 ' "$TRUST"
box 20 trust add
err_has test.example/box

# Another ledger of the same name.
mv "$BOX" old
run 0 -C "$BOX" init --origin test.example/box --no-trust
box 20 append x.test.note -s a
export XDG_CONFIG_HOME=$T/other
note x
note y
note z
export XDG_CONFIG_HOME=$T/config
code=0
"$LEDGER" -C "$BOX" verify >"$T/.out" 2>"$T/.err" || code=$?
[[ $code == 20 || $code == 30 ]] || fail "an exchanged ledger gives $code"
box 20 trust add

finish
