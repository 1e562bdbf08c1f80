#!/usr/bin/env bash
# A source with a token: named as a file, checked when it is added and again later, sent to the server, and kept nowhere; what a
# kept source cannot have is refused; the units are ones that systemd reads without complaint.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

pids=()
# shellcheck disable=SC2154
trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null; rm -rf "$T"' EXIT
cat >server.py <<'P'
import http.server, json
class H(http.server.BaseHTTPRequestHandler):
    pages = {"/health": {"status": "ok"}, "/v1/models": {"object": "list", "data": [{"id": "tiny", "owned_by": "llamacpp"}]},
             "/props": {"build_info": "b4321-abcdef0", "total_slots": 4, "model_path": "/models/tiny.gguf"}}
    def do_GET(self):
        good = self.headers.get("Authorization") == "Bearer " + open("token").read().strip()
        body = json.dumps(self.pages.get(self.path, {})).encode()
        self.send_response((200 if self.path in self.pages else 404) if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
P
token=not-a-real-word-0001
(umask 077 && echo "$token" >token)
python3 server.py >port &
pids+=($!)
for _ in $(seq 200); do [[ -s port ]] && break; sleep 0.05; done
url=http://127.0.0.1:$(cat port)

new_box
# What a file must be is said when it is named, and then nothing is written.
box 3 sources add server openai "$url" --token-file absent --every 1m
err_has "[server]: token-file: key file '$T/absent'"
chmod 644 token
box 3 sources add server openai "$url" --token-file token --every 1m
err_has 'mode 0644; expected: 0600'
box 3 sources add server openai "$url" --token-file token --every 1m --dry-run
chmod 600 token
ln -s token link
box 3 sources add server openai "$url" --token-file link --every 1m
err_has 'a link; expected: a regular file'
box 3 sources add server openai --every 1m
err_has "source 'openai' needs the address of a server"
box 3 sources add models ollama "$url" --every 1m --token-file token
err_has 'does not take --token-file'
box 3 sources add agent jsonl - --follow
err_has 'has no standard input; expected a file'
box 3 sources add old dpkg --every 1h --unit 'x*'
err_has 'does not take --unit'
check test ! -e "$BOX/sources.conf"

box 0 sources add server openai "$url" --token-file token --every 1s
check grep -qx "token-file = $T/token" "$BOX/sources.conf"
box 0 sources add tailnet tailscale --every 1m --root "$T"
box 0 sources add hub huggingface "$T" --every 1h --verify
box 0 sources check
out_has '3 sources, no fault'
chmod 640 token
box 3 sources check
err_has '[server]: token-file'
chmod 600 token

state() { "$LEDGER" -C "$BOX" sources --json | jq -r ".sources[] | select(.name == \"$1\") | .$2"; }
"$LEDGER" -C "$BOX" sources run --no-restart server >log 2>&1 &
pid=$!
pids+=("$pid")
for _ in $(seq 200); do
    [[ $(state server last_seq) != null && $("$LEDGER" -C "$BOX" log -n 0 --json --kind 'model.*' | wc -l) -gt 0 ]] && break
    sleep 0.05
done
kill -TERM "$pid"
wait "$pid" || fail "exit code $?"
box 0 log -n 0 --json --kind runtime.observed
same "$(jq -rs 'map(.body.status) | join(",")' <"$T/.out")" ok
same "$(grep -rlaF "$token" "$BOX" log || true)" ''

# The units: what they may reach, and that systemd reads them.
mkdir units
box 0 sources units --to "$T/units"
check grep -q '^RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6$' units/ledger-source-server.service
check grep -q '^RestrictAddressFamilies=AF_UNIX$' units/ledger-source-tailnet.service
case $T in # what the unit needs there stays visible
/tmp/* | /var/tmp/*) private=no ;;
*) private=yes ;;
esac
check grep -q "^PrivateTmp=$private\$" units/ledger-source-server.service
same "$(grep -c token units/*.service | grep -vc ':0$')" 0
if command -v systemd-analyze >/dev/null; then
    check env SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no --user units/*.service >verified 2>&1
    same "$(grep -F ledger-source verified || true)" ''
fi
box 0 verify
finish
