#!/usr/bin/env bash
# A file that is cut in place at any moment, while others write, goes on with a section of its own and verifies.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
(for i in $(seq 1 2000); do
    [[ -e stop ]] && exit 0
    "$LEDGER" -C "$BOX" append x.test.note -s "live/$i" --open text text="n $i" >/dev/null
done) &
writer=$!
"$LEDGER" -C "$BOX" follow --to live.jsonl &
follower=$!
for round in $(seq 1 20); do
    until [[ -s live.jsonl ]]; do sleep 0.01; done
    sleep "0.$(printf '%02d' "$((RANDOM % 35))")"
    : >live.jsonl
    until [[ -s live.jsonl ]]; do sleep 0.01; done
    case $(head -c 9 live.jsonl) in
    '{"claim":'*) ;;
    *) fail "round $round: it begins with $(head -c 40 live.jsonl)" ;;
    esac
done
: >stop
wait "$writer"
until [[ $(sed -n 3p live.jsonl.cursor) == "$("$LEDGER" -C "$BOX" stats --json | jq .events)" ]]; do sleep 0.05; done
kill "$follower"
wait "$follower" || fail "it ended with $?"
run 0 verify --stream live.jsonl

# Cut within a line: that line goes, and a section follows the whole ones.
"$LEDGER" -C "$BOX" follow --to part.jsonl &
follower=$!
until [[ -s part.jsonl.cursor ]]; do sleep 0.05; done
truncate -s -7 part.jsonl
note two
until [[ $(grep -c '^{"claim":' part.jsonl) == 2 ]]; do sleep 0.05; done
kill "$follower"
wait "$follower" || fail "it ended with $?"
note three
box 0 follow --once --to part.jsonl
run 0 verify --stream part.jsonl

# A file that begins within a stream is refused, with what to do.
sed 1d live.jsonl >headless.jsonl
box 3 follow --once --to headless.jsonl
err_has 'Rename it, or empty it'
finish
