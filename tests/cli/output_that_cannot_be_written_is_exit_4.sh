#!/usr/bin/env bash
# A full disk or a reader that went away is not success.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
for args in log 'show 0' stats kinds version 'key list' checkpoint 'verify' 'log --json' 'prove 0' help; do
    code=0
    # shellcheck disable=SC2086
    "$LEDGER" -C "$BOX" $args >/dev/full 2>"$T/.err" || code=$?
    [[ $code == 4 ]] || fail "'$args' into a full disk gives $code"
    grep -q 'standard output' "$T/.err" || fail "'$args' into a full disk says nothing"
done
code=0
"$LEDGER" -C "$BOX" log >&- 2>"$T/.err" || code=$?
: "$code" # closed output is opened on /dev/null: no descriptor of the database can become standard output
for i in $(seq 3000); do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"s/$i\",\"actor\":\"service:t\",\"key\":\"m$i\"}"
done >many.jsonl
box 0 ingest jsonl many.jsonl
set +e
"$LEDGER" -C "$BOX" log -n 0 --json 2>"$T/.err" | head -n 1 >"$T/.out"
codes=("${PIPESTATUS[@]}")
set -e
same "${codes[0]}" 4
same "$(cat "$T/.err")" ''

finish
