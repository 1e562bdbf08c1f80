#!/usr/bin/env bash
# A poller whose looks fail is failing, not running, until one of them goes well; pollers of directories wait for what is to come.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

runner=''
# shellcheck disable=SC2154
trap '[[ -z $runner ]] || kill -KILL "$runner" 2>/dev/null || true; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT
state() { "$LEDGER" -C "$BOX" sources --json | jq -r ".sources[] | select(.name == \"$1\") | .$2"; }
until_is() { # NAME MEMBER WANTED
    for _ in $(seq 600); do
        [[ $(state "$1" "$2") == "$3" ]] && return
        sleep 0.05
    done
    fail "$1 .$2 is '$(state "$1" "$2")', wanted '$3'"
}

new_box
unset HF_HUB_CACHE
export HF_HOME=$T/hf
mkdir logs
# A port that was free a moment ago.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
box 0 sources add down openai "http://127.0.0.1:$port" --every 1s
box 0 sources add hub huggingface --every 1s
check grep -qx "path = $T/hf/hub" "$BOX/sources.conf"
printf '\n[default]\nsource = huggingface\nevery = 1s\n' >>"$BOX/sources.conf" # by hand, without a path
box 0 sources add evals inspect logs --every 1s
"$LEDGER" -C "$BOX" sources run 2>log &
runner=$!

until_is down state failing
[[ $(state down error) == *127.0.0.1:$port* ]] || fail "$(state down error)"
until_is hub state failing
until_is default state failing
until_is evals state running # there is nothing yet, and that is no failure
mkdir -p hf/hub
until_is hub state running
until_is default state running
same "$(state down state)" failing

cp "$ROOT/tests/ingest/fixtures/inspect/part.json" logs/2026-11-21T00-00-00+00-00_part.json
for _ in $(seq 600); do
    n=$("$LEDGER" -C "$BOX" log -n 0 --json --kind eval.started | wc -l)
    [[ $n == 1 ]] && break
    sleep 0.05
done
same "$n" 1
mkfifo leash
exec 8<>leash
python3 "$ROOT/tests/cli/runtime_server.py" "llama=$port" <leash >listening 8>&- &
until_is down state running
exec 8>&-
kill -TERM "$runner"
wait "$runner" || fail "exit code $?"
runner=''
until_is down state stopped
box 0 verify
finish
