#!/usr/bin/env bash
# setup: agents' settings are found, connected once, and restored byte for byte; a session of each is recorded by the very command
# that was inserted; what cannot be changed safely is named and left alone.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
umask 022
unset CLAUDE_CONFIG_DIR CODEX_HOME OTEL_EXPORTER_OTLP_ENDPOINT
ROOTS=$T/roots
mkdir -p "$ROOTS"
CLAUDE=$HOME/.claude/settings.json
CODEX=$HOME/.codex/config.toml
GEMINI=$HOME/.gemini/settings.json
PLUGIN=$XDG_CONFIG_HOME/opencode/plugins/ledger.js

# setup CODE ARGS...
setup() {
    local want=$1
    shift
    box "$want" setup --root "$ROOTS" "$@"
}
# state NAME WANTED: in the JSON of the last run.
state() { json ".agents[] | select(.name == \"$1\") | .state" "$2"; }
note_has() { [[ $(jq -r ".agents[] | select(.name == \"$1\") | .note" <"$T/.out") == *"$2"* ]] || fail "the note of $1 lacks '$2'"; }
# around NAME FILE: connecting and undoing leaves the file as it is now.
around() {
    cp "$2" "$T/before"
    setup 0 --apply "$1" --otlp 127.0.0.1:4318 --json
    state "$1" connected
    cmp -s "$2" "$T/before" && fail "nothing was inserted into $2"
    cp "$2" "$T/after"
    setup 0 --apply "$1"
    check cmp "$2" "$T/after"
    setup 0 --undo "$1" --json
    json ".agents[] | select(.name == \"$1\") | .exact" true
    check cmp "$2" "$T/before"
}

new_box
mkdir -p "$HOME/.claude" "$HOME/.codex" "$HOME/.gemini" "$XDG_CONFIG_HOME/opencode" "$HOME/.cursor"

# The table names what is there, and changes nothing.
setup 0 --json
state claude-code 'not connected'
state cursor unchanged
note_has cursor 'recorded sample'
state goose absent
check test ! -e "$CLAUDE"

# Settings as they are: tabs, CRLF, comments, no final line end, hooks of the user's own.
for text in '' '{\n\t"model": "opus",\n\t"permissions": {"allow": ["Bash(ls:*)"]}\n}' '{\r\n  "x": [1, 2],\r\n  "env": {"A": "b"}\r\n}\r\n' \
    '{\n    "hooks": {\n        "PreToolUse": [\n            {"matcher": "Bash", "hooks": [{"type": "command", "command": "mine"}]}\n        ],\n        "Stop": []\n    }\n}\n'; do
    # shellcheck disable=SC2059 # escapes
    printf "$text" >"$CLAUDE"
    around claude-code "$CLAUDE"
done
for text in 'a = 1\r\n[tui]\r\nb = """\r\n[[x]]"""' 'notify = ["mine"]\n[[hooks.PreToolUse]]\n[[hooks.PreToolUse.hooks]]\ntype = "command"\ncommand = "mine"\n'; do
    # shellcheck disable=SC2059 # escapes
    printf "$text" >"$CODEX"
    around codex "$CODEX"
done
for text in '{\n  // mine\n  "ui": {"theme": "x"}, // why\n}' '{"hooks": {"BeforeTool": [{"hooks": [{"command": "mine"}]},],},}'; do
    # shellcheck disable=SC2059 # escapes
    printf "$text" >"$GEMINI"
    around gemini-cli "$GEMINI"
done

# Settings that did not exist are created for their owner alone, and removed again.
rm "$CLAUDE" "$CODEX" "$GEMINI"
setup 0 --apply
for file in "$CLAUDE" "$CODEX" "$GEMINI" "$PLUGIN"; do
    same "$(stat -c %a "$file")" 600
done
jq -e '.hooks | has("WorktreeCreate") or has("MessageDisplay") | not' <"$CLAUDE" >"$T/.out" || fail 'a hook that holds the agent up'
same "$("$LEDGER" -C "$BOX" log --json | jq -r .kind | tail -n 4 | sort -u)" setup.applied

