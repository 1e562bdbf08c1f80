#!/usr/bin/env bash
# A full disk or a closed pipe is not success.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
check test -c /dev/full
for args in log 'show 0' stats kinds version 'key list' checkpoint 'verify' 'log --json' 'prove 0' help; do
    code=0
    # shellcheck disable=SC2086
    "$LEDGER" -C "$BOX" $args >/dev/full 2>"$T/.err" || code=$?
    [[ $code == 4 ]] || fail "'$args' into a full disk gives $code"
    grep -q 'standard output' "$T/.err" || fail "'$args' into a full disk says nothing"
done

# If the receipt fails, it is reported what was stored before.
code=0
"$LEDGER" -C "$BOX" append x.test.note -s a >/dev/full 2>"$T/.err" || code=$?
same "$code" 4
check grep -q 'event 2 is stored, but the receipt could not be written' "$T/.err"
same "$(wc -l <"$T/.err")" 1
code=0
"$LEDGER" -C "$BOX" key rotate --json >/dev/full 2>"$T/.err" || code=$?
same "$code" 4
check grep -q 'event 3 is stored' "$T/.err"

# Closed descriptors: no database file gets their numbers, and the lost output is reported.
for args in log 'show 0' checkpoint 'append x.test.note -s a'; do
    code=0
    # shellcheck disable=SC2086
    "$LEDGER" -C "$BOX" $args >&- 2>"$T/.err" || code=$?
    [[ $code == 4 ]] || fail "'$args' with closed output gives $code"
    code=0
    # shellcheck disable=SC2086
    "$LEDGER" -C "$BOX" $args <&- >&- 2>&- || code=$?
    [[ $code == 4 ]] || fail "'$args' with everything closed gives $code"
done
code=0
"$LEDGER" -C "$BOX" append x.test.note -s a <&- >"$T/.out" 2>&- || code=$?
same "$code" 0
code=0
"$LEDGER" -C "$BOX" append x.test.note -s a --body-file - <&- >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 4
box 0 verify
box 0 stats --json
json .events 7
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
