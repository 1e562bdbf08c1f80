#!/usr/bin/env bash
# systemd-analyze verify finds nothing to say about the units of every manner of source, and rates their confinement.
set -eu
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
needs systemd-analyze

new_box
box 0 sources add traces otlp --listen 127.0.0.1:4318
box 0 sources add local otlp --listen localhost:4319
box 0 sources add models ollama http://127.0.0.1:11434 --every 30s
box 0 sources add agent jsonl '/var/log/a "b" 50%.jsonl' --follow
box 0 sources add machine hardware --every 1h
box 0 sources units
units=$XDG_CONFIG_HOME/systemd/user
export XDG_RUNTIME_DIR=$T/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
found=$(systemd-analyze --user verify --man=no "$units"/* 2>&1 || true)
same "$found" ''

# It does find a key that nobody knows: otherwise the line above proves nothing.
sed 's/^NoNewPrivileges=/NoNewPrivilege=/' "$units/ledger-source-agent.service" >"$T/wrong.service"
found=$(systemd-analyze --user verify "$T/wrong.service" 2>&1 || true)
[[ $found == *NoNewPrivilege* ]] || fail "systemd-analyze said: $found"
finish
