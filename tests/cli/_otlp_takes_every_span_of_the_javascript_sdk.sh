#!/usr/bin/env bash
# The real OpenTelemetry SDK for JavaScript, from npm, exports into `ledger ingest otlp --listen`: every span and every log
# record that it reports as exported is in the ledger, once, although it sends everything twice, plain and compressed. In its
# default settings (HTTP with Protocol Buffers) spans, log records and metrics arrive as well; over gRPC it says what to set.
#
# Not part of `make test`, because it needs the network: LEDGER=build/release/ledger bash tests/cli/_otlp_...sh. Without
# node, npm or the registry it is skipped with a message.
set -eu
export npm_home=$HOME
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_npm.sh
. "$ROOT/tests/cli/lib_npm.sh"

command -v node >/dev/null || skip 'there is no node'
mkdir sdk
cp "$ROOT"/tests/otel/* sdk/
from_npm sdk 'the SDK'

new_box
"$LEDGER" -C "$BOX" ingest otlp --listen 127.0.0.1:0 --json >"$T/.out" 2>"$T/.err" &
pid=$!
listens "$T/.err"
(cd sdk && timeout 120 node emit.mjs "$address" 250) >exported.jsonl || fail "the SDK failed"
kill -INT "$pid"
code=0
wait "$pid" || code=$?
same "$code" 0
json .rejected 0
cp "$T/.out" receipt.json

"$LEDGER" -C "$BOX" log -n 0 --json >events.jsonl
jq -r 'select(.span) | "span:\(.trace):\(.span)"' exported.jsonl | sort >spans.wanted
jq -r '.key | select(test("^span:[0-9a-f]+:[0-9a-f]+$"))' events.jsonl | sort >spans.there
same "$(wc -l <spans.wanted)" 1000
check cmp spans.wanted spans.there
jq -r 'select(.log) | .log' exported.jsonl | wc -l >logs.wanted
jq -r 'select(.kind == "permission.decided") | .key' events.jsonl | sort -u | wc -l >logs.there
check cmp logs.wanted logs.there

# Nothing is lost on the way to a field: each model call has its numbers, each child has its parent as its cause if that was
# exported with it, and half a character did not lose a span.
same "$(jq -s '[.[] | select(.kind == "run.model_called") | .body.tokens_in] | add' events.jsonl)" "$((250 * 100 + 250 * 249 / 2))"
same "$(jq -s '[.[] | select(.kind == "run.model_called" and .body.ok == false)] | length' events.jsonl)" 50
same "$(jq -s '[.[] | select(.kind == "eval.scored" and .cause != null)] | length' events.jsonl)" 250
same "$(jq -s '[.[] | select(.kind == "run.started")] | length' events.jsonl)" 250
same "$(jq -s '[.[] | select(.kind == "run.reporter_observed")] | length' events.jsonl)" 2
jq '.accepted - 1000 - 250 * 4 - 2 + 0' receipt.json >rest # ends of agents and tools, scores, decisions, reporters
same "$(cat rest)" 0
box 0 verify

# The defaults, in a ledger of their own.
mkdir defaults
HOME=$T/defaults "$LEDGER" -C "$T/defaults/box" init >/dev/null
"$LEDGER" -C "$T/defaults/box" ingest otlp --listen 127.0.0.1:0 --json >defaults/receipt.json 2>defaults/err &
pid=$!
listens defaults/err
(cd sdk && OTEL_EXPORTER_OTLP_ENDPOINT=$address timeout 120 node defaults.mjs 40) >defaults/exported.jsonl || fail "the SDK failed"
(cd sdk && timeout 60 node grpc.mjs "$address") >defaults/grpc.out || true
check grep -q 'gRPC is not served: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf' defaults/grpc.out
kill -INT "$pid"
wait "$pid" || fail "the receiver failed"
same "$(jq -c '[.rejected, .passed > 0]' defaults/receipt.json)" '[0,true]'
"$LEDGER" -C "$T/defaults/box" log -n 0 --json >defaults/events.jsonl
jq -r 'select(.span) | "span:\(.trace):\(.span)"' defaults/exported.jsonl | sort >spans.wanted
jq -r '.key | select(test("^span:[0-9a-f]+:[0-9a-f]+$"))' defaults/events.jsonl | sort >spans.there
same "$(wc -l <spans.wanted)" 40
check cmp spans.wanted spans.there
same "$(jq -s '[.[] | select(.kind == "permission.decided")] | length' defaults/events.jsonl)" 40
same "$(jq -s '[.[] | select(.kind == "run.measured" and .body.form == "histogram") | .body.count] | add' defaults/events.jsonl)" 40
same "$(jq -s '[.[] | select(.kind == "run.measured" and .body.form == "sum") | .body.sum] | add' defaults/events.jsonl)" 400
"$LEDGER" -C "$T/defaults/box" verify >/dev/null

finish
