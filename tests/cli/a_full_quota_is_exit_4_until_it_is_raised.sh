#!/usr/bin/env bash
# A used-up quota refuses events with exit 4 and names the setting; keys can still be rotated, reading continues, and with a
# larger quota all refused writers continue. stats lists readers.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
echo 'map_bytes = 1048576' >"$BOX/config"
noise=$(head -c 30000 /dev/urandom | base64 -w0)
same "noise of ${#noise}" 'noise of 40000'

# fill NAME: appends until it is refused; NAME.end says how that ended.
fill() {
    local code=0 n=0
    while [[ $code == 0 && $n -lt 100 ]]; do
        n=$((n + 1))
        "$LEDGER" -C "$BOX" append x.test.note --subject "thing/$1" --key "$1-$n" --open text "text=$noise" \
            >>"$1.receipts" 2>"$1.err" </dev/null || code=$?
    done
    echo "$code after $n" >"$1.end"
}

for name in a b c d; do
    fill $name &
done
wait
for name in a b c d; do
    cp $name.end .out # what a failure shows
    cp $name.err .err
    same "$name: $(sed 's/ after .*//' $name.end)" "$name: 4"
    check grep -q 'the database has reached its quota of 1048576 bytes (map_bytes' $name.err
done
box 0 verify
box 0 key rotate
box 0 verify
box 0 log -n 0 --json
same "$(grep -c '"kind":"x.test.note"' "$T/.out")" "$(cat ./*.receipts | wc -l)"

echo 'map_bytes = 67108864' >"$BOX/config"
for name in a b c d; do
    note "$name goes on" --key "$name-again"
done
box 0 verify
box 0 stats
out_has 'readers          0, and 0 dead ones cleared'
out_lacks 'oldest reader'
box 0 stats --json
json .oldest_reader_pid 0
json .oldest_reader_commits 0

finish