# A session of each, by the command that was inserted.
session() {
    local command=$1 got=0
    printf '%s\n' "$2" | sh -c "$command" >"$T/.out" 2>"$T/.err" || got=$?
    same "$got" 0
    same "$(wc -c <"$T/.out")" 0
}
call() {
    printf '{"session_id":"s1","transcript_path":"%s","cwd":"/srv","hook_event_name":"%s","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"%s"}' "$1" "$2" "$3"
}
before=$("$LEDGER" -C "$BOX" stats --json | jq .events)
session "$(jq -r '.hooks.PreToolUse[0].hooks[0].command' <"$CLAUDE")" "$(call /h/.claude/t.jsonl PreToolUse toolu_1)"
session "$(sed -n 's/^command = "\(.*\)"$/\1/p' "$CODEX" | head -n 1)" "$(call /h/.codex/t.jsonl PreToolUse c1)"
session "$(jq -r '.hooks.BeforeTool[0].hooks[0].command' <"$GEMINI")" "$(call /h/.gemini/t.json BeforeTool g1)"
same "$("$LEDGER" -C "$BOX" stats --json | jq .events)" $((before + 3))
for agent in claude-code codex gemini-cli; do
    setup 0 "$agent" --json
    [[ $(jq -r '.agents[0].last_event' <"$T/.out") != null ]] || fail "$agent was not heard of"
done
# It stops no agent's work, whatever happens.
session "$(jq -r '.hooks.PreToolUse[0].hooks[0].command' <"$CLAUDE") --no-such-option" nonsense
session "$(jq -r '.hooks.PreToolUse[0].hooks[0].command' <"$CLAUDE" | sed "s,$BOX,$T/none,")" '{}'
box 2 ingest jsonl --lenient -
box 2 ingest hook --lenient --strict
if command -v node >/dev/null; then
    cp "$PLUGIN" "$T/plugin.mjs"
    echo "import { Ledger } from '$T/plugin.mjs'
const l = await Ledger()
await l['tool.execute.before']({ tool: 'bash', sessionID: 's', callID: 'o1' }, { args: { command: 'ls' } })
await l['tool.execute.before'](undefined, { toJSON() { throw 1 } })" >"$T/run.mjs"
    node "$T/run.mjs" || fail 'the plugin throws'
    for _ in $(seq 100); do
        "$LEDGER" -C "$BOX" log --json | grep -q agent:opencode && break
        sleep 0.05
    done
    box 0 log --json
    out_has agent:opencode
fi
setup 0 --undo
for file in "$CLAUDE" "$CODEX" "$GEMINI" "$PLUGIN"; do
    check test ! -e "$file"
done
setup 0 --undo
same "$(find "$BOX/setup" -type f | wc -l)" 0

# Settings that were changed since lose our entries alone.
echo '{"env":{"A":"b"},"model":"x"}' >"$CLAUDE"
setup 0 --apply claude-code --otlp 127.0.0.1:4318
jq '.theme = "dark" | .hooks.PostToolUse += [{"hooks":[{"type":"command","command":"mine"}]}]' <"$CLAUDE" >"$T/x"
cat "$T/x" >"$CLAUDE"
setup 0 --undo claude-code --json
json '.agents[0].exact' false
same "$(jq -c . <"$CLAUDE")" '{"env":{"A":"b"},"model":"x","hooks":{"PostToolUse":[{"hooks":[{"type":"command","command":"mine"}]}]},"theme":"dark"}'
printf 'model = "x"\n' >"$CODEX"
setup 0 --apply codex
printf '[hooks.state."a:b:0:0"]\ntrusted_hash = "h"\n' >>"$CODEX"
sed -i 's/^timeout = 5/timeout = 9/' "$CODEX"
setup 0 --undo codex
same "$(grep -v '^$' "$CODEX")" "$(printf 'model = "x"\n[hooks.state."a:b:0:0"]\ntrusted_hash = "h"')"

