#!/usr/bin/env bash
# Programs that append to one ledger at once are killed at random moments: every printed receipt belongs to a stored event,
# a killed ingest is finished by the next one without duplicates, and the ledger verifies.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box

# appends NAME N: one event after another, each by a program that lives from 1 to 14 ms, the last ones without limit.
appends() {
    local i life
    for i in $(seq 40); do
        life=0.0$(printf %02d $((1 + (i * 5 + $2) % 14)))
        ((i <= 37)) || life=0
        timeout -s KILL "$life" "$LEDGER" -C "$BOX" append x.test.note --subject "thing/$1" --key "$1-$i" \
            --open text "text=$i" >>"$1.receipts" 2>>"$1.errors" </dev/null || true
    done
}

seq 3000 | sed 's|.*|{"kind":"x.test.note","subject":"thing/&","actor":"service:t","key":"in-&"}|' >in.jsonl
ingests() {
    local i
    for i in $(seq 12); do
        timeout -s KILL "0.0$((10 + i * 5))" "$LEDGER" -C "$BOX" ingest jsonl in.jsonl >/dev/null 2>>ingest.errors </dev/null || true
    done
}

appends a 0 2>/dev/null &
appends b 11 2>/dev/null &
ingests 2>/dev/null &
wait
box 0 ingest jsonl in.jsonl
box 0 verify

for name in a b; do
    same "$(cat $name.errors)" ''
    check test -s $name.receipts
done
check "$LEDGER" -C "$BOX" log -n 10000 --json >log.jsonl
jq -c '[.seq, .leaf]' log.jsonl | sort >stored
jq -c '[.seq, .leaf]' a.receipts b.receipts | sort >printed
same "$(comm -13 stored printed)" ''
jq -r 'select(.key | startswith("in-")) | .key' log.jsonl | sort >keys
same "$(wc -l <keys)" 3000
same "$(uniq -d keys)" ''

finish
