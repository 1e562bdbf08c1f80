#!/usr/bin/env bash
# An erasure that ends before the next generation exists: derived data still contains what was erased, and no answer uses
# it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mark=walrus-of-the-north-77
{
    jq -nc --arg mark "$mark" '{kind: "route.declared", subject: "route/zz", body: {model: $mark}}'
    jq -nc 'range(1200) | {kind: "run.model_returned", subject: "run/\(.)", body: {model: "phi4", outcome: "ok"}}'
} >events.jsonl
box 0 ingest jsonl events.jsonl
box 0 query --subject route/zz --fields seq --format jsonl
seq=$(jq -r .seq <"$T/.out")
box 0 index
box 0 rebuild
box 0 attest

# shows: how many of the answers contain the word.
shows() {
    local n=0 args
    for args in 'query --subject route/zz --fields seq,model' 'query --by model' "query --model $mark --fields seq --format csv" \
        'state routes --json' 'why route/zz' 'state route_models --json'; do
        # shellcheck disable=SC2086 # words
        "$LEDGER" -C "$BOX" $args >"$T/answer" 2>&1 || true
        if [[ $args = "query --model"* ]]; then
            n=$((n + $(grep -cx "$seq.*" "$T/answer" || true)))
        elif grep -qF "$mark" "$T/answer"; then
            n=$((n + 1))
        fi
    done
    echo "$n"
}

check test "$(shows)" = 6

# The smallest number of descriptors with which the erasure is recorded; the copy needs more.
erased=
for most in $(seq 8 40); do
    code=0
    (ulimit -n "$most" && exec "$LEDGER" -C "$BOX" erase "$seq" --body --reason request) >"$T/.out" 2>"$T/.err" || code=$?
    if grep -q '^erased the body of 1 event' "$T/.out"; then
        erased=$code
        break
    fi
done
check test "${erased:-0}" != 0
check grep -q 'cannot be read any more' "$T/.err"
check grep -rqaF "$mark" "$BOX"
check test "$(shows)" = 0
box 0 append run.step --subject run/1 step="one"
box 0 index
box 0 rebuild
box 0 attest
check test "$(shows)" = 0
box 0 verify --derived

box 0 erase --finish
check test "$(shows)" = 0
check test "$(grep -rlaF "$mark" "$BOX" | wc -l)" = 0
box 0 index
box 0 query --by model --format csv
same "$(head -n 2 <<<"$out")" $'model,events\r\nphi4,1200\r'
same "$(wc -l <<<"$out")" 3 # and the ledger's own events, which have no model

finish
