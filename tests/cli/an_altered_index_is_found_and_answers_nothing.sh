#!/usr/bin/env bash
# A changed byte of the index: answers stay the same, verify --derived exits 30 and names the segment, index repairs it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for i in $(seq 1500); do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"s/$((i % 300))\",\"key\":\"k$i\",\"run\":\"r$i\",\"open\":[\"model\"],\"body\":{\"model\":\"m$((i % 3))\"}}"
done >many.jsonl
box 0 ingest jsonl many.jsonl
box 0 index
box 0 index --json
json .covered 1280
box 0 verify --derived
out_has 'the index of 1280 events replayed and equal'
ask() {
    box 0 query --run r700 --format csv
    cat "$T/.out"
    box 0 query --by model --format csv
    cat "$T/.out"
}
ask >before.csv
data=$BOX/derived/data.mdb
# frames of zstd, which hold the columns
mapfile -t frames < <(LC_ALL=C grep -obUaP '\x28\xb5\x2f\xfd' "$data" | cut -d: -f1)
((${#frames[@]} > 10)) || fail "the database has ${#frames[@]} frames"
for at in "${frames[@]}"; do
    printf '\377' | dd of="$data" bs=1 seek=$((at + 9)) conv=notrunc status=none
done
ask >after.csv
check cmp before.csv after.csv
box 30 verify --derived
out_has 'segments of the index are not what their events say'
box 30 verify --derived --json
json .aspects.derived.state fault
json '.findings[0].table' column
json '.findings[0].seq' 0
box 0 verify
box 1 index --check
box 1 doctor --only index
out_has 'index: it is damaged'
out_has 'doctor --fix'
box 0 doctor --fix --only index
out_has mended
box 0 doctor --only index
box 0 index --check
ask >before.csv # with the events that the doctor wrote
box 0 verify --derived
box 0 index --drop
box 0 index
box 0 verify --derived
ask >again.csv
check cmp before.csv again.csv

# A truncated index is not used.
truncate -s 20000 "$data"
ask >short.csv
check cmp before.csv short.csv
cp "$data" short.mdb
box 30 verify --derived
out_has 'is cut short'
box 1 index --check
out_has 'the index: '
box 1 index --check --json
json '.differences[0].first' null
check cmp short.mdb "$data"
box 0 index
box 0 verify --derived
out_has 'the index of 1280 events replayed and equal'

finish
