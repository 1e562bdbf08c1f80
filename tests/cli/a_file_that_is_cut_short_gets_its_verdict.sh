#!/usr/bin/env bash
# A truncated database kills the process that reads it; verify still answers, with exit code 30.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
head -c 700000 /dev/urandom | base64 -w 700 |
    awk '{printf "{\"kind\":\"x.test.note\",\"subject\":\"s/%d\",\"actor\":\"service:t\",\"key\":\"k%d\",\"open\":[\"t\"],\"body\":{\"t\":\"%s\"}}\n", NR, NR, $0}' >in.jsonl
box 0 ingest jsonl in.jsonl
box 0 verify
data=$BOX/evidence/data.mdb
size=$(stat -c %s "$data")
for part in 2 4 20; do
    cp "$data" whole
    truncate -s $((size / part / 4096 * 4096)) "$data"
    box 30 verify
    out_has INVALID
    box 30 verify --json
    json .verdict invalid
    code=0
    "$LEDGER" -C "$BOX" log -n 0 >/dev/null 2>"$T/.err" || code=$?
    same "$code" 30
    cp whole "$data"
done
box 0 verify
: >"$data"
box 30 verify
head -c 100000 /dev/urandom >"$data"
box 30 verify

finish
