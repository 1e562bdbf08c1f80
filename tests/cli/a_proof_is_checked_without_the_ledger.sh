#!/usr/bin/env bash
# prove writes what verify checks with only the key; a changed bit is found.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note provable
note more
box 0 key export
vkey=$out
box 0 prove 1 -o 1.tlog-proof --leaf 1.leaf --payload 1.payload
box 0 prove 1
same "$out" "$(cat 1.tlog-proof)"
out_has 'c2sp.org/tlog-proof@v1'
box 0 prove 1 --json --payload p2
json .seq 1
same "$(jq -r .leaf <<<"$out" | base64 -d | sha256sum)" "$(sha256sum <1.leaf)"
check cmp p2 1.payload
box 0 checkpoint
same "$out" "$(sed '1,/^$/d' 1.tlog-proof)"
box 0 checkpoint --json
json .origin test.example/box
json .size 3
box 4 checkpoint -o no/such/file

rm -r "$BOX"
run 0 verify 1.tlog-proof --no-trust-file --key "$vkey"
out_has 'anchored'
run 0 verify 1.tlog-proof --leaf 1.leaf --payload 1.payload --no-trust-file --key "$vkey" --json
json .verdict good
run 0 verify 1.tlog-proof
run 10 verify 1.tlog-proof --no-trust-file
flip() { # FILE OFFSET
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
cp 1.leaf bad.leaf
flip bad.leaf 40
run 30 verify 1.tlog-proof --leaf bad.leaf
out_has INVALID
cp 1.payload bad.payload
flip bad.payload 40
run 30 verify 1.tlog-proof --payload bad.payload
sed '4{s/^A/B/;t;s/^./A/}' 1.tlog-proof >bad.tlog-proof
run 30 verify bad.tlog-proof --leaf 1.leaf
echo rubbish >rubbish
run 30 verify rubbish --leaf 1.leaf
out_has 'rule F32: line 1'
run 30 verify rubbish
out_has 'it does not begin as a bundle does'
run 30 verify 1.tlog-proof --leaf rubbish
run 30 verify 1.tlog-proof --payload rubbish
run 3 verify absent.tlog-proof
run 3 verify 1.tlog-proof --leaf absent
run 2 verify 1.tlog-proof --derived
run 2 verify 1.tlog-proof --since-verified
run 2 verify 1.tlog-proof --threads 2
run 2 verify a b

new_box2() { run 0 -C two init --origin test.example/two; }
new_box2
run 1 -C two prove 99
run 2 -C two prove x
run 2 -C two prove
run 4 -C two prove 0 -o no/such/file
run 3 -C nowhere prove 0
run 3 -C nowhere checkpoint

finish
