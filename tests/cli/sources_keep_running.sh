#!/usr/bin/env bash
# sources run: each source in its process, its state in the table, no loss and no repetition over kills; ports that are taken,
# a second run, a ledger that is full, garbage in a status file, a socket that was passed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

pids=()
# shellcheck disable=SC2154
trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT
start() { # ARGS: sources run in the background; its number in $pid, its lines in log
    "$LEDGER" -C "$BOX" sources run "$@" >>log 2>&1 9>&- &
    pid=$!
    pids+=("$pid")
}
state() { "$LEDGER" -C "$BOX" sources --json | jq -r ".sources[] | select(.name == \"$1\") | .$2"; }
until_is() { # NAME MEMBER WANTED
    for _ in $(seq 300); do
        [[ $(state "$1" "$2") == "$3" ]] && return
        sleep 0.1
    done
    fail "$1 .$2 is '$(state "$1" "$2")', wanted '$3'"
}
is_gone() {
    for _ in $(seq 200); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    fail "process $1 is still there"
}
lines() { # FROM TO
    seq "$1" "$2" | sed 's/.*/{"kind":"x.a.b","subject":"thing\/&","body":{"n":&},"open":["n"]}/'
}

new_box
: >log
lines 1 100 >agent.jsonl
box 0 sources add agent jsonl agent.jsonl --follow
box 0 sources add traces otlp --listen 127.0.0.1:0
start
until_is agent events 100
until_is agent behind_bytes 0
until_is traces state running
address=$(state traces address)
[[ $address == http://127.0.0.1:* ]] || fail "address $address"
same "$(state agent state)" running
keeper=$pid

# A second one names the first and starts nothing; so does one source alone.
box 4 sources run
err_has "is run by process $keeper already"
box 4 sources run --no-restart agent
err_has "the source 'agent' is run by process $keeper already"

# A child that is killed loses and repeats nothing.
for i in 1 2; do
    child=$(state agent pid)
    kill -KILL "$child"
    lines $((i * 100 + 1)) $((i * 100 + 100)) >>agent.jsonl
    until_is agent restarts "$i"
    until_is agent state running
done
until_is agent behind_bytes 0
until_is agent state running
same "$(state agent error)" 'it was ended by signal 9'
same "$("$LEDGER" -C "$BOX" log -n 0 --json --kind x.a.b | jq .body.n | sort -un | wc -l)" 300
same "$("$LEDGER" -C "$BOX" log -n 0 --json --kind x.a.b | wc -l)" 300

# Garbage in a status file is said, and hides nothing.
echo '{"phase":' >"$BOX/sources/traces.status"
box 0 sources --json
json '.sources[] | select(.name == "traces") | .state' running
[[ $(state traces error) == "the status file of 'traces' does not parse"* ]] || fail 'status'

# A kill of the parent ends the children, and nothing is stale.
child=$(state agent pid)
kill -KILL "$keeper"
is_gone "$child"
until_is agent state stopped
lines 301 500 >>agent.jsonl
start agent
until_is agent behind_bytes 0
same "$(state traces state)" stopped
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
same "$code" 0
same "$("$LEDGER" -C "$BOX" log -n 0 --json --kind x.a.b | wc -l)" 500
until_is agent state stopped

# A port that is taken: it is tried again, and recovers when the port is free.
cat >hold.py <<'P'
import socket, sys, time
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()
P
mkfifo leash
python3 hold.py <leash >port &
holder=$!
pids+=("$holder")
exec 9>leash
for _ in $(seq 200); do [[ -s port ]] && break; sleep 0.05; done
sed -i "s/^listen = .*/listen = 127.0.0.1:$(cat port)/" "$BOX/sources.conf"
start traces
until_is traces restarts 1
[[ $(state traces error) == *"Address already in use"* ]] || fail "$(state traces error)"
exec 9>&-
until_is traces state running
kill -TERM "$pid"
wait "$pid" || fail "exit code $?"

# One source in this process, which ends with it.
start --no-restart agent
until_is agent state running
same "$(state agent pid)" "$pid"
kill -TERM "$pid"
wait "$pid" || fail "exit code $?"
box 2 sources run --no-restart
box 3 sources run --no-restart absent
box 3 sources run absent
err_has "there is no source 'absent' in sources.conf"

# A ledger that cannot be written to.
mv "$BOX/keys" keys
box 0 sources # still says what there is
mv keys "$BOX/keys"
echo 'map_bytes = 1048576' >"$BOX/config"
lines 1000 6000 >>agent.jsonl
start agent
until_is agent restarts 1
[[ $(state agent error) == *full* || $(state agent error) == *quota* ]] || fail "$(state agent error)"
rm "$BOX/config"
until_is agent behind_bytes 0
kill -TERM "$pid"
wait "$pid" || fail "exit code $?"
same "$("$LEDGER" -C "$BOX" log -n 0 --json --kind x.a.b | wc -l)" 5501
box 0 verify
finish