# Whatever else was changed, none of ours is left: other line ends, a table of ours that was extended.
printf 'model = "x"\n' >"$CODEX"
setup 0 --apply codex --otlp 127.0.0.1:4318
sed -i 's/$/\r/' "$CODEX"
setup 0 --undo codex
same "$(cat "$CODEX")" "$(printf 'model = "x"\r\n')"
printf 'model = "x"\n' >"$CODEX"
setup 0 --apply codex --otlp 127.0.0.1:4318
sed -i '/^trace_exporter/a environment = "prod"' "$CODEX"
setup 0 --undo codex
same "$(cat "$CODEX")" "$(printf 'model = "x"\n\n[otel]\nenvironment = "prod"\n')"
# An exporter that somebody rewrote is named by its line, nothing is removed, and the record stays.
printf 'model = "x"\n' >"$CODEX"
setup 0 --apply codex --otlp 127.0.0.1:4318
sed -i 's/^exporter = .*/exporter = { otlp-http = { endpoint = "http:\/\/127.0.0.1:4318\/v1\/logs", protocol = "json" } }/' "$CODEX"
cp "$CODEX" "$T/before"
setup 1 --undo codex --json
state codex refused
note_has codex 'line 5'
check cmp "$CODEX" "$T/before"
sed -i '/^exporter/d' "$CODEX"
setup 0 --undo codex
same "$(cat "$CODEX")" 'model = "x"'

# Hooks that somebody removed are named, and inserted again.
echo '{}' >"$CLAUDE"
setup 0 --apply claude-code
echo '{}' >"$CLAUDE"
setup 0 claude-code --json
state claude-code lost
setup 0 --apply claude-code --json
state claude-code connected
# Another ledger's are not replaced.
run 0 -C "$T/other" init --origin test.example/other
run 1 -C "$T/other" setup --root "$ROOTS" --apply claude-code --json
state claude-code 'connected elsewhere'
# Nor removed, not even by a ledger that had connected the agent before.
cp "$CLAUDE" "$T/before"
run 1 -C "$T/other" setup --root "$ROOTS" --undo claude-code --json
state claude-code 'connected elsewhere'
json '.agents[0].changed' false
check cmp "$CLAUDE" "$T/before"
setup 0 --undo claude-code
run 0 -C "$T/other" setup --root "$ROOTS" --apply claude-code
echo '{}' >"$CLAUDE"
setup 0 --apply claude-code
cp "$CLAUDE" "$T/before"
run 1 -C "$T/other" setup --root "$ROOTS" --undo claude-code
check cmp "$CLAUDE" "$T/before"
setup 0 --undo claude-code
# Where nothing of ours is left, nothing is said to be undone.
setup 0 --apply claude-code
echo '{"x":1}' >"$CLAUDE"
setup 0 --undo claude-code
out_has 'not connected'
setup 0 --undo claude-code
out_has 'not connected'

# refused NAME FILE WORDS: it is named with its reason, and stays.
refused() {
    setup 1 --apply "$1" --json
    state "$1" refused
    note_has "$1" "$3"
}
for bad in '{"a":1' '{"a":1,}' '// c\n{}' '{"hooks":{"PreToolUse":{}}}' '{"disableAllHooks":true}'; do
    # shellcheck disable=SC2059 # escapes
    printf "$bad" >"$CLAUDE"
    cp "$CLAUDE" "$T/before"
    refused claude-code "$CLAUDE" ''
    check cmp "$CLAUDE" "$T/before"
done
for bad in 'a = "x' 'hooks = {}' '[hooks.PreToolUse]' '[features]\nhooks = false' 'features.hooks = false' 'a = 1\na = 2' '[a]\n[a]' \
    'features = { a = [1, "}"], hooks = false }'; do
    # shellcheck disable=SC2059 # escapes
    printf "$bad" >"$CODEX"
    cp "$CODEX" "$T/before"
    refused codex "$CODEX" ''
    check cmp "$CODEX" "$T/before"
done
echo '{}' >"$CLAUDE"
chmod 400 "$CLAUDE"
refused claude-code "$CLAUDE" 'read-only'
chmod 666 "$CLAUDE"
refused claude-code "$CLAUDE" 'others can write to it'
rm "$CLAUDE"
echo '{}' >"$T/real.json"
ln -s "$T/real.json" "$CLAUDE"
refused claude-code "$CLAUDE" 'symbolic link'
same "$(cat "$T/real.json")" '{}'
rm "$CLAUDE"
mkfifo "$CLAUDE"
refused claude-code "$CLAUDE" 'not a regular file'
rm "$CLAUDE"
mkdir "$CLAUDE"
refused claude-code "$CLAUDE" 'not a regular file'
rmdir "$CLAUDE"
truncate -s 100M "$CLAUDE"
refused claude-code "$CLAUDE" 'bytes'
rm "$CLAUDE"
mv "$HOME/.claude" "$T/claude"
ln -s "$T/claude" "$HOME/.claude"
refused claude-code "$CLAUDE" 'symbolic link'
rm "$HOME/.claude"
mkdir "$HOME/.claude"
mkdir -p "$ROOTS/etc/claude-code" "$ROOTS/etc/codex"
echo '{"allowManagedHooksOnly":true}' >"$ROOTS/etc/claude-code/managed-settings.json"
refused claude-code "$CLAUDE" managed-settings.json
check test ! -e "$CLAUDE"
echo 'allow_managed_hooks_only = true' >"$ROOTS/etc/codex/requirements.toml"
: >"$CODEX"
refused codex "$CODEX" requirements.toml
rm -r "${ROOTS:?}/etc"

