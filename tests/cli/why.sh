#!/usr/bin/env bash
# why: the chain of causes upwards, by recorded causes and by what a run's bodies say; its exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note first
note second --cause 1
note third --cause 2
box 0 append run.started -s run/r1 --run r1 pack=p --cause 3
box 0 append run.step -s run/r1 --run r1 step=plan span=s1
box 0 append run.tool_called -s run/r1 --run r1 tool=bash call=c1 parent=s1
box 0 append run.tool_returned -s run/r1 --run r1 tool=bash call=c1 ok=false
note alone

box 0 why 7
same "$(awk 'NR > 1 { print $1, $2 }' "$T/.out" | paste -sd,)" "7 $(date -u +%Y-%m-%d),6 call,5 span,4 run,3 cause,2 cause,1 cause"
box 0 why 7 --json
json .schema ledger.why/1
json '.chain | map(.event.seq) | tojson' '[7,6,5,4,3,2,1]'
json '.chain | map(.via) | tojson' '[null,"call","span","run","cause","cause","cause"]'
json '.chain[0].event.body.tool' bash
json .complete true
box 0 why 8
same "$(wc -l <"$T/.out")" 2
box 0 why 0
box 0 why 3 --time relative
out_has ' ago'
box 1 why 99
err_has 'the newest is 8'
out_empty
box 1 why 99 --json
same "$(jq -r .error.code <<<"$err")" ERR_NOTFOUND
box 2 why
box 2 why first
err_has "'first'"
box 2 why -1
box 2 why 1 2
box 2 why 1 --time soon
run 3 -C nowhere why 1

# Unreadable events: exit code 30; those that are stored elsewhere are still shown.
note elsewhere
for i in $(seq 300); do
    echo "{\"kind\":\"x.test.fill\",\"subject\":\"fill/$i\",\"key\":\"f$i\",\"body\":{}}"
done >fill.jsonl
box 0 ingest jsonl fill.jsonl
note after --cause 9
box 0 why 311
same "$(awk 'NR > 1 { print $1 }' "$T/.out" | paste -sd,)" 311,9
note needle-in-the-tail
note later --cause 312
data=$BOX/evidence/data.mdb
while read -r at; do
    printf 'N' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle-in-the-tail' "$data" | cut -d: -f1)
box 30 why 313
err_has 'event 312'
box 0 why 9
out_has elsewhere

finish
