#!/usr/bin/env bash
# The real OpenTelemetry SDK for JavaScript, from npm, exports into `ledger ingest otlp --listen`: every span and every log
# record that it reports as exported is in the ledger, once, although it sends everything twice, plain and compressed.
#
# Not part of `make test`, because it needs the network: LEDGER=build/release/ledger bash tests/cli/_otlp_...sh. Without
# node, npm or the registry it is skipped with a message.
set -eu
their_home=$HOME # npm's settings: a registry or a proxy of this machine
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

skip() {
    echo "${0##*/}: skipped: $*"
    exit 0
}
command -v node >/dev/null || skip 'there is no node'
command -v npm >/dev/null || skip 'there is no npm'
mkdir sdk
cp "$ROOT/tests/otel/emit.mjs" sdk/
(cd sdk && HOME=$their_home npm install --no-audit --no-fund --no-save --loglevel=error \
    @opentelemetry/api@1.9.1 @opentelemetry/api-logs@0.223.1 @opentelemetry/otlp-exporter-base@0.223.1 \
    @opentelemetry/exporter-trace-otlp-http@0.223.1 @opentelemetry/exporter-logs-otlp-http@0.223.1 \
    @opentelemetry/resources@2.12.1 @opentelemetry/sdk-logs@0.223.1 @opentelemetry/sdk-trace-node@2.12.0) >npm.log 2>&1 ||
    skip "npm cannot install the SDK: $(tail -n 1 npm.log)"

new_box
"$LEDGER" -C "$BOX" ingest otlp --listen 127.0.0.1:0 --json >"$T/.out" 2>"$T/.err" &
pid=$!
for _ in $(seq 600); do
    address=$(sed -n 's/^{"listening":"\(.*\)"}$/\1/p' "$T/.err")
    [[ -n $address ]] && break
    sleep 0.1
done
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

finish
