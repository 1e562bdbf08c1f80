#!/usr/bin/env bash
# doctor and servers that hang, redirect, stream for ever, lie about lengths, speak another protocol, answer with a page, with 200 MB
# of JSON, or close at once: each ends in time as a fault in words, and the others are looked at all the same.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
export OLLAMA_HOST=127.0.0.1:1
words=(llama hangs redirects streams lies ssh html long closes)
mkfifo pipe
python3 "$ROOT/tests/cli/runtime_server.py" "${words[@]}" <pipe >listening &
exec 9>pipe
until [[ -s listening ]]; do sleep 0.02; done
read -ra ports <listening
for i in "${!words[@]}"; do
    box 0 append runtime.observed -s "runtime/llama.cpp" runtime=llama.cpp "endpoint=http://127.0.0.1:${ports[i]}"
done
box 0 doctor --only runtimes --json
json '.clauses[0].state' warn
row() { "$LEDGER" -C "$BOX" state runtimes --json | jq -r ".states[] | select(.endpoint == \"http://127.0.0.1:$1\") | [.state, .error] | join(\" \")"; }
for i in "${!words[@]}"; do
    case ${words[i]} in
    llama) want='up ' ;;
    hangs) want='unreachable timeout' ;;
    redirects) want='unreachable redirect' ;;
    streams | long) want='unreachable limit' ;;
    lies | ssh | closes) want='unreachable protocol' ;;
    html) want='unreachable answer' ;;
    esac
    same "${words[i]} $(row "${ports[i]}")" "${words[i]} $want"
done
# Nothing was followed, the probe ended well, and its words are kept for those who may read them.
same "$("$LEDGER" -C "$BOX" query --kind doctor.observed --format jsonl | jq -rs 'map(select(.body.target == "runtimes")) | last.body.status')" ok
exec 9>&-
wait

# The same from servers of Ollama.
BOX=$T/second
box 0 init --origin test.example/second
words=(hangs redirects streams lies ssh html long closes)
rm -f pipe listening
mkfifo pipe
python3 "$ROOT/tests/cli/runtime_server.py" "${words[@]}" <pipe >listening &
exec 9>pipe
until [[ -s listening ]]; do sleep 0.02; done
read -ra ports <listening
for i in "${!words[@]}"; do
    box 0 append runtime.observed -s runtime/ollama runtime=ollama "endpoint=http://127.0.0.1:${ports[i]}"
done
box 1 doctor --only runtimes --json
json '.clauses[0].state' fail
for i in "${!words[@]}"; do
    got=$(row "${ports[i]}")
    same "${words[i]} ${got% *}" "${words[i]} unreachable"
done
same "$("$LEDGER" -C "$BOX" query --kind doctor.observed --format jsonl | jq -rs 'map(select(.body.target == "runtimes")) | last.body.status')" ok
exec 9>&-
wait

# Many that hang are asked at the same time: each of them is known not to answer, and none stays well.
BOX=$T/third
box 0 init --origin test.example/third
words=()
for i in {1..40}; do words+=(hangs); done
rm -f pipe listening
mkfifo pipe
python3 "$ROOT/tests/cli/runtime_server.py" "${words[@]}" <pipe >listening &
exec 9>pipe
until [[ -s listening ]]; do sleep 0.02; done
read -ra ports <listening
for port in "${ports[@]}"; do
    box 0 append runtime.observed -s runtime/llama.cpp runtime=llama.cpp "endpoint=http://127.0.0.1:$port"
done
box 1 doctor --only runtimes --json
json '.clauses[0].state' fail
same "$("$LEDGER" -C "$BOX" state runtimes --json | jq -r '[.states[] | .state + " " + .error] | unique | join(", ")')" 'unreachable timeout'
same "$("$LEDGER" -C "$BOX" query --kind doctor.observed --format jsonl | jq -rs 'map(select(.body.target == "runtimes")) | last.body.status')" ok
exec 9>&-
wait
finish
