#!/usr/bin/env bash
# Derived data starts again with each generation of the log: a process that builds it during erasures looks again, and does
# not fail.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
jq -nc 'range(2000) | {kind: "run.step", subject: "run/\(.)", key: "k\(.)", body: {step: "step \(.)"}}' >steps.jsonl
box 0 ingest jsonl steps.jsonl
erasures=40

erase_all() {
    local seq
    for seq in $(seq 2 $((erasures + 1))); do
        "$LEDGER" -C "$BOX" erase "$seq" --body --reason request --wait 30 || return 1
    done
}

# beside_erasures ARGS...: repeatedly, until the erasing process has ended.
beside_erasures() {
    while [[ ! -e $T/done ]]; do
        setsid -w "$LEDGER" -C "$BOX" "$@" || {
            echo "exit code $?: ledger $*" >>"$T/failed"
            return 0
        }
    done
}

jobs=()
i=0
for job in 'index' 'index --check' 'index --drop' 'rebuild' 'rebuild --check' 'attest' 'verify --derived'; do
    # shellcheck disable=SC2086 # words
    beside_erasures $job </dev/null >/dev/null 2>"$T/err.$i" &
    jobs+=($!)
    i=$((i + 1))
done
erase_all >/dev/null 2>"$T/err.erase" || echo 'erase failed' >>"$T/failed"
touch "$T/done"
for pid in "${jobs[@]}"; do
    wait "$pid"
done
cat "$T"/err.* >"$T/.err"
[[ ! -e $T/failed ]] || fail "$(cat "$T/failed")"
box 0 verify --derived

finish
