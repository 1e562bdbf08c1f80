#!/usr/bin/env bash
# follow sends to collectors and to syslog; a receiver that is away, busy or closing gets everything in the end, and one that
# refuses ends it with the cursor where it was.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note 'say "hi" [now]'
box 0 append run.model_called -s run/r-1 --run r-1 model=qwen3 tokens_in=7 prompt='say hello'
size() { "$LEDGER" -C "$BOX" stats --json | jq .events; }

receivers=()
trap 'kill "${receivers[@]}" 2>/dev/null || true; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT
# receiver WHAT [SOCKET]: its address in $to, what it gets in the file got.WHAT.
receiver() {
    python3 "$ROOT/tests/cli/follow_receivers.py" "$1" "got.$1" "${@:2}" >"address.$1" &
    receivers+=($!)
    until [[ -s address.$1 ]]; do sleep 0.02; done
    to=$(<"address.$1")
}

# A collector that answers 503, then 429, then takes it.
receiver otlp
box 0 follow --once --format otlp --to "$to" --cursor otlp --kind 'run.*'
err_has "answers with status 503; trying again"
same "$(grep -c '^status .* /v1/logs' got.otlp)" 2
grep -v ^status got.otlp | jq -c '.resourceLogs[].scopeLogs[].logRecords[]' >records
same "$(jq -r .eventName records)" run.model_called
same "$(jq -r '.attributes[] | select(.key == "ledger.seq").value.intValue' records)" 2
same "$(jq -r '.attributes[] | select(.key == "gen_ai.request.model").value.stringValue' records)" qwen3
same "$(jq -r '.attributes[] | select(.key == "gen_ai.usage.input_tokens").value.intValue' records)" 7
box 0 show 2 --json
same "$(jq -r '.attributes[] | select(.key == "ledger.leaf").value.stringValue' records)" "$(jq -r .leaf "$T/.out")"
same "$(jq -r .observedTimeUnixNano records)" "$(jq -r .time "$T/.out")"
check bash -c "! grep -q 'say hello' got.otlp"
same "$(sed -n 3p "$BOX/follow/otlp")" "$(size)"
box 0 follow --once --format otlp --private prompt --kind run.model_called
out_has 'say hello'

# One that refuses.
receiver refuse
box 4 follow --once --format otlp --to "$to/v1/logs" --cursor refused
err_has 'answers with status 400'
check test ! -e "$BOX/follow/refused"
# One that is not there.
box 4 follow --once --format otlp --to http://127.0.0.1:1 --cursor away
err_has 'does not take the events'
check test ! -e "$BOX/follow/away"

# syslog: one message an event, byte for byte the same everywhere.
receiver unix "$T/log.sock"
box 0 follow --once --format syslog --to "$to" --cursor unix --kind x.test.note
until [[ -s got.unix ]]; do sleep 0.02; done
box 0 show 1 --json
leaf=$(jq -r .leaf "$T/.out") ns=$(jq -r .time "$T/.out")
actor=$(jq -r .actor "$T/.out")
time=$(date -u -d "@${ns:0:10}" +%Y-%m-%dT%H:%M:%S).${ns:10:6}Z
printf '<110>1 %s test.example/box ledger - x.test.note [ledger@32473 seq="1" leaf="%s" kind="x.test.note" subject="thing/1" actor="%s" source="cli" grade="reported"] \xef\xbb\xbf{"text":"say \\"hi\\" [now]"}\n' \
    "$time" "$leaf" "$actor" >want
check cmp got.unix want
receiver udp
box 0 follow --once --format syslog --to "$to" --kind x.test.note
until [[ -s got.udp ]]; do sleep 0.02; done
check cmp got.udp want
receiver tcp
box 0 follow --once --format syslog --to "$to" --kind x.test.note
until [[ -s got.tcp ]]; do sleep 0.02; done
check cmp got.tcp want
# The first connection was closed: the next message opens another.
note two
"$LEDGER" -C "$BOX" follow --format syslog --to "$to" --kind x.test.note --from last --cursor ./tcp.cursor &
follower=$!
until [[ -s tcp.cursor ]]; do sleep 0.02; done
note three
until grep -q three got.tcp; do sleep 0.02; done
kill "$follower"
wait "$follower" || fail "it ended with $?"

# A reader that hangs does not keep it from ending.
mkfifo pipe
exec 9<>pipe # nobody reads
for i in $(seq 1 120); do printf '{"kind":"x.test.note","subject":"thing/%d","open":{"text":"%01000d"}}\n' "$i" "$i"; done >many
"$LEDGER" -C "$BOX" ingest jsonl many >/dev/null 2>&1 || for i in $(seq 1 60); do note "$(printf '%02000d' "$i")"; done
"$LEDGER" -C "$BOX" follow --cursor ./pipe.cursor >&9 &
follower=$!
until [[ $(size) -gt 10 ]]; do sleep 0.02; done
note 'recording continues'
kill "$follower"
wait "$follower" || fail "it ended with $?"
exec 9>&-
finish
