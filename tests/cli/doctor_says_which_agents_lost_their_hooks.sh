#!/usr/bin/env bash
# An agent that setup connected, and whose hooks are gone, fails the doctor's clause, and the printed remedy mends that; one that
# setup disconnected is not judged; what cannot be looked at is unknown, with its reason.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
umask 022
unset CLAUDE_CONFIG_DIR CODEX_HOME
export TMPDIR=$T/tmp
mkdir "$TMPDIR"
CLAUDE=$HOME/.claude/settings.json
CODEX=$HOME/.codex/config.toml
PLUGIN=$XDG_CONFIG_HOME/opencode/plugins/ledger.js

# doctor CODE STATE [REASON]: a look at the clause.
doctor() {
    box "$1" doctor --only agents --json
    json '.clauses[] | select(.clause == "agents") | .state' "$2"
    [ $# -lt 3 ] || json '.clauses[] | select(.clause == "agents") | .reason' "$3"
}
# typed: the remedy as it was printed.
typed() {
    command=$(jq -r '.clauses[] | select(.clause == "agents") | .remedy' <"$T/.out")
    same "$command" "ledger -C $BOX $1"
    ledger() { "$LEDGER" "$@"; }
    eval "$command" >"$TMPDIR/typed" 2>&1 || fail "'$command' failed: $(cat "$TMPDIR/typed")"
}
setup() { box 0 setup --root "$T/none" "$@"; }
left_out() {
    box 0 doctor --only agents --list --json
    json '.clauses[] | select(.clause == "agents") | .state' null
}

new_box
mkdir -p "$HOME/.claude" "$HOME/.codex" "$XDG_CONFIG_HOME/opencode"
printf '{"model": "opus"}\n' >"$CLAUDE"
printf 'model = "o"\n' >"$CODEX"

# Connected: unknown until somebody looks, then well. A second look writes nothing.
setup --apply claude-code
box 0 state clauses --json
same "$(jq -r '.states[] | select(.clause == "agents" and .pack == "") | .state' <"$T/.out")" unknown
doctor 0 pass 'the hooks of 1 that setup connected are in its settings'
before=$("$LEDGER" -C "$BOX" log --json | grep -c agent-hook)
doctor 0 pass
same "$("$LEDGER" -C "$BOX" log --json | grep -c agent-hook)" "$before"

# Removed by hand.
printf '{"model": "opus"}\n' >"$CLAUDE"
doctor 1 fail 'setup connected claude-code, and its hooks are no longer in its settings'
typed 'setup --apply claude-code'
doctor 0 pass

# Part of them, and those of another ledger: setup has to undo these first.
jq 'del(.hooks.PreToolUse)' <"$CLAUDE" >"$T/part"
cat "$T/part" >"$CLAUDE"
doctor 0 warn 'some of the hooks that setup inserted for claude-code are no longer in its settings'
same "$(jq -r '.clauses[0].remedy' <"$T/.out")" "ledger -C $BOX setup --apply claude-code"
setup --undo claude-code
setup --apply claude-code
doctor 0 pass
sed -i "s#$BOX#/srv/other#g" "$CLAUDE"
doctor 0 warn 'the hooks in the settings of claude-code are for another ledger or another program'
sed -i "s#/srv/other#$BOX#g" "$CLAUDE"
doctor 0 pass

# What cannot be looked at.
cp "$CLAUDE" "$T/kept"
printf '{"model": ' >"$CLAUDE"
doctor 1 unknown 'the settings of claude-code cannot be parsed, so its hooks are not known'
rm "$CLAUDE"
mkdir "$CLAUDE"
doctor 1 unknown 'the settings of claude-code cannot be looked at'
rmdir "$CLAUDE"
doctor 1 fail
cp "$T/kept" "$CLAUDE"
doctor 0 pass

# A record that is lost is no proof that the hooks are there.
mkdir "$T/records"
mv "$BOX"/setup/claude-code-*.json "$T/records"
doctor 1 unknown "the ledger's directory does not say where setup connected claude-code, so its hooks cannot be looked for"
printf '{"version":' >"$BOX/setup/$(basename "$T"/records/*.json)"
doctor 1 unknown 'the settings of claude-code cannot be looked at'
mv "$T"/records/*.json "$BOX/setup"
doctor 0 pass

# A comment is no hook; a plugin is a file. The worst of all agents decides.
setup --apply codex opencode
doctor 0 pass 'the hooks of all 3 that setup connected are in their settings'
sed -i 's/^command/# command/' "$CODEX"
doctor 1 fail 'setup connected codex, and its hooks are no longer in its settings'
setup --undo codex
rm "$PLUGIN"
doctor 1 fail 'setup connected opencode, and its hooks are no longer in its settings'
typed 'setup --apply opencode'
doctor 0 pass 'the hooks of all 2 that setup connected are in their settings'

# A project's settings beside the user's: undone alone, the user's are still judged.
mkdir -p "$T/project"
setup --apply claude-code --project "$T/project"
doctor 0 pass
rm "$T/project/.claude/settings.local.json"
doctor 1 fail "setup connected claude-code in a project, and its hooks are no longer in the project's settings"
setup --undo claude-code --project "$T/project"
doctor 0 pass
printf '{}\n' >"$CLAUDE"
doctor 1 fail 'setup connected claude-code, and its hooks are no longer in its settings'

# Disconnected: nothing is asked.
setup --undo
left_out
doctor_at=$("$LEDGER" -C "$BOX" log --json | grep -c agent-hook)
box 0 doctor --only agents --json
same "$("$LEDGER" -C "$BOX" log --json | grep -c agent-hook)" "$doctor_at"
left_out
