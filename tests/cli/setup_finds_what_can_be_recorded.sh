#!/usr/bin/env bash
# setup finds servers of models, results, telemetry and services, connects each of them once, and takes back what it added.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

ROOTS=$T/roots
BIN=$T/bin
SERVER=$ROOT/tests/cli/runtime_server.py
CONF=$BOX/sources.conf
mkdir -p "$ROOTS" "$BIN" "$T/work"
for tool in bash date mkfifo; do ln -s "$(command -v $tool)" "$BIN/$tool"; done
unset OLLAMA_HOST OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_PROTOCOL HF_HOME HF_HUB_CACHE INSPECT_LOG_DIR PROMPTFOO_CONFIG_DIR
unset XDG_RUNTIME_DIR KUBECONFIG
new_box
cd "$T/work"

setup() { # CODE ARGS...: with programs of this scenario's own
    local want=$1 got=0
    shift
    PATH=$BIN setsid -w "$LEDGER" -C "$BOX" setup --root "$ROOTS" "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    { out=$(<"$T/.out"); } 2>/dev/null
    { err=$(<"$T/.err"); } 2>/dev/null
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: setup $*"
}
setsid=$(command -v setsid)
ln -s "$setsid" "$BIN/setsid"

serve() { # WORDS: starts a server, which ends with descriptor 9; its ports in $ports
    rm -f "$T/pipe" "$T/listening"
    mkfifo "$T/pipe"
    python3 "$SERVER" "$@" <"$T/pipe" >"$T/listening" &
    exec 9>"$T/pipe"
    until [[ -s $T/listening ]]; do sleep 0.02; done
    read -ra ports <"$T/listening"
}

process() { # PID WORDS...: a process of the scenario's own /proc
    mkdir -p "$ROOTS/proc/$1/fd" "$ROOTS/proc/$1/net"
    printf '%s\0' "${@:2}" >"$ROOTS/proc/$1/cmdline"
}
listens() { # PID PORT: by its socket alone
    ln -s "socket:[7$1]" "$ROOTS/proc/$1/fd/5"
    printf '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n' >"$ROOTS/proc/$1/net/tcp"
    printf '   0: 0100007F:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 7%s 1 0 100 0 0 10 0\n' \
        "$2" "$1" >>"$ROOTS/proc/$1/net/tcp"
}
row() { jq -c ".found[] | select(.name == \"$1\")" <"$T/.out"; }

# ---- servers ----

serve ollama llama hangs llama html
export OLLAMA_HOST=localhost:${ports[0]}
process 101 /opt/llama/llama-server --model /m/tiny.gguf --port "${ports[1]}"
process 102 python3 /usr/bin/vllm serve tiny --port="${ports[2]}"
process 103 llama-server -m /m/other.gguf
listens 103 "${ports[3]}"
process 104 vi llama-server --port "${ports[4]}"
setup 0 --json
same "$(row ollama | jq -r '.by + " " + .where')" "answer http://localhost:${ports[0]}"
same "$(jq '[.found[] | select(.source == "openai" and .by == "answer") | .pid] | sort | map(select(. > 100)) | join(" ")' -r <"$T/.out")" '101 103'
same "$(row vllm | jq -r '.by + " " + (.pid | tostring) + " " + .note')" 'process 102 it does not answer'
json "[.found[] | select(.where == \"http://127.0.0.1:${ports[4]}\")] | length" 0 # a page is no server, an editor no llama.cpp
same "$(row ollama | jq -r .settings)" $'source = ollama\nurl = http://localhost:'"${ports[0]}"$'\nevery = 30s'
check test ! -e "$CONF"

setup 0 --apply ollama llama.cpp
err_has "they record while they run: 'ledger sources run'"
check test "$(grep -c '^source = openai' "$CONF")" -ge 2
box 0 sources check
cp "$CONF" once
setup 0 --apply ollama llama.cpp
check cmp once "$CONF"
setup 0 --apply # what does not answer is not connected without being named
same "$(grep -c "${ports[2]}" "$CONF")" 0
check cmp once "$CONF"
rm -r "$ROOTS/proc/102"
box 0 log -n 0 --json --kind setup.applied --subject setup/ollama
same "$(wc -l <"$T/.out")" 1
json '.body.what' source

# However the address is written, it is the same server.
box 0 sources remove ollama
box 0 sources add mine ollama "http://127.0.0.1:${ports[0]}/" --every 1m
setup 0 --apply ollama --json
same "$(row ollama | jq -r '.section + " " + .state + " " + (.changed | tostring)')" 'mine stopped false'
box 0 sources remove mine
setup 0 --apply ollama

# It is recorded while it runs, and setup says so.
setsid -w "$LEDGER" -C "$BOX" sources run ollama 2>run.err &
runner=$!
for _ in {1..500}; do
    setup 0 --json
    [[ $(row ollama | jq -r '.state + " " + (.last_event != null | tostring)') != 'running true' ]] || break
    sleep 0.02
