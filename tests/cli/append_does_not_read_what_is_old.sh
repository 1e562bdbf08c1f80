#!/usr/bin/env bash
# An append reads only the newest events: damage in an older group is found by readers of that group and by verify; what is
# appended meanwhile is sealed and can be proven.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for i in $(seq 600); do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"thing/$i\",\"open\":[\"n\"],\"body\":{\"n\":$i}}"
done >many.jsonl
box 0 ingest jsonl many.jsonl
data=$BOX/evidence/data.mdb
# In the frames of compressed groups, one byte after the head is changed.
changed=0
while read -r at; do
    byte=$(od -An -tu1 -j $((at + 100)) -N 1 "$data")
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((byte ^ 255)))" | dd of="$data" bs=1 seek=$((at + 100)) conv=notrunc status=none
    changed=$((changed + 1))
done < <(LC_ALL=C grep -obaP '\x28\xb5\x2f\xfd' "$data" | cut -d: -f1)
[[ $changed -ge 2 ]] || fail "no compressed group was found"

box 0 append x.test.note -s thing/new --open n n:=1
err_empty
json .size 603
box 0 log --first 1 --since 602
out_has thing/new
box 0 prove 602 -o new.tlog-proof --leaf new.leaf --payload new.payload
run 0 verify new.tlog-proof --payload new.payload
box 30 show 10
box 30 log -n 0
box 30 verify
out_has 'INVALID'
finish
