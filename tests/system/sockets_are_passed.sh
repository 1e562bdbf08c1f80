#!/usr/bin/env bash
# The receiver takes a socket that systemd passes: over TCP and as a Unix socket; what arrives before it runs is not lost.
set -eu
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
needs systemd-socket-activate python3

new_box
fixture=$ROOT/tests/ingest/fixtures/otlp/traces.json
port=$(free_port)
box 0 sources add traces otlp --listen "127.0.0.1:$port"
systemd-socket-activate -l "127.0.0.1:$port" "$LEDGER" -C "$BOX" sources run --no-restart traces >log 2>&1 &
pid=$!
for _ in $(seq 200); do grep -q Listening log && break; sleep 0.05; done
same "$(post "127.0.0.1:$port" "$fixture")" '200 {}' # this connection starts it
same "$("$LEDGER" -C "$BOX" sources --json | jq -r '.sources[0].address')" "http://127.0.0.1:$port"
same "$("$LEDGER" -C "$BOX" sources --json | jq -r '.sources[0].pid')" "$pid"
kill -TERM "$pid"
wait "$pid" || fail "exit code $?"
same "$("$LEDGER" -C "$BOX" log -n 0 --json --source otlp | jq -r 'select(.kind == "ledger.imported") | .body.accepted')" 9

# Another address than the one that is configured is an error, and not a second listener.
other=$(free_port)
systemd-socket-activate -l "127.0.0.1:$other" "$LEDGER" -C "$BOX" sources run --no-restart traces >log 2>&1 &
pid=$!
for _ in $(seq 200); do grep -q Listening log && break; sleep 0.05; done
post "127.0.0.1:$other" "$fixture" >/dev/null 2>&1 || true
code=0
wait "$pid" || code=$?
same "$code" 3
check grep -q 'the service manager passed 1 socket, none of which listens there' log

# A Unix socket.
systemd-socket-activate -l "$T/socket" "$LEDGER" -C "$BOX" ingest otlp --listen passed >log 2>&1 &
pid=$!
for _ in $(seq 200); do [[ -S socket ]] && break; sleep 0.05; done
python3 - "$fixture" >answer <<'P'
import socket, sys
body = open(sys.argv[1], 'rb').read()
s = socket.socket(socket.AF_UNIX)
s.connect('socket')
s.sendall(b'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n'
          b'Content-Length: %d\r\n\r\n' % len(body) + body)
print(s.makefile().readline().strip())
P
same "$(cat answer)" 'HTTP/1.1 200 OK'
kill -TERM "$pid"
wait "$pid" || fail "exit code $?"
finish
