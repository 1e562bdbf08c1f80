#!/usr/bin/env bash
# ingest otlp: files, standard input and a receiver; nothing new the second time; bad records, wrong requests, options.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

fixtures=$ROOT/tests/ingest/fixtures/otlp
new_box
box 0 ingest otlp "$fixtures/traces.json" --dry-run
same "$(grep '"kind":"run.model_called"' "$T/.out" | head -n 1 | jq -r .body.model)" llama3.2:3b
out_lacks ghp_
box 0 ingest otlp "$fixtures/traces.json" --json
json .accepted 9
json .masked 1
json .receipts 1
box 0 ingest otlp "$fixtures/collector.jsonl" "$fixtures/traces_pretty.json" --json
json .accepted 0
json .duplicate 17 # the reporter is offered once a run
json .receipts 0
box 0 ingest otlp "$fixtures/logs.json" --json
json .accepted 7
json .gaps 1
box 0 log -n 0 --json --kind permission.decided
same "$(jq -r '[.body.decision, .body.decided_by, .subject] | join(" ")' <"$T/.out" | paste -sd,)" \
    'allow rule tool/Bash,deny user tool/WebFetch'
box 0 log -n 0 --json --kind run.step
same "$(jq -r '.body | has("attributes")' <"$T/.out")" false # they are private

code=0
gzip -c "$fixtures/traces.json" | "$LEDGER" -C "$BOX" ingest otlp --json >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 0
json .duplicate 9

echo '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}' >bad.json
box 3 ingest otlp bad.json
err_has "bad.json: line 1: 'traceId' is 'zz'; expected: 32 hex digits"
box 3 ingest otlp bad.json --strict
box 3 ingest otlp absent.json
err_has absent.json
box 2 ingest otlp --listen 127.0.0.1:0 bad.json
box 2 ingest otlp --listen 127.0.0.1:0 --dry-run
box 2 ingest otlp --follow bad.json
box 3 ingest otlp --listen 0.0.0.0:4318
err_has 'expected: 127.0.0.1:PORT'

# The receiver.
"$LEDGER" -C "$BOX" ingest otlp --listen 127.0.0.1:0 --json >"$T/.out" 2>"$T/.err" &
pid=$!
listens "$T/.err"
post() { # PATH TYPE FILE: prints the status and the answer
    python3 - "$address" "$@" <<'P'
import http.client, sys
address, path, kind, body = sys.argv[1:]
c = http.client.HTTPConnection(address.split('//')[1], timeout=20)
c.request('POST', path, open(body, 'rb').read(), {'Content-Type': kind})
r = c.getresponse()
print(r.status, r.read().decode())
P
}
sed 's/4bf92f3577b34da6a3ce929d0e0e4736/00000000000000000000000000000abc/g' "$fixtures/traces.json" >new.json
same "$(post /v1/traces application/json new.json)" '200 {}'
same "$("$LEDGER" -C "$BOX" log -n 0 --json --run 00000000000000000000000000000abc | wc -l)" 7 # while it runs
same "$(post /v1/traces application/json new.json)" '200 {}'
same "$(post /v1/traces application/json bad.json | cut -c 1-42)" '200 {"partialSuccess":{"rejectedSpans":"1"'
[[ $(post /v1/traces application/x-protobuf new.json) == '400 '*'JSON, with the content type of protobuf'* ]] || fail 'protobuf'
[[ $(post /v1/traces application/grpc new.json) == '415 '*'set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'* ]] || fail 'gRPC'
: >empty
same "$(post /v1/metrics application/x-protobuf empty)" '200 '
head -c 100000 "$LEDGER" >program
same "$(post /v1/traces application/json program | cut -c 1-4)" '400 '
kill -INT "$pid"
code=0
wait "$pid" || code=$?
same "$code" 3 # there were rejected records
json .accepted 7
json .duplicate 10
json .rejected 1
json .receipts 1
json .stopped true
box 0 verify

finish
