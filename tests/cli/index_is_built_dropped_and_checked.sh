#!/usr/bin/env bash
# index: it is built after appends and by the command, dropped, checked, and answers never depend on it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 index
out_has '0 of 1 event,'
for i in $(seq 70000); do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"s/$((i % 100))\",\"key\":\"k$i\",\"run\":\"r$((i / 10))\",\"open\":[\"n\"],\"body\":{\"n\":$((i % 7))}}"
done >many.jsonl
box 0 ingest jsonl many.jsonl
box 0 index --json
json .schema ledger.index/1
json .size 70002
json '.covered > 60000' true
json '.differences | length' 0
box 0 index --check
out_has checked
ask() {
    box 0 query --run r6000 --format csv
    cat "$T/.out"
    box 0 query --by subject,kind --format csv
    cat "$T/.out"
}
ask >indexed.csv
box 0 query --run r6000 --explain
err_has 'run by hash'
box 0 index --drop --json
json .covered 0
ask >scanned.csv
check cmp indexed.csv scanned.csv
box 0 index
box 0 index --json
json '.covered > 60000' true
ask >again.csv
check cmp indexed.csv again.csv
rm -r "$BOX/derived"
ask >deleted.csv
check cmp indexed.csv deleted.csv
box 0 index
box 0 index --check
box 2 index --drop --check
box 2 index extra
run 3 -C nowhere index

finish
