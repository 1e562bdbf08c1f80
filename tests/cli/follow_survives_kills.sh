#!/usr/bin/env bash
# A follower that is killed again and again, while others write, leaves a file that has every event and verifies.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for round in 1 2 3 4 5 6 7 8; do
    for i in 1 2 3; do note "$round $i $(printf '%0300d' "$i")"; done
    setsid "$LEDGER" -C "$BOX" follow --to out.jsonl 2>/dev/null &
    follower=$!
    note "meanwhile $round"
    until [[ -s out.jsonl ]]; do sleep 0.01; done
    sleep "0.0$((round * 7 % 10))"
    kill -9 "$follower" 2>/dev/null || true
    wait "$follower" 2>/dev/null || true
    [[ $round != 4 ]] || box 0 key rotate
done
# Somebody's machine lost power in the middle of a line.
printf '{"header":"nwEB' >>out.jsonl
box 0 follow --once --to out.jsonl
run 0 verify --stream out.jsonl --json
json .verdict good
json .stream.sealed "$("$LEDGER" -C "$BOX" stats --json | jq .events)"
json .stream.from 0
same "$(jq -r 'select(.seq != null and (.header != null or .leaf != null) and .inclusion == null).seq' out.jsonl | sort -nu | wc -l)" \
    "$("$LEDGER" -C "$BOX" stats --json | jq .events)"
finish
