# shellcheck shell=bash
# For scenarios of `tap mcp --listen`: a server, the tap in front of it, a client. After lib.sh and lib_mcp.sh.

pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$T"' EXIT
cd "$T" || exit 1

# serve ARGS...: the server; its port in $port.
serve() {
    exec 9>&- # ends the one before
    rm -f pipe port
    mkfifo pipe
    python3 "$ROOT/tests/mcp/http_server.py" log=seen "$@" <pipe >port &
    exec 9>pipe # until this is closed
    until [[ -s port ]]; do sleep 0.02; done
    port=$(<port)
}
# start ARGS...: the tap; its address in $address.
start() {
    rm -f tap.err tap.out
    "$LEDGER" -C "$BOX" tap mcp --json --listen 127.0.0.1:0 --upstream "http://127.0.0.1:$port/mcp" "$@" >tap.out 2>tap.err 9>&- &
    pid=$!
    listens tap.err
}
# stop: ends it; its report in $report, what it said in $said.
# shellcheck disable=SC2034
stop() {
    kill -TERM "$pid"
    wait "$pid" || fail "the tap ended with $?: $(<tap.err)"
    pid=
    report=$(<tap.out)
    said=$(<tap.err)
}
# speak SCRIPT [ADDRESS]: a client runs the script; what it printed is in $out.
# shellcheck disable=SC2034
speak() {
    printf '%s\n' "$1" >script
    python3 "$ROOT/tests/mcp/http_client.py" "${2:-$address}" script >"$T/.out" 2>"$T/.err" || fail "the client failed: $(<"$T/.err")"
    out=$(<"$T/.out")
    err=$(<"$T/.err")
}
# reached FILTER: how many requests that match have reached the server.
reached() { jq -c "select($1)" seen | wc -l; }
# shellcheck disable=SC2034
both='{"jsonrpc":"2.0","id":"l1","method":"tools/list"}
{"jsonrpc":"2.0","id":"l2","method":"tools/list","params":{"cursor":"8"}}'
