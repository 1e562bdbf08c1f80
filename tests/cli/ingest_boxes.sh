#!/usr/bin/env bash
# ingest openai, journal, kubernetes and tailscale on the command line: options, pipes, exit codes, and nothing twice.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
F=$ROOT/tests/ingest/fixtures

# A server: its address in either place, a token, saved answers.
box 3 ingest openai
err_has 'which server? give its address'
box 2 ingest openai http://127.0.0.1:1 --url http://127.0.0.1:1
err_has "source 'openai' takes one address"
box 2 ingest openai --url 127.0.0.1:1
err_has "is not an address"
box 4 ingest openai --url http://127.0.0.1:1
err_has 'refused'
box 2 ingest dpkg --token-file x
err_has "source 'dpkg' does not take --token-file"
echo not-a-real-token >token
chmod 644 token
box 3 ingest openai http://127.0.0.1:1 --token-file token
err_has 'expected: 0600'
box 0 ingest openai --from "$F/openai/props.json" --from "$F/openai/lmstudio-v1.json" --json
json .accepted 3
box 0 ingest openai --from "$F/openai/props.json" --from "$F/openai/lmstudio-v1.json" --json
json .accepted 0
box 0 state runtimes --json
same "$(jq -rs '[.[] | .. | objects | select(.runtime?) | .runtime + " " + .build] | unique | join(",")' "$T/.out")" 'llama.cpp b5163-8cf427ff'
box 3 ingest openai --from "$F/journal/box.export"
err_has 'read it with: ledger ingest journal'

# The journal: a file, a pipe that goes on, more units.
box 0 ingest journal "$F/journal/box.export" --json
json .accepted 8
run_pipe() { # FILE ARGS...: a pipe as standard input
    local file=$1
    shift
    "$LEDGER" --dir "$BOX" "$@" < <(cat "$file") >"$T/.out" 2>"$T/.err" || fail "exit code $?"
}
run_pipe "$F/journal/box.export" ingest journal --follow - --json
json .accepted 0
run_pipe "$F/journal/box.export" ingest journal --unit 'cron*' -u 'x*' --json
json .accepted 1
box 3 ingest journal --follow "$F/journal/box.export"
err_has 'journalctl -o export -f | ledger ingest journal --follow -'
head -c 300 "$F/journal/box.export" >cut.export
box 3 ingest journal cut.export
err_has 'the entry is cut off'

# The audit log of a cluster.
box 0 ingest kubernetes "$F/kubernetes/audit.log" "$F/kubernetes/list.json" --json
json .accepted 6
json .passed 3
run_pipe "$F/kubernetes/audit.log" ingest kubernetes --follow - --json
json .accepted 0
box 0 log --kind peer.acted --where "decision = 'deny'" --json
same "$(jq -r .body.resource "$T/.out")" secrets

# A tailnet: standard input is compared with the last look, a saved status is not.
run_pipe "$F/tailscale/status.json" ingest tailscale - --json
json .accepted 3
run_pipe "$F/tailscale/status.json" ingest tailscale - --json
json .accepted 0
run_pipe "$F/tailscale/login.json" ingest tailscale - --json
json .accepted 2
box 3 ingest tailscale "$F/tailscale/status.json"
err_has 'a saved status is given as --from FILE'
box 0 ingest tailscale --from "$F/tailscale/status.json" --json
json .accepted 3
! "$LEDGER" --dir "$BOX" log --json | grep -q login.example || fail 'the address to log in is in the log'
box 0 verify
finish
