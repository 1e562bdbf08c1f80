#!/usr/bin/env bash
# setup: servers of MCP that agents' settings name run behind the tap, by name alone; a session through what stands in the settings
# afterwards is recorded; undone, each file is byte for byte as before, and what others wrote meanwhile stays.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
umask 022
unset CLAUDE_CONFIG_DIR CODEX_HOME OTEL_EXPORTER_OTLP_ENDPOINT
ROOTS=$T/roots
PROJECT=$T/project
CODEX=$HOME/.codex/config.toml
GEMINI=$HOME/.gemini/settings.json
OPENCODE=$XDG_CONFIG_HOME/opencode/opencode.json
CURSOR=$HOME/.cursor/mcp.json
mkdir -p "$ROOTS" "$PROJECT" "$HOME/.codex" "$HOME/.gemini" "$XDG_CONFIG_HOME/opencode" "$HOME/.cursor" "$HOME/.claude"
files=("$CODEX" "$GEMINI" "$OPENCODE" "$CURSOR" "$PROJECT/.mcp.json" "$HOME/.claude.json")

# setup CODE ARGS...
setup() {
    local want=$1
    shift
    box "$want" setup --root "$ROOTS" "$@"
}
# The settings as their agents have them: comments, tabs, environments with keys, servers that have an address.
write() {
    cat >"$CODEX" <<END
model = "gpt" # mine

[mcp_servers.files]   # the files
command = "python3"
args = [
    "$ROOT/tests/mcp/server.py", # where it is
]
env = { TOKEN = "t" }

[mcp_servers.docs]
url = "https://docs.example/mcp"

[tui]
theme = "x"
END
    printf '{\r\n\t// servers\r\n\t"mcpServers": {\r\n\t\t"files": {"command": "python3", "args": ["%s"], "env": {"A": "b"}},\r\n\t\t"bare": {"command": "bare-server"},\r\n\t},\r\n}\r\n' \
        "$ROOT/tests/mcp/server.py" >"$GEMINI"
    printf '{\n  "mcp": {\n    "files": {"type": "local", "command": ["python3", "%s"], "enabled": true},\n    "far": {"type": "remote", "url": "https://far.example"}\n  }\n}' \
        "$ROOT/tests/mcp/server.py" >"$OPENCODE"
    printf '{"mcpServers":{"files":{"command":"python3","args":["%s"]}}}\n' "$ROOT/tests/mcp/server.py" >"$CURSOR"
    cp "$CURSOR" "$PROJECT/.mcp.json"
    cp "$CURSOR" "$HOME/.claude.json"
    for file in "${files[@]}"; do
        cp "$file" "$file.before"
    done
}
# unchanged FILE...: as written.
unchanged() { for file in "$@"; do check cmp "$file" "$file.before"; done; }
state_of() { json "[.servers[] | select(.agent == \"$1\" and .server == \"$2\") | .state] | join(\",\")" "$3"; }
new_box
write

# They are listed, with what can be done; nothing is changed, and plain --apply changes none of them.
setup 0 --json
state_of codex files 'not connected'
state_of codex docs unchanged
state_of gemini-cli bare 'not connected'
state_of cursor files 'not connected'
unchanged "${files[@]}"
setup 0 --apply --json
unchanged "$OPENCODE" "$CURSOR" "$PROJECT/.mcp.json" "$HOME/.claude.json"
setup 0 --undo
unchanged "${files[@]}"

# One, by its name, twice.
setup 0 --apply codex:mcp:files --json
state_of codex files connected
unchanged "$GEMINI" "$OPENCODE" "$CURSOR" "$PROJECT/.mcp.json"
cp "$CODEX" once
setup 0 --apply codex:mcp:files
check cmp once "$CODEX"
setup 1 --apply codex:mcp:docs --json
setup 1 --apply codex:mcp:nosuch
err_has nosuch

# All; a session of each through the very words that stand there now.
setup 0 --apply mcp --json
unchanged "$HOME/.claude.json" "$PROJECT/.mcp.json"
setup 0 --project "$PROJECT" --apply mcp --json
python3 - "$CODEX" "$GEMINI" "$OPENCODE" "$CURSOR" "$PROJECT/.mcp.json" <<'PY' >commands
import json, re, sys
try:
    import tomllib
except ImportError:
    tomllib = None
