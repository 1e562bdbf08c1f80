# shellcheck shell=bash
# For scenarios of `tap mcp`: a server, a client, and what was recorded. After lib.sh.
command -v python3 >/dev/null || {
    echo 'python3 is needed' >&2
    exit 1
}
# shellcheck disable=SC2034
SERVER=(python3 "$ROOT/tests/mcp/server.py")

# talk CODE SCRIPT ARGS...: a client runs the script with `ledger tap mcp ARGS`.
# shellcheck disable=SC2034 # for the scenarios
talk() {
    local want=$1 got=0
    printf '%s\n' "$2" >script
    shift 2
    python3 "$ROOT/tests/mcp/client.py" script "$LEDGER" -C "$BOX" tap mcp "$@" >"$T/.out" 2>"$T/.err" || got=$?
    out=$(<"$T/.out")
    err=$(<"$T/.err")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: ledger tap mcp $*"
}
events() { "$LEDGER" -C "$BOX" log -n 0 --json >events.jsonl; }
# has N FILTER: so many events match.
has() {
    local n
    n=$(jq -c "select($2)" events.jsonl | wc -l)
    [[ $n == "$1" ]] || fail "$n events, wanted $1: $2"
}

# shellcheck disable=SC2034
hello='{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"codex-mcp-client","version":"0.9"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}'
# shellcheck disable=SC2034
list='{"jsonrpc":"2.0","id":"l1","method":"tools/list"}
{"jsonrpc":"2.0","id":"l2","method":"tools/list","params":{"cursor":"2"}}'
none='{}'
# call ID TOOL [ARGUMENTS]
call() { printf '{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"%s","arguments":%s}}' "$1" "$2" "${3:-"$none"}"; }
