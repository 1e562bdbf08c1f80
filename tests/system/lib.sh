# shellcheck shell=bash
# What the tests of the system share: those of tests/cli, and tools that may be missing.
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# needs TOOL...: ends the test, which counts as skipped, where one is missing.
needs() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

skip() {
    echo "skipped: ${0##*/}: $*"
    exit 0
}

# post ADDRESS FILE: sends traces; prints the status and the answer.
post() {
    python3 - "$@" <<'P'
import http.client, sys
address, body = sys.argv[1:]
c = http.client.HTTPConnection(address, timeout=20)
c.request('POST', '/v1/traces', open(body, 'rb').read(), {'Content-Type': 'application/json'})
r = c.getresponse()
print(r.status, r.read().decode())
P
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
