#!/usr/bin/env bash
# timeline of long and deep runs: each event counts once, and a line costs the same at any depth.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
# chain RUN N: N steps, each caused by the one before; the first is the next seq of the ledger.
chain() {
    awk -v run="$1" -v n="$2" -v first="$3" 'BEGIN {
        for (i = 0; i < n; i++) {
            cause = i > 0 ? "\"cause\":" first + i - 1 "," : ""
            printf "{\"kind\":\"run.step\",\"subject\":\"run/%s\",\"run\":\"%s\",\"key\":\"%s%d\",%s\"body\":{}}\n", run, run, run, i, cause
        }
    }'
}

# 200,000 are shown, though each is found both by its run and by its subject. If the cost of a line grew with its depth, the
# text would take a minute.
chain deep 200000 1 >deep.jsonl
box 0 ingest jsonl deep.jsonl
timeout 50 "$LEDGER" -C "$BOX" timeline deep >deep.txt || fail "exit code $?"
same "$(wc -l <deep.txt)" 200002
check grep -qE '^200000 .{80,110}`- run\.step$' <(tail -n 1 deep.txt)

# One more is too many.
box 0 append run.step -s run/deep --run deep
box 3 timeline deep
err_has 'these are more than 200000 events; --since and --until narrow them'
box 0 timeline deep --since 100000 --json
json '.events | length' 100002
finish
