# shellcheck shell=bash
# A proxy in front of tests/cli/proxy_upstream.py, for the scenarios of `tap model`. After lib.sh.

pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$T"' EXIT
new_box
cd "$T" || exit 1
mkfifo pipe
python3 "$ROOT/tests/cli/proxy_upstream.py" seen <pipe >port 2>/dev/null &
exec 9>pipe # until this is closed
until [[ -s port ]]; do sleep 0.02; done
upstream=http://127.0.0.1:$(<port)

# start ARGS...: the proxy; its address in $address.
# shellcheck disable=SC2034 # for the scenarios
start() {
    rm -f err out
    "$LEDGER" -C "$BOX" tap model --json --upstream "$upstream" "$@" >out 2>err 9>&- &
    pid=$!
    listens err
}
# stop: ends it; its report in $report.
# shellcheck disable=SC2034
stop() {
    kill -TERM "$pid"
    wait "$pid" || fail "the proxy ended with $?: $(<err)"
    pid=
    report=$(<out)
}