done
same "$(row ollama | jq -r '.state + " " + (.last_event != null | tostring)')" 'running true'
box 0 sources --json
kill "$(jq -r '.sources[] | select(.name == "ollama") | .keeper' <"$T/.out")"
wait $runner || true

# ---- what is undone ----

sed -i '/^\[ollama\]/,/^$/s/every = 30s/every = 31s/' "$CONF"
setup 1 --undo ollama
err_has "the source 'ollama' in sources.conf was changed since, and stays"
box 0 sources remove ollama
printf '# mine\n' | cat - "$CONF" >new && cat new >"$CONF"
setup 0 --undo
err_has "the source 'llama.cpp"
same "$(grep -v '^$' "$CONF")" '# mine'
rm "$CONF"
box 0 log -n 0 --json --kind setup.undone
same "$(jq -s 'map(select(.subject | startswith("setup/llama.cpp"))) | length >= 2' <"$T/.out")" true
exec 9>&-
wait
unset OLLAMA_HOST
rm -rf "$ROOTS/proc"

# ---- telemetry ----

setup 0 --json
same "$(row otlp)" ''
OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:43189/ setup 0 --apply otlp
check grep -qx 'listen = localhost:43189' "$CONF"
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:43189 setup 0 --json
same "$(row otlp | jq -r .section)" otlp
setup 0 --undo otlp
check test ! -e "$CONF"
setup 0 --apply otlp --units
check grep -q 'sources run --no-restart otlp' "$XDG_CONFIG_HOME/systemd/user/ledger-source-otlp.service"
setup 0 --undo otlp
check test ! -e "$XDG_CONFIG_HOME/systemd/user/ledger-source-otlp.service"
OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:43189 setup 0 --apply --otlp 127.0.0.1:4320 otlp
same "$(grep -c '^listen' "$CONF")" 1
setup 0 --undo otlp
OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.example setup 0 --apply
check test ! -e "$CONF"
OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.example setup 0
out_has 'it sends elsewhere'
OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 setup 0 --json
same "$(row otlp | jq -r .note)" 'gRPC is not received: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'
setup 0 --apply otlp # also where nothing sends yet
check grep -qx 'listen = 127.0.0.1:4318' "$CONF"
setup 0 --undo otlp

# ---- results, files of models ----

mkdir -p logs results/tiny "$T/inspected" "$T/hub"
touch "logs/2026-11-21T00-00-00+00-00_task_x.eval" results/tiny/results_2026-11-21T00-00-00.json
mkdir "$HOME/.promptfoo"
setup 0 promptfoo --json
same "$(row promptfoo | jq -r '.by + " " + .where')" "directory $HOME/.promptfoo"
ln -s /bin/true "$BIN/promptfoo"
HF_HUB_CACHE=$T/hub setup 0 --json
same "$(row inspect | jq -r .where)" "$T/work/logs"
same "$(row lm-eval | jq -r .where)" "$T/work/results"
same "$(row huggingface | jq -r '.by + " " + .where')" "directory $T/hub"
same "$(row promptfoo | jq -r '.by + " " + .command')" 'program ledger ingest promptfoo FILE'
setup 0 --apply # what is in this directory is connected when it is named
check test ! -e "$CONF"
HF_HUB_CACHE=$T/hub INSPECT_LOG_DIR=$T/inspected setup 0 --apply
same "$(grep -x 'path = .*' "$CONF" | sort)" "path = $T/hub
path = $T/inspected"
setup 1 --apply promptfoo
out_has 'cannot be connected'
setup 0 --apply lm-eval
check grep -qx "path = $T/work/results" "$CONF"
box 0 sources check

# ---- services; units ----

mkdir -p "$ROOTS/run/systemd/system" "$ROOTS/run/tailscale" "$ROOTS/var/log/kubernetes"
touch "$ROOTS/run/tailscale/tailscaled.sock" "$ROOTS/var/log/kubernetes/audit.log"
setup 0 --json
same "$(row journal | jq -r .note)" 'there is no journalctl on PATH'
for tool in journalctl tailscale; do ln -s /bin/true "$BIN/$tool"; done
setup 0 --json
same "$(row k3s | jq -r .command)" 'tail -n +1 -F /var/log/kubernetes/audit.log | ledger ingest kubernetes --follow -'
same "$(row tailscale | jq -r .by)" socket
setup 0 --apply journal tailscale --units
err_has 'systemctl --user daemon-reload'
units=$XDG_CONFIG_HOME/systemd/user
check grep -q 'sources run --no-restart journal' "$units/ledger-source-journal.service"
check test -e "$units/ledger-source-tailscale.service"
check test ! -e "$units/ledger-source-lm-eval.service"
setup 0 --undo journal
check test ! -e "$units/ledger-source-journal.service"
setup 0 --undo
check test ! -e "$units/ledger-source-tailscale.service"
check test ! -e "$CONF"

# ---- what is refused ----

setup 1 --apply k3s
setup 1 --apply ollama-1
err_has "'ollama-1' is not on this box"
setup 2 --apply nonsense
err_has "nothing here is called 'nonsense'"
setup 2 --units
box 0 verify
finish
