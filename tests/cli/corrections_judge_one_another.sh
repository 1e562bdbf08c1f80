#!/usr/bin/env bash
# Two processes that correct at the same moment: neither relies on an event that the other has just corrected, and one event
# is corrected once.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for i in $(seq 1 40); do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"thing/$i\",\"key\":\"$i\"}"
done >events.jsonl
box 0 ingest jsonl events.jsonl

# Each names the other's event as its replacement: one of them is refused, whichever is second.
together() {
    local a=0 b=0 first
    "$LEDGER" -C "$BOX" correct "$1" --reason x --replaced-by "$2" >a.out 2>a.err &
    first=$!
    "$LEDGER" -C "$BOX" correct "$2" --reason x --replaced-by "$1" >b.out 2>b.err || b=$?
    wait "$first" || a=$?
    if [[ $a == 0 ]]; then
        same "$b" 3
        check grep -q "event $1 cannot replace it: it was itself corrected, by event $(jq .seq a.out)" b.err
    else
        same "$a $b" '3 0'
        check grep -q "event $2 cannot replace it: it was itself corrected, by event $(jq .seq b.out)" a.err
    fi
}
for i in $(seq 1 12); do
    together $((2 * i - 1)) $((2 * i))
done
box 0 query --kind ledger.corrected --count
out_has 12

# The same event: the second is told about the first.
for i in $(seq 25 36); do
    a=0 b=0
    "$LEDGER" -C "$BOX" correct "$i" --reason x >a.out 2>a.err &
    first=$!
    "$LEDGER" -C "$BOX" correct "$i" --reason y >b.out 2>b.err || b=$?
    wait "$first" || a=$?
    same $((a + b)) 1
    check grep -q "event $i was corrected before, by event $(cat a.out b.out | jq .seq)" a.err b.err
done
box 0 query --kind ledger.corrected --count
out_has 24
box 0 verify

finish