# The user's own telemetry stays.
echo '{"env":{"OTEL_EXPORTER_OTLP_ENDPOINT":"http://mine:1"}}' >"$CLAUDE"
setup 0 --apply claude-code --otlp 127.0.0.1:4318 --json
note_has claude-code 'stays as it is'
same "$(jq -c .env <"$CLAUDE")" '{"OTEL_EXPORTER_OTLP_ENDPOINT":"http://mine:1"}'
setup 0 --undo claude-code

# No secret of the settings is in the ledger's directory, and no copy beside them.
secret=planted-4f1c9b72e6
echo "{\"env\":{\"TOKEN\":\"$secret\"}}" >"$CLAUDE"
setup 0 --apply claude-code
grep -rqF "$secret" "$BOX" && fail 'a secret of the settings is in the ledger'
same "$(find "$HOME/.claude" -type f | wc -l)" 1
same "$(stat -c %a "$BOX"/setup/claude-code-*.json)" 600
setup 0 --undo claude-code

# What a killed setup left is removed by each of its forms; not what a live one holds, nor what is not its own.
for form in '' --apply --undo; do
    for left in "$HOME/.claude/.ledger-tmp-settings.json" "$BOX/setup/.ledger-tmp-aB3dEf"; do
        echo "$secret" >"$left"
    done
    # shellcheck disable=SC2086 # no word, or one
    setup 0 $form claude-code
    same "$(find "$HOME/.claude" "$BOX/setup" -name '.ledger-tmp-*' | wc -l)" 0
done
echo "$secret" >"$HOME/.claude/.ledger-tmp-settings.json"
exec 9<"$HOME/.claude/.ledger-tmp-settings.json"
flock 9
setup 0 claude-code
setup 1 --apply claude-code --json
note_has claude-code "another 'ledger setup'"
check test -s "$HOME/.claude/.ledger-tmp-settings.json"
exec 9<&-
rm "$HOME/.claude/.ledger-tmp-settings.json"
ln -s "$CLAUDE" "$HOME/.claude/.ledger-tmp-settings.json"
setup 0 claude-code
check test -L "$HOME/.claude/.ledger-tmp-settings.json"
rm "$HOME/.claude/.ledger-tmp-settings.json"

# A project's settings, and directories that variables name.
mkdir -p "$T/project"
setup 0 --apply --project "$T/project"
check test -s "$T/project/.claude/settings.local.json"
setup 0 --undo --project "$T/project"
check test ! -e "$T/project/.claude/settings.local.json"
mkdir "$T/moved"
CLAUDE_CONFIG_DIR=$T/moved CODEX_HOME=$T/moved setup 0 --apply claude-code codex
check test -s "$T/moved/settings.json"
check test -s "$T/moved/config.toml"
CLAUDE_CONFIG_DIR=$T/moved CODEX_HOME=$T/moved setup 0 --undo
check test ! -e "$T/moved/settings.json"

# Codex has a second file for hooks; what was connected stays where it is.
printf 'model = "x"\n' >"$CODEX"
setup 0 --apply codex
echo '{}' >"$HOME/.codex/hooks.json"
setup 0 --undo codex
same "$(cat "$CODEX")" 'model = "x"'
setup 0 --apply codex
check jq -e .hooks.PreToolUse "$HOME/.codex/hooks.json"
same "$(cat "$CODEX")" 'model = "x"'
setup 0 --undo codex
same "$(cat "$HOME/.codex/hooks.json")" '{}'

