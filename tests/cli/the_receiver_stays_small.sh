#!/usr/bin/env bash
# ingest otlp --listen: whatever is sent, its own memory stays within 64 MiB.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
"$LEDGER" -C "$BOX" ingest otlp --listen 127.0.0.1:0 --json >"$T/.out" 2>"$T/.err" &
pid=$!
listens "$T/.err"
peak=$(python3 "$ROOT/tests/cli/receiver_sender.py" "$address" "$pid")
((peak <= 64 * 1024)) || fail "the receiver had $peak KiB of its own"
kill -INT "$pid"
wait "$pid" || fail 'the receiver failed'
json .rejected 0

finish
