#!/usr/bin/env bash
# doctor and servers of models: what answers is recorded once, what stops is a fault until it answers again, a box without any is
# not ill, and what listens at a usual port and is no server of models is nobody's business.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
export OLLAMA_HOST=127.0.0.1:1
SERVER=$ROOT/tests/cli/runtime_server.py
serve() { # WORDS: starts a server, which ends with descriptor 9; its ports in $ports
    rm -f pipe listening
    mkfifo pipe
    python3 "$SERVER" "$@" <pipe >listening &
    exec 9>pipe
    until [[ -s listening ]]; do sleep 0.02; done
    read -ra ports <listening
}
stop() {
    exec 9>&-
    wait
}
look() { box "$1" doctor --only runtimes --json; }
clause() { # STATE REASON
    json '.clauses[0].state' "$1"
    json '.clauses[0].reason' "$2"
}
events() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl; }

# A server that never was there is no fault.
look 0
same "$(events 'runtime.*' | wc -l)" 0
box 0 doctor --list
out_has 'no server of models was found at the usual ports'

# What is known by its address is looked at; what it says is recorded once.
serve llama vllm lmstudio
llama=http://127.0.0.1:${ports[0]}
vllm=http://127.0.0.1:${ports[1]}
for pair in "llama.cpp $llama" "vllm $vllm" "lm_studio http://127.0.0.1:${ports[2]}"; do
    box 0 append runtime.observed -s "runtime/${pair% *}" "runtime=${pair% *}" "endpoint=${pair#* }"
done
look 0
clause pass '3 answer'
before=$(events 'runtime.*' | wc -l)
same "$(events runtime.observed | jq -r 'select(.source == "doctor" and .subject == "runtime/llama.cpp") | .body | [.build, .slots, .status] | join(" ")')" \
    'b4321-abcdef0 4 ok'
same "$(events runtime.observed | jq -r 'select(.source == "doctor" and .subject == "runtime/vllm") | .body.version')" 0.6.1
look 0
same "$(events 'runtime.*' | wc -l)" "$before"

# Another version is a change.
echo 0.7.0 >vllm
look 0
same "$(events runtime.changed | jq -r '.body | [.what, .version_before, .version] | join(" ")')" 'version 0.6.1 0.7.0'

# They stop: since when, by which events, and what helps. Started again, what is printed makes the clause pass.
stop
look 1
json '.clauses[0].state' fail
seq=$(events runtime.unreachable | jq -s 'last.seq')
json ".clauses[0].evidence | index($seq) != null" true
json '.clauses[0].remedy' 'ledger doctor --only runtimes'
same "$(events runtime.unreachable | jq -rs 'map(.body.error) | unique | join(" ")')" refused
look 1
same "$(events runtime.unreachable | wc -l)" 3
serve "llama=${llama##*:}" "vllm=${vllm##*:}" lmstudio
look 0
clause warn "lm_studio at $(events runtime.unreachable | jq -rs 'map(select(.subject == "runtime/lm_studio")) | last.body.endpoint') refuses connections"
stop

# Of an Ollama its models are seen too, when it is found at its usual address.
BOX=$T/second
box 0 init --origin test.example/second
mkdir server
echo '{"version":"0.5.1"}' >server/version.json
echo '{"cloud":{"disabled":false}}' >server/status.json
F=$ROOT/tests/ingest/fixtures/ollama
cp "$F/tags.json" "$F/ps.json" server/
rm -f pipe listening
mkfifo pipe
ollama() { # PORT
    python3 "$ROOT/tests/ingest/ollama_server.py" server "$1" <pipe >listening &
    exec 9>pipe
    until [[ -s listening ]]; do sleep 0.02; done
    read -ra ports <listening
}
ollama 0
export OLLAMA_HOST=127.0.0.1:${ports[0]}
look 0
clause pass '1 answers'
check test "$(events model.observed | wc -l)" -gt 0

# It may hand requests to a remote service: a policy that closes the way out makes that a fault, and is its evidence.
echo '{"policy":"closed","version":"1","tool_rules":[{"group":"network.egress","tier":"T3"}]}' >closed.json
box 0 policy declare closed.json
policy=$(events policy.declared | jq .seq)
look 1
clause fail 'ollama may hand requests to a remote service, and a policy forbids that'
json ".clauses[0].evidence | index($policy) != null" true
json '.clauses[0].remedy' 'ledger doctor --only runtimes'
echo '{"cloud":{"disabled":true}}' >server/status.json
look 0
clause pass '1 answers'

# It stops, and is started again.
stop
look 1
clause fail "ollama at http://$OLLAMA_HOST refuses connections"
remedy=$(jq -r '.clauses[0].remedy' "$T/.out")
same "$remedy" "ledger ingest ollama http://$OLLAMA_HOST"
rm -f listening
ollama "${OLLAMA_HOST##*:}"
read -ra words <<<"$remedy"
box 0 "${words[@]:1}"
box 0 doctor --only runtimes --no-probe
stop

# A server elsewhere: nothing is sent where a policy closes the way out, and no way to it is no fault.
BOX=$T/third
box 0 init --origin test.example/third
box 0 append runtime.observed -s runtime/vllm runtime=vllm endpoint=http://gpu.invalid:8000
look 1
clause unknown 'there was no way to vllm at http://gpu.invalid:8000: no network, or no such name'
same "$(events runtime.unreachable | wc -l)" 0

# Where there is no network at all, not even a server of this machine is at fault.
if unshare -n true 2>/dev/null; then
    BOX=$T/fourth
    box 0 init --origin test.example/fourth
    serve llama
    box 0 append runtime.observed -s runtime/llama.cpp runtime=llama.cpp "endpoint=http://127.0.0.1:${ports[0]}"
    look 0
    same "$(events doctor.observed | jq -rs 'map(select(.body.check == "runtime")) | length')" 0
    LEDGER_HERE=$LEDGER
    printf '#!/bin/sh\nexec unshare -n "%s" "$@"\n' "$LEDGER_HERE" >apart
    chmod +x apart
    LEDGER=$T/apart
    look 1
    LEDGER=$LEDGER_HERE
    clause unknown "there was no way to llama.cpp at http://127.0.0.1:${ports[0]}: no network, or no such name"
    look 0
    clause pass '1 answers'
    stop
fi
finish
