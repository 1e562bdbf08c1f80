#!/usr/bin/env bash
# One changed byte of an event: verify exits 30 and names its seq; reading commands report it and continue.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note alpha
note 'needle-in-the-evidence'
note omega
box 0 verify
data=$BOX/evidence/data.mdb
offset=$(grep -obaF 'needle-in-the-evidence' "$data" | tail -n 1 | cut -d: -f1)
[[ -n $offset ]] || fail "the text is not in the database"
cp "$TRUST" trust.before
while read -r at; do
    printf 'N' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle-in-the-evidence' "$data" | cut -d: -f1)
box 30 verify
out_has INVALID
out_has 'first fault: seq 2'
box 30 verify --json
json .verdict invalid
json .exit 30
json '.findings[0].seq' 2
json '.aspects.integrity.state' fault
check cmp "$TRUST" trust.before
box 30 show 2
err_has 'event 2'
box 30 log
err_has 'event 2'

# The same in a full group of 256, which is stored compressed; events of the other groups are still listed.
run 0 -C big init --origin test.example/big
for i in $(seq 600); do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"s/$i\",\"actor\":\"service:t\",\"key\":\"m$i\",\"open\":[\"t\"],\"body\":{\"t\":\"text $i\"}}"
done >many.jsonl
run 0 -C big ingest jsonl many.jsonl
run 0 -C big verify
flip() { # OFFSET
    local byte
    byte=$(od -An -tu1 -j "$1" -N 1 big/evidence/data.mdb)
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 255)))" | dd of=big/evidence/data.mdb bs=1 seek="$1" conv=notrunc status=none
}
caught=0
bundles=0
size=$(stat -c %s big/evidence/data.mdb)
for at in $(seq 8300 1499 $((size - 1))); do
    flip "$at"
    code=0
    "$LEDGER" -C big verify >"$T/.out" 2>"$T/.err" || code=$?
    out=$(cat "$T/.out")
    if [[ $code == 30 ]]; then
        caught=$((caught + 1))
        out_has INVALID
    else
        same "$code" 0 # a byte that no table uses
    fi
    if [[ $code == 30 && $out == *"table 'bundle'"* ]]; then
        out_has 'first fault: seq'
        run 30 -C big log -n 0
        out_has ' s/'
        bundles=1
    fi
    flip "$at"
done
[[ $caught -ge 1 ]] || fail "no changed byte was found"
[[ $bundles == 1 ]] || fail "no changed byte of a compressed group was found"
run 0 -C big verify

finish