for path in sys.argv[1:]:
    text = open(path, newline="").read()
    if path.endswith(".toml"):
        server = tomllib.loads(text)["mcp_servers"]["files"]
    else:
        data = json.loads(re.sub(r",(\s*[}\]])", r"\1", re.sub(r"//[^\r\n]*", "", text) if "// " in text else text))
        server = data.get("mcpServers", data.get("mcp"))["files"]
    command = server["command"]
    print(json.dumps(command if isinstance(command, list) else [command, *server["args"]]))
PY
same "$(wc -l <commands)" 5
printf '%s\n' "$hello" "$list" "$(call 1 read '{"path":"/inbox/a"}')" >script
while read -r words; do
    mapfile -t command < <(jq -r '.[]' <<<"$words")
    python3 "$ROOT/tests/mcp/client.py" script "${command[@]}" >said 2>said.err || fail "a session failed: $words: $(<said.err)"
    grep -q '"id": *1' said || fail "no answer: $words: $(<said)"
done <commands
events
for agent in codex gemini-cli opencode cursor claude-code; do
    has 1 ".kind == \"run.tool_called\" and .body.server == \"files\" and .body.agent == \"$agent\""
done
has 5 '.kind == "run.tool_returned"'
has 6 '.kind == "setup.applied" and (.subject | contains("mcp"))'
setup 0 --json
[[ $(jq -r '.servers[] | select(.agent == "codex" and .server == "files") | .last_event' <"$T/.out") != null ]] || fail 'the server was not heard of'

# Undone: byte for byte.
setup 0 --project "$PROJECT" --undo mcp
setup 0 --undo mcp --json
unchanged "${files[@]}"
state_of codex files 'not connected'
same "$(find "$BOX/setup" -type f | wc -l)" 0

# What others wrote meanwhile stays; our words go.
setup 0 --apply mcp
sed -i 's/theme = "x"/theme = "y"/' "$CODEX"
jq '.mcpServers.more = {"command": "more"}' "$CURSOR" >x && cat x >"$CURSOR"
setup 0 --undo mcp --json
same "$(sed 's/theme = "x"/theme = "y"/' "$CODEX.before")" "$(<"$CODEX")"
same "$(jq -cS . "$CURSOR")" "$(jq -cS '.mcpServers.more = {"command": "more"}' "$CURSOR.before")"
unchanged "$GEMINI" "$OPENCODE" "$PROJECT/.mcp.json"
write

# A tap that is gone is told by the doctor's clause, and comes back.
setup 0 --apply cursor:mcp:files
box 0 doctor --only agents
cp "$CURSOR.before" "$CURSOR"
box 1 doctor --only agents
out_has cursor:mcp:files
setup 0 cursor:mcp:files --json
state_of cursor files lost
setup 0 --apply cursor:mcp:files
box 0 doctor --only agents
setup 0 --undo mcp
unchanged "$CURSOR"

# What cannot be changed safely is named and left alone.
printf '{"mcpServers":{"files":{"command":"a"},"files":{"command":"b"}}}' >"$CURSOR"
setup 1 --apply cursor:mcp --json
json '.servers[0].state' refused
setup 0 --apply codex:mcp --json
setup 0 --undo codex:mcp
printf '{"mcpServers":{"files":' >"$GEMINI"
setup 1 --apply gemini-cli:mcp --json
[[ $out == *settings.json* ]] || fail "the broken file is not named: $out"
rm "$OPENCODE"
ln -s "$OPENCODE.before" "$OPENCODE"
setup 1 --apply opencode:mcp --json
check cmp "$OPENCODE" "$OPENCODE.before"

# goose: a plugin of its own, whose command takes a record and prints nothing.
mkdir -p "$XDG_CONFIG_HOME/goose" "$HOME/.config/goose"
HOOKS=$HOME/.agents/plugins/ledger/hooks/hooks.json
setup 0 --apply goose --json
json '.agents[] | select(.name == "goose") | .state' connected
hook=$(jq -r 'first(.. | .command? // empty)' "$HOOKS")
printf '{"event":"PreToolUse","session_id":"g1","tool_name":"shell","tool_input":{"command":"ls"}}\n' | sh -c "$hook" >said
same "$(<said)" ''
events
has 1 '.kind == "run.tool_called" and .actor == "agent:goose"'
setup 0 --undo goose
check test ! -e "$HOME/.agents/plugins/ledger"
finish