# The receiver of telemetry: added once, with its event; taken out with the last agent, while it is as it was written.
rm "$HOME/.codex/hooks.json"
echo '{}' >"$CLAUDE"
: >"$CODEX"
check test ! -e "$BOX/sources.conf"
setup 0 --apply claude-code codex --otlp 127.0.0.1:4318
err_has "the receiver 'otlp' is added to sources.conf; it records while it runs: 'ledger sources run otlp'"
same "$(jq -r '.env.OTEL_EXPORTER_OTLP_PROTOCOL + " " + .env.OTEL_METRICS_EXPORTER' <"$CLAUDE")" 'http/protobuf otlp'
check grep -qxF "exporter = { otlp-http = { endpoint = \"http://127.0.0.1:4318/v1/logs\", protocol = \"binary\" } }" "$CODEX"
box 0 sources check
box 0 sources --json
json '.sources[] | select(.name == "otlp") | .manner' receiver
cp "$BOX/sources.conf" conf
setup 0 --apply claude-code --otlp 127.0.0.1:4318
err_has "the receiver 'otlp' is in sources.conf"
check cmp conf "$BOX/sources.conf"
cp "$CLAUDE" "$T/before"
setup 1 --apply claude-code --otlp 127.0.0.1:4319 # another address, which codex would not know
err_has 'codex would still send telemetry to 127.0.0.1:4318'
check cmp "$CLAUDE" "$T/before"
setup 2 --apply claude-code --otlp 192.0.2.1:4318
err_has "of a receiver on this machine's loopback"
check cmp conf "$BOX/sources.conf"
# With all of them named it is changed everywhere, and back.
setup 0 --apply claude-code codex --otlp 127.0.0.1:4319 --json
json '[.agents[].changed] | all' true
same "$(jq -r .env.OTEL_EXPORTER_OTLP_ENDPOINT <"$CLAUDE")" http://127.0.0.1:4319
same "$(grep -c 127.0.0.1:4319/v1 "$CODEX")" 2
grep -q 4318 "$CODEX" "$BOX/sources.conf" && fail 'the old address is left'
check grep -qxF 'listen = 127.0.0.1:4319' "$BOX/sources.conf"
setup 0 --apply claude-code codex --otlp 127.0.0.1:4318
check cmp "$CLAUDE" "$T/before"
check cmp conf "$BOX/sources.conf"
# Hooks that send no telemetry yet send it then.
setup 0 --undo claude-code
setup 0 --apply claude-code
setup 0 --apply claude-code --otlp 127.0.0.1:4318
check cmp "$CLAUDE" "$T/before"
setup 0 --undo claude-code
check cmp conf "$BOX/sources.conf"
setup 0 --undo --actor user:me
err_has "the receiver 'otlp' is removed"
check test ! -e "$BOX/sources.conf"
box 0 log -n 0 --json --kind 'setup.*' --subject setup/otlp
same "$(jq -r '.kind + " " + .body.what' <"$T/.out" | tail -n 2 | paste -sd,)" 'setup.applied source,setup.undone source'
# One that was changed, one beside others, and one that somebody else added.
setup 0 --apply claude-code --otlp 127.0.0.1:4318
echo 'actor = service:mine' >>"$BOX/sources.conf"
setup 0 --undo
err_has 'was changed since, and stays'
check grep -q service:mine "$BOX/sources.conf"
box 0 sources remove otlp
box 0 sources add box hardware --every 1h
cp "$BOX/sources.conf" conf
setup 0 --apply claude-code --otlp 127.0.0.1:4318
box 0 sources add more dpkg --every 1h
setup 0 --undo
err_has "the receiver 'otlp' is removed"
box 0 sources remove more
check cmp conf "$BOX/sources.conf"
box 0 sources add mine otlp --listen 127.0.0.1:4318
setup 0 --apply claude-code --otlp 127.0.0.1:4318
err_has "the receiver 'mine' is in sources.conf"
setup 0 --undo
check grep -q '^\[mine\]$' "$BOX/sources.conf"

setup 2 --apply --undo
setup 2 --apply no-such-agent
err_has 'known are claude-code, codex'
setup 2 --otlp 127.0.0.1:4318
setup 2 --apply --otlp 'x"y:1'
for address in 0.0.0.0:1 192.0.2.1:4318 '[::]:4318' receiver.example:4318 unix:socket; do
    setup 2 --apply --otlp "$address"
    err_has loopback
done
setup 1 --apply cursor
box 0 verify
finish
