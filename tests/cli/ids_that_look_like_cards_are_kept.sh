#!/usr/bin/env bash
# A 16-digit id that looks like a card number is kept where an id is expected, from append to export; a card number anywhere
# else is masked.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

card=4539578763621486
new_box
box 0 append run.started -s "run/$card" --run "$card" session="$card" span="$card" agent=coder --json
json .masked 0
box 0 append run.tool_called -s "run/$card" --run "$card" span=00f067aa0ba902b7 parent="$card" call="$card" tool=ls tier=T0 --json
json .masked 0
box 0 append run.tool_called -s "run/$card" --run "$card" tool="$card" arguments="pay with $card" --json
json .masked 2
box 0 append x.acme.bill -s bill/1 --open span "span=\"$card\"" --json
json .masked 1
box 3 append x.acme.bill -s "bill/$card"
err_has "'subject' holds a secret"
box 3 append run.started -s "run/card $card"
err_has "'subject' holds a secret"
box 0 append permission.granted -s pack/p group=exec scope=make tier=T1 session="$card"

# In queries and in the tree the parent is found.
box 0 query -w "parent=$card" --format jsonl
same "$(wc -l <"$T/.out")" 1
box 0 timeline "$card"
out_has ls
box 0 query -w "span=$card" --format jsonl
json .kind run.started

# Exports apply the same rule to headers, bodies and states.
box 0 export -o run.tar.zst --run "$card" --states runs,permissions
err_empty
box 0 reveal 3 --private arguments -o 3.tar.zst
box 0 export -o all.tar.zst --subject "run/$card"
box 0 support -o report.tar.zst
box 0 key export
vkey=$out
run 0 verify run.tar.zst --no-trust-file --key "$vkey" --print
out_has "$card"
zstd -dc report.tar.zst | grep -aq "$card" && fail 'the report names the session'

# Sources agree.
printf '{"kind":"run.started","subject":"run/%s","run":"%s","body":{"session":"%s","task":"%s"}}\n' "$card" "$card" "$card" "$card" >in.jsonl
box 0 ingest jsonl in.jsonl --json
json .masked 1
printf '{"session_id":"%s","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"toolu_1","cwd":"/tmp"}\n' "$card" >hook.json
box 0 ingest hook hook.json
box 0 query --kind run.tool_called -w "session=$card" --format jsonl
same "$(jq -r .run <"$T/.out" | sort -u)" "$card"
finish
