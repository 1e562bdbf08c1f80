#!/usr/bin/env bash
# tap mcp: the server's exit code and signals are the tap's; ends are passed on; a server does not outlive its client; bytes pass
# whatever they are.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
tap() { "$LEDGER" -C "$BOX" tap mcp --name t "$@"; }
# ends CODE SCRIPT: the exit code of a shell as the server.
ends() {
    local got=0
    tap -- sh -c "$2" </dev/null >"$T/.out" 2>"$T/.err" || got=$?
    same "$got" "$1"
}
# until COMMAND...: waits for it to succeed.
until_is() {
    for _ in $(seq 200); do
        "$@" && return 0
        sleep 0.05
    done
    fail "never: $*"
}
dead() { ! kill -0 "$1" 2>/dev/null; }
new_box

ends 0 'exit 0'
ends 7 'exit 7'
ends 143 'kill -TERM $$'
ends 137 'kill -KILL $$'
events
has 1 '.kind == "run.finished" and .body.exit_code == 7 and .body.outcome == "error"'
has 1 '.kind == "run.finished" and .body.exit_code == 137 and .body.outcome == "aborted"'

# Whatever bytes: binary, one long line, no line end, invalid UTF-8; in both directions, in order.
{
    head -c 300000 /dev/urandom
    head -c 20000000 /dev/zero | tr '\0' x
    printf '\n\xff\xfe{"jsonrpc":"2.0"}\r\n[]\n{"a":'
} >bytes
tap -- cat <bytes >back
check cmp bytes back
tap -- sh -c "wc -c; cat $T/bytes" <bytes | tail -n +2 >back && check cmp bytes back
events
has 2 '.kind == "ledger.gap" and .body.what == "unread" and (.body.detail | test("are too long"))'

# What the server writes before it dies arrives, to a client that reads late.
tap -- sh -c 'cat bytes; exit 3' <"$ROOT/README.md" 2>/dev/null | { sleep 0.3; cmp - bytes; } || fail 'the end is missing'
# A client that leaves: the server's output is closed, and it may end as in any pipe.
tap -- sh -c 'while echo line; do :; done' </dev/null 2>/dev/null | head -n 1 >first
same "$(<first)" line

# Half-open: the server sees the end of its input and goes on; the client still gets what follows.
same "$(echo hi | tap -- sh -c 'cat; sleep 0.2; echo after')" $'hi\nafter'
# The server closes its output first, and the client sees that.
mkfifo in
tap -- sh -c 'echo $$ >pid; exec >&-; read -r line; exit 5' <in >"$T/.out" 2>"$T/.err" &
pid=$!
exec 3>in
until_is test -s pid
echo line >&3
code=0
wait "$pid" || code=$?
same "$code" 5
exec 3>&-

# Signals are passed on.
for signal in TERM INT HUP; do
    rm -f pid got
    "$LEDGER" -C "$BOX" tap mcp --name t -- python3 -c "
import os, signal, sys
def end(n, f):
    open('got', 'w').write(str(n))
    sys.exit(9)
signal.signal(signal.SIG$signal, end)
open('pid.new', 'w').write(str(os.getpid()))
os.rename('pid.new', 'pid')
signal.pause()" <in >/dev/null 2>&1 &
    pid=$!
    exec 3>in
    until_is test -e pid
    kill -$signal "$pid"
    code=0
    wait "$pid" || code=$?
    same "$code" 9
    exec 3>&-
    same "$(<got)" "$(kill -l "$signal")"
done

# Killed, the tap takes the server's input with it.
rm -f pid
"$LEDGER" -C "$BOX" tap mcp --name t -- sh -c 'echo $$ >pid; cat >/dev/null; echo over >over' <in >/dev/null 2>&1 &
pid=$!
exec 3>in
until_is test -s pid
kill -KILL "$pid"
until_is test -s over
exec 3>&-
wait "$pid" 2>/dev/null || true

# A server that ignores its end, when its client has gone altogether, is told, and then killed.
rm -f pid
# shellcheck disable=SC2016
tap -- sh -c 'trap "" TERM; echo $$ >pid; while :; do sleep 0.1; done' </dev/null 2>/dev/null | true
until_is dead "$(<pid)"
box 0 verify
finish
